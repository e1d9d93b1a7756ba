//! From a request to stored arrivals.

use application::App;
use application::bulk::{AT_ONCE, items, render};
use application::request::Incoming;
use axum::Json;
use domain::config::Callback;
use domain::expr::{Scope, Template};
use domain::run::{CALLBACK_TOKEN, callback_token, is_kept_key, kept_key};
use domain::wait::{Arrival, ArrivalId, Judgement, MAX_KEY, Reception, Verdict, WaitKey, key_text};
use edge::problem::{Code, Problem};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) async fn receive(
    app: &App,
    callback: &Callback,
    incoming: &Incoming,
    id: &ArrivalId,
) -> Result<Json<Value>, Problem> {
    let scope = incoming.scope(app.plan(), app.now());
    // An address that was made for one job says which; the body has nothing to add to that.
    let token = incoming.query.get(CALLBACK_TOKEN).and_then(Value::as_str).and_then(callback_token);
    match &callback.bulk {
        _ if token.is_some() => receive_one(app, callback, &scope, (&incoming.body, id), token).await.map(Json),
        None => receive_one(app, callback, &scope, (&incoming.body, id), None).await.map(Json),
        Some(list) => receive_items(app, callback, &scope, list).await,
    }
}

/// Each item is a callback of its own, with a key, a verdict and a result; one that is unusable doesn't stop the others.
async fn receive_items(
    app: &App,
    callback: &Callback,
    scope: &Scope<'_>,
    list: &Template,
) -> Result<Json<Value>, Problem> {
    let items = items(list, scope)?;
    let received = stream::iter(items).map(|item| async move {
        let scope = scope.clone().with("item", &item);
        let id = ArrivalId::of_item(item.to_string().as_bytes());
        receive_one(app, callback, &scope, (&item, &id), None).await
    });
    let results = received.buffered(AT_ONCE).collect::<Vec<_>>().await;
    let mut answers = Vec::with_capacity(results.len());
    for (index, result) in results.into_iter().enumerate() {
        answers.push(match result {
            Ok(answer) => answer,
            // Our own failure is the whole request's: its repetition finds what is stored as duplicates.
            Err(problem) if problem.code == Code::Unavailable => return Err(problem),
            Err(problem) => {
                json!({"status": "failed", "index": index, "code": problem.code.as_str(), "detail": problem.detail})
            }
        });
    }
    let resumed = answers.iter().any(|answer| answer.get("status").and_then(Value::as_str) == Some("resumed"));
    Ok(Json(json!({"status": if resumed { "resumed" } else { "stored" }, "items": answers})))
}

async fn receive_one(
    app: &App,
    callback: &Callback,
    scope: &Scope<'_>,
    (whole, id): (&Value, &ArrivalId),
    token: Option<&str>,
) -> Result<Value, Problem> {
    let sent = match token {
        Some(token) => token.to_owned(),
        None => key_text(&render(&callback.identify_by, scope, "identify_by")?).ok_or_else(|| {
            let detail =
                format!("`identify_by` finds no number and no text of 1 to {MAX_KEY} bytes to recognise it by");
            Problem::new(Code::UnusableRequest, detail)
        })?,
    };
    if is_kept_key(&sent) {
        let detail = "`identify_by` finds the digest of a callback token; only the token itself is taken";
        return Err(Problem::new(Code::UnusableRequest, detail));
    }
    // A service may send the token in the body, too.
    let token = callback_token(&sent);
    let wait = WaitKey { route: callback.route.id.clone(), key: kept_key(sent.clone()) };
    let status = callback.status.as_ref().map(|template| render(template, scope, "status")).transpose()?;
    let mapped = callback.result.as_ref().map(|template| template.render(scope));
    let found = match &callback.result {
        // What has no value is there: the job fails of it, and doesn't wait on.
        Some(template) => template.finds(scope).unwrap_or(true),
        None => false,
    };
    let (judgement, now) = (callback.judge(status.as_ref(), found), app.now());
    let (judgement, result) = match mapped {
        None => (judgement, whole.clone()),
        Some(Ok(result)) => (judgement, result),
        Some(Err(error)) => {
            tracing::warn!(target: "ringback::callback", route = %wait.route, %error, "`result` has no value for a \
                callback");
            let judgement = judgement.unmapped();
            let is_failure = matches!(judgement, Judgement::Final(Verdict::Failure | Verdict::NoStatus));
            (judgement, if is_failure { Value::Null } else { whole.clone() })
        }
    };
    let reception = match judgement {
        Judgement::Final(verdict) => {
            let arrival = Arrival::new(verdict, result, whole);
            match (app.receive_callback(&wait, &arrival, id, now).await?, token) {
                // A repetition too: the process that stored the callback may have died before it gave it on.
                (stored @ (Reception::Stored | Reception::Duplicate), Some(token)) => {
                    if resume_before(app, &wait, token, (&arrival, id), now).await? {
                        Reception::Resumed
                    } else {
                        stored
                    }
                }
                (reception, _) => reception,
            }
        }
        Judgement::Progress => app.store.record_progress(&wait, &result, now).await?,
    };
    let shown = if token.is_some() { "a token" } else { wait.key.as_str() };
    let (outcome, became) = (outcome(judgement), became(reception));
    tracing::info!(target: "ringback::callback", route = %wait.route, key = shown, outcome, became, "a callback came");
    Ok(match reception {
        Reception::Resumed => json!({"status": "resumed"}),
        Reception::Stored if judgement == Judgement::Progress => json!({"status": "stored", "progress": true}),
        Reception::Stored => json!({"status": "stored"}),
        Reception::Duplicate => json!({"status": "duplicate"}),
        Reception::Late => json!({"status": "ignored", "reason": "the wait for this callback has ended"}),
    })
}

/// Gives a callback that no job waits for to the job that waits under the token itself: an earlier version has called its
/// service, and kept the token as the key. Says whether one did.
async fn resume_before(
    app: &App,
    wait: &WaitKey,
    token: &str,
    (arrival, id): (&Arrival, &ArrivalId),
    now: Timestamp,
) -> Result<bool, Problem> {
    let present = WaitKey { key: token.to_owned(), ..wait.clone() };
    for before in app.former_waits(&present).await?.iter().chain([&present]) {
        if app.store.resume_wait(before, arrival, id, now).await? {
            let stored = app.store.wait_standing(wait).await?.and_then(|standing| standing.arrived);
            let at = stored.map_or(now, |(at, _)| at);
            app.store.withdraw_callback((wait, at), (before, None)).await?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a callback says of its job, for the log.
fn outcome(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Final(Verdict::Success) => "success",
        Judgement::Final(Verdict::Failure) => "failure",
        Judgement::Final(Verdict::NoStatus) => "failure (no status)",
        Judgement::Final(Verdict::Unmapped) => "success, without a value for `result`",
        Judgement::Progress => "progress",
    }
}

/// What became of it, for the log: the words of the answer.
fn became(reception: Reception) -> &'static str {
    match reception {
        Reception::Resumed => "resumed",
        Reception::Stored => "stored",
        Reception::Duplicate => "duplicate",
        Reception::Late => "ignored",
    }
}
