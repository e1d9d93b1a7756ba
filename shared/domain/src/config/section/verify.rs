//! What must hold of a request: the keys that a source and a route's `verify` share.

use super::delivery::networks;
use crate::config::Verify;
use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Span};
use crate::config::keys::{Key, Keys, Kinds, Shape};
use crate::config::map::{Map, check_id, choice, items, plain};
use crate::config::template::{SECRET, text_template};
use crate::config::yaml::Node;
use crate::signature::{Preset, Scheme};
use crate::source::{SchemeChoice, SecretText, Signature, SourceError, Token, Verification, sends_its_secret};
use crate::spelling::nearest;
use serde_json::Value;

const KINDS: &[&str] = &["signature", "token", "ip", "none"];

/// Scheme and host by which others know us.
pub(super) const PUBLIC_URL: Key = Key::new(
    "public_url",
    Shape::Text,
    "Scheme and host by which the internet knows us, where the signature covers the address: \
     `https://hooks.example.com`.",
);

pub(super) const VERIFY: &[Key] = &[
    Key::new("auth_type", Shape::Choices(KINDS), "What must hold; of several, all. What is configured where absent."),
    Key::new("scheme", Shape::Scheme, "How it signs: a provider's name, or header, algorithm and so on."),
    Key::new("secret", Shape::Secrets, "What it signs with; of several, any. May read `env`."),
    Key::new("parameters", Shape::TextTemplates, "What the scheme needs besides, such as PayPal's `webhook_id`."),
    Key::new("token", Shape::Secrets, "A token that must be in a header; of several, any. May read `env`."),
    Key::new("header", Shape::Text, "The token's header; `Authorization: Bearer …` or `X-Webhook-Token` where absent."),
    Key::new("allow_ips", Shape::Networks, "Addresses and ranges from which it must come."),
    Key::new("verify_token", Shape::TextTemplate, "The word agreed on with Meta (`hub.verify_token`)."),
    PUBLIC_URL,
];

pub(super) static VERIFICATION: Keys =
    Keys { name: "a verification", doc: "What must hold of a request.", groups: &[VERIFY] };

/// What may be written out at a route.
pub(super) const VERIFICATIONS: Kinds = &[&VERIFICATION];

/// Reads a route's `verify`.
pub(super) fn of_route(cx: &mut Cx, map: &Map<'_>) -> Option<Verify> {
    let entry = map.entry("verify")?;
    let node = entry.value.as_ref();
    if node.entries().is_some() {
        let map = Map::open(cx, node, entry.key_span, &VERIFICATION)?;
        return read(cx, &map, None).map(|verification| Verify::Inline(Box::new(verification)));
    }
    let name = plain(cx, node)?;
    if !check_id(cx, name, node.span) {
        return None;
    }
    cx.draft.verified.push((name.to_owned(), node.span));
    Some(Verify::Source(name.to_owned()))
}

/// Reads what must hold; a source may go without `scheme` if its name is a provider's.
pub(super) fn read(cx: &mut Cx, map: &Map<'_>, name: Option<&str>) -> Option<Verification> {
    let kinds = kinds(cx, map)?;
    let says = |kind: &str| kinds.contains(&kind);
    let named = || name.filter(|_| says("signature") || map.has("secret")).and_then(|name| Preset::find(name).ok());
    let scheme = match map.node("scheme") {
        Some(node) => Some(scheme(cx, node)?),
        None => named().map(SchemeChoice::Preset),
    };
    let problems = cx.problems.len();
    let secrets = secrets(cx, map, "secret");
    let parameters = map.text_templates(cx, "parameters", &SECRET);
    let parameters = parameters.into_iter().map(|(name, value)| (name, SecretText::new(value))).collect();
    let tokens = secrets_of(cx, map, "token");
    let verification = Verification {
        signature: scheme.map(|scheme| Signature { scheme, secrets, parameters }),
        token: tokens.map(|tokens| Token { header: map.text(cx, "header"), tokens }),
        networks: networks(cx, map, "allow_ips"),
        verify_token: map.text_template(cx, "verify_token", &SECRET).map(SecretText::new),
        public_url: public_url(cx, map),
    };
    if cx.problems.len() > problems {
        return None;
    }
    check(cx, map, &kinds, &verification).then_some(verification)
}

/// Whether it is whole; reports what is missing or too much.
fn check(cx: &mut Cx, map: &Map<'_>, kinds: &[&str], verification: &Verification) -> bool {
    let says = |kind: &str| kinds.contains(&kind);
    let before = cx.problems.len();
    let at = map.node("auth_type").map_or(map.at, |node| node.span);
    let missing = |cx: &mut Cx, message: &str| cx.report(Code::MissingKey, at, message);
    if verification.signature.is_none() {
        if says("signature") || map.has("secret") {
            missing(cx, "a signature needs the key `scheme`: a provider's name, or the scheme spelled out");
        } else if map.has("parameters") {
            missing(cx, "`parameters` need the key `scheme`, whose they are");
        }
    }
    if verification.token.is_none() && (says("token") || map.has("header")) {
        missing(cx, "a token needs the key `token`");
    }
    let no_networks = verification.networks.as_ref().is_none_or(Vec::is_empty);
    if no_networks && (says("ip") || map.has("allow_ips")) {
        missing(cx, "a list of addresses needs the key `allow_ips`, with at least one");
    }
    if cx.problems.len() > before {
        return false;
    }
    match (verification.is_open(), says("none")) {
        (true, true) => cx.report(Code::OpenSource, at, "`auth_type: none` takes every request, whoever sends it"),
        (true, false) => {
            let message =
                "nothing is verified: give `scheme` and `secret`, `token` or `allow_ips`, or write `auth_type: none`";
            missing(cx, message);
        }
        (false, true) => cx.report(Code::ConflictingKeys, at, "`none` says that nothing is verified, and something is"),
        (false, false) => usable(cx, map, verification),
    }
    cx.problems.iter().skip(before).all(|problem| problem.code == Code::OpenSource)
}

