//! Outbound calls: the one place that makes them.
//!
//! ```text
//!  a workflow's call ── send ──┬─ host written in the file ───────────────────► trusted client
//!                              └─ host from a template ─┐
//!  a diagnosis ──────── probe ──────────────────────────┤
//!  a delivery ───────── post ───────────────────────────┴─ Guard::judge ─► guarded client ─ resolver ─ judged answers
//! ```
//!
//! - No redirect is followed, no proxy is taken from the environment, no cookie is kept.
//! - A guarded call connects to judged addresses alone. An address that the URL spells out is judged with the URL, since
//!   clients ask no resolver for it. A name is looked up once for each connection, within [`RESOLVE_TIMEOUT`]; if one
//!   answer is refused, all are, and what the resolver hands to the connector is what was judged. The name stays in
//!   `Host` and in TLS.
//! - A connection that is used again was judged when it was made, and leads where it led then; it is closed after
//!   [`IDLE`] without use. Guarded and trusted connections are never mixed.
//! - What the other side sends is read up to a limit and a deadline.

mod call;
mod client;
mod fetch;
mod failure;
mod header;
mod parcel;
mod probe;
mod resolver;
mod transport;
#[cfg(test)]
mod tests;

pub use domain::delivery::ErrorClass;
pub use failure::Failure;
pub use parcel::{Cut, Exchange, PARCEL_RESPONSE, Parcel, Reply};
pub use probe::Probe;
pub use transport::Transport;

use client::{JudgingClient, client};
use domain::address::{Guard, Reach, Refusal, Target, TargetHost};
use reqwest::Client;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// A connection is given up after 5 s, its name's lookup and its TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A lookup is given up after 4 s: before the connection is, so that a slow name server is told from a slow receiver.
pub const RESOLVE_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a connection that nobody uses stays open.
pub const IDLE: Duration = Duration::from_secs(30);

/// Makes outbound calls. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Sender {
    guard: Arc<Guard>,
    /// For hosts that the file's author wrote out.
    trusted: Client,
    /// For everyone else's.
    guarded: JudgingClient,
    /// For names and ports that may lead to allowed ranges alone.
    allowed: JudgingClient,
    max_response: usize,
    /// In the place of the network.
    transport: Option<Arc<dyn Transport>>,
}

impl Sender {
    /// A sender that reads answers to workflows of at most `max_response` bytes.
    ///
    /// # Errors
    /// If TLS can't be set up on this machine.
    pub fn new(max_response: usize, guard: Guard) -> Result<Self, reqwest::Error> {
        let guard = Arc::new(guard);
        Ok(Self {
            trusted: client().build()?,
            guarded: JudgingClient::new(&guard, Reach::Anywhere),
            // The resolver needs a reason; the target has the right one.
            allowed: JudgingClient::new(&guard, Reach::AllowedOnly(Refusal::InternalName)),
            guard,
            max_response,
            transport: None,
        })
    }

    /// What judges the addresses of guarded calls.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Where a target leads right now. A connection asks again.
    ///
    /// # Errors
    /// If its name has no address, or one that is refused.
    pub async fn look_up(&self, target: &Target) -> Result<Vec<IpAddr>, Failure> {
        match &target.host {
            TargetHost::Address(address) => Ok(vec![*address]),
            TargetHost::Name(name) => Ok(resolver::look_up(&self.guard, &target.reach, name).await?),
        }
    }

    /// The client for a judged target.
    fn client_for(&self, target: &Target) -> Result<&Client, Failure> {
        match &target.reach {
            Reach::Anywhere => self.guarded.get(),
            Reach::AllowedOnly(_) => self.allowed.get(),
        }
    }
}
