//! `POST /api/webhooks/{id}/test`: a signed test event, sent at once and not stored.

use crate::body::Fields;
use crate::delivery::seconds;
use crate::endpoints;
use crate::name::Name;
use crate::shown::Shown;
use crate::token::Caller;
use application::{App, attempt};
use axum::extract::State;
use contract::answer::Tested;
use domain::delivery::DeliveryId;
use domain::event::{Origin, Published};
use domain::redact::hide_fields;
use edge::problem::{Code, Problem};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The type and source of an event that says nothing about them.
const TEST_EVENT: &str = "test_event";
const TEST_SOURCE: &str = "webhook_test";

/// With `{"event"?, "data"?}`, a whole event, or nothing. What comes of it changes neither the log nor the endpoint's
/// health; a disabled endpoint can be tested too.
pub(crate) async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(id): Name,
    fields: Fields,
) -> Result<Shown<Tested>, Problem> {
    // A test is signed like any event: a token that may not publish must not say what happened by way of a test.
    if !fields.0.is_empty() {
        caller.require_publishing()?;
    }
    let published = Published::read(filled(fields.0))?;
    let endpoint = endpoints::find(&app, &caller, &id).await?.endpoint;
    if published.customer.as_ref().is_some_and(|customer| *customer != endpoint.customer) {
        return Err(Problem::new(Code::UnusableRequest, "`customer_id` is not the webhook's"));
    }
    let event = published.accept(endpoint.customer.clone(), None, Origin::Test, app.random(), app.now());
    let id = DeliveryId { customer: event.customer.clone(), event: event.id.clone(), endpoint: endpoint.id.clone() };
    let attempt = attempt::make(&app, &endpoint, &event, &id).await;
    let sent = endpoint.settings.format.body(&event);
    let mut shown = serde_json::from_slice::<Value>(&sent).unwrap_or_default();
    hide_fields(&mut shown);
    Ok(Shown::of(&Tested {
        success: attempt.succeeded(),
        status_code: attempt.status,
        response_time: seconds(&attempt),
        error: attempt.failure(),
        error_class: attempt.error.map(|class| class.as_str().to_owned()),
        request_headers: attempt.request_headers.iter().cloned().collect(),
        response_body: attempt.response_body,
        truncated: attempt.truncated,
        test_event: shown,
    }))
}

/// With what a test event has where nothing is said.
fn filled(mut fields: Map<String, Value>) -> Map<String, Value> {
    let default = |fields: &mut Map<String, Value>, name: &str, value: &str| {
        fields.entry(name).or_insert_with(|| value.into());
    };
    if !["event", "event_type", "type"].iter().any(|name| fields.contains_key(*name)) {
        default(&mut fields, "event", TEST_EVENT);
    }
    if !fields.contains_key("specversion") {
        fields.entry("data").or_insert_with(|| json!({"message": "This is a test event."}));
    }
    default(&mut fields, "source", TEST_SOURCE);
    fields
}
