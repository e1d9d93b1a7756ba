//! A source, as the API shows it: without secrets, in the fields that the file has.

use domain::rule::{Events, Rule};
use domain::source::{SchemeChoice, Source};
use platform::App;
use platform::store::ConfigEntry;
use serde_json::{Map, Value, json};

/// A source of the file.
pub(super) fn of_file(source: &Source, learned: bool) -> Value {
    let Source { name, verification, event, dedupe_by, dedupe_window, rules, rate_limit, max_body } = source;
    let mut by_event: Map<String, Value> = Map::new();
    for rule in &rules.0 {
        let event = match &rule.event {
            Events::Any => "*",
            Events::Named(name) => name,
        };
        let list = by_event.entry(event.to_owned()).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(shown(rule));
        }
    }
    let scheme = verification.signature.as_ref().map(|signature| match &signature.scheme {
        SchemeChoice::Preset(preset) => preset.name(),
        SchemeChoice::Spelled(_) => "spelled out in the file",
    });
    let networks = verification.networks.as_ref();
    json!({
        "name": name, "origin": "file", "scheme": scheme,
        "secret_set": verification.signature.as_ref().is_some_and(|signature| !signature.secrets.is_empty()) || learned,
        "token_set": verification.token.is_some(),
        "verify_token_set": verification.verify_token.is_some(),
        "allow_ips": networks.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "public_url": verification.public_url,
        "event": event.as_ref().map(ToString::to_string),
        "dedupe_by": dedupe_by.as_ref().map(ToString::to_string),
        "dedupe_window": dedupe_window.map(domain::config::duration::print),
        "rate_limit": rate_limit.map(|rate| json!({"limit": rate.limit, "period": format!("{}s", rate.period)})),
        "max_body": max_body, "rules": by_event,
    })
}

fn shown(rule: &Rule) -> Value {
    let mut shown = json!({"target": rule.target});
    if let (Some(when), Value::Object(shown)) = (&rule.when, &mut shown) {
        shown.insert("when".to_owned(), when.to_string().into());
    }
    if let (Some(input), Value::Object(shown)) = (&rule.input, &mut shown) {
        shown.insert("input".to_owned(), input.to_json());
    }
    shown
}

/// A source that the API has put on top of the file.
pub(super) fn of_table(app: &App, entry: &ConfigEntry, learned: bool) -> Value {
    let mut shown = entry.content.as_object().cloned().unwrap_or_default();
    let set = |field: &str| entry.secrets.get(field).is_some_and(|secrets| !secrets.is_empty());
    let more = [
        ("name", entry.name.as_str().into()),
        ("origin", "api".into()),
        ("overrides_file", app.config.sources.contains_key(&entry.name).into()),
        ("secret_set", (set("secret") || learned).into()),
        ("token_set", set("token").into()),
        ("verify_token_set", set("verify_token").into()),
        ("version", entry.version.into()),
        ("updated_at", entry.updated_at.to_string().into()),
    ];
    shown.extend(more.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(shown)
}
