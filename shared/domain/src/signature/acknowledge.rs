//! What providers demand as the answer to a request that was taken. The others take any 2xx.

use super::Preset;
use super::fields::Fields;
use super::handshake::Reply;
use serde::Deserialize;
use serde_json::json;

/// Which provider's way it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acknowledger {
    /// Of an interaction: that the answer follows, which its `token` is for
    /// (<https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type>).
    /// Of a webhook event: 204 (<https://docs.discord.com/developers/events/webhook-events>).
    Discord,
    /// `[accepted]` (<https://docs.adyen.com/development-resources/webhooks/troubleshoot/>).
    Adyen,
}

/// What a genuine request is to be answered, if its provider demands anything; `started` says whether it started something.
pub fn acknowledgement(preset: &Preset, fields: &Fields, started: bool) -> Option<Reply> {
    match preset.acknowledger()? {
        Acknowledger::Discord if fields.at("event").is_some() => Some(Reply::empty(204)),
        // Where nothing was started, no answer follows.
        Acknowledger::Discord if !started => None,
        Acknowledger::Discord => match fields.text("type")?.as_str() {
            // A command, or a form: a message follows.
            "2" | "5" => Some(Reply::json(&json!({"type": 5}))),
            // A button or menu of a message: it may be changed later, and stays until then.
            "3" => Some(Reply::json(&json!({"type": 6}))),
            // What is being typed can't wait: nothing is proposed.
            "4" => Some(Reply::json(&json!({"type": 8, "data": {"choices": []}}))),
            _ => None,
        },
        Acknowledger::Adyen => Some(Reply::text("[accepted]".to_owned())),
    }
}
