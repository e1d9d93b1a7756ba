//! The part of a request that its signature fixes: by it a repetition of the request is recognised.
//!
//! The parts of the signed text are joined as they were signed, without their lengths: a sender who moves bytes from one
//! part into its neighbour keeps the signature valid, and must not become a new request by that. The time is left out,
//! because a provider that tries again signs the same delivery with a new time.

use super::fields::Fields;
use super::scheme::{Holes, Part, Spec};
use super::{Refusal, Request};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Proof of a request's sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Proven {
    /// Nothing, or the address that it came from.
    #[default]
    Nothing,
    /// A token or a password; nothing of the request is fixed by that.
    Secret,
    /// A signature over this text.
    Signature(Covered),
}

/// SHA-256 of the signed text without its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Covered([u8; 32]);

impl Covered {
    pub(crate) fn of(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// The digest.
    pub fn digest(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The signed text without the time in it. A body that holds the time as a field of its JSON is written without that field.
pub(super) fn timeless(spec: &Spec, alternative: usize, holes: &Holes<'_>) -> Result<Vec<u8>, Refusal> {
    let body = spec.timestamp_path.as_deref().and_then(|path| without(holes.fields.get(), path));
    let request = match &body {
        Some(body) => Request { body, ..*holes.request },
        None => *holes.request,
    };
    spec.signed.without(|part| is_time(spec, alternative, part)).render(&Holes { request: &request, ..*holes })
}

/// Whether a part of the signed text is the time.
fn is_time(spec: &Spec, alternative: usize, part: &Part) -> bool {
    match part {
        Part::Timestamp => true,
        Part::Field(path) => spec.timestamp_path.as_ref() == Some(path),
        Part::Header(name) => spec.timestamp_header.of(alternative).is_some_and(|time| time.eq_ignore_ascii_case(name)),
        _ => false,
    }
}

/// The JSON of a body without the field at a path; `None` if the field is not there.
fn without(fields: &Fields, path: &str) -> Option<Vec<u8>> {
    fields.at(path)?;
    let mut whole = fields.value()?.clone();
    let (parents, name) = path.rsplit_once('.').map_or((None, path), |(parents, name)| (Some(parents), name));
    let mut place = &mut whole;
    for key in parents.into_iter().flat_map(|parents| parents.split('.')) {
        place = match place {
            Value::Object(object) => object.get_mut(key)?,
            Value::Array(list) => list.get_mut(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    place.as_object_mut()?.remove(name)?;
    serde_json::to_vec(&whole).ok()
}

/// Refuses a request whose signature would hold for another time too: where nothing stands between the time and another part in
/// the signed text, the end of one could be written at the beginning of the other, and a caught request would come as another.
/// So a time in digits must have as many as every time of our days has; and a body that follows must not begin as a time ends,
/// which no body of a provider that signs so does.
///
/// # Errors
/// If the time or the body is not as it must be.
pub(super) fn refuse_ambiguous(
    spec: &Spec,
    alternative: usize,
    time: Option<&str>,
    request: &Request<'_>,
) -> Result<(), Refusal> {
    if let (Some(time), Some(digits)) = (time, spec.timestamp_unit.digits())
        && time.len() != digits
        && spec.signed.touches_another(|part| is_time(spec, alternative, part))
    {
        let why = format!("it has not {digits} digits, and nothing separates it from what else is signed");
        return Err(Refusal::malformed("the time of the signature", why));
    }
    let of_time = |byte: &u8| byte.is_ascii_digit() || b":.+-".contains(byte);
    if spec.signed.follows_directly(&Part::Timestamp, &Part::Body) && request.body.first().is_some_and(of_time) {
        let why = "it begins with a character of a time, and nothing separates the two in the signed text";
        return Err(Refusal::malformed("the body", why));
    }
    Ok(())
}
