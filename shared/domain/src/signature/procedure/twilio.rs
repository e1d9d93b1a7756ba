//! Twilio: HMAC of the address and the sorted fields of the form.
//!
//! Source: <https://www.twilio.com/docs/usage/webhooks/webhooks-security>. Twilio signs the address with or without its
//! port, inconsistently, so both are tried, as in its own libraries. A body that is not a form is covered by the
//! parameter `bodySHA256` of the address.

use crate::signature::Request;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What may have been signed.
pub(in crate::signature) fn contents(request: &Request<'_>) -> Vec<Vec<u8>> {
    let covered = match request.query("bodySHA256") {
        Some(hash) => {
            // The hash is no secret: it stands in the address.
            let same = hex::encode(Sha256::digest(request.body)).eq_ignore_ascii_case(&hash);
            same.then(String::new)
        }
        None => Some(form(request.body)),
    };
    let covered = covered.into_iter().flat_map(|fields| {
        addresses(request.url).into_iter().map(move |address| format!("{address}{fields}").into_bytes())
    });
    covered.collect()
}

/// What Twilio signs for an address as it is.
pub(in crate::signature) fn content(request: &Request<'_>) -> Vec<u8> {
    let fields = if request.query("bodySHA256").is_some() { String::new() } else { form(request.body) };
    format!("{}{fields}", request.url).into_bytes()
}

/// The fields, sorted by name, each name followed by its value. Of the same field with the same value one counts.
fn form(body: &[u8]) -> String {
    let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body).into_owned() {
        fields.entry(name).or_default().insert(value);
    }
    let pairs = fields.iter().flat_map(|(name, values)| values.iter().map(move |value| format!("{name}{value}")));
    pairs.collect()
}

/// The address as it is, with its port, and without; each with its quotes as they are, escaped, and not.
fn addresses(url: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([url.to_owned()]);
    if let Some((scheme, rest)) = url.split_once("://") {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let port = if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
        let without = match authority.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => Some(host),
            _ => None,
        };
        match without {
            Some(host) => all.insert(format!("{scheme}://{host}{path}")),
            None => all.insert(format!("{scheme}://{authority}:{port}{path}")),
        };
    }
    let quoted = all.iter().flat_map(|url| [url.replace('\'', "%27"), url.replace("%27", "'")]);
    let quoted: Vec<String> = quoted.collect();
    all.extend(quoted);
    all
}
