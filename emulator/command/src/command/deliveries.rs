mod enable;
mod recover;

use super::Failure;
use super::output::{clipped, list, say, table, text};
use super::paint::Paint;
use super::runs::{at_least_one, pages};
use crate::client::{Call, Client, Connection};
use crate::timeline::{since, time, tone};
use clap::{Args, Subcommand, ValueEnum};
use contract::Operation;
use platform::clock::{Clock, SystemClock};
use platform::environment::Environment;
use recover::Recover;
use serde_json::Value;

/// Characters of an answer's body.
const BODY: usize = 120;

/// Lists deliveries to customers' endpoints, shows one, tries again, or enables an endpoint.
#[derive(Debug, Args)]
pub struct Deliveries {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only those that stand so.
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// Only those of a customer.
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Only those to an endpoint.
    #[arg(long, value_name = "ID")]
    endpoint: Option<String>,
    /// Only those of an event type, or of several: `job.*`.
    #[arg(long, value_name = "TYPE")]
    event: Option<String>,
    /// Only events that were accepted since: a time, or how long ago (`90m`).
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// At most so many, newest first.
    #[arg(long, default_value_t = 20, value_parser = at_least_one)]
    limit: usize,
    /// Print JSON, one line for each delivery.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show one with its attempts.
    Show {
        /// The delivery.
        id: String,
    },
    /// Begin a new round of tries for one, now.
    Retry {
        /// The delivery.
        id: String,
    },
    /// Begin a new round of tries for all that failed at an endpoint in some time.
    Recover(Recover),
    /// Give an endpoint another chance, as if it had never failed: enable it, and close its breaker.
    Enable {
        /// The endpoint.
        endpoint: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Pending,
    Retrying,
    Delivered,
    #[value(alias = "failed")]
    Exhausted,
}

impl Deliveries {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        let client = self.connection.client()?;
        match &self.action {
            None => self.list(&client).await,
            Some(Action::Show { id }) => {
                let shown = client.call(Call::of(Operation::ShowDelivery).id(id)).await?;
                if self.json { say(shown) } else { show(&shown, Paint::for_stdout(environment)) }
            }
            Some(Action::Retry { id }) => {
                let shown = client.call(Call::of(Operation::RetryDelivery).id(id)).await?;
                if self.json {
                    return say(shown);
                }
                let held = time(text(&shown, "/held/until"));
                if held.is_empty() {
                    return say(format!("{id} is {}", text(&shown, "/status")));
                }
                say(format!("{id} is held until {held} at the latest: another attempt probes its endpoint just now"))
            }
            Some(Action::Recover(recover)) => recover.run(&client, self.json).await,
            Some(Action::Enable { endpoint }) => enable::run(&client, endpoint, self.json).await,
        }
    }

    async fn list(&self, client: &Client) -> Result<(), Failure> {
        let status = self.status.and_then(|status| status.to_possible_value());
        let since = self.since.as_deref().map(|text| since(text, SystemClock.now())).transpose();
        let since = since.map_err(super::exit::Usage)?;
        let filters = [
            ("status", status.as_ref().map(|status| status.get_name())),
            ("customer_id", self.customer.as_deref()),
            ("webhook_id", self.endpoint.as_deref()),
            ("event", self.event.as_deref()),
            ("since", since.as_deref()),
        ];
        let found = pages(client, Operation::ListDeliveries, "deliveries", &filters, self.limit).await?;
        if self.json {
            return found.iter().try_for_each(say);
        }
        if found.is_empty() {
            return say("There is no such delivery.");
        }
        let mut rows =
            vec![["DELIVERY", "EVENT", "ENDPOINT", "STATUS", "TRIES", "CREATED"].map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(|delivery| {
            let field = |name: &str| text(delivery, name).to_owned();
            let tries = delivery.get("attempt_count").map(ToString::to_string).unwrap_or_default();
            let created = time(text(delivery, "/created_at"));
            let name = endpoint(delivery).to_owned();
            let held = time(text(delivery, "/held/until"));
            let status = match held.is_empty() {
                true => field("/status"),
                false => format!("{}, held until {held}", text(delivery, "/status")),
            };
            vec![field("/id"), field("/event_type"), name, status, tries, created]
        }));
        table(&rows).iter().try_for_each(say)
    }
}

/// An endpoint's name, or its id where it has none.
pub(super) fn endpoint(delivery: &Value) -> &str {
    match text(delivery, "/endpoint_name") {
        "" => text(delivery, "/webhook_id"),
        name => name,
    }
}

fn show(delivery: &Value, paint: Paint) -> Result<(), Failure> {
    let status = text(delivery, "/status");
    say(format!("{}  {}", text(delivery, "/id"), paint.paint(tone(status), status)))?;
    let event = format!("{} {}", text(delivery, "/event_type"), text(delivery, "/event_id"));
    say(format!("event     {event}"))?;
    say(format!("endpoint  {} {}", text(delivery, "/webhook_id"), text(delivery, "/endpoint_name")))?;
    say(format!("customer  {}", text(delivery, "/customer_id")))?;
    say(format!("created   {}", time(text(delivery, "/created_at"))))?;
    let held = time(text(delivery, "/held/until"));
    if !held.is_empty() {
        say(format!("held      until {held}: {}", text(delivery, "/held/message")))?;
    }
    let (next, error) = (time(text(delivery, "/next_retry_at")), text(delivery, "/error_message"));
    for (words, value) in [("next try  ", next.as_str()), ("error     ", error)] {
        if !value.is_empty() {
            say(format!("{words}{value}"))?;
        }
    }
    for attempt in list(delivery, "attempts") {
        let number = |name: &str| attempt.get(name).filter(|value| !value.is_null()).map(ToString::to_string);
        let came = number("status").unwrap_or_else(|| text(attempt, "/error").to_owned());
        let took = number("took_ms").unwrap_or_default();
        say(format!("\n  {}. {}  {came}  {took} ms", number("n").unwrap_or_default(), time(text(attempt, "/at"))))?;
        for line in [text(attempt, "/error_message"), text(attempt, "/response_body")] {
            if !line.is_empty() {
                say(format!("     {}", clipped(&line.replace('\n', " "), BODY)))?;
            }
        }
    }
    Ok(())
}
