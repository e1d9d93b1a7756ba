//! Identity of a request: by what its repetitions are recognised, and for how long.
//!
//! ```text
//! signature ─► an id that it covers ───────────► SignedId    ┐ as long as the run is kept
//!           └► the signed text, perhaps the event ─► SignedText ┘
//! token, or nothing ─► an id ─► Delivery, CallerKey            as long as the run is kept
//!                   └► method, path, query, event, body ► Content   within `dedupe_window`
//! `dedupe_by` ─────────────────────────────────► Chosen
//! ```
//!
//! Guarantee: a caught signed request has one identity, whatever is changed in it that its signature doesn't cover. Excepted is the
//! event's type, where it alone tells two deliveries apart: of providers that send one body for several events (Shopify,
//! `WooCommerce`), and of schemes that are spelled out. A sender with a token, or one who calls a place that takes everything, can
//! send anything; there the identity only has to tell honest requests apart.

use crate::signature::{Covered, Fields, Preset, Proven, Request, Verified};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

/// Span in which equal requests without an id are one, where neither the file nor the provider's preset says: two minutes.
///
/// HTTP clients and proxies that got no answer try again within seconds; Alertmanager, whose reminders are equal to the
/// byte, sends them at least its `group_interval` apart, 5 minutes unless configured
/// (<https://prometheus.io/docs/alerting/latest/configuration/#route>).
pub const DEDUPE_WINDOW: Duration = Duration::from_secs(120);

/// The longest `dedupe_window`: 30 days, as long as runs are kept unless set otherwise.
pub const MAX_DEDUPE_WINDOW: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The header by which a caller names its request
/// (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).
pub(crate) const CALLER_KEY: &str = "idempotency-key";
/// Headers that hold a delivery's id where the sender is not known by a preset.
const ID_HEADERS: [&str; 7] = [
    "webhook-id",
    "svix-id",
    "x-webhook-delivery",
    "x-github-delivery",
    "x-gitlab-event-uuid",
    "x-gitea-delivery",
    "x-shopify-webhook-id",
];
/// Headers that hold an event's type where the sender is not known by a preset.
const EVENT_HEADERS: [&str; 4] = ["x-webhook-event", "x-event-type", "ce-type", "x-event"];

/// By what the repetitions of a request are recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The provider's id of the delivery, which the signature covers.
    SignedId {
        /// The id.
        id: String,
    },
    /// The signed text, with the event's type where one body may be of several events.
    SignedText {
        /// The signed text without its time.
        covered: Covered,
        /// The event's type, where it counts.
        event: Option<String>,
        /// The provider's id, which is not signed: it makes no known request new.
        delivery: Option<String>,
    },
    /// The provider's id of the delivery, at the path and query that it came to: one message that goes to two addresses
    /// has one id at both.
    Delivery {
        /// The id.
        id: String,
        /// SHA-256 of path and query.
        address: [u8; 32],
    },
    /// The `Idempotency-Key` that a caller chose.
    CallerKey {
        /// The key.
        key: String,
    },
    /// Everything that tells a request without an id from others.
    Content {
        /// SHA-256 of method, path, query, event headers and body.
        digest: [u8; 32],
    },
    /// The value of `dedupe_by`.
    Chosen {
        /// The value.
        value: String,
        /// The provider's id, if there is one.
        delivery: Option<String>,
    },
}

