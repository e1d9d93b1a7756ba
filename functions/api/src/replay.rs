//! `POST /api/tasks/{id}/replay`: the request that started a task, put through today's rules and triggers.
//!
//! Its signature was proven when it came, and is not judged again: what was secret in it was not kept. A replay is a new
//! run; the `Idempotency-Key` and the task make its id, so a repetition is the same run.

mod difference;

use crate::name::Name;
use crate::query::Query;
use crate::shown::Shown;
use crate::{tasks, workflows};
use application::App;
use application::bulk::items;
use application::request::{Came, Incoming, params_of, source_path};
use application::sources::Found;
use application::starts::{Start, by_rules, trigger_input};
use axum::extract::State;
use axum::http::HeaderMap;
use contract::ReplayQuery;
use contract::answer::{ReplayBefore, ReplayIgnored, ReplayNow, ReplayStarted, ReplayTold, Replayed};
use difference::differences;
use domain::config::{Routes, Trigger};
use domain::id::RunId;
use domain::redact::{KnownSecrets, hide_fields};
use domain::run::Run;
use domain::signature::facts::claims;
use domain::signature::{Fields, Headers, Request};
use edge::problem::{Code, Problem};
use platform::store::Stored;
use serde_json::{Value, json};
use std::sync::Arc;

/// `POST /api/tasks/{id}/replay?dry_run=&all=`.
pub(crate) async fn replay(
    State(app): State<Arc<App>>,
    Name(id): Name,
    Query(wish): Query<ReplayQuery>,
    headers: HeaderMap,
) -> Result<Shown<Replayed>, Problem> {
    let Stored { run, request, .. } = tasks::find(&app, &id).await?;
    let Some(request) = request else {
        let detail = "no request started this task: `rerun` runs it again with the same input";
        return Err(Problem::new(Code::Conflict, detail));
    };
    let mut incoming = Incoming::restored(&request, &run.input);
    let came = way(&app, &request, &mut incoming, &run.workflow)?;
    let starts = match &came {
        Came::Source(name) => by_source(&app, name, &incoming).await?,
        Came::Route { .. } => by_route(&app, &came, &incoming)?,
    };
    // A request may have started several tasks; this one is asked for. If today it is another, whatever it is by now.
    let same = starts.iter().any(|start| start.workflow == run.workflow);
    let (chosen, left): (Vec<Start>, Vec<Start>) =
        starts.into_iter().partition(|start| wish.all || !same || start.workflow == run.workflow);
    if wish.dry_run {
        return Ok(Shown::of(&told(&run, &came, &chosen, &left)).but(|told| {
            app.surroundings.secrets.hide(told);
            for input in chosen.iter().map(|start| &start.input).chain([&*run.input]) {
                KnownSecrets::of_input(input).hide(told);
            }
            hide_fields(told);
        }));
    }
    if chosen.is_empty() {
        let detail = "no rule matches the request today".to_owned();
        return Ok(Shown::of(&Replayed::Ignored(ReplayIgnored { status: "ignored".to_owned(), detail })));
    }
    let key = workflows::key(&headers)?;
    let mut ids = Vec::with_capacity(chosen.len());
    for Start { workflow, input, holds_body, .. } in chosen {
        let id = match &key {
            Some(key) => RunId::keyed(&format!("replay:{}:{workflow}", run.id), key),
            None => app.new_run_id(),
        };
        let again = Run::accept(id, workflow, input, None, app.now()).following(app.definition.clone());
        app.store.add_run(&again, Some(&incoming.stored_by(holds_body, &came))).await?;
        ids.push(again.id);
    }
    let task_ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Ok(Shown::of(&Replayed::Started(ReplayStarted {
        status: "triggered".to_owned(),
        task_id: task_ids.first().cloned().unwrap_or_default(),
        task_ids,
        replay_of: run.id.to_string(),
    })))
}

fn told(run: &Run, came: &Came, chosen: &[Start], left: &[Start]) -> Replayed {
    let by = match came {
        Came::Source(name) => format!("the source {name}"),
        Came::Route { id, .. } => format!("the route {id}"),
    };
    let now = chosen.iter().map(|start| ReplayNow {
        workflow: start.workflow.clone(),
        input: start.input.clone(),
        changes: json!(differences(&run.input, &start.input)),
    });
    Replayed::Told(ReplayTold {
        dry_run: true,
        task_id: run.id.to_string(),
        by,
        was: ReplayBefore { workflow: run.workflow.clone(), input: Value::clone(&run.input) },
        would_start: now.collect(),
        also_matches: left.iter().map(|start| start.workflow.clone()).collect(),
    })
}

