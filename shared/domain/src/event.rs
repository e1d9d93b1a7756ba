//! An event: one thing that happened, published by the user for delivery to a customer's endpoints. Immutable.
//!
//! An event is stored once, under its customer and id; every delivery refers to it. Publishing it again under the same
//! id is the same event. What an endpoint receives is made of it by [`body`], in the format that the endpoint chose.

pub mod body;
pub mod catalogue;
pub mod cloudevents;
pub mod schema;
mod name;
mod publish;

pub use body::Format;
pub use name::{CustomerId, EndpointId, EventId, EventType, NameError, Pattern};
pub use publish::{OWN_SOURCE, PublishError, Published, is_own_source};

use crate::number::same;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The customer of whoever names none.
pub const DEFAULT_CUSTOMER: &str = "default";

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique among the customer's events; the header `webhook-id`.
    pub id: EventId,
    /// Whose endpoints it goes to.
    pub customer: CustomerId,
    /// What kind of thing.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// What happened.
    pub data: Value,
    /// When it happened: as its publisher said, else when it was accepted.
    pub timestamp: Timestamp,
    /// Who says so: as its publisher said, else `ringback`.
    pub source: String,
    /// Of the data's form, as its publisher said, else `1.0`.
    pub version: String,
    /// When we stored it.
    pub accepted_at: Timestamp,
    /// Where it came from.
    pub origin: Origin,
    /// What its publisher called it, where that can't be an [`EventId`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_id: Option<String>,
    /// Other attributes of a `CloudEvent`, as its publisher gave them: `subject`, `dataschema`, `datacontenttype` and
    /// extensions such as `traceparent`, each text, a number or a boolean. An endpoint of that format gets them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}

/// Where an event came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Somebody published it.
    Api,
    /// A job of a workflow did.
    Run {
        /// The run's id.
        run: String,
        /// The job.
        job: String,
    },
    /// We say what became of something. What becomes of this event is not worth another, so that none loops.
    System,
    /// Somebody tries an endpoint out.
    Test,
}

impl Event {
    /// Whether what becomes of its deliveries is told by an event of its own.
    pub fn raises_events(&self) -> bool {
        matches!(self.origin, Origin::Api | Origin::Run { .. })
    }

    /// Whether it is the event `before` again: one with its id and source that says the same, or that the same job
    /// published. What a job says may depend on the time, and it says it once. The attributes of a `CloudEvent` besides
    /// those may differ, as `traceparent` does when it is sent again.
    pub fn repeats(&self, before: &Self) -> bool {
        let same_id = self.customer == before.customer && self.id == before.id;
        let same_content =
            self.event_type == before.event_type && self.source == before.source && same(&self.data, &before.data);
        let same_job = matches!(self.origin, Origin::Run { .. }) && self.origin == before.origin;
        same_id && (same_content || same_job)
    }

    /// What an endpoint's filter sees: the event's data by its own names below `data`, and `event`, `id`, `source`.
    pub fn scope(&self) -> crate::expr::Scope<'_> {
        crate::expr::Scope::new()
            .with("data", &self.data)
            .with_owned("event", self.event_type.as_str().into())
            .with_owned("id", self.id.as_str().into())
            .with_owned("source", self.source.as_str().into())
    }
}

#[cfg(test)]
mod tests;
