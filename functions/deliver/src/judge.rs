//! An endpoint's filter, asked for one event.
//!
//! `relay` asks filters as long as the customer's steps last. The rest are asked here, one filter for each message, so that
//! costly filters of one customer hold up nobody else. As in `relay`, a filter sees no texts under secret names. A filter that can't be evaluated, or takes too many steps, has its
//! delivery given up, with the reason: it is in the log and counted, its owner is told, and it can be recovered.

use crate::{attempts, notices};
use application::App;
use domain::delivery::{Delivery, GaveUp};
use domain::endpoint::{EventView, FilterFault, Wish};
use domain::redact::hide_fields;
use platform::queue::DeliverMessage;
use platform::store::{Saved, StoreError};

/// Asks the filter of the message's endpoint, and goes on as it says. `again`: the message has come before.
pub(crate) async fn handle(app: &App, message: DeliverMessage, again: bool) -> Result<(), StoreError> {
    let id = &message.delivery;
    let event = match &message.event {
        Some(event) => Some(event.clone()),
        None => app.store.event(&id.customer, &id.event).await?.map(Box::new),
    };
    // An event that has expired before anything was delivered has no delivery.
    let Some(event) = event else { return Ok(()) };
    let mut seen = event.clone();
    hide_fields(&mut seen.data);
    let endpoints = app.directory.recent(&app.store, &id.customer, app.now()).await?;
    let Some((endpoint, _)) = endpoints.get(&id.endpoint) else { return Ok(()) };
    let why = match EventView::new(&seen).wish(&endpoint.endpoint).0 {
        Wish::Wants => return attempts::handle(app, DeliverMessage { event: Some(event), ..message }, again).await,
        Wish::Declines => return Ok(()),
        Wish::Fails(FilterFault::Failed) => GaveUp::FilterFailed,
        Wish::Fails(FilterFault::TooCostly) => GaveUp::FilterTooCostly,
    };
    let now = app.now();
    let delivery = Delivery::new(id.clone(), event.event_type.clone(), event.accepted_at).give_up(why, now);
    let notice = notices::exhausted(&event, &delivery, &endpoint.endpoint, why, now);
    // Where the delivery is there already, this message has come before.
    if let Saved::Written(_) = app.store.save_delivery(&delivery, 0, notice.as_slice(), now).await? {
        attempts::tell_if_given_up(&delivery);
    }
    Ok(())
}
