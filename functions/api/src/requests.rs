//! `/api/requests`: requests that started runs, as they were received.

use crate::query::{Query, place};
use crate::room;
use crate::shown::Shown;
use application::App;
use application::request::{Incoming, Kept};
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::answer::{ReceivedRequest, Requests};
use contract::{Cursor, List, RequestsQuery, Time};
use edge::problem::Problem;
use jiff::Timestamp;
use platform::store::{Store, Stored};
use std::sync::Arc;

/// Runs that one request looks at; those that no request started, or that aren't asked for, leave its page short,
/// and so do large bodies.
const LOOKED_AT: usize = 100;

/// `GET /api/requests?source=&since=&after=&as_received=`: oldest first, from a time (the beginning unless given) or after a page;
/// `next` is the `after` of the following page. Each is `{id, received_at, source, delivery, method, path, headers, body}`,
/// or `body_base64` where the body is no text; `path` has the query. What authenticates by itself (`Authorization`, cookies,
/// tokens) is not among the headers; what signs is. Texts under secret names are hidden in the body and the path, and so is every
/// copy of such a text, unless `as_received` is true: a signature holds only for the body as it was received. A request that
/// started no run, or that was longer than is kept, is not there.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<RequestsQuery>,
) -> Result<Shown<Requests>, Problem> {
    let since = query.since.map_or(Timestamp::UNIX_EPOCH, Time::get);
    let after = place(query.after.as_ref(), List::Tasks, "after")?.unwrap_or_else(|| Store::runs_cursor(since));
    let (runs, next) = app.store.runs_after(&after, LOOKED_AT).await?;
    let show = |stored: &Stored| show(stored, query.source.as_ref(), query.as_received);
    let (requests, next) = room::fill(&runs, next, show, |stored| Store::run_place(&stored.run));
    let next = next.map(|place| Cursor::of(List::Tasks, &place));
    Ok(Shown::page(requests, next.as_ref()))
}

/// The request that started a run, if it was kept and is asked for.
fn show(stored: &Stored, source: Option<&String>, as_received: bool) -> Option<Shown<ReceivedRequest>> {
    let mut kept = Kept::of(stored).filter(|kept| source.is_none() || kept.source.as_ref() == source)?;
    if !as_received {
        let parsed = Incoming::restored(stored.request.as_ref()?, &stored.run.input);
        kept.hide(&parsed);
    }
    let Kept { source, delivery, method, path, headers, body } = kept;
    let (body, body_base64) = match String::from_utf8(body) {
        Ok(text) => (Some(text), None),
        Err(bytes) => (None, Some(STANDARD.encode(bytes.as_bytes()))),
    };
    Some(Shown::of(&ReceivedRequest {
        id: stored.run.id.to_string(),
        received_at: stored.run.accepted_at,
        source,
        delivery,
        method,
        path,
        headers: headers.into_iter().collect(),
        body,
        body_base64,
    }))
}
