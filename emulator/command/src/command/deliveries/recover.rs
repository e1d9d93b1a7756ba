//! Recovering what failed at an endpoint: an operation of the gateway, followed to its end.

use crate::client::{Call, Client};
use crate::command::Failure;
use crate::command::exit::Usage;
use crate::command::follow::progress;
use crate::command::output::{list, say, text};
use crate::timeline::since;
use clap::Args;
use contract::Operation;
use platform::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use std::time::Duration;

/// How often the operation is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What is to be recovered.
#[derive(Debug, Args)]
pub(super) struct Recover {
    /// The endpoint.
    #[arg(long, value_name = "ID")]
    endpoint: String,
    /// Events that were accepted from then on: a time, or how long ago (`2d`).
    #[arg(long, value_name = "TIME")]
    since: String,
    /// Events that were accepted before; now where absent.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only count them.
    #[arg(long)]
    dry_run: bool,
    /// Print the operation's id, and leave it to itself.
    #[arg(long)]
    no_wait: bool,
}

impl Recover {
    pub(super) async fn run(&self, client: &Client, as_json: bool) -> Result<(), Failure> {
        let time = |text: &str| since(text, SystemClock.now()).map_err(Usage);
        let mut body = json!({"since": time(&self.since)?, "dry_run": self.dry_run});
        if let (Some(until), Some(fields)) = (&self.until, body.as_object_mut()) {
            fields.insert("until".to_owned(), time(until)?.into());
        }
        let recover = Call::of(Operation::RecoverEndpoint).id(&self.endpoint).body(&body);
        let mut operation = client.call(recover).await?;
        if self.dry_run {
            if as_json {
                return say(operation);
            }
            let more = if operation.get("complete") == Some(&Value::Bool(true)) { "" } else { " at least" };
            say(format!("{} deliveries would be tried again{more}.", count(&operation, "found")))?;
            return list(&operation, "delivery_ids")
                .iter()
                .filter_map(Value::as_str)
                .try_for_each(|id| say(format!("  {id}")));
        }
        let id = text(&operation, "/operation_id").to_owned();
        if self.no_wait {
            return if as_json { say(operation) } else { say(id) };
        }
        let bar = progress("tried again");
        while text(&operation, "/status") == "running" {
            bar.set_length(count(&operation, "found"));
            bar.set_position(count(&operation, "done"));
            tokio::time::sleep(LOOK).await;
            operation = client.call(Call::of(Operation::ShowOperation).id(&id)).await?;
        }
        bar.finish_and_clear();
        if as_json {
            say(&operation)?;
        } else {
            say(format!(
                "{} of {} deliveries are tried again.",
                count(&operation, "done"),
                count(&operation, "found")
            ))?;
        }
        match text(&operation, "/status") {
            "completed" => Ok(()),
            other => Err(format!("the operation {id} is {other}: {}", text(&operation, "/error")).into()),
        }
    }
}

fn count(operation: &Value, name: &str) -> u64 {
    operation.get(name).and_then(Value::as_u64).unwrap_or_default()
}
