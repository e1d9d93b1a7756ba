//! `GET /api/config/history`.

use crate::query::{Query, place};
use crate::shown::Shown;
use application::App;
use axum::extract::State;
use contract::answer::{Change, Changes};
use contract::{Cursor, HistoryQuery, List};
use edge::problem::Problem;
use std::sync::Arc;

/// With `?limit=&before=`: newest first; `next` is the `before` of the following page. Never shows a value.
pub(crate) async fn history(
    State(app): State<Arc<App>>,
    Query(query): Query<HistoryQuery>,
) -> Result<Shown<Changes>, Problem> {
    let before = place(query.before.as_ref(), List::History, "before")?;
    let (changes, next) = app.store.config_history(before.as_deref(), query.limit.get()).await?;
    let next = next.map(|place| Cursor::of(List::History, &place));
    let changes = changes.into_iter().map(|change| Change {
        at: change.at,
        kind: change.kind.as_str().to_owned(),
        name: change.name,
        action: change.action,
        by: change.by,
        fields: change.fields,
    });
    Ok(Shown::of(&Changes { changes: changes.collect(), next }))
}
