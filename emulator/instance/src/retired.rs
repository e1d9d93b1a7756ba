//! Callback routes that the file no longer has, and that a run may still wait at.
//!
//! A run follows the file that it began with, and so it may wait at a route of that file. As long as one may, the route is
//! served as that file has it: a callback that finds nobody at home is lost, and not to lose it is what this is for. Routes
//! of the file in charge come first. Once no run follows a file any more, it is over: its routes go, and their ports.
//!
//! Whether a run follows a file is told by the list of runs, which is read while there are such files: [`in_use`].

use super::routers::before;
use super::switch::sender;
use application::App;
use application::definitions::Definition;
use axum::Router;
use domain::config::{Config, Listener, Route, RouteId, Routes, Trigger};
use domain::id::{DefinitionId, RunId};
use domain::run::JobState;
use jiff::Timestamp;
use platform::store::StoreError;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Runs that are read at once.
const PAGE: usize = 100;
/// Runs that are looked at to say which jobs wait at a route, at most.
const LOOKED_AT: usize = 10_000;
/// Runs that a line of the log names.
const NAMED: usize = 5;

/// A file that is no longer in charge, and that runs may follow.
#[derive(Clone)]
pub(super) struct Retired {
    /// The digest of its text.
    pub(super) id: DefinitionId,
    /// When this process knew it as such.
    pub(super) since: Timestamp,
    definition: Arc<Definition>,
}

/// All of them that the table knows, the newest last, besides the one in charge. One that can't be read any more is told of in the log.
///
/// # Errors
/// If the table is unavailable.
pub(super) async fn read(app: &App) -> Result<Vec<Retired>, StoreError> {
    let stored = app.store.definitions().await?.into_iter();
    let older = stored.filter(|stored| !stored.over && app.definition.as_ref() != Some(&stored.id));
    let read = older.filter_map(|stored| match app.open_definition(&stored) {
        Ok(definition) => Some(Retired { id: stored.id, since: app.now(), definition }),
        Err(why) => {
            tracing::warn!(definition = %stored.id, why, "an older file can't be read: what only it has is not served");
            None
        }
    });
    Ok(read.collect())
}

/// Which of these files an unfinished run follows.
///
/// # Errors
/// If the table is unavailable.
pub(super) async fn in_use(app: &App, files: &HashSet<DefinitionId>) -> Result<HashSet<DefinitionId>, StoreError> {
    let (mut used, mut before) = (HashSet::new(), None);
    loop {
        let (runs, next) = app.store.list_runs(before.as_deref(), PAGE).await?;
        let unfinished = runs.into_iter().filter(|stored| !stored.run.has_ended());
        used.extend(unfinished.filter_map(|stored| stored.run.definition).filter(|id| files.contains(id)));
        match next {
            Some(next) if used.len() < files.len() => before = Some(next),
            _ => return Ok(used),
        }
    }
}

impl Retired {
    /// Its listeners with those of its callback routes alone that the file in charge doesn't have.
    fn listeners(&self, current: &Config) -> Vec<Listener> {
        let of_file = current
            .listeners
            .iter()
            .flat_map(|listener| listener.callbacks().iter().map(|callback| (listener.port, &callback.route.id)));
        let served: HashSet<_> = of_file.collect();
        let mut listeners = self.definition.config.listeners.clone();
        listeners.retain_mut(|listener| {
            let port = listener.port;
            let Routes::Callbacks(callbacks) = &mut listener.routes else { return false };
            callbacks.retain(|callback| !served.contains(&(port, &callback.route.id)));
            !callbacks.is_empty()
        });
        listeners
    }
}

/// The listeners that have to stay for older files.
pub(super) fn listeners(retired: &[Retired], current: &Config) -> Vec<Listener> {
    retired.iter().flat_map(|file| file.listeners(current)).collect()
}

/// Says in the log which routes are served although the file in charge doesn't have them, and which jobs wait there. It reads
/// many runs to find that out, so it is a task of its own, which ends when everything stops.
pub(super) async fn tell(app: Arc<App>, listeners: Vec<Listener>, stopping: CancellationToken) {
    let told = tokio::select! {
        () = stopping.cancelled() => return,
        told = try_tell(&app, &listeners) => told,
    };
    if let Err(error) = told {
        tracing::warn!(%error, "routes of older files are served, but which jobs wait there could not be found out");
    }
}

