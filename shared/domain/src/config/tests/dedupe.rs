//! `dedupe_by` and `dedupe_window`: what they may say beside what proves a request.

use super::{config, report};
use crate::config::Routes;
use std::time::Duration;

fn source(fields: &str) -> String {
    report(&format!(
        "source: {{id: s, {fields}, rules: {{'*': w}}}}\nworkflow: {{id: w, jobs: [{{component: logger}}]}}\n"
    ))
}

fn route(fields: &str) -> String {
    report(&format!(
        "source: {{id: s, scheme: github, secret: x, rules: {{'*': w}}}}\nlistener: {{path: /a, workflow: w, {fields}}}\n\
         workflow: {{id: w, jobs: [{{component: logger}}]}}\n"
    ))
}

#[test]
fn a_window_is_read_where_requests_are_not_signed() {
    let text = "listener: {path: /a, workflow: w, dedupe_window: 10m}\nsource: {id: s, token: t, dedupe_window: 0}\n\
                workflow: {id: w, jobs: [{component: logger}]}\n";
    let config = config(text);
    let Routes::Triggers(triggers) = &config.listeners[0].routes else { panic!("triggers") };
    assert_eq!(triggers[0].dedupe_window, Some(Duration::from_secs(600)));
    assert_eq!(config.sources["s"].dedupe_window, Some(Duration::ZERO));
    for fields in ["token: t, dedupe_window: 30d", "scheme: gitlab, secret: t, dedupe_window: 1h"] {
        assert_eq!(source(fields), "", "{fields}");
    }
    assert!(source("token: t, dedupe_window: 31d").contains("error[bad_duration]: `dedupe_window` can't be longer"));
}

#[test]
fn a_window_for_signed_requests_is_refused_with_its_place() {
    let refused =
        "error[conflicting_keys]: requests that are signed here are recognised as long as their runs are kept";
    for text in [
        source("scheme: github, secret: x, dedupe_window: 1h"),
        source("scheme: github, secret: x, token: t, dedupe_by: '${body.a}', dedupe_window: 1h"),
        source("scheme: {header: X, algorithm: sha256}, secret: x, dedupe_window: 1h"),
        route("verify: s, dedupe_window: 1h"),
        route("verify: {scheme: stripe, secret: x}, dedupe_window: 0"),
    ] {
        assert!(text.starts_with("f:") && text.contains(refused), "{text}");
    }
    assert_eq!(route("dedupe_window: 1h"), "");
    assert_eq!(route("verify: {token: t}, dedupe_window: 1h"), "");
}

#[test]
fn dedupe_by_of_what_is_not_signed_is_warned_of() {
    let warned = |text: &str, read: &str| {
        let expected =
            format!("warning[unsigned_dedupe]: `dedupe_by` reads `{read}`, which the signature does not cover");
        assert!(text.contains(&expected), "{read}: {text}");
    };
    let template =
        "scheme: {header: X, algorithm: sha256, signed: '{timestamp}.{header:X-Id}.{body:a}', timestamp_header: T}";
    for (fields, read) in [
        ("scheme: github, secret: x, dedupe_by: '${header.x-github-delivery}'", "header.x-github-delivery"),
        ("scheme: stripe, secret: x, dedupe_by: '${body.id}-${query.n | 1}'", "query.n"),
        ("scheme: square, secret: x, dedupe_by: '${context.timestamp}'", "context.timestamp"),
        ("scheme: mailgun, secret: x, dedupe_by: '${body.event-data.id}'", "body.event-data.id"),
        ("scheme: sns, dedupe_by: '${body.MessageAttributes.id.Value}'", "body.MessageAttributes.id.Value"),
        (&format!("{template}, secret: x, dedupe_by: '${{body.b}}'"), "body.b"),
    ] {
        warned(&source(fields), read);
    }
    warned(&route("verify: s, dedupe_by: '${header.x-github-delivery}'"), "header.x-github-delivery");
    warned(&route("verify: {scheme: github, secret: x}, dedupe_by: '${path.x}'"), "path.x");
    for fields in [
        "scheme: github, secret: x, dedupe_by: '${body.after}'",
        "scheme: sns, dedupe_by: '${body.MessageId}'",
        "scheme: svix, secret: whsec_c2VjcmV0c2VjcmV0c2VjcmV0, dedupe_by: '${header.webhook-id}'",
        "scheme: square, secret: x, dedupe_by: '${query.n}${method}${env.X | 1}'",
        &format!("{template}, secret: x, dedupe_by: '${{header.x-id}}${{header.t}}${{body.a}}'"),
        "token: t, dedupe_by: '${header.x}'",
    ] {
        assert_eq!(source(fields), "", "{fields}");
    }
    assert_eq!(route("dedupe_by: '${header.x}'"), "");
}
