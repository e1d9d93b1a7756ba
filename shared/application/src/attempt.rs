//! One attempt: the event as its endpoint wants it, signed, sent, and what came of it.

use crate::app::App;
use domain::delivery::sign::{self, Key};
use domain::delivery::{Attempt, DEFAULT_TIMEOUT, DeliveryId, ErrorClass, retry_after};
use domain::endpoint::{Endpoint, Settings};
use domain::event::{Event, Origin};
use domain::redact::{KnownSecrets, MASKED};
use jiff::Timestamp;
use platform::sender::Parcel;
use std::time::Duration;

/// Makes the attempt. Whatever goes wrong with it is told by the attempt.
pub async fn make(app: &App, endpoint: &Endpoint, event: &Event, delivery: &DeliveryId) -> Attempt {
    let at = app.now();
    let Some(keys) = keys(app, endpoint, at) else { return failed(at, ErrorClass::BadSecret) };
    let settings = &endpoint.settings;
    let body = settings.format.body(event);
    let (event_id, delivery_id) = (event.id.as_str(), delivery.to_string());
    let mut headers = vec![("content-type".to_owned(), settings.format.content_type().to_owned())];
    headers.extend(sign::headers(&keys, event_id, event.event_type.as_str(), &delivery_id, at.as_second(), &body));
    if event.origin == Origin::Test {
        headers.push(("x-webhook-test".to_owned(), "true".to_owned()));
    }
    let request_headers = headers.iter().cloned().chain(settings.headers.iter().map(masked)).collect();
    headers.extend(settings.headers.iter().cloned());
    let timeout = Duration::from_secs(u64::from(settings.timeout.unwrap_or(DEFAULT_TIMEOUT)));
    let parcel = Parcel { url: settings.url.clone(), headers, body: body.into(), timeout };
    let exchange = app.sender.post(&parcel).await;
    let mut attempt = Attempt { request_headers, took_ms: millis(exchange.took), ..failed(at, ErrorClass::Reset) };
    match exchange.answer {
        Ok(reply) => {
            attempt.error = None;
            attempt.status = Some(reply.status);
            attempt.retry_after = reply.retry_after().and_then(|text| retry_after(text, app.now()));
            attempt.truncated = reply.truncated();
            let body = String::from_utf8_lossy(&reply.body);
            // An endpoint may say back what it was sent.
            attempt.response_body = secrets(app, settings, event).mask(&body).into_owned();
        }
        Err(failure) => attempt.error = Some(failure.class),
    }
    attempt
}

/// The opened secrets that sign now, newest first; `None` if there is none or one can't be used.
fn keys(app: &App, endpoint: &Endpoint, now: Timestamp) -> Option<Vec<Key>> {
    let name = Endpoint::seal_name(&endpoint.customer, &endpoint.id);
    let keys = endpoint.signing(now).map(|secret| {
        let opened = app.keys().ok()?.open(&secret.sealed, &name).ok()?;
        Key::read(std::str::from_utf8(&opened).ok()?).ok()
    });
    keys.collect::<Option<Vec<Key>>>().filter(|keys| !keys.is_empty())
}

/// The secrets of an attempt's request: the values of the endpoint's headers, and texts of the event under secret names.
fn secrets(app: &App, settings: &Settings, event: &Event) -> KnownSecrets {
    let headers = settings.headers.iter().flat_map(|(_, value)| {
        // `Bearer x`: its secret may be said back without its scheme.
        let bare = value.split_once(' ').map(|(_, bare)| bare.to_owned());
        std::iter::once(value.clone()).chain(bare)
    });
    KnownSecrets::new(headers).and(&KnownSecrets::of_input(&event.data)).and(&app.surroundings.secrets)
}

/// A header of an endpoint may hold a secret of its customer: its value is not logged.
fn masked((name, _): &(String, String)) -> (String, String) {
    (name.clone(), MASKED.to_owned())
}

fn failed(at: Timestamp, error: ErrorClass) -> Attempt {
    Attempt {
        at,
        took_ms: 0,
        status: None,
        error: Some(error),
        retry_after: None,
        request_headers: Vec::new(),
        response_body: String::new(),
        truncated: false,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
