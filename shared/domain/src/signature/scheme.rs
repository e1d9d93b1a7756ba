//! How a provider signs, as data: the one parametric scheme in which the presets are written, and users write theirs.
//!
//! A scheme says where the signature is (a header, a field of the body, the query), how it is made (algorithm, encoding,
//! prefix), of what (a [`Template`]), where the time and the id are, and how the secret's text is to be read. It is read
//! from YAML or JSON, refuses unknown keys, and is checked as a whole before anything uses it.

mod check;
mod schema;
mod template;

pub use template::Template;
pub(super) use template::{Holes, Part};

use super::clock::Unit;
use super::key_url::KeyUrl;
use super::secret::SecretEncoding;
use crate::expr::Reference;
use serde::Deserialize;
use serde_json::Value;

/// How a provider signs. Read it with serde.
///
/// ```
/// let scheme: domain::signature::Scheme = serde_json::from_value(serde_json::json!({
///     "header": "X-Signature", "algorithm": "sha256", "encoding": "hex", "prefix": "sha256=",
///     "signed": "{timestamp}.{body}", "timestamp_header": "X-Timestamp", "tolerance": "5m",
/// })).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Spec")]
pub struct Scheme(Spec);

impl Scheme {
    /// The JSON Schema of a scheme, for the schema of the configuration file.
    pub fn schema() -> Value {
        schema::schema()
    }

    pub(super) fn spec(&self) -> &Spec {
        &self.0
    }

    /// Names of the headers and query parameters that hold the secret itself, rather than something made with it. `*`, any
    /// header, is none.
    pub fn secret_places(&self) -> impl Iterator<Item = &str> {
        let holds = self.0.algorithm.compares();
        let names = self.0.header.0.iter().chain(&self.0.query).map(String::as_str);
        names.filter(move |name| holds && *name != "*")
    }

    /// Whether something is signed, and not only a secret compared.
    pub fn is_signature(&self) -> bool {
        !self.0.algorithm.compares()
    }

    /// Whether the signature fixes what a template reads of the request. Its method is fixed by the route; what is no part
    /// of it, as the environment, is fixed anyway, the time at which it comes is not.
    pub fn covers(&self, read: &Reference) -> bool {
        let spec = &self.0;
        match read.source.as_str() {
            "header" => read.path.first().is_some_and(|name| spec.covers_header(name)),
            "body" | "item" => spec.covers_field(&read.path.join(".")),
            "query" | "path" => spec.covers_url(),
            "context" => false,
            _ => true,
        }
    }
}

impl Scheme {
    /// A header that holds a token.
    pub(super) fn token(header: &str, prefix: &str) -> Self {
        let spec = Spec {
            header: Names(vec![header.to_owned()]),
            body_path: None,
            query: None,
            algorithm: Algorithm::Token,
            encoding: Encoding::default(),
            prefix: prefix.to_owned(),
            separator: None,
            fields: None,
            numbered: false,
            signed: Template::body(),
            body_prefix: None,
            id_header: Names::default(),
            timestamp_header: Names::default(),
            timestamp_path: None,
            timestamp_unit: Unit::default(),
            timestamp_optional: false,
            tolerance: None,
            reject_future: true,
            secret_encoding: None,
            secret_prefix: None,
            when: None,
            procedure: None,
            key_url: None,
        };
        Self(spec)
    }
}

impl Spec {
    /// Whether the signature covers a header.
    pub(super) fn covers_header(&self, name: &str) -> bool {
        let is = |names: &Names| names.0.iter().any(|one| one.eq_ignore_ascii_case(name));
        let id = is(&self.id_header) && self.signed.covers(&Part::Id);
        let time = is(&self.timestamp_header) && self.signed.covers(&Part::Timestamp);
        !self.algorithm.compares() && self.procedure.is_none() && (id || time || self.signed.covers_header(name))
    }

