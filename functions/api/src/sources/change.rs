//! `POST /api/config/webhooks` and `DELETE /api/config/webhooks/{name}`.

use super::{ROOT, missing, show};
use crate::body::Fields;
use crate::name::Name;
use crate::shown::Shown;
use application::App;
use application::sources::{SECRETS, fields_with_secrets};
use axum::extract::State;
use axum::http::StatusCode;
use contract::answer::Source;
use domain::redact::MASKED;
use edge::problem::{Code, Problem};
use platform::store::{ConfigChange, ConfigEntry, ConfigKind, Saved};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The text of each secret that a request brings, by field; empty where it takes one away.
type Given = BTreeMap<&'static str, Vec<Zeroizing<String>>>;

/// Creates a source, or replaces it as a whole. Only secrets that the request doesn't name stay what they were, since they
/// can't be read back; null takes one away.
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Fields(mut fields, _room): Fields,
) -> Result<(StatusCode, Shown<Source>), Problem> {
    let Some(Value::String(name)) = fields.remove("name") else { return Err(unusable("`name` must be text")) };
    let before = app.store.config(ConfigKind::Source, &name).await?;
    let given = secrets(&mut fields, before.as_ref())?;
    let texts = all_secrets(&app, &name, before.as_ref(), &given)?;
    let read = domain::config::load_source(&name, &fields_with_secrets(&fields, &texts));
    let (source, targets) = read.map_err(|errors| unusable(errors.join("; ")))?;
    let ready = source.ready(app.sources.env());
    ready.map_err(|error| unusable(error.to_string()))?;
    let in_file =
        |target: &String| app.config.workflows.contains_key(target) || app.config.programs.contains_key(target);
    if let Some(target) = targets.iter().find(|target| !in_file(target))
        && app.store.config(ConfigKind::Program, target).await?.is_none()
    {
        return Err(unusable(format!("`rules`: there is no workflow and no program `{target}`")));
    }
    let mut sealed = before.as_ref().map(|entry| entry.secrets.clone()).unwrap_or_default();
    let keys = app.keys()?;
    for (field, texts) in &given {
        let bound = ConfigEntry::seal_name(ConfigKind::Source, &name, field);
        sealed.insert((*field).to_owned(), texts.iter().map(|text| keys.seal(text.as_bytes(), &bound)).collect());
    }
    sealed.retain(|_, secrets| !secrets.is_empty());
    let (now, version) = (app.now(), before.as_ref().map_or(0, |entry| entry.version));
    let entry =
        ConfigEntry { name: name.clone(), content: Value::Object(fields), secrets: sealed, version, updated_at: now };
    let change = ConfigChange {
        at: now,
        kind: ConfigKind::Source,
        name,
        action: if before.is_some() { "replaced" } else { "created" }.to_owned(),
        by: ROOT.to_owned(),
        fields: changed(before.as_ref(), &entry, &given),
    };
    let saved = app.store.save_config(&entry, version, &change).await?;
    app.sources.overlay.forget();
    let Saved::Written(version) = saved else { return Err(conflict()) };
    let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Shown::of(&show::of_table(&app, &ConfigEntry { version, ..entry }, false))))
}

/// Takes away what the API put on top of the file, and the secret that a provider has sent.
pub(crate) async fn delete(State(app): State<Arc<App>>, Name(name): Name) -> Result<StatusCode, Problem> {
    let mut deleted = false;
    for kind in [ConfigKind::Source, ConfigKind::Learned] {
        let Some(entry) = app.store.config(kind, &name).await? else { continue };
        let (at, by, action) = (app.now(), ROOT.to_owned(), "deleted".to_owned());
        let change = ConfigChange { at, kind, name: name.clone(), action, by, fields: Vec::new() };
        let done = app.store.delete_config(entry.version, &change).await?;
        app.sources.overlay.forget();
        app.sources.learned.forget();
        if !done {
            return Err(conflict());
        }
        deleted = true;
    }
    match (deleted, app.config.sources.contains_key(&name)) {
        (true, _) => Ok(StatusCode::NO_CONTENT),
        (false, true) => Err(Problem::new(Code::Conflict, "it is in the file: take it out there")),
        (false, false) => Err(missing(&name)),
    }
}

