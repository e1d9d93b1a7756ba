use super::Failure;
use super::output::{complain, json, list, say, text};
use super::runs::pages;
use crate::client::{Call, Client, Connection};
use clap::Args;
use contract::Operation;
use domain::event::{EventType, Pattern};
use serde_json::{Value, json as object};

/// Endpoints of one customer at most.
const ENDPOINTS: usize = 1_000;

/// Publishes an event, and says on standard error how many endpoints subscribe to it.
#[derive(Debug, Args)]
pub struct Publish {
    /// Its type: names joined by dots, `job.completed`.
    event: String,
    /// What happened: JSON, `@FILE`, or `-` for standard input.
    #[arg(long, value_name = "JSON|@FILE|-")]
    data: String,
    /// Whose endpoints it goes to; the customer `default` where absent.
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// The same id is the same event.
    #[arg(long)]
    id: Option<String>,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Publish {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let mut body = object!({"event": self.event, "data": json(&self.data)?});
        if let Some(fields) = body.as_object_mut() {
            fields.extend(self.customer.map(|customer| ("customer_id".to_owned(), customer.into())));
            fields.extend(self.id.map(|id| ("id".to_owned(), id.into())));
        }
        let client = self.connection.client()?;
        let answer = client.call(Call::of(Operation::PublishEvent).body(&body)).await?;
        if self.json {
            return say(&answer);
        }
        say(text(&answer, "/event_id"))?;
        // The event is published whether that can be told or not.
        if let Ok(line) = subscribers(&client, &answer).await {
            complain(line);
        }
        Ok(())
    }
}

/// How many endpoints of the event's customer subscribe to its type just now. An endpoint's filter isn't asked.
async fn subscribers(client: &Client, event: &Value) -> Result<String, Failure> {
    let (name, customer) = (text(event, "/event"), text(event, "/customer_id"));
    let event_type = EventType::parse(name)?;
    let filters = [("customer_id", Some(customer))];
    let endpoints = pages(client, Operation::ListEndpoints, "webhooks", &filters, ENDPOINTS).await?;
    let subscribe = |endpoint: &&Value| {
        let mut patterns = list(endpoint, "events").iter().filter_map(|pattern| Pattern::parse(pattern.as_str()?).ok());
        patterns.any(|pattern| pattern.matches(&event_type))
    };
    let (active, disabled): (Vec<_>, Vec<_>) =
        endpoints.iter().filter(subscribe).partition(|endpoint| text(endpoint, "/status") == "active");
    let line = match active.len() {
        0 => format!("no endpoint of customer `{customer}` subscribes to `{name}`"),
        1 => format!("1 endpoint of customer `{customer}` subscribes to `{name}`"),
        n => format!("{n} endpoints of customer `{customer}` subscribe to `{name}`"),
    };
    Ok(if disabled.is_empty() { line } else { format!("{line}; not counted: {} disabled", disabled.len()) })
}
