//! `GET /api/config/history`.

use crate::query::{Query, place};
use axum::Json;
use axum::extract::State;
use contract::{Cursor, HistoryQuery, List};
use platform::App;
use platform::problem::Problem;
use serde_json::{Value, json};
use std::sync::Arc;

/// With `?limit=&before=`: newest first; `next` is the `before` of the following page. Never shows a value.
pub(crate) async fn history(
    State(app): State<Arc<App>>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Value>, Problem> {
    let before = place(query.before.as_ref(), List::History, "before")?;
    let (changes, next) = app.store.config_history(before.as_deref(), query.limit.get()).await?;
    let next = next.map(|place| Cursor::of(List::History, &place));
    Ok(Json(json!({"changes": changes, "next": next})))
}
