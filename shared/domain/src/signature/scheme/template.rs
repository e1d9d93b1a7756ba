//! What is signed: text with holes, `{id}.{timestamp}.{body}`.

use crate::signature::fields::Lazily;
use crate::signature::{Refusal, Request};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::str::FromStr;

/// What is signed: text with holes. `{{` and `}}` stand for braces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::signature) enum Part {
    Text(String),
    Id,
    Timestamp,
    Method,
    Url,
    /// The address with the escapes undone that `HubSpot` undoes.
    UrlUnescaped,
    Body,
    /// SHA-256 of the body in lower-case hex.
    BodySha256,
    /// CRC-32 of the body as a decimal number.
    BodyCrc32,
    /// A header's value.
    Header(String),
    /// A field of the parsed body.
    Field(String),
    /// Something that the person who configured the source knows.
    Parameter(String),
}

/// The holes, for messages.
const HOLES: &str = "{id}, {timestamp}, {method}, {url}, {url_unescaped}, {body}, {body_sha256}, {body_crc32}, {header:NAME}, \
                     {body:PATH} and {parameter:NAME}";

impl Template {
    /// `{body}`.
    pub(super) fn body() -> Self {
        Self(vec![Part::Body])
    }

    pub(in crate::signature) fn covers(&self, part: &Part) -> bool {
        self.0.contains(part)
    }

    /// Whether what is signed doesn't depend on the request.
    pub(super) fn is_constant(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(_) | Part::Parameter(_)))
    }

    /// Whether the signature covers this header.
    pub(in crate::signature) fn covers_header(&self, name: &str) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Header(header) if header.eq_ignore_ascii_case(name)))
    }

    /// Whether the signature depends on the whole body.
    pub(in crate::signature) fn covers_body(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Body | Part::BodySha256 | Part::BodyCrc32))
    }

    /// Whether a part stands right behind another, without text between them.
    pub(in crate::signature) fn follows_directly(&self, first: &Part, second: &Part) -> bool {
        self.0.windows(2).any(|pair| pair == [first.clone(), second.clone()])
    }

    /// Whether one of these parts stands right beside another part that a sender chooses.
    pub(in crate::signature) fn touches_another(&self, these: impl Fn(&Part) -> bool) -> bool {
        let is_chosen = |part: &Part| !matches!(part, Part::Text(_) | Part::Parameter(_));
        self.0.windows(2).any(|pair| match pair {
            [a, b] => (these(a) && is_chosen(b)) || (these(b) && is_chosen(a)),
            _ => false,
        })
    }

    /// The template without some of its parts.
    pub(in crate::signature) fn without(&self, unwanted: impl Fn(&Part) -> bool) -> Self {
        Self(self.0.iter().filter(|part| !unwanted(part)).cloned().collect())
    }

    /// Whether the signature covers the address of the request.
    pub(in crate::signature) fn covers_url(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Url | Part::UrlUnescaped))
    }

    /// The bytes that are signed.
    pub(in crate::signature) fn render(&self, holes: &Holes<'_>) -> Result<Vec<u8>, Refusal> {
        let Holes { request, fields, .. } = holes;
        let mut bytes = Vec::with_capacity(request.body.len() + 128);
        for part in &self.0 {
            match part {
                Part::Text(text) => bytes.extend(text.as_bytes()),
                Part::Id => bytes.extend(holes.id.ok_or_else(|| Refusal::missing("the id that is signed"))?.as_bytes()),
                Part::Timestamp => {
                    let timestamp = holes.timestamp.ok_or_else(|| Refusal::missing("the time that is signed"))?;
                    bytes.extend(timestamp.as_bytes());
                }
                Part::Method => bytes.extend(request.method.to_ascii_uppercase().as_bytes()),
                Part::Url => bytes.extend(request.url.as_bytes()),
                Part::UrlUnescaped => bytes.extend(unescaped(request.url).as_bytes()),
                Part::Body => bytes.extend(request.body),
                Part::BodySha256 => bytes.extend(hex::encode(Sha256::digest(request.body)).as_bytes()),
                Part::BodyCrc32 => bytes.extend(crc32fast::hash(request.body).to_string().as_bytes()),
                Part::Header(name) => {
                    let value = request.headers.one(name)?;
                    bytes.extend(value.ok_or_else(|| Refusal::missing(format!("the header {name}")))?.as_bytes());
                }
                Part::Field(path) => {
                    let value = fields.get().text(path);
                    bytes.extend(value.ok_or_else(|| Refusal::missing(format!("`{path}` of the body")))?.as_bytes());
                }
                Part::Parameter(name) => {
                    let value = holes.parameters.get(name);
                    let missing = || Refusal::missing(format!("the configured `{name}`"));
                    bytes.extend(value.ok_or_else(missing)?.as_bytes());
                }
            }
        }
        Ok(bytes)
    }
}

/// What fills the holes.
pub(in crate::signature) struct Holes<'h> {
    pub(in crate::signature) request: &'h Request<'h>,
    pub(in crate::signature) fields: &'h Lazily<'h>,
    pub(in crate::signature) id: Option<&'h str>,
    pub(in crate::signature) timestamp: Option<&'h str>,
    pub(in crate::signature) parameters: &'h BTreeMap<String, String>,
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(place) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(place);
            plain.push_str(before);
            if let Some(after) = after.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = after.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else {
                let hole = after.strip_prefix('{').and_then(|after| after.split_once('}'));
                let (name, after) = hole.ok_or_else(|| format!("a brace without its other half in `{text}`"))?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(part(name)?);
                rest = after;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }
}

fn part(name: &str) -> Result<Part, String> {
    Ok(match name.split_once(':') {
        Some(("header", name)) if !name.is_empty() => Part::Header(name.to_owned()),
        Some(("body", path)) if !path.is_empty() => Part::Field(path.to_owned()),
        Some(("parameter", name)) if !name.is_empty() => Part::Parameter(name.to_owned()),
        Some(_) => return Err(format!("there is no `{{{name}}}` to sign; there are {HOLES}")),
        None => match name {
            "id" => Part::Id,
            "timestamp" | "ts" => Part::Timestamp,
            "method" => Part::Method,
            "url" => Part::Url,
            "url_unescaped" => Part::UrlUnescaped,
            "body" => Part::Body,
            "body_sha256" => Part::BodySha256,
            "body_crc32" => Part::BodyCrc32,
            _ => return Err(format!("there is no `{{{name}}}` to sign; there are {HOLES}")),
        },
    })
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The address without the escapes that `HubSpot` undoes before it signs; all others stay
/// (<https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests>).
fn unescaped(url: &str) -> String {
    const UNDONE: [u8; 12] = *b":/?@!$'()*,;";
    let mut parts = url.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escaped = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped.filter(|byte| UNDONE.contains(byte)) {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(part.get(2..).unwrap_or_default());
            }
            None => plain.extend(["%", part]),
        }
    }
    plain
}
