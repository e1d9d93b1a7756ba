//! Requests of providers, by source: who sent it is proven first, then the source's rules say what it starts.
//!
//! ```text
//! size ─► raw bytes ─► genuine? ─► handshake? ─► rate ─► parse ─► facts ─► rules ─► one conditional write for each target
//! ```
//!
//! - A request that is not genuine costs no write and learns nothing: one fixed 401. Also the rate is counted after that,
//!   so that a flood of forged requests neither writes nor uses up what the provider may send.
//! - A repetition, even one at the same time, is the same runs: their ids are made of the source, the target and what the
//!   request is recognised by ([`domain::source::Identity`]). The answer says so: `repeated`.
//! - Who demands an answer of their own gets it (Discord, Adyen); the task's id is in a header of it.
//! - `/hooks/{source}` is the same place for providers that ask by GET or OPTIONS before they send anything.

use crate::accept::tell_repeated;
use crate::dedupe::chosen;
use application::App;
use application::admission::admit;
use application::request::{Came, Incoming, Raw};
use application::sources::Found;
use application::starts::{ByRules, Start, by_rules};
use application::verification::{Judged, Passed, Seen, judge, judge_nobody, unusable};
use axum::Json;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::on;
use domain::config::SourceRoutes;
use domain::id::RunId;
use domain::run::Run;
use domain::signature::{Fields, acknowledgement};
use domain::source::{ReadySource, ReadyVerification, Recognition, Source};
use edge::handshake::answer;
use edge::head;
use edge::problem::Problem;
use edge::route::any_of;
use platform::store::Counted;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// The id of the first task, where a provider demands an answer that has no room for it.
const TASK_ID: HeaderName = HeaderName::from_static("x-task-id");

/// The routes of all sources at the API's port, which are public: each source says what must hold of its requests.
pub fn sources(app: &Arc<App>) -> Router {
    source_routes(app, app.config.controller.port, "").method_not_allowed_fallback(head::not_allowed)
}

/// The same below a path on another port of the file, without an answer to other requests.
pub fn source_routes(app: &Arc<App>, port: u16, base_path: &str) -> Router {
    let mut router = Router::new();
    for (path, method, others) in SourceRoutes::PATHS {
        router = router.route(&format!("{base_path}{path}"), on(any_of(method, others), receive));
    }
    router.with_state((app.clone(), port))
}

async fn receive(
    State((app, port)): State<(Arc<App>, u16)>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(name) = name.map_err(|_| Problem::not_found())?;
    handle(&app, port, &name, request).await
}

async fn handle(app: &App, port: u16, name: &str, request: Request) -> Result<Response, Problem> {
    let source = match app.sources.find(&app.store, name, app.now()).await? {
        Found::Source(source) => source,
        Found::Unusable => return Err(unusable(name).into()),
        Found::Nobody => return Err(nobody(app, port, name, request).await),
    };
    if request.method() == Method::HEAD {
        return Ok(head::answer());
    }
    let raw = edge::request::read(request, source.source.max_body.unwrap_or(app.settings.max_body)).await?;
    let room = app.memory.bodies.admit(&raw.bytes).await?;
    room.drive(Box::pin(judge_and_start(app, port, name, &source, raw))).await
}

async fn judge_and_start(
    app: &App,
    port: u16,
    name: &str,
    source: &ReadySource,
    raw: Raw,
) -> Result<Response, Problem> {
    let verification = &source.verification;
    let seen = Seen::new(app, &raw, port, verification.public_url.as_deref());
    let passed = match judge(app, name, verification, Some(name), &seen).await? {
        Judged::Passed(passed) => passed,
        Judged::Answered(reply) => return Ok(answer(&reply)),
    };
    if raw.method() != "POST" {
        return Err(Problem::method_not_allowed());
    }
    if let Some(rate) = source.source.rate_limit
        && let Counted::RetryAfter(seconds) = app.store.count_request(name, rate, app.now()).await?
    {
        return Err(Problem::too_many_requests(seconds));
    }
    let fields = Fields::of(&seen.request());
    // JSON is JSON whatever the content type says, and a form's `payload` of JSON stands for all of it.
    let mut incoming = match fields.shared() {
        Some(body) => raw.clone().with_body(body)?,
        None => raw.clone().parse().await?,
    };
    incoming.kept = raw.kept(Some(&passed.hidden));
    incoming.hidden.clone_from(&passed.hidden);
    incoming.conceal(&passed.secrets);
    start(app, source, &passed, &incoming, &seen, &fields).await
}

