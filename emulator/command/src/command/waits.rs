use super::Failure;
use super::output::{clipped, say, table, text};
use super::runs::{at_least_one, pages};
use crate::client::{Call, Client, Connection};
use crate::timeline::{in_words, time};
use clap::{Args, Subcommand, ValueEnum};
use contract::Operation;
use contract::body::AdoptCallback;
use jiff::Timestamp;
use platform::clock::{Clock, SystemClock};
use serde_json::Value;

/// Characters of a key in a table.
const KEY: usize = 60;

/// Lists what waits for a callback, and callbacks that nobody waits for.
#[derive(Debug, Args)]
pub struct Waits {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only one of the two lists.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// At most so many of each, newest first.
    #[arg(long, default_value_t = 20, value_parser = at_least_one)]
    limit: usize,
    /// Print JSON, one line for each.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Give a callback that nobody waits for to the job that waits under another key, as if it had come with that.
    Adopt {
        /// The route by which it came: its id, or its path where only one callback route has it.
        route: String,
        /// The key under which it came.
        key: String,
        /// The key of the wait that it was meant for.
        #[arg(long = "for", value_name = "WAITING_KEY")]
        wanted: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Open,
    Unclaimed,
}

impl Waits {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client()?;
        if let Some(Action::Adopt { route, key, wanted }) = &self.action {
            let (route, key, r#for) = (route.clone(), key.clone(), wanted.clone());
            let body = AdoptCallback { route, key, r#for };
            let answer = client.call(Call::of(Operation::AdoptCallback).body(&body)).await?;
            if self.json {
                return say(answer);
            }
            let (run, job) = (text(&answer, "/task_id"), text(&answer, "/job"));
            return match text(&answer, "/status") {
                "duplicate" => say(format!("It was given to the job `{job}` of {run} before.")),
                _ => say(format!("The job `{job}` of {run} has it, and goes on.")),
            };
        }
        if self.state != Some(State::Unclaimed) {
            self.open(&client).await?;
        }
        if self.state.is_none() && !self.json {
            say("")?;
        }
        if self.state != Some(State::Open) {
            self.unclaimed(&client).await?;
        }
        Ok(())
    }

    async fn list(&self, client: &Client, state: &str) -> Result<Vec<Value>, Failure> {
        pages(client, Operation::ListWaits, "waits", &[("state", Some(state))], self.limit).await
    }

    async fn open(&self, client: &Client) -> Result<(), Failure> {
        let waits = self.list(client, "open").await?;
        if self.json {
            return waits.iter().try_for_each(|wait| say(with_state(wait, "open")));
        }
        if waits.is_empty() {
            return say("No job waits for a callback.");
        }
        say("Jobs that wait for a callback:\n")?;
        let mut rows = vec![["KEY", "ROUTE", "RUN", "JOB", "DEADLINE"].map(str::to_owned).to_vec()];
        rows.extend(waits.iter().map(|wait| {
            let field = |name: &str| text(wait, name).to_owned();
            let key = clipped(text(wait, "/key"), KEY);
            vec![key, route(wait), field("/task_id"), field("/job"), deadline(text(wait, "/deadline"))]
        }));
        table(&rows).iter().try_for_each(|row| say(format!("  {row}")))
    }

    async fn unclaimed(&self, client: &Client) -> Result<(), Failure> {
        let waits = self.list(client, "unclaimed").await?;
        if self.json {
            return waits.iter().try_for_each(|wait| say(with_state(wait, "unclaimed")));
        }
        if waits.is_empty() {
            return say("No callback has come that nobody waits for.");
        }
        say("Callbacks that nobody waits for:\n")?;
        let mut rows = vec![["KEY", "ROUTE", "ARRIVED", "VERDICT", "NEAREST WAITING KEY"].map(str::to_owned).to_vec()];
        rows.extend(waits.iter().map(|wait| {
            let field = |name: &str| text(wait, name).to_owned();
            let key = clipped(text(wait, "/key"), KEY);
            vec![key, field("/route"), time(text(wait, "/arrived_at")), field("/verdict"), nearest(wait)]
        }));
        table(&rows).iter().try_for_each(|row| say(format!("  {row}")))?;
        say("\n`emulator waits adopt ROUTE KEY --for WAITING_KEY` gives one to the wait that it was meant for.")
    }
}

/// The route of an open wait, marked where the file in charge doesn't have it any more.
fn route(wait: &Value) -> String {
    let gone = wait.get("route_gone").and_then(Value::as_bool).unwrap_or_default();
    format!("{}{}", text(wait, "/route"), if gone { " (not in the file any more)" } else { "" })
}

fn with_state(wait: &Value, state: &str) -> Value {
    let mut wait = wait.clone();
    if let Some(fields) = wait.as_object_mut() {
        fields.insert("state".to_owned(), state.into());
    }
    wait
}

fn nearest(wait: &Value) -> String {
    match wait.pointer("/nearest/distance").and_then(Value::as_u64) {
        None => "none on this route".to_owned(),
        Some(distance) => {
            let letters = if distance == 1 { "1 character" } else { &format!("{distance} characters") };
            format!("{} ({letters} apart)", clipped(text(wait, "/nearest/key"), KEY))
        }
    }
}

fn deadline(at: &str) -> String {
    let left = at.parse::<Timestamp>().map(|at| at.duration_since(SystemClock.now()));
    left.map_or_else(|_| at.to_owned(), |left| format!("{} (in {})", time(at), in_words(left)))
}