    /// Whether the signature covers the path and the query.
    pub(super) fn covers_url(&self) -> bool {
        let twilio = self.procedure == Some(Procedure::Twilio);
        !self.algorithm.compares() && (twilio || (self.procedure.is_none() && self.signed.covers_url()))
    }

    /// Whether the signature covers a field of the body.
    pub(super) fn covers_field(&self, path: &str) -> bool {
        let field = || self.signed.covers(&Part::Field(path.to_owned()));
        match self.procedure {
            _ if self.algorithm.compares() => false,
            Some(Procedure::Adyen) => path.ends_with("pspReference"),
            Some(Procedure::Sns) => super::procedure::sns::covers(path),
            Some(Procedure::Twilio) => true,
            None => self.signed.covers_body() || field(),
        }
    }
}

impl TryFrom<Spec> for Scheme {
    type Error = String;

    fn try_from(spec: Spec) -> Result<Self, String> {
        check::check(&spec).map(|()| Self(spec))
    }
}

/// A scheme as it is written. Where several names stand for one thing (`webhook-id`, `svix-id`), the n-th of each belong
/// together.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    /// Headers that may hold the signature; the first that is there counts. `*` is any header, for a token.
    #[serde(default)]
    pub(super) header: Names,
    /// The field of the body that holds the signature.
    pub(super) body_path: Option<String>,
    /// The name in the query that holds the token.
    pub(super) query: Option<String>,
    pub(super) algorithm: Algorithm,
    #[serde(default)]
    pub(super) encoding: Encoding,
    /// What stands before each signature; a signature with something else before it is of another version.
    #[serde(default)]
    pub(super) prefix: String,
    /// What stands between several signatures, or between fields.
    pub(super) separator: Option<String>,
    /// The header holds `name=value` pairs.
    pub(super) fields: Option<FieldNames>,
    /// The header's name goes on with a number from 1: one header for each key.
    #[serde(default)]
    pub(super) numbered: bool,
    #[serde(default = "Template::body", alias = "template")]
    pub(super) signed: Template,
    /// Beginning of each body, after white space; a body that begins otherwise is refused, whatever its signature.
    pub(super) body_prefix: Option<String>,
    #[serde(default)]
    pub(super) id_header: Names,
    #[serde(default)]
    pub(super) timestamp_header: Names,
    /// The field of the body that holds the time.
    pub(super) timestamp_path: Option<String>,
    #[serde(default)]
    pub(super) timestamp_unit: Unit,
    /// Whether a request without a time passes; only where the time is inside the signed body.
    #[serde(default)]
    pub(super) timestamp_optional: bool,
    /// How long ago it may have been signed. Without it the time is signed but not judged.
    pub(super) tolerance: Option<Tolerance>,
    /// Whether what was signed further in the future than the tolerance is refused too.
    #[serde(default = "yes")]
    pub(super) reject_future: bool,
    #[serde(alias = "key_encoding")]
    pub(super) secret_encoding: Option<SecretEncoding>,
    /// This scheme is for secrets that begin so; the others of a preset are for the rest.
    pub(super) secret_prefix: Option<String>,
    /// This scheme is for requests of which this holds.
    pub(super) when: Option<When>,
    /// What no template can say.
    pub(super) procedure: Option<Procedure>,
    /// Where the provider publishes its key.
    pub(super) key_url: Option<KeyUrl>,
}

