//! `/api/config/programs`: the file's programs, and those that the API put on top of them.
//!
//! Whoever defines a program runs commands on the workers' machines. So nothing can be defined unless the operator has
//! said so where those are started: until then changes are answered 403 `runtime_programs_off`, and what was stored before
//! is not run. Values of environment variables are written, never read back.

use crate::body::Fields;
use crate::name::Name;
use crate::shown::Shown;
use application::App;
use application::overlay::Layered;
use axum::extract::State;
use axum::http::StatusCode;
use contract::answer::{self, Origin, Programs};
use domain::config::program::{self, Action, Program};
use domain::redact::MASKED;
use edge::problem::{Code, Problem};
use platform::contention::Rounds;
use platform::store::{ConfigChange, ConfigEntry, ConfigKind, Saved};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// `GET /api/config/programs`: by name; `origin` is `file` or `api`.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Shown<Programs>, Problem> {
    let on_top = app.programs.fresh(&app.store, app.now()).await?;
    let is_active = app.settings.runtime_programs;
    let in_file = app.config.programs.iter().filter(|(name, _)| !is_active || on_top.get(name).is_none());
    let mut programs: Vec<_> = in_file.map(|(name, program)| shown(name, program)).collect();
    programs.extend(on_top.iter().map(|layered| shown_entry(layered, is_active)));
    Ok(Shown::of(&Programs { programs, runtime_programs: is_active }))
}

/// `GET /api/config/programs/{name}`.
pub(crate) async fn show(State(app): State<Arc<App>>, Name(name): Name) -> Result<Shown<answer::Program>, Problem> {
    let on_top = app.programs.fresh(&app.store, app.now()).await?;
    let is_active = app.settings.runtime_programs;
    match (on_top.get(&name), app.config.programs.get(&name)) {
        (Some(layered), None) => Ok(Shown::of(&shown_entry(layered, is_active))),
        (Some(layered), Some(_)) if is_active => Ok(Shown::of(&shown_entry(layered, is_active))),
        (_, Some(program)) => Ok(Shown::of(&shown(&name, program))),
        (None, None) => Err(missing(&name)),
    }
}

/// `POST /api/config/programs` with `{"name", …}` and the fields of a program as the file has them: defines it, or replaces
/// what the API has defined under that name. It stands over the file's program of that name. An environment variable whose
/// value is masked, as answers show it, keeps the value that is stored.
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    mut fields: Fields,
) -> Result<(StatusCode, Shown<answer::Program>), Problem> {
    allowed(&app)?;
    let unusable = |detail: String| Problem::new(Code::UnusableRequest, detail);
    let name = fields.text("name")?.ok_or_else(|| unusable("`name` must be given".to_owned()))?;
    let given = std::mem::take(&mut fields.0);
    let mut rounds = Rounds::over("the program");
    loop {
        rounds.begin()?;
        let before = app.store.config(ConfigKind::Program, &name).await?;
        let content = with_kept_env(given.clone(), before.as_ref().map(|entry| &entry.content)).map_err(unusable)?;
        program::read(&name, &content).map_err(unusable)?;
        let (version, action) = before.as_ref().map_or((0, "created"), |entry| (entry.version, "replaced"));
        let changed = difference(before.as_ref().map(|entry| &entry.content), &content);
        let change = change(&app, &name, action, changed);
        let entry = ConfigEntry {
            name: name.clone(),
            content: content.clone(),
            secrets: Default::default(),
            version,
            updated_at: change.at,
        };
        if let Saved::Written(version) = app.store.save_config(&entry, version, &change).await? {
            app.programs.forget();
            let status = if version == 1 { StatusCode::CREATED } else { StatusCode::OK };
            return Ok((status, Shown::of(&shown_fields(&ConfigEntry { version, ..entry }))));
        }
    }
}

