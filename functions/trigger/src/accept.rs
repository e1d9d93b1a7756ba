//! From a request to stored runs.

use crate::dedupe::chosen;
use application::App;
use application::admission::{Admitted, admit};
use application::bulk::{AT_ONCE, items};
use application::request::{Came, Incoming};
use application::starts::trigger_input;
use axum::Json;
use domain::config::Trigger;
use domain::expr::{Scope, Template};
use domain::id::RunId;
use domain::number::same;
use domain::run::Run;
use domain::signature::Preset;
use domain::source::{Identity, Recognition};
use edge::problem::{Code, Problem};
use futures_util::{StreamExt, stream};
use platform::store::Stored;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Starts what a request starts. `identity` says by what its repetitions are recognised.
pub(crate) async fn accept(
    app: &App,
    trigger: &Trigger,
    incoming: &Incoming,
    (identity, preset): (Identity, Option<&Preset>),
) -> Result<Json<Value>, Problem> {
    let scope = incoming.scope(app.plan(), app.now());
    let Some(list) = &trigger.bulk else {
        let identity = chosen(trigger.dedupe_by.as_ref(), identity, &scope)?;
        let request = Request { app, trigger, incoming, preset };
        let input = trigger_input(trigger, incoming, &scope, None)?;
        let admitted = request.store(&identity, None, input).await?;
        let mut answer = json!({"status": "triggered", "task_id": admitted.id()});
        if let (Value::Object(answer), true) = (&mut answer, admitted.is_repeated()) {
            answer.insert("repeated".to_owned(), true.into());
        }
        return Ok(Json(answer));
    };
    accept_items(Request { app, trigger, incoming, preset }, &identity, &scope, list).await
}

/// Says in an answer which of the tasks were there before, and whether all of them were.
pub(crate) fn tell_repeated(answer: &mut Value, known: &[RunId], all: usize) {
    let Value::Object(answer) = answer else { return };
    if !known.is_empty() {
        answer.insert("repeated_task_ids".to_owned(), json!(known));
        if known.len() == all {
            answer.insert("repeated".to_owned(), true.into());
        }
    }
}

/// Each item starts a run of its own; one that can't doesn't stop the others.
async fn accept_items(
    request: Request<'_>,
    identity: &Identity,
    scope: &Scope<'_>,
    list: &Template,
) -> Result<Json<Value>, Problem> {
    let items = items(list, scope)?;
    let started = stream::iter(items.into_iter().enumerate()).map(|(index, item)| async move {
        let scope = scope.clone().with("item", &item);
        let identity = chosen(request.trigger.dedupe_by.as_ref(), identity.clone(), &scope)?;
        let input = trigger_input(request.trigger, request.incoming, &scope, Some(&item))?;
        request.store(&identity, Some(index), input).await
    });
    let mut results = started.buffered(AT_ONCE).collect::<Vec<Result<Admitted, Problem>>>().await;
    // Our own failure is the whole request's: its repetition starts what is missing, and names the rest the same.
    if let Some(ours) = results.iter().position(|r| r.as_ref().is_err_and(|p| p.code == Code::Unavailable)) {
        return Err(results.swap_remove(ours).err().unwrap_or_else(Problem::not_found));
    }
    let (mut task_ids, mut known, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (index, result) in results.into_iter().enumerate() {
        match result {
            Ok(admitted) => {
                if admitted.is_repeated() {
                    known.push(admitted.id().clone());
                }
                task_ids.push(admitted.id().clone());
            }
            Err(p) => failed.push(json!({"index": index, "code": p.code.as_str(), "detail": p.detail})),
        }
    }
    let mut answer = json!({"status": "triggered", "task_ids": task_ids, "failed": failed});
    tell_repeated(&mut answer, &known, task_ids.len());
    Ok(Json(answer))
}

/// A request to a trigger, and the provider that sent it, if it is a known one.
#[derive(Clone, Copy)]
struct Request<'r> {
    app: &'r App,
    trigger: &'r Trigger,
    incoming: &'r Incoming,
    preset: Option<&'r Preset>,
}

impl Request<'_> {
    /// Stores the run of the request, or of its `item`-th item. That of the first item has the request as it was received;
    /// the others need it no second time.
    async fn store(&self, identity: &Identity, item: Option<usize>, input: Arc<Value>) -> Result<Admitted, Problem> {
        let Self { app, trigger, incoming, preset } = *self;
        let window = identity.window(trigger.dedupe_window, preset);
        let of_request = match window {
            Some(Duration::ZERO) => app.new_run_id(),
            _ => RunId::keyed(&trigger.route.id.0, &identity.key()),
        };
        // A value of `dedupe_by` names one item, whatever its place in the list is.
        let id = match item {
            Some(index) if trigger.dedupe_by.is_none() => of_request.item(index),
            Some(_) | None => of_request,
        };
        let body_is_input = trigger.input.is_none() && trigger.bulk.is_none();
        let run = Run::accept(id, trigger.workflow.clone(), input, None, app.now());
        let run = run.following(app.definition.clone());
        let came = Came::Route { id: trigger.route.id.clone(), item };
        let stored = match item {
            None | Some(0) => incoming.stored_whole(body_is_input, &came, Some(identity)),
            Some(_) => incoming.stored_as(body_is_input, &came, Some(identity)),
        };
        let recognition = Recognition { window, delivery: identity.delivery(), now: app.now() };
        let admitted = admit(app, &run, &stored, &recognition).await?;
        if identity.is_callers()
            && let Admitted::Repeated { first: Some(first), .. } = &admitted
            && !is_repeated(&app.store.read(first)?, incoming)
        {
            let detail = "this `Idempotency-Key` came with another request before; nothing has happened";
            return Err(Problem::new(Code::KeyReused, detail));
        }
        Ok(admitted)
    }
}

/// Whether a request is the one that started this run, sent again: equal in path, query and body. The input of the run may
/// hold the time, and differ.
fn is_repeated(first: &Stored, incoming: &Incoming) -> bool {
    first.request.as_ref().is_none_or(|request| {
        let before = Incoming::restored(request, &first.run.input);
        (&before.path, &before.query) == (&incoming.path, &incoming.shown_query()) && same(&before.body, &incoming.body)
    })
}
