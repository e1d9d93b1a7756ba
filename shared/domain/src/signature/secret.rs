//! Secrets: their text, how it is to be read, and the keys that come of it.

mod certificate;
mod key;
mod public;

pub(super) use key::{Key, is_same};

use super::scheme::Algorithm;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use std::fmt;
use thiserror::Error;

/// Padding may be there or not.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
/// Base64 (RFC 4648, section 4).
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
/// Base64 for URLs (RFC 4648, section 5).
pub(super) const BASE64URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The text of a secret or a public key. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    encoding: Option<SecretEncoding>,
}

impl Secret {
    /// A secret that is read as its scheme usually is.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), encoding: None }
    }

    /// The same, read in this way.
    #[must_use]
    pub fn encoded(self, encoding: SecretEncoding) -> Self {
        Self { encoding: Some(encoding), ..self }
    }

    /// Its text, to be sealed.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The same with another text.
    pub(super) fn with_text(&self, text: impl Into<String>) -> Self {
        Self { text: text.into(), encoding: self.encoding }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn encoding(&self) -> Option<SecretEncoding> {
        self.encoding
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(…)")
    }
}

/// How the text of a secret is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretEncoding {
    /// The text's own bytes.
    #[serde(alias = "text", alias = "raw")]
    Utf8,
    /// Hexadecimal.
    Hex,
    /// Base64.
    Base64,
    /// Base64 after `whsec_`, as Standard Webhooks writes secrets; the prefix may be missing.
    #[serde(alias = "whsec")]
    WhsecBase64,
    /// An Ed25519 public key in hexadecimal.
    HexEd25519Public,
    /// An Ed25519 public key in base64 after `whpk_`, as Standard Webhooks writes it.
    WhpkEd25519,
    /// A JWK Set (RFC 7517) of Ed25519 keys (RFC 8037), or one JWK.
    JwksEd25519,
    /// A public key as `SubjectPublicKeyInfo`: DER in base64, or PEM.
    SpkiDerBase64,
    /// A certificate: PEM, or DER in base64.
    X509,
}

impl SecretEncoding {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Utf8,
        Self::Hex,
        Self::Base64,
        Self::WhsecBase64,
        Self::HexEd25519Public,
        Self::WhpkEd25519,
        Self::JwksEd25519,
        Self::SpkiDerBase64,
        Self::X509,
    ];

    /// How it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::WhsecBase64 => "whsec-base64",
            Self::HexEd25519Public => "hex-ed25519-public",
            Self::WhpkEd25519 => "whpk-ed25519",
            Self::JwksEd25519 => "jwks-ed25519",
            Self::SpkiDerBase64 => "spki-der-base64",
            Self::X509 => "x509",
        }
    }

    /// Whether keys of this kind are what an algorithm needs.
    pub(super) fn suits(self, algorithm: Algorithm) -> bool {
        match self {
            Self::Utf8 | Self::Hex | Self::Base64 | Self::WhsecBase64 => !algorithm.is_public(),
            Self::HexEd25519Public | Self::WhpkEd25519 | Self::JwksEd25519 => algorithm == Algorithm::Ed25519,
            Self::SpkiDerBase64 => algorithm.is_public(),
            Self::X509 => algorithm.is_public() && algorithm != Algorithm::Ed25519,
        }
    }

    /// The way in which an algorithm's secrets are usually written.
    pub(super) fn usual(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Ed25519 => Self::HexEd25519Public,
            Algorithm::EcdsaP256 => Self::SpkiDerBase64,
            Algorithm::RsaSha1 | Algorithm::RsaSha256 => Self::X509,
            _ => Self::Utf8,
        }
    }
}

/// Why a secret can't be used. Never quotes it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// There is nothing in it: everybody could sign with it.
    #[error("the secret is empty")]
    Empty,
    /// It is not written in the way in which it is to be read.
    #[error("the secret can't be read as {}: {why}", encoding.name())]
    Unreadable {
        /// The way.
        encoding: SecretEncoding,
        /// What is wrong.
        why: String,
    },
    /// The scheme can do nothing with a key of that kind.
    #[error("a secret of the kind {} is no key for this scheme", .0.name())]
    WrongKind(SecretEncoding),
    /// No secret was given, and the key is not one that the provider publishes.
    #[error("there is no secret")]
    None,
    /// An address or network of a list is none.
    #[error("`{0}` is neither an address nor a network such as 10.0.0.0/8")]
    NotANetwork(String),
}
