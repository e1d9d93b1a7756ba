//! From a request to stored runs.

use axum::Json;
use domain::config::Trigger;
use domain::expr::{Scope, Template};
use domain::id::RunId;
use domain::run::Run;
use domain::wait::{MAX_KEY, key_text};
use futures_util::{StreamExt, stream};
use platform::App;
use platform::bulk::{AT_ONCE, items, kind_of, render};
use platform::problem::{Code, Problem};
use platform::request::Incoming;
use serde_json::{Value, json};

/// `proven` is what a verified request's repetitions are known by; its sender can't choose another key, as in a header that
/// no signature covers.
pub(crate) async fn accept(
    app: &App,
    trigger: &Trigger,
    incoming: &Incoming,
    proven: Option<String>,
) -> Result<Json<Value>, Problem> {
    let key = proven.or_else(|| incoming.idempotency_key().map(str::to_owned));
    let scope = incoming.scope(app.plan(), app.now());
    match &trigger.bulk {
        None => {
            let id = run_id(app, trigger, key.as_deref(), &scope)?;
            let input = input(trigger, incoming, &scope, None)?;
            store(app, trigger, incoming, &id, (input, 0)).await?;
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
            let input = input(trigger, incoming, &scope, Some(&item))?;
            store(app, trigger, incoming, &id, (input, index)).await.map(|()| id)
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
    id: &RunId,
    (input, index): (Value, usize),
) -> Result<(), Problem> {
    let body_is_input = trigger.input.is_none() && trigger.bulk.is_none();
    let run = Run::accept(id.clone(), trigger.workflow.clone(), input, None, app.now());
    let run = run.following(app.definition.clone());
    let request = match index {
        0 => incoming.stored_whole(body_is_input, None),
        _ => incoming.stored(body_is_input),
    };
    app.store.add_run(&run, Some(&request)).await?;
    Ok(())
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

fn input(trigger: &Trigger, incoming: &Incoming, scope: &Scope<'_>, item: Option<&Value>) -> Result<Value, Problem> {
    match &trigger.input {
        Some(template) => render(template, scope, "input"),
        None => Ok(item.unwrap_or(&incoming.body).clone()),
    }
}
