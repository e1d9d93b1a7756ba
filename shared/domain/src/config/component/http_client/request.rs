//! The request of a component or of a poll: address, method, headers, body.

use crate::config::HttpRequest;
use crate::config::Method;
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::draft::RequestText;
use crate::config::keys::{Key, Shape};
use crate::config::map::Map;
use crate::config::path;
use crate::config::section::route::method;
use crate::config::template::{Place, SOURCES};
use crate::config::text::{Piece, pieces};
use crate::config::yaml::{Kind, Node};
use crate::expr::{Sources, Template};

/// The keys of a request.
pub(super) const REQUEST: &[Key] = &[
    Key::new("base_url", Shape::TextTemplate, "`https://host/base`; `path` is put behind it."),
    Key::new("path", Shape::TextTemplate, "Put behind `base_url` with one slash between."),
    Key::new("endpoint", Shape::TextTemplate, "The whole address, instead of `base_url` and `path`."),
    Key::new("method", Shape::Method, "HTTP method; `POST` where there is a body, else `GET`."),
    Key::new("headers", Shape::TextTemplates, "Headers by name."),
    Key::new("params", Shape::TextTemplates, "Query parameters by name; null ones are left out."),
    Key::new("body", Shape::Template, "Sent as JSON unless the `Content-Type` header says form or text."),
];

/// Everything that a client may send; more than a listener takes.
const SENDABLE: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Sources whose values the file's author or this machine's operator decides.
const TRUSTED: [&str; 3] = ["env", "gateway", "listener"];

/// Reads a request; `base` is a base address to fall back on.
pub(super) fn request(cx: &mut Cx, map: &Map<'_>, place: &Place, base: Option<&Node>) -> HttpRequest {
    debug_assert!(
        Method::OF_ROUTES.iter().all(|method| SENDABLE.contains(&method.as_str())),
        "whatever arrives can be sent on"
    );
    map.refuse_together(cx, &["endpoint", "base_url"], "`endpoint` is the whole address");
    map.refuse_together(cx, &["endpoint", "path"], "`endpoint` is the whole address");
    let address = address(cx, map, place, base);
    let body = map.template(cx, "body", place);
    let method = method(cx, map, &SENDABLE);
    let by_default = if map.has("body") { "POST" } else { "GET" };
    let headers = map.text_templates(cx, "headers", place);
    check_headers(cx, map);
    HttpRequest {
        host_is_literal: address.as_deref().is_some_and(host_is_literal),
        url: address.and_then(|address| Template::parse(&address, Sources::Known(SOURCES)).ok()),
        method: method.unwrap_or_else(|| by_default.to_owned()),
        headers,
        params: map.text_templates(cx, "params", place),
        body,
    }
}

/// The text of the whole address, once its parts have been found good.
fn address(cx: &mut Cx, map: &Map<'_>, place: &Place, base: Option<&Node>) -> Option<String> {
    let parts: Vec<_> = ["endpoint", "base_url", "path"].map(|name| map.text_template(cx, name, place)).into();
    let head = map.node("endpoint").or_else(|| map.node("base_url")).or(base.filter(|_| map.has("path")))?;
    if parts.iter().flatten().count() < ["endpoint", "base_url", "path"].iter().filter(|name| map.has(name)).count() {
        return None;
    }
    check_url(cx, head)?;
    let head = head.text()?;
    Some(match map.node("path").filter(|_| !map.has("endpoint")).and_then(Node::text) {
        Some(path) if path.starts_with('?') => format!("{head}{path}"),
        Some(path) => path::join(head, path),
        None => head.to_owned(),
    })
}

/// An address that doesn't begin with an expression begins with `http://` or `https://`.
fn check_url(cx: &mut Cx, node: &Node) -> Option<()> {
    let text = node.text()?;
    let begins_with_expression = matches!(pieces(text).first(), Some(Piece::Hole(_)));
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let has_host = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']));
    if begins_with_expression || has_host && !text.contains(char::is_whitespace) || has_host && text.contains("${") {
        return Some(());
    }
    let meant =
        (!text.contains("://") && !text.starts_with('/') && !text.contains(' ')).then(|| format!("https://{text}"));
    let message = format!("`{text}` is not an address: it must begin with http:// or https:// and a host");
    cx.report_near(Code::BadUrl, node.span, message, meant.as_deref());
    None
}

/// Whether no value of a run can decide which host is called: everything up to the path is written out, or comes from
/// the environment or this machine's own addresses.
fn host_is_literal(address: &str) -> bool {
    let trusted = |inner: &str| {
        let hole = Template::parse(&format!("${{{inner}}}"), Sources::Known(SOURCES));
        let references = hole.map(|hole| hole.references()).unwrap_or_default();
        !references.is_empty() && references.iter().all(|read| TRUSTED.contains(&read.source.as_str()))
    };
    // 'e' stands for what an operator decides, NUL for what a run decides.
    let flat: String = pieces(address)
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => (*text).to_owned(),
            Piece::Hole(inner) if trusted(inner) => "e".to_owned(),
            Piece::Hole(_) => "\0".to_owned(),
        })
        .collect();
    let ends = ['/', '\\', '?', '#'];
    let first_end = flat.find(ends).unwrap_or(flat.len());
    let begin = if flat.find("://").is_some_and(|at| at + 1 == first_end) { first_end + 2 } else { 0 };
    let host_end = flat.get(begin..).and_then(|rest| rest.find(ends)).map_or(flat.len(), |at| begin + at);
    flat.get(..host_end).is_some_and(|host| !host.contains('\0'))
}

/// Header names are tokens (RFC 9110, 5.1) and differ by more than case.
fn check_headers(cx: &mut Cx, map: &Map<'_>) {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let mut seen: Vec<String> = Vec::new();
    for entry in map.node("headers").and_then(Node::entries).unwrap_or_default() {
        let lower = entry.key.to_ascii_lowercase();
        if entry.key.is_empty() || !entry.key.chars().all(token) {
            cx.report(Code::BadValue, entry.key_span, format!("`{}` can't be a header's name", entry.key));
        } else if seen.contains(&lower) {
            cx.report(Code::DuplicateKey, entry.key_span, format!("the header `{}` stands twice", entry.key));
        }
        seen.push(lower);
    }
}

/// The texts of a request that may hold an address of this file's, with their places.
pub(super) fn texts(map: &Map<'_>) -> Vec<RequestText> {
    let mut found = Vec::new();
    for name in ["base_url", "path", "endpoint", "params", "headers", "body"] {
        if let Some(node) = map.node(name) {
            collect(node, matches!(name, "base_url" | "endpoint"), &mut found);
        }
    }
    found
}

fn collect(node: &Node, is_address: bool, found: &mut Vec<RequestText>) {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.text.contains("${") || scalar.text.contains("://") => {
            found.push(RequestText { text: scalar.text.clone(), span: node.span, is_address });
        }
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter().for_each(|item| collect(item, is_address, found)),
        Kind::Map(entries) => entries.iter().for_each(|entry| collect(&entry.value, is_address, found)),
    }
}
