//! A source, as the API shows it: without secrets, in the fields that the file has.

use application::App;
use contract::answer::{self, Origin};
use domain::rule::{Events, Rule};
use domain::source::{SchemeChoice, Source};
use platform::store::ConfigEntry;
use serde_json::{Map, Value, json};

/// A source of the file.
pub(super) fn of_file(source: &Source, learned: bool) -> answer::Source {
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
    let settings = [
        ("scheme", json!(scheme)),
        ("allow_ips", json!(networks.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>()))),
        ("public_url", json!(verification.public_url)),
        ("event", json!(event.as_ref().map(ToString::to_string))),
        ("dedupe_by", json!(dedupe_by.as_ref().map(ToString::to_string))),
        ("dedupe_window", json!(dedupe_window.map(domain::config::duration::print))),
        (
            "rate_limit",
            json!(rate_limit.map(|rate| json!({"limit": rate.limit, "period": format!("{}s", rate.period)}))),
        ),
        ("max_body", json!(max_body)),
        ("rules", Value::Object(by_event)),
    ];
    let secrets = verification.signature.as_ref().is_some_and(|signature| !signature.secrets.is_empty());
    answer::Source {
        name: name.clone(),
        origin: Origin::File,
        overrides_file: None,
        secret_set: secrets || learned,
        token_set: verification.token.is_some(),
        verify_token_set: verification.verify_token.is_some(),
        version: None,
        updated_at: None,
        settings: settings.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
    }
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
pub(super) fn of_table(app: &App, entry: &ConfigEntry, learned: bool) -> answer::Source {
    let set = |field: &str| entry.secrets.get(field).is_some_and(|secrets| !secrets.is_empty());
    answer::Source {
        name: entry.name.clone(),
        origin: Origin::Api,
        overrides_file: Some(app.config.sources.contains_key(&entry.name)),
        secret_set: set("secret") || learned,
        token_set: set("token"),
        verify_token_set: set("verify_token"),
        version: Some(entry.version),
        updated_at: Some(entry.updated_at),
        settings: entry.content.as_object().cloned().unwrap_or_default(),
    }
}