async fn try_tell(app: &App, listeners: &[Listener]) -> Result<(), StoreError> {
    let gone: Vec<(u16, &Route)> = listeners
        .iter()
        .flat_map(|listener| listener.callbacks().iter().map(|callback| (listener.port, &callback.route)))
        .collect();
    let ids = gone.iter().map(|(_, route)| route.id.clone()).collect();
    let waits = hanging(app, &ids).await?;
    for (port, route) in gone {
        let (method, path) = (&route.method, &route.path);
        let elsewhere = app
            .config
            .listeners
            .iter()
            .find(|listener| listener.callbacks().iter().any(|one| one.route.id == route.id));
        let what = match elsewhere {
            Some(listener) => format!("is on port {} now", listener.port),
            None => "is not in the file any more".to_owned(),
        };
        let jobs = waits.get(&route.id).map_or_else(|| "no job waits there now".to_owned(), Hanging::words);
        if let Some(trigger) = trigger_there(&app.config, port, route) {
            tracing::error!(
                target: "ringback::reload",
                "{method} :{port}{path} {what}, and {jobs}: a trigger has its place, so a callback that is sent there starts \
                 the workflow `{}` and completes no wait. Give the trigger another path, and callbacks are taken again",
                trigger.workflow
            );
            continue;
        }
        tracing::warn!(
            target: "ringback::reload",
            "{method} :{port}{path} {what}, and {jobs}: callbacks are taken there while a run may wait for one"
        );
    }
    Ok(())
}

/// The trigger of this file that takes what is sent to that callback route, if there is one.
fn trigger_there<'c>(config: &'c Config, port: u16, route: &Route) -> Option<&'c Trigger> {
    let place = RouteId::new(route.method, &route.path);
    let mut triggers = config.listeners.iter().filter(|listener| listener.port == port).filter_map(|listener| {
        let Routes::Triggers(triggers) = &listener.routes else { return None };
        triggers.iter().find(|trigger| RouteId::new(trigger.route.method, &trigger.route.path) == place)
    });
    triggers.next()
}

/// The jobs that wait at a route.
#[derive(Default)]
struct Hanging {
    count: usize,
    /// The newest runs of them, [`NAMED`] at most.
    runs: Vec<RunId>,
    /// There may be more among runs that were not looked at.
    at_least: bool,
}

impl Hanging {
    fn words(&self) -> String {
        let runs = self.runs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let more = if self.count > self.runs.len() { ", …" } else { "" };
        let about = if self.at_least { "at least " } else { "" };
        let waits = if self.count == 1 { "job waits" } else { "jobs wait" };
        format!("{about}{} {waits} there (runs {runs}{more})", self.count)
    }
}

/// The jobs that wait at these routes, of the newest [`LOOKED_AT`] runs.
async fn hanging(app: &App, routes: &HashSet<RouteId>) -> Result<HashMap<RouteId, Hanging>, StoreError> {
    let (mut found, mut before, mut looked_at): (HashMap<RouteId, Hanging>, _, _) = (HashMap::new(), None, 0);
    if routes.is_empty() {
        return Ok(found);
    }
    loop {
        let (runs, next) = app.store.list_runs(before.as_deref(), PAGE).await?;
        looked_at += runs.len();
        for run in runs.iter().map(|stored| &stored.run).filter(|run| !run.has_ended()) {
            for route in run.jobs().values().filter_map(|record| match record.state() {
                JobState::Waiting { wait, .. } => Some(wait.route.present().unwrap_or_else(|| wait.route.clone())),
                _ => None,
            }) {
                if routes.contains(&route) {
                    let hanging = found.entry(route).or_default();
                    hanging.count += 1;
                    if hanging.runs.len() < NAMED {
                        hanging.runs.push(run.id.clone());
                    }
                }
            }
        }
        match next {
            Some(next) if looked_at < LOOKED_AT => before = Some(next),
            next => {
                found.values_mut().for_each(|hanging| hanging.at_least = next.is_some());
                return Ok(found);
            }
        }
    }
}

/// What is behind the routers of the file in charge, by port.
pub(super) fn routers(app: &App, retired: &[Retired]) -> BTreeMap<u16, Router> {
    let mut routers: BTreeMap<u16, Router> = BTreeMap::new();
    for file in retired {
        let listeners = file.listeners(&app.config);
        if listeners.is_empty() {
            continue;
        }
        let (config, surroundings) = (file.definition.config.clone(), app.surroundings_for(&file.definition));
        let with_file = sender(app, &config)
            .map_err(|error| error.to_string())
            .and_then(|sender| app.with_file(config, surroundings, sender).map_err(|error| error.to_string()));
        let old = match with_file {
            Ok(old) => Arc::new(old),
            Err(why) => {
                tracing::error!(definition = %file.id, why, "callbacks to an older file's routes can't be taken");
                continue;
            }
        };
        for listener in &listeners {
            let behind = routers.remove(&listener.port);
            routers.insert(listener.port, before(callback::routes(&old, [listener]), behind));
        }
    }
    routers
}