/// `DELETE /api/config/programs/{name}`: what the API has defined; the file's program of that name, if there is one, is
/// back.
pub(crate) async fn delete(State(app): State<Arc<App>>, Name(name): Name) -> Result<StatusCode, Problem> {
    allowed(&app)?;
    let mut rounds = Rounds::over("the program");
    loop {
        rounds.begin()?;
        let Some(entry) = app.store.config(ConfigKind::Program, &name).await? else {
            if app.config.programs.contains_key(&name) {
                return Err(Problem::new(Code::Conflict, format!("`{name}` is in the file: take it out there")));
            }
            return Err(missing(&name));
        };
        let change = change(&app, &name, "deleted", difference(Some(&entry.content), &Value::Null));
        if app.store.delete_config(entry.version, &change).await? {
            app.programs.forget();
            return Ok(StatusCode::NO_CONTENT);
        }
    }
}

/// The fields with the stored value of each variable in `env` that is masked.
fn with_kept_env(mut fields: Map<String, Value>, before: Option<&Value>) -> Result<Value, String> {
    let stored = before.and_then(|before| before.get("env"));
    if let Some(Value::Object(env)) = fields.get_mut("env") {
        for (name, value) in env.iter_mut().filter(|(_, value)| *value == MASKED) {
            let kept = stored.and_then(|env| env.get(name)).ok_or_else(|| {
                format!(
                    "`env.{name}` is `{MASKED}`, which stands for a stored value, and none is stored: give the value"
                )
            })?;
            value.clone_from(kept);
        }
    }
    Ok(Value::Object(fields))
}

fn allowed(app: &App) -> Result<(), Problem> {
    if app.settings.runtime_programs {
        return Ok(());
    }
    let detail = "programs can't be defined here: whoever may would run commands on the workers' machines. The operator \
                  allows it with `emulator up --allow-runtime-programs`, or RINGBACK_RUNTIME_PROGRAMS=allow in AWS";
    Err(Problem::new(Code::RuntimeProgramsOff, detail))
}

fn missing(name: &str) -> Problem {
    Problem::new(Code::NotFound, format!("there is no program `{name}`"))
}

fn change(app: &App, name: &str, action: &str, fields: Vec<String>) -> ConfigChange {
    let by = "operator".to_owned();
    ConfigChange {
        at: app.now(),
        kind: ConfigKind::Program,
        name: name.to_owned(),
        action: action.to_owned(),
        by,
        fields,
    }
}

/// Names of the fields that are not the same in both.
fn difference(before: Option<&Value>, after: &Value) -> Vec<String> {
    let of = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let (before, after) = (of(before), of(Some(after)));
    let mut names: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| before.get(name) != after.get(name));
    names
}

/// A program of the file.
fn shown(name: &str, program: &Program) -> answer::Program {
    let timeout = domain::config::duration::print(program.timeout);
    let mut settings =
        Map::from_iter([("params".to_owned(), json!(program.params)), ("timeout".to_owned(), json!(timeout))]);
    match &program.action {
        Action::Invoke { function } => drop(settings.insert("function".to_owned(), json!(function))),
        Action::Run(command) => {
            let env: Map<String, Value> = command.env.iter().map(|(name, _)| (name.clone(), json!(MASKED))).collect();
            let fields = [
                ("command", json!(command.argv)),
                ("cwd", json!(command.cwd)),
                ("env", Value::Object(env)),
                ("pass_env", json!(command.pass_env)),
                ("user", json!(command.user)),
                ("max_concurrent", json!(command.max_concurrent)),
            ];
            settings.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        }
    }
    let name = name.to_owned();
    answer::Program { name, origin: Origin::File, active: None, version: None, updated_at: None, settings }
}

/// One that the API has defined; `active` is false where such programs are not run.
fn shown_entry(layered: &Layered<Program>, is_active: bool) -> answer::Program {
    let active = Some(is_active && layered.thing.is_some());
    answer::Program { active, ..shown_fields(&layered.entry) }
}

fn shown_fields(entry: &ConfigEntry) -> answer::Program {
    let mut settings = entry.content.as_object().cloned().unwrap_or_default();
    if let Some(Value::Object(env)) = settings.get_mut("env") {
        env.values_mut().for_each(|value| *value = json!(MASKED));
    }
    answer::Program {
        name: entry.name.clone(),
        origin: Origin::Api,
        active: None,
        version: Some(entry.version),
        updated_at: Some(entry.updated_at),
        settings,
    }
}