impl Identity {
    /// The identity of a request that was found genuine, or that nothing had to be proven of (`Verified::default()`), and of
    /// whose sender the `preset` is known, or not.
    /// `event` is its type; `hidden` names parameters of the query that hold a secret, and say nothing about the request.
    pub fn of(
        verified: &Verified,
        preset: Option<&Preset>,
        request: &Request<'_>,
        event: Option<&str>,
        hidden: &[String],
    ) -> Self {
        let delivery = |id| Self::Delivery { id, address: address(request, hidden) };
        let signed_id = verified.delivery_id.as_ref().filter(|_| verified.delivery_id_signed);
        let named = cloud_event(request).or_else(|| verified.delivery_id.clone());
        match (verified.proven, signed_id) {
            (Proven::Signature(_), Some(id)) => Self::SignedId { id: id.clone() },
            (Proven::Signature(covered), None) => {
                let delivery = named.or_else(|| usual_id(request));
                // Where a body is of one event only, another event's name over it is no other delivery.
                let event = event.filter(|_| preset.is_none_or(Preset::shares_bodies)).map(str::to_owned);
                Self::SignedText { covered, event, delivery }
            }
            (Proven::Nothing | Proven::Secret, _) => match (named, caller_key(request)) {
                (Some(id), _) => delivery(id),
                // A provider that was given a token calls its own id so; who calls an open place means the call.
                (None, Some(key)) if verified.proven == Proven::Secret => delivery(key),
                (None, Some(key)) => Self::CallerKey { key },
                (None, None) => match usual_id(request) {
                    Some(id) => delivery(id),
                    None => Self::Content { digest: content(request, event, hidden) },
                },
            },
        }
    }

    /// The same request under the value of `dedupe_by`.
    #[must_use]
    pub fn chosen(self, value: String) -> Self {
        Self::Chosen { value, delivery: self.delivery().map(str::to_owned) }
    }

    /// As text: what a run's id is made of, together with the place that the request came to.
    pub fn key(&self) -> String {
        match self {
            Self::SignedId { id } => format!("id:{id}"),
            Self::SignedText { covered, event, .. } => {
                let event = event.as_deref().map(str::as_bytes);
                format!("signed:{}", hex::encode(digest(&[Some(covered.digest()), event])))
            }
            Self::Delivery { id, address } => format!("id:{id}@{}", hex::encode(&address[..16])),
            Self::CallerKey { key } => key.clone(),
            Self::Content { digest } => format!("content:{}", hex::encode(digest)),
            Self::Chosen { value, .. } => format!("by:{value}"),
        }
    }

    /// The provider's id, by which a redelivery that a person asked for is told from a caught request under another id.
    pub fn delivery(&self) -> Option<&str> {
        match self {
            Self::SignedId { id } | Self::Delivery { id, .. } => Some(id),
            Self::SignedText { delivery, .. } | Self::Chosen { delivery, .. } => delivery.as_deref(),
            Self::CallerKey { .. } | Self::Content { .. } => None,
        }
    }

    /// Whether the caller chose the key, and has to answer for using it for two requests.
    pub fn is_callers(&self) -> bool {
        matches!(self, Self::CallerKey { .. })
    }

    /// For how long equal requests are one; `None`: as long as the run is kept. `configured` is the
    /// file's `dedupe_window`, `preset` the sender, if it is a known one.
    pub fn window(&self, configured: Option<Duration>, preset: Option<&Preset>) -> Option<Duration> {
        match self {
            Self::SignedId { .. } | Self::SignedText { .. } | Self::Delivery { .. } | Self::CallerKey { .. } => None,
            Self::Content { .. } => {
                Some(configured.or_else(|| preset.and_then(Preset::redelivers)).unwrap_or(DEDUPE_WINDOW))
            }
            Self::Chosen { .. } => configured,
        }
    }
}

/// The event's type as the header of a usual name, or that of a known provider, has it.
pub fn usual_event(request: &Request<'_>) -> Option<String> {
    EVENT_HEADERS.iter().find_map(|name| header(request, name))
}

/// The delivery's id, where nothing else is known of the sender. That of a CloudEvent is its source and its id together
/// (CloudEvents 1.0.2, section 3.1).
pub(crate) fn usual_id(request: &Request<'_>) -> Option<String> {
    cloud_event(request).or_else(|| ID_HEADERS.iter().find_map(|name| header(request, name)))
}

