//! A source with its keys read.

use super::{SchemeChoice, SecretText, Source, Verification};
use crate::redact::KnownSecrets;
use crate::signature::handshake::{Handshaker, Known};
use crate::signature::{KeyError, Preset, Scheme, Secret, Verifier};
use serde_json::Value;
use std::fmt;

/// Why a source can't be used. Never quotes a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// A secret or token comes out empty: an environment variable is not set.
    #[error("`{what}` is empty: {}", variable.as_ref().map_or_else(
        || "is an environment variable not set?".to_owned(),
        |name| format!("the environment variable `{name}` is empty or not set")
    ))]
    Empty {
        /// The field.
        what: &'static str,
        /// The variable, if it is one that the field is made of.
        variable: Option<String>,
    },
    /// A secret is no key.
    #[error("`{0}` can't be used: {1}")]
    Key(&'static str, KeyError),
}

/// What must hold of a request, ready to judge one.
#[derive(Clone)]
pub struct ReadyVerification {
    /// What must hold; absent until the provider has sent the secret.
    pub verifier: Option<Verifier>,
    /// The provider, if it is a known one.
    pub preset: Option<&'static Preset>,
    /// Scheme and host by which the provider knows us.
    pub public_url: Option<String>,
    secret: Option<Secret>,
    verify_token: Option<String>,
    secret_places: Vec<String>,
    secrets: KnownSecrets,
}

/// A source, ready to judge a request.
#[derive(Debug, Clone)]
pub struct ReadySource {
    /// As it is written.
    pub source: Source,
    /// What must hold.
    pub verification: ReadyVerification,
}

impl Source {
    /// With this environment.
    ///
    /// # Errors
    /// Which secret can't be used.
    pub fn ready(&self, env: &Value) -> Result<ReadySource, SourceError> {
        Ok(ReadySource { source: self.clone(), verification: self.verification.ready(env)? })
    }
}

impl Verification {
    /// With this environment.
    ///
    /// # Errors
    /// Which secret can't be used.
    pub fn ready(&self, env: &Value) -> Result<ReadyVerification, SourceError> {
        let mut verifier = Some(Verifier::open());
        let mut secret = None;
        let (mut secret_places, mut shown_nowhere): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        if let Some(signature) = &self.signature {
            let secrets = texts(&signature.secrets, env, "secret")?;
            secret = secrets.first().cloned();
            shown_nowhere.extend(secrets.iter().map(|secret| secret.reveal().to_owned()));
            let schemes = match &signature.scheme {
                SchemeChoice::Preset(preset) => preset.schemes(),
                SchemeChoice::Spelled(scheme) => std::slice::from_ref(&**scheme),
            };
            secret_places.extend(schemes.iter().flat_map(Scheme::secret_places).map(str::to_owned));
            let signed = match &signature.scheme {
                SchemeChoice::Preset(preset) if secrets.is_empty() && sends_its_secret(preset) => None,
                SchemeChoice::Preset(preset) => Some(Verifier::preset(preset, &secrets)),
                SchemeChoice::Spelled(scheme) => Some(Verifier::scheme(scheme, &secrets)),
            };
            let signed = signed.transpose().map_err(|error| SourceError::Key("secret", error))?;
            let mut parameters = Vec::new();
            for (name, value) in &signature.parameters {
                parameters.push((name, text(value, env, "parameters")?));
            }
            let with = |verifier: Verifier| {
                parameters.iter().fold(verifier, |verifier, (name, value)| verifier.with_parameter(name, value))
            };
            verifier = verifier.and_then(|all| Some(all.and(with(signed?))));
        }
        if let Some(token) = &self.token {
            let tokens = texts(&token.tokens, env, "token")?;
            shown_nowhere.extend(tokens.iter().map(|token| token.reveal().to_owned()));
            let token = Verifier::tokens(token.header.as_deref(), &tokens);
            let token = token.map_err(|error| SourceError::Key("token", error))?;
            verifier = verifier.map(|all| all.and(token));
        }
        if let Some(networks) = &self.networks {
            verifier = verifier.map(|all| all.and(Verifier::networks(networks)));
        }
        let verify_token = self.verify_token.as_ref();
        let verify_token = verify_token.map(|token| text(token, env, "verify_token")).transpose()?;
        let (preset, public_url) = (self.preset(), self.public_url.clone());
        secret_places.extend(self.token.as_ref().and_then(|token| token.header.clone()));
        shown_nowhere.extend(verify_token.clone());
        let secrets = KnownSecrets::new(shown_nowhere);
        Ok(ReadyVerification { verifier, preset, public_url, secret, verify_token, secret_places, secrets })
    }

    /// The same with a secret that the provider has sent.
    #[must_use]
    pub fn with_secret(&self, secret: SecretText) -> Self {
        let mut with = self.clone();
        if let Some(signature) = &mut with.signature {
            signature.secrets.push(secret);
        }
        with
    }
}

impl ReadyVerification {
    /// Whether the provider has still to send the secret of all its later requests.
    pub fn awaits_secret(&self) -> bool {
        self.verifier.is_none()
    }

    /// Headers and query parameters that hold a secret of ours, besides those that are known by their names.
    pub fn secret_places(&self) -> Vec<String> {
        self.secret_places.clone()
    }

    /// The secrets themselves: a genuine request may hold them anywhere, and nothing that is kept of it does.
    pub fn secrets(&self) -> &KnownSecrets {
        &self.secrets
    }

    /// What answers to its handshakes need.
    pub fn known(&self) -> Known<'_> {
        Known { secret: self.secret.as_ref(), verify_token: self.verify_token.as_deref() }
    }
}

impl fmt::Debug for ReadyVerification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let preset = self.preset.map(Preset::name);
        f.debug_struct("ReadyVerification").field("preset", &preset).finish_non_exhaustive()
    }
}

/// Whether a provider sends the secret itself, in its first request.
pub(crate) fn sends_its_secret(preset: &Preset) -> bool {
    matches!(preset.handshaker(), Some(Handshaker::Notion | Handshaker::Asana))
}

fn texts(secrets: &[SecretText], env: &Value, what: &'static str) -> Result<Vec<Secret>, SourceError> {
    secrets.iter().map(|secret| text(secret, env, what).map(Secret::new)).collect()
}

fn text(secret: &SecretText, env: &Value, what: &'static str) -> Result<String, SourceError> {
    secret.text(env).ok_or_else(|| SourceError::Empty { what, variable: secret.variable() })
}