fn yes() -> bool {
    true
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// HMAC-SHA1.
    #[serde(rename = "hmac-sha1", alias = "sha1", alias = "hmac_sha1")]
    HmacSha1,
    /// HMAC-SHA256.
    #[serde(rename = "hmac-sha256", alias = "sha256", alias = "hmac_sha256")]
    HmacSha256,
    /// HMAC-SHA384.
    #[serde(rename = "hmac-sha384", alias = "sha384", alias = "hmac_sha384")]
    HmacSha384,
    /// HMAC-SHA512.
    #[serde(rename = "hmac-sha512", alias = "sha512", alias = "hmac_sha512")]
    HmacSha512,
    /// SHA-256 of the secret and what is signed, one after the other: no HMAC.
    #[serde(alias = "plain_sha256")]
    PlainSha256,
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256 with SHA-256, the signature as DER.
    #[serde(rename = "ecdsa-p256", alias = "ecdsa_p256")]
    EcdsaP256,
    /// RSA (PKCS #1 v1.5) with SHA-1.
    #[serde(rename = "rsa-sha1", alias = "rsa_sha1")]
    RsaSha1,
    /// RSA (PKCS #1 v1.5) with SHA-256.
    #[serde(rename = "rsa-sha256", alias = "rsa_sha256")]
    RsaSha256,
    /// No signature: the value is the secret.
    Token,
    /// `Authorization: Basic`; the secret is `user:password`.
    Basic,
}

impl Algorithm {
    /// The bytes of a signature, where that is fixed.
    pub(super) fn length(self) -> Option<usize> {
        match self {
            Self::HmacSha1 => Some(20),
            Self::HmacSha256 | Self::PlainSha256 => Some(32),
            Self::HmacSha384 => Some(48),
            Self::HmacSha512 | Self::Ed25519 => Some(64),
            Self::EcdsaP256 | Self::RsaSha1 | Self::RsaSha256 | Self::Token | Self::Basic => None,
        }
    }

    /// Whether the secret itself is compared, and nothing is signed.
    pub(super) fn compares(self) -> bool {
        matches!(self, Self::Token | Self::Basic)
    }

    /// Whether it needs the provider's public key.
    pub(super) fn is_public(self) -> bool {
        matches!(self, Self::Ed25519 | Self::EcdsaP256 | Self::RsaSha1 | Self::RsaSha256)
    }
}

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal in either case.
    #[default]
    Hex,
    /// Base64 (RFC 4648, section 4), with or without padding.
    Base64,
    /// Base64 for URLs (RFC 4648, section 5), with or without padding.
    Base64url,
}

/// The names of the fields of a header such as `t=…,v1=…`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldNames {
    /// The field that holds a signature; it may be there several times.
    pub(super) signature: String,
    /// The field that holds the time.
    pub(super) timestamp: Option<String>,
}

/// A condition on a header.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    /// The header.
    pub(super) header: String,
    /// Its value.
    pub(super) is: String,
    /// Whether it may also be missing.
    #[serde(default)]
    pub(super) or_absent: bool,
}

/// What no template can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Procedure {
    /// The URL with or without its port, and the sorted fields of the form: [`super::procedure::twilio`].
    Twilio,
    /// A signature in each item of the body: [`super::procedure::adyen`].
    Adyen,
    /// Named lines of the body, and the version that chooses the hash: [`super::procedure::sns`].
    Sns,
}

/// One name, or several alternatives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "OneOrMany")]
pub(super) struct Names(pub(super) Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a name or a list of names")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Names {
    fn from(names: OneOrMany) -> Self {
        match names {
            OneOrMany::One(name) => Self(vec![name]),
            OneOrMany::Many(names) => Self(names),
        }
    }
}

impl Names {
    /// The name that belongs to the n-th alternative.
    pub(super) fn of(&self, alternative: usize) -> Option<&str> {
        self.0.get(alternative).or(self.0.first()).map(String::as_str)
    }
}

/// A tolerance in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Tolerance(pub(super) i64);

impl TryFrom<Value> for Tolerance {
    type Error = String;

    /// A number is seconds; text has its unit.
    fn try_from(value: Value) -> Result<Self, String> {
        let seconds = match &value {
            Value::Number(_) => value.as_i64().filter(|seconds| (0..=31_536_000).contains(seconds)),
            Value::String(text) => {
                let duration = crate::config::duration::parse(text)?;
                i64::try_from(duration.as_secs()).ok().filter(|_| duration.subsec_nanos() == 0)
            }
            _ => None,
        };
        let wrong = || format!("a tolerance is a number of seconds or text such as \"5m\", not {value}");
        seconds.map(Self).ok_or_else(wrong)
    }
}