/// By which way the request comes today.
fn way(app: &App, request: &Value, incoming: &mut Incoming, workflow: &str) -> Result<Came, Problem> {
    let item = match Came::of(request) {
        Some(Came::Source(name)) => return Ok(Came::Source(name)),
        Some(Came::Route { id, item }) => {
            if let Some(trigger) = trigger(app, |trigger| trigger.route.id == id) {
                return Ok(by_trigger(trigger, incoming, item));
            }
            item
        }
        None => None,
    };
    if let Some(name) = source_path(&incoming.path).filter(|_| Came::of(request).is_none()) {
        return Ok(Came::Source(name.to_owned()));
    }
    // A request that version 0.1 stored names its route by the listener, which may have another name by now.
    let takes = |trigger: &Trigger| {
        trigger.route.method.as_str() == incoming.method && params_of(&trigger.route.path, &incoming.path).is_some()
    };
    let found = trigger(app, |trigger| takes(trigger) && trigger.workflow == workflow).or_else(|| trigger(app, takes));
    let Some(found) = found else {
        let detail = format!("no trigger takes {} {} any more", incoming.method, incoming.path.escape_debug());
        return Err(Problem::new(Code::Conflict, detail));
    };
    Ok(by_trigger(found, incoming, item))
}

/// The request takes the parameters of its path as this trigger names them.
fn by_trigger(trigger: &Trigger, incoming: &mut Incoming, item: Option<usize>) -> Came {
    if let Some(params) = params_of(&trigger.route.path, &incoming.path) {
        incoming.params = params;
    }
    Came::Route { id: trigger.route.id.clone(), item }
}

fn trigger(app: &App, wanted: impl Fn(&Trigger) -> bool) -> Option<&Trigger> {
    let triggers = app.config.listeners.iter().filter_map(|listener| match &listener.routes {
        Routes::Triggers(all) => Some(all),
        Routes::Callbacks(_) | Routes::Sources(_) => None,
    });
    triggers.flatten().find(|trigger| wanted(trigger))
}

fn by_route(app: &App, came: &Came, incoming: &Incoming) -> Result<Vec<Start>, Problem> {
    let Came::Route { id, item } = came else { return Ok(Vec::new()) };
    let Some(trigger) = trigger(app, |trigger| trigger.route.id == *id) else { return Ok(Vec::new()) };
    let scope = incoming.scope(app.plan(), app.now());
    let input = match &trigger.bulk {
        None => trigger_input(trigger, incoming, &scope, None)?,
        Some(list) => {
            let mut items = items(list, &scope)?;
            let Some(index) = item.filter(|index| *index < items.len()) else {
                let detail = "the request brings many items, and which of them started this task is not known: `rerun` \
                              runs it again with the same input";
                return Err(Problem::new(Code::Conflict, detail));
            };
            let item = items.swap_remove(index);
            let scope = scope.clone().with("item", &item);
            trigger_input(trigger, incoming, &scope, Some(&item))?
        }
    };
    let holds_body = trigger.input.is_none() && trigger.bulk.is_none();
    Ok(vec![Start {
        target: trigger.workflow.clone(),
        workflow: trigger.workflow.clone(),
        input: Arc::unwrap_or_clone(input),
        holds_body,
    }])
}

async fn by_source(app: &App, name: &str, incoming: &Incoming) -> Result<Vec<Start>, Problem> {
    let source = match app.sources.find(&app.store, name, app.now()).await? {
        Found::Source(source) => source,
        Found::Unusable => return Err(Problem::new(Code::Conflict, format!("the source `{name}` can't be used"))),
        Found::Nobody => return Err(Problem::new(Code::Conflict, format!("there is no source `{name}` any more"))),
    };
    // What was parsed stands for the bytes, which were not kept.
    let (headers, url, body) = (headers(incoming), url(incoming), incoming.body.to_string());
    let request =
        Request { method: &incoming.method, url: &url, headers: &headers, body: body.as_bytes(), client_ip: None };
    let fields = Fields::of(&request);
    let verified = claims(source.verification.preset, &request, &fields);
    Ok(by_rules(app, &source.source, &verified, incoming, &request, &fields)?.starts)
}

fn headers(incoming: &Incoming) -> Headers {
    let headers = incoming.headers.as_object().into_iter().flatten();
    headers.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?.as_bytes()))).collect()
}

fn url(incoming: &Incoming) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in incoming.query.as_object().into_iter().flatten() {
        let values = value.as_array().map_or_else(|| vec![value], |values| values.iter().collect());
        for value in values.into_iter().filter_map(Value::as_str) {
            query.append_pair(name, value);
        }
    }
    format!("{}?{}", incoming.path, query.finish())
}
