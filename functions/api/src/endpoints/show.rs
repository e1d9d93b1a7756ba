//! An endpoint, as the API shows it: without secrets, and without the values of its headers.

use domain::delivery::sign::Key;
use domain::endpoint::Endpoint;
use domain::redact::MASKED;
use platform::App;
use platform::store::StoredEndpoint;
use serde_json::{Map, Value, json};

/// All that may be shown of an endpoint.
pub(crate) fn show_stored(app: &App, stored: &StoredEndpoint) -> Value {
    let Endpoint { id, customer, settings, secrets, disabled, created_at, updated_at } = &stored.endpoint;
    let headers: Map<String, Value> = settings.headers.iter().map(|(name, _)| (name.clone(), MASKED.into())).collect();
    let disabled = disabled.as_ref().map(
        |disabled| json!({"at": disabled.at.to_string(), "reason": disabled.why, "message": disabled.why.as_str()}),
    );
    let now = app.now();
    let signing = stored.endpoint.signing(now).count();
    let until = secrets.iter().filter_map(|secret| secret.until).filter(|until| now < *until).max();
    json!({
        "webhook_id": id, "customer_id": customer, "name": settings.name, "url": settings.url,
        "events": settings.events, "filter": settings.filter, "headers": headers, "timeout": settings.timeout,
        "max_retries": settings.max_retries, "retry_delay": settings.retry_delay, "format": settings.format,
        "rate_limit": settings.rate_limit, "status": stored.endpoint.status(), "disabled": disabled,
        "public_key": public_key(app, &stored.endpoint), "secrets": signing,
        "previous_secret_valid_until": until.map(|until| until.to_string()),
        "created_at": created_at.to_string(), "updated_at": updated_at.to_string(),
    })
}

/// What its receiver verifies with, where that isn't a shared secret.
fn public_key(app: &App, endpoint: &Endpoint) -> Option<String> {
    let name = Endpoint::seal_name(&endpoint.customer, &endpoint.id);
    let opened = app.keys.open(&endpoint.secrets.first()?.sealed, &name).ok()?;
    Key::read(std::str::from_utf8(&opened).ok()?).ok()?.public_text()
}
