//! `/api/config/webhooks`: sources, those of the file and what is put on top of them while everything runs.
//!
//! The fields are the file's, as JSON, and are read by the file's reader. Secrets are sealed, and never shown again. An entry
//! stands over the file's source of the same name until it is deleted. Every function sees a change within seconds.

mod change;
mod history;
mod show;

pub(crate) use change::{delete, put};
pub(crate) use history::history;

use crate::name::Name;
use crate::shown::Shown;
use application::App;
use axum::extract::State;
use contract::answer::{self, Sources};
use edge::problem::{Code, Problem};
use platform::store::ConfigKind;
use std::sync::Arc;

/// Who changes the configuration: only those with the token that sees everything may.
const ROOT: &str = "root token";

/// `GET /api/config/webhooks`.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Shown<Sources>, Problem> {
    let entries = app.store.configs(ConfigKind::Source).await?;
    let learned = app.store.configs(ConfigKind::Learned).await?;
    let has_learned = |name: &str| learned.iter().any(|entry| entry.name == name);
    let of_file = app.config.sources.values().filter(|source| entries.iter().all(|entry| entry.name != source.name));
    let mut webhooks: Vec<_> = of_file.map(|source| show::of_file(source, has_learned(&source.name))).collect();
    webhooks.extend(entries.iter().map(|entry| show::of_table(&app, entry, has_learned(&entry.name))));
    webhooks.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(Shown::of(&Sources { webhooks }))
}

/// `GET /api/config/webhooks/{name}`.
pub(crate) async fn show(State(app): State<Arc<App>>, Name(name): Name) -> Result<Shown<answer::Source>, Problem> {
    let learned = app.store.config(ConfigKind::Learned, &name).await?.is_some();
    let shown = match (app.store.config(ConfigKind::Source, &name).await?, app.config.sources.get(&name)) {
        (Some(entry), _) => show::of_table(&app, &entry, learned),
        (None, Some(source)) => show::of_file(source, learned),
        (None, None) => return Err(missing(&name)),
    };
    Ok(Shown::of(&shown))
}

fn missing(name: &str) -> Problem {
    Problem::new(Code::NotFound, format!("there is no source `{}`", name.escape_debug()))
}
