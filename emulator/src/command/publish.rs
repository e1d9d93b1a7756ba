use super::Failure;
use super::output::{json, say, text};
use crate::client::Connection;
use clap::Args;
use serde_json::json as object;

/// Publishes an event.
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
        let answer = self.connection.client()?.post(&["api", "events"], &[], Some(&body), None).await?;
        if self.json { say(&answer) } else { say(text(&answer, "/event_id")) }
    }
}
