//! Judges a request by one scheme: find the signatures, build what was signed, compare, and only then look at the clock.
//!
//! The clock comes last so that a person is told `too old` only of a request that is genuine. Comparisons take the same
//! time wherever the first difference is, over signatures that were first decoded to their fixed length.

use super::clock;
use super::covered::{self, Covered, Proven, refuse_ambiguous};
use super::fields::Lazily;
use super::place::{self, Found};
use super::procedure;
use super::scheme::{Algorithm, Encoding, Holes, Part, Procedure, Spec};
use super::secret::{BASE64, BASE64URL, Key};
use super::{Refusal, Request};
use base64::Engine as _;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A request as one scheme sees it.
pub(super) struct Attempt<'a> {
    pub(super) spec: &'a Spec,
    pub(super) keys: &'a [Key],
    pub(super) parameters: &'a BTreeMap<String, String>,
    pub(super) request: &'a Request<'a>,
    pub(super) fields: &'a Lazily<'a>,
    /// Now; nothing if the clock doesn't matter.
    pub(super) now: Option<Timestamp>,
}

/// What a genuine request proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proof {
    /// Which of the keys it was.
    pub(super) key: usize,
    /// When it was signed, as the signature covers it.
    pub(super) signed_at: Option<Timestamp>,
    /// The id that the signature covers, from the header that belongs to this signature.
    pub(super) id: Option<String>,
    /// Proof of the sender.
    pub(super) proven: Proven,
}

impl Proof {
    /// By a secret that was compared; nothing was signed.
    fn compared(key: usize) -> Self {
        Self { key, signed_at: None, id: None, proven: Proven::Secret }
    }
}

