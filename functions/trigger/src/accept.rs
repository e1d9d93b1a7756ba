//! From a request to stored runs.

use axum::Json;
use domain::config::Trigger;
use domain::expr::{Scope, Template};
use domain::id::RunId;
use domain::number::same;
use domain::run::Run;
use domain::wait::{MAX_KEY, key_text};
use futures_util::{StreamExt, stream};
use platform::App;
use platform::bulk::{AT_ONCE, items, kind_of, render};
use platform::problem::{Code, Problem};
use platform::request::{Came, Incoming};
use platform::starts::trigger_input;
use platform::store::{NewRun, Stored};
use serde_json::{Value, json};

/// `proven` is what a verified request's repetitions are known by; its sender can't choose another key, as in a header that
/// no signature covers.
pub(crate) async fn accept(
    app: &App,
    trigger: &Trigger,
    incoming: &Incoming,
    proven: Option<String>,
) -> Result<Json<Value>, Problem> {
    let is_chosen = proven.is_none() && trigger.dedupe_by.is_none();
    let key = proven.or_else(|| incoming.idempotency_key().map(str::to_owned));
    let scope = incoming.scope(app.plan(), app.now());
    match &trigger.bulk {
        None => {
            let id = run_id(app, trigger, key.as_deref(), &scope)?;
            let input = trigger_input(trigger, incoming, &scope, None)?;
            let stored = store(app, trigger, incoming, (&id, None), input).await?;
            if is_chosen
                && let NewRun::Duplicate(Some(first)) = stored
                && !is_repeated(&first, incoming)
            {
                let detail = "this `Idempotency-Key` came with another body before; nothing has happened";
                return Err(Problem::new(Code::KeyReused, detail));
            }
            Ok(Json(json!({"status": "triggered", "task_id": id})))
        }
        Some(list) => accept_items(app, trigger, incoming, (key.as_deref(), &scope), list).await,
    }
}

/// Each item starts a run of its own; one that can't doesn't stop the others.
async fn accept_items(
    app: &App,
    trigger: &Trigger,
    incoming: &Incoming,
    (key, scope): (Option<&str>, &Scope<'_>),
    list: &Template,
) -> Result<Json<Value>, Problem> {
    let items = items(list, scope)?;
    let base = key.map_or_else(|| app.new_run_id(), |key| keyed(trigger, key));
    let started = stream::iter(items.into_iter().enumerate()).map(|(index, item)| {
        let base = &base;
        async move {
            let scope = scope.clone().with("item", &item);
            let id = match &trigger.dedupe_by {
                Some(template) => keyed(trigger, &dedupe_key(template, &scope)?),
                None => base.item(index),
            };
            let input = trigger_input(trigger, incoming, &scope, Some(&item))?;
            store(app, trigger, incoming, (&id, Some(index)), input).await.map(|_| id)
        }
    });
    let mut results = started.buffered(AT_ONCE).collect::<Vec<Result<RunId, Problem>>>().await;
    // Our own failure is the whole request's: its repetition starts what is missing, and names the rest the same.
    if let Some(ours) = results.iter().position(|r| r.as_ref().is_err_and(|p| p.code == Code::Unavailable)) {
        return Err(results.swap_remove(ours).err().unwrap_or_else(Problem::not_found));
    }
    let (mut task_ids, mut failed) = (Vec::new(), Vec::new());
    for (index, result) in results.into_iter().enumerate() {
        match result {
            Ok(id) => task_ids.push(id),
            Err(p) => failed.push(json!({"index": index, "code": p.code.as_str(), "detail": p.detail})),
        }
    }
    Ok(Json(json!({"status": "triggered", "task_ids": task_ids, "failed": failed})))
}

/// The run of the first item has the request as it was received; the others need it no second time.
async fn store(
    app: &App,
    trigger: &Trigger,
    incoming: &Incoming,
    (id, item): (&RunId, Option<usize>),
    input: Value,
) -> Result<NewRun, Problem> {
    let body_is_input = trigger.input.is_none() && trigger.bulk.is_none();
    let run = Run::accept(id.clone(), trigger.workflow.clone(), input, None, app.now());
    let run = run.following(app.definition.clone());
    let came = Came::Route { id: trigger.route.id.clone(), item };
    let request = match item {
        None | Some(0) => incoming.stored_whole(body_is_input, &came, None),
        Some(_) => incoming.stored_by(body_is_input, &came),
    };
    Ok(app.store.add_run(&run, Some(&request)).await?)
}

/// Whether a request has the body of the one that started this run. Its input may hold the time, and differ.
fn is_repeated(first: &Stored, incoming: &Incoming) -> bool {
    first
        .request
        .as_ref()
        .is_none_or(|request| same(&Incoming::restored(request, &first.run.input).body, &incoming.body))
}

/// A repeated key names the same run; without one, each request is a new one.
fn run_id(app: &App, trigger: &Trigger, key: Option<&str>, scope: &Scope<'_>) -> Result<RunId, Problem> {
    match (&trigger.dedupe_by, key) {
        (Some(template), _) => Ok(keyed(trigger, &dedupe_key(template, scope)?)),
        (None, Some(key)) => Ok(keyed(trigger, key)),
        (None, None) => Ok(app.new_run_id()),
    }
}

fn keyed(trigger: &Trigger, key: &str) -> RunId {
    RunId::keyed(&trigger.route.id.0, key)
}

fn dedupe_key(template: &Template, scope: &Scope<'_>) -> Result<String, Problem> {
    let value = render(template, scope, "dedupe_by")?;
    key_text(&value).ok_or_else(|| {
        let kind = kind_of(&value);
        let detail = format!("`dedupe_by` must give a number or a text of at most {MAX_KEY} bytes, and gave {kind}");
        Problem::new(Code::UnusableRequest, detail)
    })
}
