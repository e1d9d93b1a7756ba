//! The likely mistakes.

use crate::json;
use crate::signature::clock::{self, Unit};
use crate::signature::secret::BASE64;
use crate::signature::{Request, Scheme, Secret, SecretEncoding};
use base64::Engine as _;
use jiff::Timestamp;
use serde_json::Value;

/// Bodies that may have been signed, each with what it is.
pub(super) fn bodies(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all: Vec<(&'static str, Vec<u8>)> = Vec::new();
    if let Some(cut) = body.strip_suffix(b"\r\n") {
        all.push(("without the CRLF at its end", cut.to_vec()));
    } else if let Some(cut) = body.strip_suffix(b"\n") {
        all.push(("without the newline at its end", cut.to_vec()));
    }
    all.push(("followed by a newline", [body, b"\n"].concat()));
    all.push(("followed by CRLF", [body, b"\r\n"].concat()));
    if let Some(cut) = body.strip_prefix(b"\xef\xbb\xbf") {
        all.push(("without the byte order mark", cut.to_vec()));
    }
    all.push(("trimmed", body.trim_ascii().to_vec()));
    if let Ok(text) = std::str::from_utf8(body) {
        let unix = text.replace("\r\n", "\n");
        all.push(("with LF for CRLF", unix.clone().into_bytes()));
        all.push(("with CRLF for LF", unix.replace('\n', "\r\n").into_bytes()));
    }
    if let Some(value) = std::str::from_utf8(body).ok().and_then(|text| json::read(text).ok()) {
        let compact = value.to_string();
        all.push(("the same JSON without white space (it was parsed and written again)", compact.into_bytes()));
        if let Ok(pretty) = serde_json::to_vec_pretty(&value) {
            all.push(("the same JSON with two spaces of indentation (it was written again)", pretty));
        }
        all.push(("the same JSON with a space after `,` and `:` (it was written again)", spaced(&value).into_bytes()));
    }
    if let Ok(decoded) = BASE64.decode(body.trim_ascii()) {
        all.push(("decoded from base64 (as Lambda passes it)", decoded));
    }
    all.push(("empty", Vec::new()));
    all.retain(|(_, other)| other != body);
    let mut seen: Vec<Vec<u8>> = Vec::new();
    all.retain(|(_, other)| {
        let new = !seen.contains(other);
        seen.push(other.clone());
        new
    });
    all
}

/// JSON as Python writes it.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Object(object) => {
            let pair = |(key, value): (&String, &Value)| format!("{}: {}", Value::from(key.as_str()), spaced(value));
            format!("{{{}}}", object.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}

/// Secrets that may have been meant, each with how. None is shown.
pub(super) fn secrets(secret: &Secret) -> Vec<(String, Secret)> {
    let text = secret.text();
    let mut all = Vec::new();
    let mut texts = vec![("read as it is".to_owned(), text)];
    let trimmed = text.trim();
    if trimmed != text {
        texts.push(("without the white space around it".to_owned(), trimmed));
    }
    let unquoted = trimmed.trim_matches(['"', '\'']);
    if unquoted != trimmed {
        texts.push(("without its quotes".to_owned(), unquoted));
    }
    for prefix in ["whsec_", "whpk_", "sha256=", "Bearer "] {
        if let Some(rest) = unquoted.strip_prefix(prefix) {
            texts.push((format!("without `{prefix}`"), rest));
        }
    }
    for (what, text) in texts {
        if text != secret.text() {
            all.push((what.clone(), secret.with_text(text)));
        }
        for encoding in SecretEncoding::ALL {
            if secret.encoding() != Some(encoding) {
                all.push((format!("{what}, as {}", encoding.name()), Secret::new(text).encoded(encoding)));
            }
        }
    }
    all
}

/// Addresses that may have been signed, each with what it is.
pub(super) fn urls(url: &str) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let (address, query) = url.split_once('?').map_or((url, String::new()), |(url, query)| (url, format!("?{query}")));
    match address.strip_suffix('/') {
        Some(cut) => all.push(("without the slash at its end", format!("{cut}{query}"))),
        None => all.push(("with a slash at its end", format!("{address}/{query}"))),
    }
    if !query.is_empty() {
        all.push(("without its query", address.to_owned()));
    }
    for (from, to, what) in [("http", "https", "https instead of http"), ("https", "http", "http instead of https")] {
        if let Some(rest) = url.strip_prefix(from).and_then(|rest| rest.strip_prefix("://")) {
            all.push((what, format!("{to}://{rest}")));
        }
    }
    if let Some((scheme, rest)) = url.split_once("://") {
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let port = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        match port {
            Some((host, _)) => {
                all.push(("without its port", format!("{scheme}://{host}{path}")));
                all.push(("https without a port", format!("https://{host}{path}")));
            }
            None if scheme == "https" => all.push(("with its port", format!("{scheme}://{authority}:443{path}"))),
            None => all.push(("with its port", format!("{scheme}://{authority}:80{path}"))),
        }
    }
    all
}

/// Whether the time is near to now if it is read in another unit.
pub(super) fn schemes_time(schemes: &[Scheme], request: &Request<'_>, now: Timestamp) -> Vec<String> {
    let mut findings = Vec::new();
    for spec in schemes.iter().map(Scheme::spec) {
        let Some(tolerance) = spec.tolerance else { continue };
        let header = spec.timestamp_header.0.iter().find_map(|name| request.headers.plain(name)).map(str::to_owned);
        let field = || {
            let fields = spec.fields.as_ref()?;
            let value = request.headers.plain(spec.header.of(0)?)?;
            let pairs = value.split(spec.separator.as_deref().unwrap_or(","));
            let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(name, _)| Some(*name) == fields.timestamp.as_deref()).map(|(_, time)| time.to_owned())
        };
        let Some(text) = header.or_else(field) else { continue };
        let near =
            |unit: Unit| unit.read(&text).is_ok_and(|time| clock::judge(time, now, tolerance.0.max(300), true).is_ok());
        if near(spec.timestamp_unit) {
            continue;
        }
        for (unit, name) in
            [(Unit::Seconds, "seconds"), (Unit::Milliseconds, "milliseconds"), (Unit::Rfc3339, "an RFC 3339 time")]
        {
            if unit != spec.timestamp_unit && near(unit) {
                findings.push(format!("the time is near to now if it is read as {name}: its unit is another"));
            }
        }
    }
    findings
}