impl Attempt<'_> {
    /// Judges the request.
    pub(super) fn judge(&self) -> Result<Proof, Refusal> {
        if let Some(when) = &self.spec.when {
            let value = self.request.headers.one(&when.header)?;
            if !value.map_or(when.or_absent, |value| value.eq_ignore_ascii_case(&when.is)) {
                let what = format!("the header {}", when.header);
                return Err(value
                    .map_or(Refusal::missing(&what), |_| Refusal::UnknownVersion { what, expected: when.is.clone() }));
            }
        }
        // The address of the key is judged even where the key is known: a request that names another is no genuine one.
        if let Some(url) = &self.spec.key_url {
            url.find(self.request, self.fields.get())?;
        }
        if let Some(prefix) = &self.spec.body_prefix
            && !self.request.body.trim_ascii_start().starts_with(prefix.as_bytes())
        {
            return Err(Refusal::malformed("the body", format!("it does not begin with `{prefix}`")));
        }
        match self.spec.procedure {
            Some(Procedure::Adyen) => return procedure::adyen::judge(self),
            Some(Procedure::Sns) => return procedure::sns::judge(self),
            Some(Procedure::Twilio) | None => {}
        }
        if self.spec.algorithm == Algorithm::Basic {
            return self.basic();
        }
        let found = place::find(self.spec, self.request, self.fields)?;
        let found = found.ok_or_else(|| Refusal::missing(self.place()))?;
        if self.spec.algorithm == Algorithm::Token {
            return self.token(&found);
        }
        self.signature(&found)
    }

    /// Where the signature should be, in words.
    fn place(&self) -> String {
        let Spec { header, body_path, query, .. } = self.spec;
        match (header.0.first(), body_path, query) {
            (Some(name), _, _) if name == "*" => "any header".to_owned(),
            (Some(name), _, _) => format!("the header {name}"),
            (None, Some(path), _) => format!("`{path}` of the body"),
            (None, None, Some(name)) => format!("`{name}` of the query"),
            (None, None, None) => "the signature".to_owned(),
        }
    }

    fn signature(&self, found: &Found) -> Result<Proof, Refusal> {
        let timestamp = self.timestamp(found)?;
        let signed_at = timestamp.as_deref().map(|text| self.spec.timestamp_unit.read(text)).transpose()?;
        let signatures = self.decode(&found.what, &found.signatures)?;
        let mismatch = || Refusal::Mismatch { what: found.what.clone() };
        let id = self.id(found.alternative)?.map(str::to_owned);
        let (key, covered) = if self.spec.procedure == Some(Procedure::Twilio) {
            let contents = procedure::twilio::contents(self.request);
            let found = contents.iter().find_map(|content| Some((self.matching(content, &signatures)?, content)));
            let (key, content) = found.ok_or_else(mismatch)?;
            (key, Covered::of(content))
        } else {
            let content = self.content(found.alternative, timestamp.as_deref(), false)?;
            let key = self.matching(&content, &signatures).ok_or_else(mismatch)?;
            refuse_ambiguous(self.spec, found.alternative, timestamp.as_deref(), self.request)?;
            (key, Covered::of(&self.content(found.alternative, timestamp.as_deref(), true)?))
        };
        if let (Some(signed_at), Some(now), Some(tolerance)) = (signed_at, self.now, self.spec.tolerance) {
            clock::judge(signed_at, now, tolerance.0, self.spec.reject_future)?;
        }
        Ok(Proof { key, signed_at, id, proven: Proven::Signature(covered) })
    }

    /// The time's text.
    fn timestamp(&self, found: &Found) -> Result<Option<String>, Refusal> {
        if let Some(time) = &found.timestamp {
            return Ok(Some(time.clone()));
        }
        if let Some(name) = self.spec.timestamp_header.of(found.alternative) {
            let time = self.request.headers.one(name)?;
            return time
                .map(|time| Some(time.to_owned()))
                .ok_or_else(|| Refusal::missing(format!("the header {name}")));
        }
        let Some(path) = &self.spec.timestamp_path else { return Ok(None) };
        match self.fields.get().text(path) {
            None if !self.spec.timestamp_optional => Err(Refusal::missing(format!("`{path}` of the body"))),
            time => Ok(time),
        }
    }

    /// The id, if the signature covers one.
    fn id(&self, alternative: usize) -> Result<Option<&str>, Refusal> {
        let name = self.spec.id_header.of(alternative).filter(|_| self.spec.signed.covers(&Part::Id));
        let Some(name) = name else { return Ok(None) };
        let id = self.request.headers.one(name)?.filter(|id| !id.is_empty());
        id.map(Some).ok_or_else(|| Refusal::missing(format!("the header {name}")))
    }

    /// The signed text; with `timeless`, without the time in it.
    fn content(&self, alternative: usize, timestamp: Option<&str>, timeless: bool) -> Result<Vec<u8>, Refusal> {
        let (id, Self { request, parameters, .. }) = (self.id(alternative)?, self);
        let holes = Holes { request, fields: self.fields, id, timestamp, parameters };
        if timeless { covered::timeless(self.spec, alternative, &holes) } else { self.spec.signed.render(&holes) }
    }

    /// The bytes of those signatures that can be some.
    pub(super) fn decode(&self, what: &str, signatures: &[String]) -> Result<Vec<Vec<u8>>, Refusal> {
        let (name, length) = (self.spec.encoding, self.spec.algorithm.length());
        let decoded = signatures.iter().filter_map(|text| match name {
            Encoding::Hex => hex::decode(text).ok(),
            Encoding::Base64 => BASE64.decode(text).ok(),
            Encoding::Base64url => BASE64URL.decode(text).ok(),
        });
        let fits = |bytes: &Vec<u8>| !bytes.is_empty() && length.is_none_or(|length| bytes.len() == length);
        let decoded: Vec<_> = decoded.filter(fits).collect();
        if decoded.is_empty() {
            let written = match name {
                Encoding::Hex => "hexadecimal",
                Encoding::Base64 => "base64",
                Encoding::Base64url => "base64url",
            };
            let bytes = length.map(|length| format!("{length} bytes in ")).unwrap_or_default();
            return Err(Refusal::malformed(what, format!("a signature is {bytes}{written}")));
        }
        Ok(decoded)
    }

    /// The key by which one of the signatures is that of the content.
    pub(super) fn matching(&self, content: &[u8], signatures: &[Vec<u8>]) -> Option<usize> {
        let verifies =
            |key: &Key| signatures.iter().any(|signature| key.verifies(self.spec.algorithm, content, signature));
        self.keys.iter().position(verifies)
    }

    fn token(&self, found: &Found) -> Result<Proof, Refusal> {
        let same = |key: &Key| {
            // Every candidate is compared, so that the time doesn't tell which one it was.
            found
                .signatures
                .iter()
                .fold(false, |same, token| same | key.verifies(Algorithm::Token, &[], token.as_bytes()))
        };
        let key = self.keys.iter().position(same);
        let key = key.ok_or_else(|| Refusal::WrongToken { what: found.what.clone() })?;
        Ok(Proof::compared(key))
    }

    /// `Authorization: Basic` (RFC 7617).
    fn basic(&self) -> Result<Proof, Refusal> {
        let name = self.spec.header.of(0).unwrap_or("Authorization");
        let what = format!("the header {name}");
        let value = self.request.headers.one(name)?.ok_or_else(|| Refusal::missing(&what))?;
        let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Refusal::UnknownVersion { what, expected: "Basic".to_owned() });
        }
        let credentials = BASE64.decode(credentials.trim());
        let credentials = credentials.map_err(|_| Refusal::malformed(&what, "what follows `Basic` is not base64"))?;
        let key = self.keys.iter().position(|key| key.verifies(Algorithm::Basic, &[], &credentials));
        Ok(Proof::compared(key.ok_or(Refusal::WrongToken { what })?))
    }
}
