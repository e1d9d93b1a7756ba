//! Sources: providers that call us, and what must hold of their requests.
//!
//! A [`Source`] is what the file (or the API) says; its secrets may still be names of environment variables. With the
//! environment it becomes a [`ReadySource`], whose keys are read. Nothing here shows a secret.

mod facts;
mod identity;
mod recur;
mod ready;
mod sealed;
#[cfg(test)]
mod tests;

pub(crate) use identity::{CALLER_KEY, header, usual_id};
pub use identity::{DEDUPE_WINDOW, Identity, MAX_DEDUPE_WINDOW, usual_event};
pub(crate) use ready::sends_its_secret;
pub use ready::{ReadySource, ReadyVerification, SourceError};
pub use recur::{Earlier, Recognition, Recurrence};
pub use sealed::SecretText;

use crate::endpoint::RateLimit;
use crate::expr::{Reference, Template};
use crate::rule::Rules;
use crate::signature::{Preset, Scheme};
use ipnet::IpNet;
use std::time::Duration;

/// The largest `max_body`, in bytes: what a server of ours has room for beside the bodies of other callers.
pub const MAX_BODY: u32 = 24 << 20;

/// A provider that calls us.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name, which is the end of its address.
    pub name: String,
    /// What must hold of its requests.
    pub verification: Verification,
    /// The event's type, over the request; where the provider has it, or a usual place, where absent.
    pub event: Option<Template>,
    /// Requests with equal values are one delivery; as [`Identity`] says where absent.
    pub dedupe_by: Option<Template>,
    /// For how long equal requests are one, where nothing is signed and there is no id, and those of one `dedupe_by`; zero
    /// if each request is one of its own. As the provider's preset says, or else [`DEDUPE_WINDOW`], where absent.
    pub dedupe_window: Option<Duration>,
    /// What its events start.
    pub rules: Rules,
    /// Genuine requests that are taken at most; no limit where absent.
    pub rate_limit: Option<RateLimit>,
    /// Largest body in bytes; that of all requests where absent.
    pub max_body: Option<usize>,
}

/// What must hold of a request: everything that is here. If nothing is, every request passes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verification {
    /// A signature.
    pub signature: Option<Signature>,
    /// A token.
    pub token: Option<Token>,
    /// The networks from which it must come.
    pub networks: Option<Vec<IpNet>>,
    /// The word that was agreed on with Meta.
    pub verify_token: Option<SecretText>,
    /// Scheme and host by which the provider knows us, for schemes that sign the address.
    pub public_url: Option<String>,
}

/// How a provider signs.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// The way.
    pub scheme: SchemeChoice,
    /// Any of these may have signed; none where the provider publishes its key or sends the secret itself.
    pub secrets: Vec<SecretText>,
    /// What the scheme's `{parameter:NAME}` stand for.
    pub parameters: Vec<(String, SecretText)>,
}

/// A known provider's scheme, or one that is spelled out.
#[derive(Debug, Clone, PartialEq)]
pub enum SchemeChoice {
    /// A provider's.
    Preset(&'static Preset),
    /// Any.
    Spelled(Box<Scheme>),
}

/// A token that must be in a header.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// The header; `Authorization: Bearer` or `X-Webhook-Token` where absent.
    pub header: Option<String>,
    /// Any of these will do; at least one.
    pub tokens: Vec<SecretText>,
}

impl Verification {
    /// Whether every request passes.
    pub fn is_open(&self) -> bool {
        self.signature.is_none() && self.token.is_none() && self.networks.is_none()
    }

    /// Whether each request that passes is signed: a token alone never is enough.
    pub fn is_signed(&self) -> bool {
        !self.schemes().is_empty() && self.schemes().iter().all(Scheme::is_signature)
    }

    /// Whether the signature fixes what a template reads there. What the request doesn't say, as the environment, is fixed.
    pub fn covers(&self, read: &Reference) -> bool {
        self.schemes().iter().all(|scheme| scheme.covers(read))
    }

    fn schemes(&self) -> &[Scheme] {
        match self.signature.as_ref().map(|signature| &signature.scheme) {
            Some(SchemeChoice::Preset(preset)) => preset.schemes(),
            Some(SchemeChoice::Spelled(scheme)) => std::slice::from_ref(scheme),
            None => &[],
        }
    }

    /// The provider, if it is a known one.
    pub fn preset(&self) -> Option<&'static Preset> {
        match &self.signature.as_ref()?.scheme {
            SchemeChoice::Preset(preset) => Some(preset),
            SchemeChoice::Spelled(_) => None,
        }
    }
}
