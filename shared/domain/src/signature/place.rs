//! Finds the signatures of a request where its scheme says they are.

use super::fields::Lazily;
use super::request::text;
use super::scheme::{FieldNames, Spec};
use super::{Refusal, Request};

/// The most signatures that are looked at: providers send one for each key that is in use.
const MOST: usize = 32;

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Where, in words.
    pub(super) what: String,
    /// The signatures' texts, without what stands before them.
    pub(super) signatures: Vec<String>,
    /// The time that stood beside them.
    pub(super) timestamp: Option<String>,
    /// Which of the alternative names was there.
    pub(super) alternative: usize,
}

/// The signatures, or none if there is nothing where they should be.
pub(super) fn find(spec: &Spec, request: &Request<'_>, fields: &Lazily<'_>) -> Result<Option<Found>, Refusal> {
    let found = |what: String, text: Option<String>| {
        let Some(text) = text else { return Ok(None) };
        let signatures = split(spec, &what, &[text.as_str()])?;
        Ok(Some(Found { what, signatures, timestamp: None, alternative: 0 }))
    };
    if let Some(path) = &spec.body_path {
        return found(format!("`{path}` of the body"), fields.get().text(path));
    }
    if let Some(name) = &spec.query {
        return found(format!("`{name}` of the query"), request.query(name));
    }
    if spec.numbered {
        return numbered(spec, request);
    }
    for (alternative, name) in spec.header.0.iter().enumerate() {
        let values: Vec<&[u8]> = match name.as_str() {
            "*" => request.headers.iter().map(|(_, value)| value).collect(),
            name => request.headers.get_all(name).collect(),
        };
        if values.is_empty() {
            continue;
        }
        let what = if name == "*" { "any header".to_owned() } else { format!("the header {name}") };
        if name == "*" {
            // Each is a candidate; those that aren't text can't be it.
            let signatures = values.iter().filter_map(|value| std::str::from_utf8(value).ok());
            let signatures = signatures.map(|value| value.trim().to_owned()).collect();
            return Ok(Some(Found { what, signatures, timestamp: None, alternative }));
        }
        // A list may come as several headers (RFC 9110, section 5.3); nothing else may.
        if values.len() > 1 && (spec.separator.is_none() || spec.fields.is_some()) {
            return Err(Refusal::DuplicateHeader { name: name.clone() });
        }
        let texts = values.iter().map(|value| text(name, value)).collect::<Result<Vec<_>, _>>()?;
        let (signatures, timestamp) = match &spec.fields {
            Some(names) => pairs(spec, names, &what, texts.first().copied().unwrap_or_default())?,
            None => (split(spec, &what, &texts)?, None),
        };
        return Ok(Some(Found { what, signatures, timestamp, alternative }));
    }
    Ok(None)
}

/// The signatures of headers whose names go on with a number.
fn numbered(spec: &Spec, request: &Request<'_>) -> Result<Option<Found>, Refusal> {
    let Some(base) = spec.header.0.first() else { return Ok(None) };
    let mut signatures = Vec::new();
    for number in 1..=MOST {
        if let Some(value) = request.headers.one(&format!("{base}{number}"))? {
            signatures.extend(split(spec, base, &[value])?);
        }
    }
    let what = format!("the headers {base}1 and so on");
    Ok((!signatures.is_empty()).then_some(Found { what, signatures, timestamp: None, alternative: 0 }))
}

/// The signatures of a list, or of one.
fn split(spec: &Spec, what: &str, texts: &[&str]) -> Result<Vec<String>, Refusal> {
    let separator = spec.separator.as_deref();
    let parts = texts.iter().flat_map(|text| match separator {
        Some(separator) => text.split(separator).map(str::trim).collect::<Vec<_>>(),
        None => vec![*text],
    });
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).take(MOST).collect();
    if parts.is_empty() {
        return Err(Refusal::malformed(what, "it is empty"));
    }
    let known: Vec<String> =
        parts.iter().filter_map(|part| part.strip_prefix(&spec.prefix)).map(str::to_owned).collect();
    if known.is_empty() {
        return Err(Refusal::UnknownVersion { what: what.to_owned(), expected: spec.prefix.clone() });
    }
    Ok(known)
}

/// The signatures and the time of `name=value` pairs.
fn pairs(spec: &Spec, names: &FieldNames, what: &str, text: &str) -> Result<(Vec<String>, Option<String>), Refusal> {
    let (mut signatures, mut times) = (Vec::new(), Vec::new());
    for part in text.split(spec.separator.as_deref().unwrap_or(",")).take(2 * MOST) {
        let Some((name, value)) = part.trim().split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim());
        if name == names.signature {
            signatures.push(value.strip_prefix(&spec.prefix).unwrap_or(value).to_owned());
        } else if Some(name) == names.timestamp.as_deref() {
            times.push(value.to_owned());
        }
    }
    if times.len() > 1 {
        return Err(Refusal::malformed(what, "it has two times"));
    }
    let timestamp = times.pop();
    if let (Some(name), None) = (&names.timestamp, &timestamp) {
        return Err(Refusal::malformed(what, format!("it has no `{name}=`")));
    }
    if signatures.is_empty() {
        return Err(Refusal::UnknownVersion { what: what.to_owned(), expected: format!("{}=", names.signature) });
    }
    signatures.truncate(MOST);
    Ok((signatures, timestamp))
}
