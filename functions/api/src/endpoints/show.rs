//! An endpoint, as the API shows it: without secrets, and without the values of its headers.

use application::App;
use contract::answer::{self, Disabled, DisabledReason, EndpointStatus, RateLimit};
use contract::body::Format;
use domain::delivery::sign::Key;
use domain::endpoint::{DisabledBy, Endpoint};
use domain::event;
use domain::redact::MASKED;
use platform::store::StoredEndpoint;

/// All that may be shown of an endpoint.
pub(crate) fn show_stored(app: &App, stored: &StoredEndpoint) -> answer::Endpoint {
    let Endpoint { id, customer, settings, secrets, disabled, created_at, updated_at } = &stored.endpoint;
    let now = app.now();
    answer::Endpoint {
        webhook_id: id.to_string(),
        customer_id: customer.to_string(),
        name: settings.name.clone(),
        url: settings.url.clone(),
        events: settings.events.iter().map(ToString::to_string).collect(),
        filter: settings.filter.clone(),
        headers: settings.headers.iter().map(|(name, _)| (name.clone(), MASKED.to_owned())).collect(),
        timeout: settings.timeout,
        max_retries: settings.max_retries,
        retry_delay: settings.retry_delay,
        format: match settings.format {
            event::Format::Default => Format::Default,
            event::Format::Standard => Format::Standard,
            event::Format::CloudEvents => Format::CloudEvents,
        },
        rate_limit: settings.rate_limit.map(|rate| RateLimit { limit: rate.limit, period: rate.period }),
        status: status(&stored.endpoint),
        disabled: disabled.as_ref().map(|disabled| Disabled {
            at: disabled.at,
            reason: match disabled.why {
                DisabledBy::Request => DisabledReason::Request,
                DisabledBy::Gone => DisabledReason::Gone,
                DisabledBy::Failing => DisabledReason::Failing,
            },
            message: disabled.why.as_str().to_owned(),
        }),
        public_key: public_key(app, &stored.endpoint),
        secrets: stored.endpoint.signing(now).count(),
        previous_secret_valid_until: secrets
            .iter()
            .filter_map(|secret| secret.until)
            .filter(|until| now < *until)
            .max(),
        created_at: *created_at,
        updated_at: *updated_at,
    }
}

/// The state of an endpoint.
pub(crate) fn status(endpoint: &Endpoint) -> EndpointStatus {
    if endpoint.disabled.is_some() { EndpointStatus::Disabled } else { EndpointStatus::Active }
}

/// What its receiver verifies with, where that isn't a shared secret.
fn public_key(app: &App, endpoint: &Endpoint) -> Option<String> {
    let name = Endpoint::seal_name(&endpoint.customer, &endpoint.id);
    let opened = app.keys().ok()?.open(&endpoint.secrets.first()?.sealed, &name).ok()?;
    Key::read(std::str::from_utf8(&opened).ok()?).ok()?.public_text()
}
