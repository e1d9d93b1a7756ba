//! Another chance for an endpoint, as if it had never failed.

use crate::client::{Call, Client};
use crate::command::Failure;
use crate::command::output::{say, text};
use contract::Operation;
use serde_json::json;

/// Enables the endpoint, and says what became of the events published meanwhile.
pub(super) async fn run(client: &Client, id: &str, as_json: bool) -> Result<(), Failure> {
    let before = client.call(Call::of(Operation::ShowEndpoint).id(id)).await?;
    let change = Call::of(Operation::ChangeEndpoint).id(id).body(&json!({"disabled": false}));
    let enabled = client.call(change).await?;
    if as_json {
        return say(enabled);
    }
    say(format!("{id} is {}", text(&enabled, "/status")))?;
    let (since, why) = (text(&before, "/disabled/at"), text(&before, "/disabled/message"));
    match text(&before, "/disabled/reason") {
        "" => Ok(()),
        "request" => say(format!("It was {why} since {since}: what was published meanwhile was not kept for it.")),
        _ => {
            say(format!(
                "It was disabled since {since}: {why}. What was given up, and what was published in the 7 days"
            ))?;
            say("after that, is delivered by")?;
            say(format!("  emulator deliveries recover --endpoint {id} --since TIME"))
        }
    }
}
