//! From an event to a message for each endpoint that wants it.

use crate::allowance::Allowance;
use application::App;
use application::directory::Endpoints;
use domain::delivery::DeliveryId;
use domain::endpoint::{Endpoint, EventView, Wish};
use domain::event::{CustomerId, Event};
use futures_util::future::BoxFuture;
use platform::queue::{DeliverMessage, Message};
use platform::store::StoreError;
use std::collections::HashMap;
use std::sync::Arc;

/// The largest event that travels in its messages, in bytes of JSON: ten of them fit into a batch of 256 KiB
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>).
const TRAVELS: usize = 20 * 1024;

/// The messages of these events, in the events' order.
///
/// # Errors
/// If the table is unavailable.
pub(crate) fn messages(app: &App, events: Vec<Event>) -> BoxFuture<'_, Result<Vec<Message>, StoreError>> {
    Box::pin(fan_out(app, events))
}

async fn fan_out(app: &App, events: Vec<Event>) -> Result<Vec<Message>, StoreError> {
    let mut known: HashMap<CustomerId, Arc<Endpoints>> = HashMap::new();
    let mut allowance = Allowance::new();
    let mut messages = Vec::new();
    for event in events {
        let endpoints = match known.get(&event.customer) {
            Some(endpoints) => endpoints,
            None => {
                let fresh = app.directory.fresh(&app.store, &event.customer, app.now()).await?;
                known.entry(event.customer.clone()).or_insert(fresh)
            }
        };
        let endpoints = endpoints.iter().map(|stored| &stored.endpoint);
        messages.extend(of_event(&event, endpoints, &mut allowance));
        // Filters take time: others of this process go on in between.
        tokio::task::yield_now().await;
    }
    Ok(messages)
}

/// A message for each endpoint that wants the event. Where its filter can't say, or the customer's steps are used up, the
/// message has `deliver` ask the filter, where it holds up no other customer.
fn of_event<'e>(
    event: &Event,
    endpoints: impl Iterator<Item = &'e Endpoint>,
    allowance: &mut Allowance,
) -> Vec<Message> {
    let travels = serde_json::to_vec(event).is_ok_and(|json| json.len() <= TRAVELS);
    let view = EventView::new(event);
    let mut messages = Vec::new();
    for endpoint in endpoints.filter(|endpoint| endpoint.is_addressed(event)) {
        let wish = if endpoint.settings.filter.is_none() || allowance.lasts(&event.customer) {
            let (wish, steps) = view.wish(endpoint);
            allowance.take(&event.customer, steps);
            Some(wish)
        } else {
            None
        };
        let (customer, id) = (event.customer.clone(), event.id.clone());
        let delivery = DeliveryId { customer, event: id, endpoint: endpoint.id.clone() };
        let event = travels.then(|| Box::new(event.clone()));
        let message = || DeliverMessage { delivery, attempt: 1, event, due: None, again: 0 };
        match wish {
            Some(Wish::Wants) => messages.push(Message::Deliver(message())),
            Some(Wish::Declines) => {}
            Some(Wish::Fails(_)) | None => messages.push(Message::Judge(message())),
        }
    }
    messages
}

#[cfg(test)]
mod tests;
