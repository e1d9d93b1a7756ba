//! What a changed item owes, as the table's stream tells it to `relay`.

use super::codec;
use crate::queue::Message;
use domain::event::Event;
use serde_dynamo::{AttributeValue, Item};

/// What an item owes.
#[derive(Debug, Clone, PartialEq)]
pub enum Owes {
    /// These messages.
    Messages(Vec<Message>),
    /// A message for each endpoint that wants this event, whose secrets are still sealed.
    Event(Box<Event>),
}

impl Owes {
    /// Reads a new image. An item that owes nothing owes no messages.
    ///
    /// # Errors
    /// What can't be read, for the log.
    pub fn read(image: &Item) -> Result<Self, String> {
        if image.get("owed") != Some(&AttributeValue::Bool(true)) {
            return Ok(Self::Messages(Vec::new()));
        }
        if let Some(AttributeValue::B(event)) = image.get("event") {
            return codec::unpack_plain(event, "an event").map(Self::Event).map_err(|error| error.to_string());
        }
        match image.get("owes") {
            Some(AttributeValue::S(owes)) => {
                serde_json::from_str(owes).map(Self::Messages).map_err(|error| error.to_string())
            }
            _ => Err("it doesn't say what".to_owned()),
        }
    }
}
