//! Requests of providers, by source: who sent it is proven first, then the source's rules say what it starts.
//!
//! ```text
//! size ─► raw bytes ─► genuine? ─► handshake? ─► rate ─► parse ─► facts ─► rules ─► one conditional write for each target
//! ```
//!
//! - A request that is not genuine costs no write and learns nothing: one fixed 401. Also the rate is counted after that,
//!   so that a flood of forged requests neither writes nor uses up what the provider may send.
//! - A repetition, even one at the same time, is the same runs: their ids are made of the source, the target and what the
//!   delivery is known by ([`domain::source::delivery_key`]).
//! - `/hooks/{source}` is the same place for providers that ask by GET or OPTIONS before they send anything.

use axum::Json;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use domain::id::RunId;
use domain::rule::Rule;
use domain::run::Run;
use domain::signature::Fields;
use domain::source::{ReadySource, ReadyVerification};
use domain::wait::key_text;
use platform::App;
use platform::problem::{Code, Problem};
use platform::request::{Incoming, Raw};
use platform::sources::Found;
use platform::verification::{Judged, Passed, Seen, judge, unusable};
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};

/// The routes of all sources, which are public: each source says what must hold of its requests.
pub fn sources(app: &Arc<App>) -> Router {
    let asked = MethodFilter::POST.or(MethodFilter::GET).or(MethodFilter::OPTIONS);
    Router::new()
        .route("/api/webhooks/{id}", on(MethodFilter::POST, receive))
        .route("/hooks/{id}", on(asked, receive).fallback(async || Problem::method_not_allowed()))
        .with_state(app.clone())
}

async fn receive(
    State(app): State<Arc<App>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(name) = name.map_err(|_| Problem::not_found())?;
    handle(&app, &name, request).await
}

async fn handle(app: &App, name: &str, request: Request) -> Result<Response, Problem> {
    let source = match app.sources.find(&app.store, name, app.now()).await? {
        Found::Source(source) => source,
        Found::Unusable => return Err(unusable(name)),
        Found::Nobody => return Err(nobody(app, request).await),
    };
    let raw = Raw::read(request, source.source.max_body.unwrap_or(app.settings.max_body)).await?;
    let verification = &source.verification;
    let seen = Seen::new(app, &raw, app.config.controller.port, verification.public_url.as_deref());
    let passed = match judge(app, name, verification, Some(name), &seen).await? {
        Judged::Passed(passed) => passed,
        Judged::Answered(response) => return Ok(response),
    };
    if raw.method() != "POST" {
        return Err(Problem::method_not_allowed());
    }
    if let Some(rate) = source.source.rate_limit
        && let Err(seconds) = app.store.count_request(name, rate, app.now()).await?
    {
        return Err(Problem::too_many_requests(seconds));
    }
    let fields = Fields::of(&seen.request());
    let mut incoming = raw.clone().parse().await?;
    incoming.kept = raw.kept(Some(&passed.hidden));
    // JSON is JSON whatever the content type says, and a form's `payload` of JSON stands for all of it.
    if let Some(body) = fields.value() {
        incoming.body = body.clone();
    }
    incoming.hidden.clone_from(&passed.hidden);
    start(app, &source, &passed, &incoming, &seen, &fields).await
}

/// An unknown name is answered after as much work as a known one, and by the same steps.
async fn nobody(app: &App, request: Request) -> Problem {
    static NOBODY: LazyLock<Option<ReadyVerification>> = LazyLock::new(|| {
        let (source, _) = domain::config::load_source("github", &json!({"secret": "nobody has this secret"})).ok()?;
        source.verification.ready(&Value::Null).ok()
    });
    let raw = match Raw::read(request, app.settings.max_body).await {
        Ok(raw) => raw,
        Err(problem) => return problem,
    };
    if let Some(verification) = NOBODY.as_ref() {
        let seen = Seen::new(app, &raw, app.config.controller.port, None);
        // Whatever comes of it, nobody is there.
        let _ = judge(app, "nobody", verification, None, &seen).await;
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
    let (source, scope) = (&ready.source, incoming.scope(app.plan(), app.now()));
    let unusable = |name: &str, why: String| Problem::new(Code::UnusableRequest, format!("`{name}`: {why}"));
    let event = source.event.as_ref().map(|template| template.render(&scope)).transpose();
    let event = event.map_err(|error| unusable("event", error.to_string()))?;
    let event = event.as_ref().and_then(key_text).or_else(|| passed.verified.event_type.clone());
    let key = match &source.dedupe_by {
        None => passed.key.clone(),
        Some(template) => {
            let value = template.render(&scope).map_err(|error| unusable("dedupe_by", error.to_string()))?;
            let text = key_text(&value);
            format!("by:{}", text.ok_or_else(|| unusable("dedupe_by", "it gives no number and no text".to_owned()))?)
        }
    };
    let event = if source.event.is_some() || source.verification.preset().is_some() { event } else { None };
    let facts = source.facts(&passed.verified, event, &seen.request(), fields);
    let event = facts.get("event").and_then(Value::as_str);
    let scope = facts.iter().fold(scope, |scope, (name, value)| scope.with(name, value));
    let judged = source.rules.judge(event, &scope);
    for (place, error) in &judged.failed {
        tracing::warn!(
            target: "ringback::source", source = source.name, rule = place, %error, "a condition could not be evaluated"
        );
    }
    if judged.matched.is_empty() {
        tracing::info!(target: "ringback::source", source = source.name, event, key, "no rule matched");
        let ignored = json!({"status": "ignored", "detail": "no rule matched"});
        return Ok((StatusCode::ACCEPTED, Json(ignored)).into_response());
    }
    let mut runs = Vec::with_capacity(judged.matched.len());
    for rule in judged.matched {
        let input = match &rule.input {
            None => whole(&facts, incoming),
            Some(template) => template.render(&scope).map_err(|error| unusable("input", error.to_string()))?,
        };
        let id = RunId::keyed(&format!("source:{}:{}", source.name, rule.target), &key);
        let run = Run::accept(id, workflow(app, rule), input, None, app.now());
        runs.push((rule, run.following(app.definition.clone())));
    }
    let mut ids = Vec::with_capacity(runs.len());
    for (index, (rule, run)) in runs.into_iter().enumerate() {
        let body_is_input = rule.input.is_none();
        let request = match index {
            0 => incoming.stored_whole(body_is_input, Some((&source.name, &key))),
            _ => incoming.stored(body_is_input),
        };
        // A failure between two is the sender's to repeat: what is stored already is found as it is.
        app.store.add_run(&run, Some(&request)).await?;
        ids.push(run.id);
    }
    tracing::info!(target: "ringback::source", source = source.name, event, key, runs = ids.len(), "accepted");
    let answer = json!({"status": "triggered", "task_id": ids.first(), "task_ids": ids});
    Ok(Json(answer).into_response())
}

/// The workflow of a target: its own, or that of the program of that name.
fn workflow(app: &App, rule: &Rule) -> String {
    let target = &rule.target;
    if app.config.workflows.contains_key(target) { target.clone() } else { format!("program:{target}") }
}

/// All that rules see by name, and the body.
fn whole(facts: &Map<String, Value>, incoming: &Incoming) -> Value {
    let mut input = facts.clone();
    input.insert("body".to_owned(), incoming.body.clone());
    Value::Object(input)
}
