//! `/api/events`: what the user publishes.

use crate::name::Name;
use crate::query::Query;
use crate::shown::Shown;
use crate::token::Caller;
use crate::workflows;
use application::App;
use application::request::{json_object, json_value};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use contract::CustomerQuery;
use contract::answer::{self, Accepted, EventTypes};
use domain::event::{CustomerId, Event, EventId, Origin, Published, cloudevents};
use domain::redact::hide_fields;
use edge::problem::{Code, Problem};
use edge::request::read_body;
use platform::store::NewEvent;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// `POST /api/events`: `{event, data, id?, customer_id?, …}`, or a CloudEvent, structured or binary. An id, or else an
/// `Idempotency-Key`, makes a repetition the same event.
pub(crate) async fn publish(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<(StatusCode, Shown<Accepted>), Problem> {
    caller.require_publishing()?;
    let (parts, body) = request.into_parts();
    let body = read_body(body, app.settings.max_body).await?;
    let room = app.memory.bodies.admit(&body).await?;
    room.drive(accept(&app, &caller, &parts.headers, &body)).await
}

async fn accept(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(StatusCode, Shown<Accepted>), Problem> {
    let mut attributes = cloudevents_attributes(headers);
    let published = if attributes.contains_key("specversion") {
        // In the binary mode the content type is the data's (section 3.1.1).
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        attributes.extend(kind.map(|kind| ("datacontenttype".to_owned(), kind.into())));
        cloudevents::binary(attributes, if body.is_empty() { Value::Null } else { json_value(body)? })
    } else {
        refuse_batch(headers)?;
        Published::read(json_object(body)?)
    };
    let mut published = published?;
    let customer = caller.about(published.customer.clone())?.unwrap_or_default();
    if let Caller::Customer { id, .. } = caller {
        // Without a source an event is the operator's: a customer's token speaks for the customer alone.
        published.source.get_or_insert_with(|| format!("customer/{id}"));
    }
    let key = workflows::key(headers)?;
    let event = published.accept(customer, key.as_deref(), Origin::Api, app.random(), app.now());
    app.config.delivery.catalogue.check(&event)?;
    match app.store.add_event(&event).await? {
        NewEvent::Accepted | NewEvent::Duplicate => Ok((StatusCode::ACCEPTED, accepted(&event))),
        NewEvent::Taken => {
            let detail = format!("another event of `{}` has the id `{}`", event.customer, event.id);
            Err(Problem::new(Code::Conflict, detail))
        }
    }
}

/// The answer to an event, and to its repetition.
fn accepted(event: &Event) -> Shown<Accepted> {
    Shown::of(&Accepted {
        status: "accepted".to_owned(),
        event_id: event.id.to_string(),
        id: given_id(event).to_owned(),
        event: event.event_type.to_string(),
        customer_id: event.customer.to_string(),
    })
}

fn given_id(event: &Event) -> &str {
    event.given_id.as_deref().unwrap_or(event.id.as_str())
}

/// `GET /api/events/{id}?customer_id=`. Texts under secret names are hidden in its data.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(id): Name,
    Query(query): Query<CustomerQuery>,
) -> Result<Shown<answer::Event>, Problem> {
    let missing = || Problem::new(Code::NotFound, format!("there is no event `{}`", id.escape_debug()));
    let named = query.customer_id.map(|text| CustomerId::parse(&text)).transpose();
    let customer = caller.about(named.map_err(|_| missing())?)?.unwrap_or_default();
    let mut event =
        app.store.event(&customer, &EventId::parse(&id).map_err(|_| missing())?).await?.ok_or_else(missing)?;
    hide_fields(&mut event.data);
    Ok(Shown::of(&answer::Event {
        event_id: event.id.to_string(),
        id: given_id(&event).to_owned(),
        event: event.event_type.to_string(),
        customer_id: event.customer.to_string(),
        data: event.data,
        timestamp: event.timestamp,
        source: event.source,
        version: event.version,
        accepted_at: event.accepted_at,
        origin: json!(event.origin),
        attributes: (!event.attributes.is_empty()).then_some(event.attributes),
    }))
}

/// `GET /api/event-types`: the catalogue.
pub(crate) async fn types(State(app): State<Arc<App>>) -> Shown<EventTypes> {
    let catalogue = &app.config.delivery.catalogue;
    let event_types = catalogue.types.iter().map(|(name, entry)| answer::EventType {
        event: name.to_string(),
        description: entry.description.clone(),
        schema: entry.schema.as_ref().map(|schema| json!(schema)),
    });
    Shown::of(&EventTypes { strict: catalogue.strict, event_types: event_types.collect() })
}

/// The `ce-` headers, without `ce-` (CloudEvents HTTP binding 1.0.2, section 3.1.3).
fn cloudevents_attributes(headers: &HeaderMap) -> Map<String, Value> {
    let text = |value: &header::HeaderValue| value.to_str().ok().map(|text| Value::String(percent_decoded(text)));
    let named = headers.iter().filter_map(|(name, value)| Some((name.as_str().strip_prefix("ce-")?, text(value)?)));
    named.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Values are percent-encoded where they are not plain ASCII (section 3.1.3.2).
fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn refuse_batch(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/cloudevents-batch") {
        let detail = "batches of CloudEvents are not read: send one event at a time";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    Ok(())
}
