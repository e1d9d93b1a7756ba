//! The other side: signs a request as a provider would, for tests, examples and the command line.

use super::fields::Lazily;
use super::procedure;
use super::scheme::{Algorithm, Encoding, Holes, Procedure, Scheme};
use super::secret::{BASE64, BASE64URL, Key, KeyError, Secret};
use super::{Refusal, Request};
use base64::Engine as _;
use jiff::Timestamp;
use std::collections::BTreeMap;
use thiserror::Error;

/// Why a request can't be signed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignError {
    /// The secret can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The scheme's signature is made with a private key, or stands inside the body.
    #[error("a request can't be signed by this scheme: its signature {0}")]
    Unsupported(&'static str),
    /// The request lacks something that is signed.
    #[error("{0}")]
    Lacking(#[from] Refusal),
}

/// The headers that prove a request: its id, its time and its signature, as far as the scheme has them. Of alternative
/// names the first is taken.
///
/// # Errors
/// If the scheme is none of a shared secret, or the request lacks what it signs.
pub fn sign(
    scheme: &Scheme,
    secret: &Secret,
    request: &Request<'_>,
    id: &str,
    time: Timestamp,
) -> Result<Vec<(String, String)>, SignError> {
    let spec = scheme.spec();
    if spec.algorithm.is_public() {
        return Err(SignError::Unsupported("is made with the provider's private key"));
    }
    let key = Key::read(secret, spec.secret_encoding, spec.algorithm)?;
    if spec.algorithm == Algorithm::Basic {
        let credentials = key.sign(spec.algorithm, &[]).unwrap_or_default();
        let name = spec.header.of(0).unwrap_or("Authorization");
        return Ok(vec![(name.to_owned(), format!("Basic {}", BASE64.encode(credentials)))]);
    }
    let header = spec.header.of(0).filter(|name| *name != "*");
    let header = header.ok_or(SignError::Unsupported("does not stand in a header of a known name"))?;
    let (fields, parameters) = (Lazily::new(request), BTreeMap::new());
    let inside = spec.timestamp_path.as_ref().and_then(|path| fields.get().text(path));
    let timestamp = inside.unwrap_or_else(|| spec.timestamp_unit.write(time));
    let content = if spec.procedure == Some(Procedure::Twilio) {
        procedure::twilio::content(request)
    } else {
        let holes =
            Holes { request, fields: &fields, id: Some(id), timestamp: Some(&timestamp), parameters: &parameters };
        spec.signed.render(&holes)?
    };
    let signature = key.sign(spec.algorithm, &content).unwrap_or_default();
    let signature = match spec.encoding {
        _ if spec.algorithm == Algorithm::Token => String::from_utf8_lossy(&signature).into_owned(),
        Encoding::Hex => hex::encode(signature),
        Encoding::Base64 => BASE64.encode(signature),
        Encoding::Base64url => BASE64URL.encode(signature),
    };
    let signature = format!("{}{signature}", spec.prefix);
    let value = match &spec.fields {
        None => signature,
        Some(names) => {
            let separator = spec.separator.as_deref().unwrap_or(",");
            let time = names.timestamp.as_ref().map(|name| format!("{name}={timestamp}{separator}"));
            format!("{}{}={signature}", time.unwrap_or_default(), names.signature)
        }
    };
    let name = if spec.numbered { format!("{header}1") } else { header.to_owned() };
    let mut headers = Vec::new();
    headers.extend(spec.id_header.of(0).map(|name| (name.to_owned(), id.to_owned())));
    headers.extend(spec.timestamp_header.of(0).map(|name| (name.to_owned(), timestamp)));
    headers.extend(spec.when.as_ref().map(|when| (when.header.clone(), when.is.clone())));
    headers.push((name, value));
    Ok(headers)
}
