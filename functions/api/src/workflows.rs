//! `/api/workflows`.

use crate::name::Name;
use crate::shown::Shown;
use application::App;
use application::request::json_object;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use contract::answer::{Started, Workflow, Workflows};
use domain::id::RunId;
use domain::redact::{MASKED, masked_at};
use domain::run::Run;
use edge::problem::{Code, Problem};
use edge::request::read_body;
use platform::store::{NewRun, StoreError};
use serde_json::Value;
use std::sync::Arc;

/// `GET /api/workflows`.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Shown<Workflows> {
    let workflows = app.config.workflows.values().map(|workflow| Workflow {
        id: workflow.id.clone(),
        title: workflow.title.clone(),
        description: workflow.description.clone(),
        jobs: workflow.jobs.jobs.iter().map(|job| job.id.clone()).collect(),
    });
    Shown::of(&Workflows { workflows: workflows.collect() })
}

/// `POST /api/workflows/{id}/runs` with `{"input": …}`: `input` is the workflow's, null where it is left out.
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Name(workflow): Name,
    request: Request,
) -> Result<Shown<Started>, Problem> {
    if app.config_for(&workflow).await?.workflow(&workflow).is_none() {
        return Err(Problem::new(Code::NotFound, format!("there is no workflow `{workflow}`")));
    }
    let key = key(request.headers())?;
    let body = read_body(request.into_body(), app.settings.max_body).await?;
    let room = app.memory.bodies.admit(&body).await?;
    room.drive(start_with(&app, &workflow, key, body)).await
}

async fn start_with(app: &App, workflow: &str, key: Option<String>, body: Bytes) -> Result<Shown<Started>, Problem> {
    let mut fields = json_object(&body)?;
    let input = fields.remove("input").unwrap_or_default();
    if let Some(unknown) = fields.keys().next() {
        let detail = format!("unknown field `{unknown}`: write {{\"input\": …}}");
        return Err(Problem::new(Code::UnusableRequest, detail));
    }
    if let Some(place) = masked_at(&input) {
        let detail = format!("`input{place}` is `{MASKED}`, as answers show a secret: give its value");
        return Err(Problem::new(Code::UnusableRequest, detail));
    }
    store(app, &format!("start:{workflow}"), key, workflow, input, None).await
}

/// The `Idempotency-Key` header.
///
/// # Errors
/// 400 for one that isn't ASCII text, and for several that differ: a key that is passed over would double the operation.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let unusable = |detail| Problem::new(Code::UnusableRequest, detail);
    let mut found: Option<&str> = None;
    for value in headers.get_all("idempotency-key") {
        let key = value.to_str().map_err(|_| unusable("the `Idempotency-Key` must be visible ASCII characters"))?;
        if found.replace(key).is_some_and(|before| before != key) {
            return Err(unusable("there are several `Idempotency-Key` headers with different values: send one"));
        }
    }
    Ok(found.filter(|key| !key.is_empty()).map(str::to_owned))
}

/// Stores a new run; a repeated key names the same one, among requests to the same address, and the answer says so.
pub(crate) async fn store(
    app: &App,
    address: &str,
    key: Option<String>,
    workflow: &str,
    input: Value,
    request: Option<&Value>,
) -> Result<Shown<Started>, Problem> {
    let id = key.map_or_else(|| app.new_run_id(), |key| RunId::keyed(address, &key));
    let run = Run::accept(id.clone(), workflow.to_owned(), input, None, app.now()).following(app.definition.clone());
    let mut repeated = false;
    if let NewRun::Duplicate(_) = app.store.add_run(&run, request).await? {
        let before = app.store.run(&id).await?.ok_or_else(|| StoreError::Damaged(id.to_string()))?;
        if before.run.input != run.input {
            let detail = "this `Idempotency-Key` came with another input before; nothing has happened";
            return Err(Problem::new(Code::KeyReused, detail));
        }
        repeated = true;
    }
    Ok(Shown::of(&Started { status: "triggered".to_owned(), task_id: id.to_string(), repeated }))
}
