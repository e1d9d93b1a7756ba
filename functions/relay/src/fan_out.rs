//! From an event to a message for each endpoint that wants it.

use domain::delivery::DeliveryId;
use domain::event::{CustomerId, Event};
use futures_util::future::BoxFuture;
use platform::App;
use platform::directory::Endpoints;
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
    let mut messages = Vec::new();
    for event in events {
        let endpoints = match known.get(&event.customer) {
            Some(endpoints) => endpoints,
            None => {
                let fresh = app.directory.fresh(&app.store, &event.customer, app.now()).await?;
                known.entry(event.customer.clone()).or_insert(fresh)
            }
        };
        let travels = serde_json::to_vec(&event).is_ok_and(|json| json.len() <= TRAVELS);
        messages.extend(endpoints.iter().filter(|stored| stored.endpoint.wants(&event)).map(|stored| {
            let (customer, id) = (event.customer.clone(), event.id.clone());
            let delivery = DeliveryId { customer, event: id, endpoint: stored.endpoint.id.clone() };
            DeliverMessage {
                delivery,
                attempt: 1,
                event: travels.then(|| Box::new(event.clone())),
                due: None,
                again: 0,
            }
            .into()
        }));
    }
    Ok(messages)
}