/// Tries the keys as far as they are written out, with a stand-in for what the environment has.
fn usable(cx: &mut Cx, map: &Map<'_>, verification: &Verification) {
    let place = |name: &str| map.node(name).map_or(map.at, |node| node.span);
    if let Some(signature) = verification.signature.as_ref().filter(|signature| signature.secrets.is_empty()) {
        let needs = match &signature.scheme {
            SchemeChoice::Preset(preset) if sends_its_secret(preset) => return,
            SchemeChoice::Preset(preset) => crate::signature::Verifier::preset(preset, &[]).is_err(),
            SchemeChoice::Spelled(scheme) => crate::signature::Verifier::scheme(scheme, &[]).is_err(),
        };
        if needs {
            cx.report(Code::MissingKey, place("scheme"), "this scheme needs the key `secret`");
        }
        return;
    }
    let written = |secrets: &[SecretText]| secrets.iter().all(|secret| secret.written().is_some());
    let signed = verification.signature.as_ref().is_none_or(|signature| written(&signature.secrets));
    let parameters =
        verification.signature.as_ref().is_none_or(|s| s.parameters.iter().all(|(_, p)| p.written().is_some()));
    let token = verification.token.as_ref().is_none_or(|token| written(&token.tokens));
    let word = verification.verify_token.as_ref().is_none_or(|word| word.written().is_some());
    if signed
        && parameters
        && token
        && word
        && let Err(error) = verification.ready(&Value::Null)
    {
        let (SourceError::Empty { what: name, .. } | SourceError::Key(name, _)) = error;
        cx.report(Code::BadValue, place(name), error.to_string());
    }
}

fn kinds(cx: &mut Cx, map: &Map<'_>) -> Option<Vec<&'static str>> {
    let Some(node) = map.node("auth_type") else { return Some(Vec::new()) };
    let kinds: Vec<Option<&str>> = items(node).into_iter().map(|item| choice(cx, item, KINDS)).collect();
    let kinds: Vec<&'static str> = kinds.into_iter().collect::<Option<_>>()?;
    if kinds.contains(&"none") && kinds.len() > 1 {
        cx.report(Code::ConflictingKeys, node.span, "`none` says that nothing is verified: it stands alone");
        return None;
    }
    Some(kinds)
}

fn scheme(cx: &mut Cx, node: &Node) -> Option<SchemeChoice> {
    if node.entries().is_some() {
        return match serde_json::from_value::<Scheme>(node.to_value()) {
            Ok(scheme) => Some(SchemeChoice::Spelled(Box::new(scheme))),
            Err(error) => {
                let (code, span, meant) = wrong_scheme(node, &error.to_string());
                cx.report_near(code, span, format!("this scheme can't be used: {error}"), meant.as_deref());
                None
            }
        };
    }
    let text = plain(cx, node)?;
    match Preset::find(text) {
        Ok(preset) => Some(SchemeChoice::Preset(preset)),
        Err(error) => {
            let message = format!("there is no provider `{text}`; a scheme may also be spelled out");
            cx.report_near(Code::BadValue, node.span, message, error.nearest);
            None
        }
    }
}

/// What serde says of an unknown key: its name in backticks, and the right ones behind it.
fn wrong_scheme(node: &Node, message: &str) -> (Code, Span, Option<String>) {
    let mut words =
        message.strip_prefix("unknown field ").into_iter().flat_map(|rest| rest.split('`').skip(1).step_by(2));
    let Some(wrong) = words.next() else { return (Code::BadValue, node.span, None) };
    let key = node.entries().and_then(|entries| entries.iter().find(|entry| entry.key == wrong));
    let meant = nearest(wrong, words).map(str::to_owned);
    (Code::UnknownKey, key.map_or(node.span, |entry| entry.key_span), meant)
}

fn secrets(cx: &mut Cx, map: &Map<'_>, name: &str) -> Vec<SecretText> {
    secrets_of(cx, map, name).unwrap_or_default()
}

fn secrets_of(cx: &mut Cx, map: &Map<'_>, name: &str) -> Option<Vec<SecretText>> {
    let node = map.node(name)?;
    let listed = items(node);
    if listed.is_empty() {
        cx.report(Code::BadValue, node.span, format!("`{name}` lists nothing"));
    }
    let mut read = |node: &Node| {
        if node.is_null() || node.text() == Some("") {
            cx.report(Code::BadValue, node.span, format!("`{name}` is empty: everybody could send that"));
            return None;
        }
        text_template(cx, node, &SECRET).map(SecretText::new)
    };
    Some(listed.into_iter().filter_map(&mut read).collect())
}

/// Scheme and host alone: the path and the query are the request's.
pub(super) fn public_url(cx: &mut Cx, map: &Map<'_>) -> Option<String> {
    let text = map.text(cx, "public_url")?;
    let parsed = url::Url::parse(&text).ok().filter(|url| {
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        matches!(url.scheme(), "http" | "https") && bare && url.username().is_empty() && url.password().is_none()
    });
    if parsed.is_none() {
        let span = map.node("public_url").map_or(map.at, |node| node.span);
        let message = format!("`{text}` is not a scheme and a host, as `https://hooks.example.com`");
        cx.report(Code::BadUrl, span, message);
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}
