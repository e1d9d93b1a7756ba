//! The providers whose way of signing is known: data in `preset/*.json`, each with the page or library it was read from.
//!
//! A preset is schemes, of which one must hold, and where a delivery's id, event and other facts are.

use super::acknowledge::Acknowledger;
use super::extract::Extractor;
use super::handshake::Handshaker;
use super::scheme::Scheme;
use super::secret::Secret;
use super::verifier::fitting;
use crate::spelling::nearest;
use indexmap::IndexMap;
use serde::Deserialize;
use std::sync::LazyLock;
use std::time::Duration;
use thiserror::Error;

/// The files, by subject.
pub(super) static FILES: [&str; 6] = [
    include_str!("preset/git.json"),
    include_str!("preset/standard.json"),
    include_str!("preset/payment.json"),
    include_str!("preset/message.json"),
    include_str!("preset/work.json"),
    include_str!("preset/platform.json"),
];

/// All presets. That every file can be read is tested.
static ALL: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    FILES.iter().flat_map(|file| serde_json::from_str::<Vec<Preset>>(file).unwrap_or_default()).collect()
});

/// A provider whose way of signing is known.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    source: String,
    covers: String,
    schemes: Vec<Scheme>,
    #[serde(default)]
    delivery_id: Vec<Extractor>,
    #[serde(default)]
    event_type: Vec<Extractor>,
    #[serde(default)]
    facts: IndexMap<String, Vec<Extractor>>,
    handshake: Option<Handshaker>,
    acknowledge: Option<Acknowledger>,
    /// Whether the provider sends one body for several events, which only an unsigned header tells apart.
    #[serde(default)]
    shared_bodies: bool,
    /// Span in which the provider sends a request again that was not answered well, as `11h`.
    #[serde(default, deserialize_with = "span")]
    redelivers: Option<Duration>,
}

/// There is no such preset.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no provider `{name}`{}", nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
pub struct UnknownPreset {
    /// The name that was asked for.
    pub name: String,
    /// The nearest of the right names, if one is near enough.
    pub nearest: Option<&'static str>,
}

impl Preset {
    /// All of them.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The one of a name or alias. Case, `_`, `-`, spaces and dots don't matter.
    ///
    /// # Errors
    /// If there is none.
    pub fn find(name: &str) -> Result<&'static Self, UnknownPreset> {
        let wanted = plain(name);
        let found = Self::all().iter().find(|preset| preset.names().any(|name| plain(name) == wanted));
        found.ok_or_else(|| {
            let names = Self::all().iter().flat_map(Self::names);
            UnknownPreset { name: name.to_owned(), nearest: nearest(&wanted, names) }
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name).chain(&self.aliases).map(String::as_str)
    }

    /// The page or library that it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What the signature covers, and what is to be known about it.
    pub fn covers(&self) -> &str {
        &self.covers
    }

    /// Its schemes.
    pub fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    /// The scheme that is for a secret.
    pub fn scheme_for(&self, secret: &Secret) -> Option<&Scheme> {
        fitting(&self.schemes, secret).first().and_then(|at| self.schemes.get(*at))
    }

    /// Where the delivery's id may be, the likeliest first.
    pub fn delivery_ids(&self) -> &[Extractor] {
        &self.delivery_id
    }

    /// Where the event's type may be, the likeliest first.
    pub fn event_types(&self) -> &[Extractor] {
        &self.event_type
    }

    /// Where a fact may be: one of [`facts::NAMES`](super::facts::NAMES).
    pub fn fact(&self, name: &str) -> &[Extractor] {
        self.facts.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The names of its facts.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.facts.keys().map(String::as_str)
    }

    /// Whether the provider sends one body for several events, which only an unsigned header tells apart.
    pub fn shares_bodies(&self) -> bool {
        self.shared_bodies
    }

    /// Span in which the provider sends the same bytes again, where it signs nothing and some of its requests have no id.
    /// Postmark: 10 retries in about 10.5 hours
    /// (<https://postmarkapp.com/support/article/understanding-inbound-webhook-retries-in-postmark>).
    pub fn redelivers(&self) -> Option<Duration> {
        self.redelivers
    }

    /// How it makes sure that somebody wants its requests, if it does.
    pub fn handshaker(&self) -> Option<Handshaker> {
        self.handshake
    }

    /// What it demands as an answer, if anything.
    pub fn acknowledger(&self) -> Option<Acknowledger> {
        self.acknowledge
    }
}

fn span<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    crate::config::duration::parse(&text).map(Some).map_err(serde::de::Error::custom)
}

/// A name without what doesn't matter in it.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}