/// Takes the secrets out of the fields. A masked one counts as left out where there is a stored one that it stands for.
fn secrets(fields: &mut Map<String, Value>, before: Option<&ConfigEntry>) -> Result<Given, Problem> {
    let mut given = Given::new();
    for field in SECRETS {
        if fields.get(field).is_some_and(is_masked) {
            if before.is_none_or(|entry| !entry.secrets.contains_key(field)) {
                let detail = "which stands for a stored value, and none is stored: give the value";
                return Err(unusable(format!("`{field}` is `{MASKED}`, {detail}")));
            }
            fields.remove(field);
        }
        let wrong = || unusable(format!("`{field}` must be text that is not empty, or a list of such"));
        let text = |value: Value| match value {
            Value::String(text) if !text.is_empty() => Ok(Zeroizing::new(text)),
            _ => Err(wrong()),
        };
        let texts = match fields.remove(field) {
            None => continue,
            Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) if list.is_empty() => return Err(wrong()),
            Some(Value::Array(list)) => list.into_iter().map(text).collect::<Result<_, _>>()?,
            Some(value) => vec![text(value)?],
        };
        given.insert(field, texts);
    }
    Ok(given)
}

/// Whether a value, or a part of a list, is what answers show in the place of a secret.
fn is_masked(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(is_masked),
        other => other == MASKED,
    }
}

/// The secrets that will hold: those of the request, and else those that are there.
fn all_secrets(
    app: &App,
    name: &str,
    before: Option<&ConfigEntry>,
    given: &Given,
) -> Result<Vec<(String, Vec<String>)>, Problem> {
    let (mut all, keys) = (Vec::new(), app.keys()?);
    for field in SECRETS {
        let texts = match (given.get(field), before.and_then(|entry| entry.secrets.get(field))) {
            (Some(texts), _) => texts.iter().map(|text| text.to_string()).collect(),
            (None, Some(sealed)) => {
                let bound = ConfigEntry::seal_name(ConfigKind::Source, name, field);
                let open = |sealed: &String| {
                    let opened = keys.open(sealed, &bound).map_err(|error| error.to_string());
                    opened.and_then(|opened| String::from_utf8(opened.to_vec()).map_err(|error| error.to_string()))
                };
                let opened = sealed.iter().map(open).collect::<Result<Vec<_>, _>>();
                opened.map_err(|_| unusable(format!("the `{field}` that is there can't be opened: send it again")))?
            }
            (None, None) => continue,
        };
        if !texts.is_empty() {
            all.push((field.to_owned(), texts));
        }
    }
    Ok(all)
}

/// Names of the fields that differ.
fn changed(before: Option<&ConfigEntry>, after: &ConfigEntry, given: &Given) -> Vec<String> {
    let empty = Map::new();
    let fields = |content: &Value| content.as_object().cloned().unwrap_or_default();
    let old = before.map_or_else(|| empty.clone(), |entry| fields(&entry.content));
    let new = fields(&after.content);
    let mut names: Vec<String> =
        new.iter().filter(|(name, value)| old.get(*name) != Some(value)).map(name_of).collect();
    names.extend(old.iter().filter(|(name, _)| !new.contains_key(*name)).map(name_of));
    names.extend(given.keys().map(|field| (*field).to_owned()));
    names
}

fn name_of((name, _): (&String, &Value)) -> String {
    name.clone()
}

fn unusable(detail: impl Into<String>) -> Problem {
    Problem::new(Code::UnusableRequest, detail)
}

fn conflict() -> Problem {
    Problem::new(Code::Conflict, "somebody else changed it just now; try again")
}
