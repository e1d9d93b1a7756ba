//! A step of a recovery: one page of an endpoint's deliveries, a new round for each that was given up.
//!
//! **Guarantees.** What dies within a step is done again by the same message, and a delivery that the operation has begun
//! anew is not begun a second time by it: it bears its name. Progress is one conditional write, which promises the next
//! step; of two that take the same step, one writes.

use application::App;
use application::replay::{self, By, Replay};
use domain::delivery::State;
use domain::event::EndpointId;
use domain::operation::{Operation, Page};
use futures_util::{StreamExt, TryStreamExt, stream};
use platform::queue::OperateMessage;
use platform::store::{Saved, Store, StoreError, StoredDelivery, StoredOperation};

/// Deliveries of the customer that are looked at in one step.
const LOOKED_AT: usize = 500;
/// Deliveries to the endpoint that are read in one step.
const READ: usize = 100;
/// Writes that are under way at once.
const AT_ONCE: usize = 16;

/// Takes the step, if it is owed.
pub(crate) async fn handle(app: &App, message: &OperateMessage) -> Result<(), StoreError> {
    let Some(StoredOperation { operation, version }) = app.store.operation(&message.operation).await? else {
        return Ok(());
    };
    if operation.owed() != Some(message.step) {
        return Ok(());
    }
    let endpoint = app.store.endpoint(&operation.customer, &operation.endpoint).await?;
    let next = match endpoint.map(|stored| stored.endpoint.disabled) {
        None => operation.fail("the endpoint has been deleted", app.now()),
        Some(Some(_)) => {
            let how = format!("PATCH /api/webhooks/{} with {{\"disabled\": false}}", operation.endpoint);
            operation.fail(format!("the endpoint is disabled: enable it by {how}, and ask again"), app.now())
        }
        Some(None) => {
            let page = page(app, &operation).await?;
            operation.advance(page, app.now())
        }
    };
    if app.store.save_operation(&next, version, app.now()).await? == Saved::Conflict {
        tracing::debug!(operation.id = %next.id, "another message has taken the step");
    }
    Ok(())
}

async fn page(app: &App, operation: &Operation) -> Result<Page, StoreError> {
    let before = operation.cursor.clone().unwrap_or_else(|| Store::delivery_cursor(operation.until));
    let (customer, since) = (&operation.customer, Some(operation.since));
    if before.as_str() <= Store::delivery_cursor(operation.since).as_str() {
        return Ok(Page::default());
    }
    let mut places = app.store.delivery_places(customer, Some(&before), since, LOOKED_AT).await?;
    let mut last = places.len() < LOOKED_AT;
    let ours = |endpoint: &EndpointId| *endpoint == operation.endpoint;
    if let Some((more, _)) = places.iter().enumerate().filter(|(_, place)| ours(&place.endpoint)).nth(READ) {
        places.truncate(more);
        last = false;
    }
    let next = places.last().filter(|_| !last).map(|place| place.cursor.clone());
    places.retain(|place| ours(&place.endpoint));
    let read = app.store.deliveries_at(&places).await?.into_iter();
    let mut page = Page { next, ..Page::default() };
    let given_up: Vec<StoredDelivery> = read
        .filter(|stored| {
            // Begun by this operation, in a step that was not stored; it may have ended again meanwhile.
            let begun = stored.delivery.begun_by.as_ref() == Some(&operation.id);
            page.found += u64::from(begun);
            page.done += u64::from(begun);
            !begun && matches!(stored.delivery.state, State::Exhausted { .. })
        })
        .collect();
    page.found += given_up.len() as u64;
    let (by, now) = (By::Operation(&operation.id), app.now());
    let rounds = given_up.into_iter().map(|stored| replay::begin::<StoreError>(&app.store, stored, by, now));
    let rounds: Vec<Replay> = stream::iter(rounds).buffer_unordered(AT_ONCE).try_collect().await?;
    page.done += rounds.iter().filter(|round| **round != Replay::Gone).count() as u64;
    Ok(page)
}
