//! An endpoint: a customer's URL that subscribes to event types.
//!
//! [`Settings`] are what a customer says about it, checked when they are made; an [`Endpoint`] is what the table holds.
//! How it is doing is kept apart, as [`Health`]: it changes with attempts, the endpoint only by somebody's wish, and a
//! healthy endpoint has no health to write.

mod filter;
mod header;
mod health;
mod rate;
mod settings;

pub use filter::{EventView, FilterFault, STEPS as FILTER_STEPS, Wish};
pub use header::{HeaderError, check_header};
pub use health::{BREAKER_FAILURES, DISABLE_AFTER, Health, May, OPEN_FIRST, OPEN_LONGEST, PROBE, SPREAD};
pub use rate::RateLimit;
pub use settings::{Settings, SettingsError};

use crate::event::{CustomerId, EndpointId, Event, Origin, Pattern};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A customer's URL, as it stands in the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Unique among the customer's.
    pub id: EndpointId,
    /// Whose it is.
    pub customer: CustomerId,
    /// What the customer says about it.
    #[serde(flatten)]
    pub settings: Settings,
    /// What it is signed with, newest first; sealed, since the table may be read by others.
    pub secrets: Vec<Secret>,
    /// Why it gets nothing, if it doesn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody last changed it.
    pub updated_at: Timestamp,
}

/// How long what is published is still kept for an endpoint that was disabled without anybody's wish, as deliveries that
/// were given up: as long as it may take somebody to notice.
pub const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A signing secret at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// The sealed text: `whsec_…`, `whsk_…`, or whatever the customer gave.
    pub sealed: String,
    /// It was replaced, and signs beside its successor until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Why and since when an endpoint gets nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub why: DisabledBy,
}

/// Who disabled an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledBy {
    /// Somebody, through the API.
    Request,
    /// It answered 410 Gone (RFC 9110 section 15.5.11).
    Gone,
    /// It failed for [`DISABLE_AFTER`] without one success.
    Failing,
}

impl Disabled {
    /// Whether what is published then is kept: nobody has said that the endpoint is to get nothing.
    fn keeps(&self, accepted_at: Timestamp) -> bool {
        self.why != DisabledBy::Request && accepted_at.duration_since(self.at) < KEPT
    }
}

impl DisabledBy {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "disabled by request",
            Self::Gone => "it answered 410 Gone",
            Self::Failing => "it failed for 5 days without a success",
        }
    }
}

impl Endpoint {
    /// Whether there is a delivery of that event to it: it is addressed ([`Endpoint::is_addressed`]), and its filter holds.
    pub fn wants(&self, event: &Event) -> bool {
        EventView::new(event).wish(self).0 == Wish::Wants
    }

    /// Whether an event is addressed to it, whatever its filter says: it subscribes to the type, and isn't disabled; or it was
    /// disabled without anybody's wish within [`KEPT`], and then the delivery is given up at once, so that it can be recovered.
    /// `*` stands for the publisher's events alone; our own have to be named, by their type or its beginning.
    pub fn is_addressed(&self, event: &Event) -> bool {
        let kept = self.disabled.as_ref().is_none_or(|disabled| disabled.keeps(event.accepted_at));
        kept && self.settings.events.iter().any(|pattern| {
            pattern.matches(&event.event_type) && (event.origin != Origin::System || *pattern != Pattern::All)
        })
    }

    /// The secrets that sign now: the newest, and those before it that are still in their grace period.
    pub fn signing(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        self.secrets.iter().filter(move |secret| secret.until.is_none_or(|until| now < until))
    }

    /// What a secret of it is sealed to, so that it opens nowhere else.
    pub fn seal_name(customer: &CustomerId, id: &EndpointId) -> String {
        format!("endpoint/{customer}/{id}")
    }
}

#[cfg(test)]
mod tests;
