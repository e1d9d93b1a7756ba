//! `GET /api/config/history`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use platform::App;
use platform::problem::{Code, Problem};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// How many changes a page has unless asked otherwise, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct Filter {
    limit: Option<usize>,
    before: Option<String>,
}

/// With `?limit=&before=`: newest first; `next` is the `before` of the following page. Never shows a value.
pub(crate) async fn history(
    State(app): State<Arc<App>>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(filter) = filter.map_err(|error| Problem::new(Code::UnusableRequest, error.body_text()))?;
    let limit = filter.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let (changes, next) = app.store.config_history(filter.before.as_deref(), limit).await?;
    Ok(Json(json!({"changes": changes, "next": next})))
}