fn cloud_event(request: &Request<'_>) -> Option<String> {
    if header(request, "ce-id").is_some() {
        return Some(joined(&header(request, "ce-source")?, &header(request, "ce-id")?));
    }
    let kind = header(request, "content-type")?.to_ascii_lowercase();
    let structured = kind.split(';').next().is_some_and(|kind| kind.trim() == "application/cloudevents+json");
    let fields = structured.then(|| Fields::of(request))?;
    Some(joined(&fields.text("source")?, &fields.text("id")?))
}

/// A source is a URI reference and has no space (RFC 3986), so no two pairs are joined to one text.
fn joined(source: &str, id: &str) -> String {
    format!("{source} {id}")
}

/// The `Idempotency-Key`. Several headers are one with their values joined (RFC 9110, section 5.3), several equal ones that
/// value: a proxy may have repeated it.
fn caller_key(request: &Request<'_>) -> Option<String> {
    let values = request.headers.get_all(CALLER_KEY).filter_map(|value| std::str::from_utf8(value).ok());
    let values: BTreeSet<&str> = values.map(str::trim).filter(|value| !value.is_empty()).collect();
    (!values.is_empty()).then(|| values.into_iter().collect::<Vec<_>>().join(", "))
}

/// A header that is there once and is text.
pub(crate) fn header(request: &Request<'_>, name: &str) -> Option<String> {
    let mut values = request.headers.get_all(name);
    let value = std::str::from_utf8(values.next()?).ok()?.trim();
    (values.next().is_none() && !value.is_empty()).then(|| value.to_owned())
}

fn address(request: &Request<'_>, hidden: &[String]) -> [u8; 32] {
    let (path, query) = path_and_query(request);
    let query = without(query, hidden);
    digest(&[Some(path.as_bytes()), Some(query.as_bytes())])
}

/// A request that brings no id is known by all of it but for its other headers, which proxies add to and change.
fn content(request: &Request<'_>, event: Option<&str>, hidden: &[String]) -> [u8; 32] {
    static EVENTS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let known = Preset::all().iter().flat_map(Preset::event_types).filter_map(|place| place.header_name());
        known.chain(EVENT_HEADERS).map(str::to_ascii_lowercase).collect()
    });
    let (path, query) = path_and_query(request);
    let query = without(query, hidden);
    let headers: Vec<_> = EVENTS.iter().map(|name| header(request, name)).collect();
    let method = request.method.to_ascii_uppercase();
    let parts = [Some(method.as_bytes()), Some(path.as_bytes()), Some(query.as_bytes()), Some(request.body)];
    let event = [event.map(str::as_bytes)];
    let headers = headers.iter().map(|value| value.as_deref().map(str::as_bytes));
    let parts: Vec<_> = parts.into_iter().chain(event).chain(headers).collect();
    digest(&parts)
}

/// Path and query of the address, without the host: its name is the sender's choice among ours.
fn path_and_query<'r>(request: &Request<'r>) -> (&'r str, &'r str) {
    // Where no public address is known, the address is only path and query, and the latter may hold another address.
    let absolute = request.url.split_once("://").filter(|_| !request.url.starts_with('/'));
    let behind = absolute
        .map_or(request.url, |(_, rest)| rest.find(['/', '?']).and_then(|start| rest.get(start..)).unwrap_or_default());
    behind.split_once('?').unwrap_or((behind, ""))
}

/// The query without the parameters of some names.
fn without(query: &str, hidden: &[String]) -> String {
    let name = |pair: &str| {
        let parsed = form_urlencoded::parse(pair.as_bytes()).next();
        parsed.map(|(name, _)| name.into_owned()).unwrap_or_default()
    };
    let kept = query.split('&').filter(|pair| !hidden.iter().any(|one| one.eq_ignore_ascii_case(&name(pair))));
    kept.collect::<Vec<_>>().join("&")
}

/// Each part goes in with its length, so that no two lists of parts read alike; a missing part differs from an empty
/// one.
fn digest(parts: &[Option<&[u8]>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        match part {
            None => hash.update(u64::MAX.to_be_bytes()),
            Some(part) => {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
