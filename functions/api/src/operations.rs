//! `/api/operations` and `POST /api/webhooks/{id}/recover`.

use crate::body::Fields;
use crate::deliveries::receiving;
use crate::name::Name;
use crate::shown::Shown;
use crate::token::Caller;
use crate::walk::{self, Walk};
use crate::{endpoints, moment, workflows};
use application::App;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use contract::answer::{BackgroundOperation, BackgroundStatus, Recovery, RecoveryTold};
use domain::delivery::State as DeliveryState;
use domain::endpoint::Endpoint;
use domain::operation::{Operation, OperationId, State as OperationState};
use edge::problem::{Code, Problem};
use jiff::Timestamp;
use platform::store::{Store, StoreError};
use std::sync::Arc;

/// Places that a dry run looks at, at most.
const LOOKED_AT: usize = 10_000;
/// Ids that a dry run names, at most.
const NAMED: usize = 100;
/// Deliveries read at once.
const READ: usize = 100;

/// `POST /api/webhooks/{id}/recover` with `{"since", "until"?, "dry_run"?}`: a new round of tries for every exhausted
/// delivery of events accepted in that time, in the background. The same request, under the same `Idempotency-Key` or
/// within the same minute, names the same operation.
pub(crate) async fn recover(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(id): Name,
    headers: HeaderMap,
    fields: Fields,
) -> Result<(StatusCode, Shown<Recovery>), Problem> {
    let now = app.now();
    let wish = Wish::read(fields, now)?;
    let endpoint = endpoints::find(&app, &caller, &id).await?.endpoint;
    let endpoint = receiving(Some(endpoint))?;
    if wish.dry_run {
        return Ok((StatusCode::OK, Shown::of(&Recovery::Told(dry_run(&app, &endpoint, &wish).await?))));
    }
    let id = operation_id(&endpoint, &wish, &headers, now)?;
    let whose = (endpoint.customer, endpoint.id);
    let operation = Operation::recover(id.clone(), whose, (wish.since, wish.until), now);
    // Where it is there already, that one stands: it is the same.
    app.store.save_operation(&operation, 0, now).await?;
    let stored = app.store.operation(&id).await?.ok_or_else(|| StoreError::Damaged(id.to_string()))?;
    Ok((StatusCode::ACCEPTED, Shown::of(&Recovery::Begun(shown(&stored.operation)))))
}

/// `GET /api/operations/{id}`: how far it is.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(id): Name,
) -> Result<Shown<BackgroundOperation>, Problem> {
    let missing = || Problem::new(Code::NotFound, format!("there is no operation `{id}`"));
    let id = OperationId::parse(&id).ok_or_else(missing)?;
    let stored = app.store.operation(&id).await?;
    let stored = stored.filter(|stored| caller.sees(&stored.operation.customer)).ok_or_else(missing)?;
    Ok(Shown::of(&shown(&stored.operation)))
}

/// What is to be recovered.
#[derive(Debug)]
struct Wish {
    since: Timestamp,
    until: Timestamp,
    /// Whether `until` was said.
    bounded: bool,
    dry_run: bool,
}

impl Wish {
    fn read(mut fields: Fields, now: Timestamp) -> Result<Self, Problem> {
        let bad = |detail: &str| Problem::new(Code::UnusableRequest, detail);
        let since = fields.take("since").ok_or_else(|| bad("`since` is missing: say from when on to recover"))?;
        let since = moment::from_value(&since, "since")?;
        let until = fields.take("until").map(|until| moment::from_value(&until, "until")).transpose()?;
        let dry_run = fields.flag("dry_run")?.unwrap_or(false);
        fields.nothing_else()?;
        let wish = Self { since, until: until.unwrap_or(now), bounded: until.is_some(), dry_run };
        if wish.since >= wish.until {
            return Err(bad("`since` must be before `until`, and before now"));
        }
        Ok(wish)
    }
}

/// A time that was left out is part of no name, or a request could not be repeated.
fn operation_id(endpoint: &Endpoint, wish: &Wish, headers: &HeaderMap, now: Timestamp) -> Result<OperationId, Problem> {
    let minute = (now.as_second() / 60).to_string();
    let (since, until) = (wish.since.to_string(), wish.until.to_string());
    let until = if wish.bounded { until.as_str() } else { "" };
    let key = workflows::key(headers)?;
    let told = key.as_deref().map_or(["minute", &minute], |key| ["key", key]);
    Ok(OperationId::keyed(&endpoint.customer, &endpoint.id, &["recover", &since, until, told[0], told[1]]))
}

/// Counts what would be recovered, and changes nothing. `complete` is false where there is more than was looked at.
async fn dry_run(app: &App, endpoint: &Endpoint, wish: &Wish) -> Result<RecoveryTold, StoreError> {
    let before = Some(Store::delivery_cursor(wish.until));
    let mut walk = Walk::new(vec![endpoint.customer.clone()], before, Some(wish.since));
    let (mut found, mut ids, mut looked_at) = (0_u64, Vec::new(), 0);
    while !walk.is_over() && looked_at < LOOKED_AT {
        let mut places = walk.next(app).await?;
        looked_at += places.len();
        places.retain(|place| place.endpoint == endpoint.id);
        for chunk in places.chunks(READ) {
            for stored in walk::read(app, chunk).await? {
                if matches!(stored.delivery.state, DeliveryState::Exhausted { .. }) {
                    found += 1;
                    if ids.len() < NAMED {
                        ids.push(stored.delivery.id.to_string());
                    }
                }
            }
        }
    }
    Ok(RecoveryTold {
        dry_run: true,
        webhook_id: endpoint.id.to_string(),
        customer_id: endpoint.customer.to_string(),
        since: wish.since,
        until: wish.until,
        found,
        delivery_ids: ids,
        complete: walk.is_over(),
    })
}

fn shown(operation: &Operation) -> BackgroundOperation {
    let (status, ended_at, error) = match &operation.state {
        OperationState::Running => (BackgroundStatus::Running, None, None),
        OperationState::Completed { at } => (BackgroundStatus::Completed, Some(*at), None),
        OperationState::Failed { at, error } => (BackgroundStatus::Failed, Some(*at), Some(error.clone())),
    };
    BackgroundOperation {
        operation_id: operation.id.to_string(),
        kind: operation.kind.as_str().to_owned(),
        customer_id: operation.customer.to_string(),
        webhook_id: operation.endpoint.to_string(),
        since: operation.since,
        until: operation.until,
        status,
        found: operation.found,
        done: operation.done,
        started_at: operation.started_at,
        ended_at,
        error,
    }
}