/// An unknown name is answered after as much work as a known one, and by the same steps.
async fn nobody(app: &App, port: u16, name: &str, request: Request) -> Problem {
    static NOBODY: LazyLock<Option<ReadyVerification>> = LazyLock::new(|| {
        let (source, _) = domain::config::load_source("github", &json!({"secret": "nobody has this secret"})).ok()?;
        source.verification.ready(&Value::Null).ok()
    });
    let raw = match edge::request::read(request, app.settings.max_body).await {
        Ok(raw) => raw,
        Err(problem) => return problem,
    };
    let room = match app.memory.bodies.admit(&raw.bytes).await {
        Ok(room) => room,
        Err(why) => return why.into(),
    };
    if let Some(verification) = NOBODY.as_ref() {
        let seen = Seen::new(app, &raw, port, None);
        room.drive(judge_nobody(app, name, verification, &seen)).await;
    }
    Problem::not_found()
}

/// Lets the rules say what a genuine request starts, and starts it.
async fn start(
    app: &App,
    ready: &ReadySource,
    passed: &Passed,
    incoming: &Incoming,
    seen: &Seen<'_>,
    fields: &Fields,
) -> Result<Response, Problem> {
    let source = &ready.source;
    let ByRules { event, starts } = by_rules(app, source, &passed.verified, incoming, &seen.request(), fields)?;
    let identity = passed.identity_at_source(seen, event.as_deref());
    let identity = chosen(source.dedupe_by.as_ref(), identity, &incoming.scope(app.plan(), app.now()))?;
    let key = identity.key();
    if starts.is_empty() {
        tracing::info!(target: "ringback::source", source = source.name, event, key, "no rule matched");
        let ignored = json!({"status": "ignored", "detail": "no rule matched"});
        return Ok(
            demanded(source, fields, &[]).unwrap_or_else(|| (StatusCode::ACCEPTED, Json(ignored)).into_response())
        );
    }
    let came = Came::Source(source.name.clone());
    let window = identity.window(source.dedupe_window, source.verification.preset());
    let each_is_new = window.is_some_and(|window| window.is_zero());
    let recognition = Recognition { window, delivery: identity.delivery(), now: app.now() };
    let (mut ids, mut known) = (Vec::with_capacity(starts.len()), Vec::new());
    for (index, Start { target, workflow, input, holds_body }) in starts.into_iter().enumerate() {
        let id = if each_is_new {
            app.new_run_id()
        } else {
            RunId::keyed(&format!("source:{}:{target}", source.name), &key)
        };
        let run = Run::accept(id, workflow, input, None, app.now()).following(app.definition.clone());
        let request = match index {
            0 => incoming.stored_whole(holds_body, &came, Some(&identity)),
            _ => incoming.stored_as(holds_body, &came, Some(&identity)),
        };
        // A failure between two is the sender's to repeat: what is stored already is found as it is.
        let admitted = admit(app, &run, &request, &recognition).await?;
        if admitted.is_repeated() {
            known.push(admitted.id().clone());
        }
        ids.push(admitted.id().clone());
    }
    let (source_name, repeated, runs) = (&source.name, known.len(), ids.len() - known.len());
    if runs == 0 {
        tracing::info!(
            target: "ringback::source", source = source_name, event, key, repeated, "repeated: nothing new was started"
        );
    } else {
        let repeated = (repeated > 0).then_some(repeated);
        tracing::info!(target: "ringback::source", source = source_name, event, key, runs, repeated, "accepted");
    }
    let mut answer = json!({"status": "triggered", "task_id": ids.first(), "task_ids": ids});
    tell_repeated(&mut answer, &known, ids.len());
    Ok(demanded(source, fields, &ids).unwrap_or_else(|| Json(answer).into_response()))
}

/// What the provider demands as an answer, if anything; what was started is in a header of it.
fn demanded(source: &Source, fields: &Fields, ids: &[RunId]) -> Option<Response> {
    let preset = source.verification.preset()?;
    let mut response = answer(&acknowledgement(preset, fields, !ids.is_empty())?);
    if let Some(id) = ids.first().and_then(|id| HeaderValue::from_str(id.as_str()).ok()) {
        response.headers_mut().insert(TASK_ID, id);
    }
    Some(response)
}
