//! How an endpoint is doing after an attempt.

use crate::notices;
use application::App;
use domain::delivery::Attempt;
use domain::endpoint::{Disabled, DisabledBy, Endpoint, Health, May};
use domain::event::{CustomerId, EndpointId};
use jiff::Timestamp;
use platform::store::{Saved, StoreError, StoredEndpoint, StoredHealth};

/// Rounds against others' writes; what is not stored then is stored after the next attempt.
const ROUNDS: usize = 3;

/// Whether an attempt may be the probe of its endpoint's breaker.
pub(super) enum Probe {
    /// It may, and this is how its endpoint is doing now.
    Granted(StoredHealth),
    /// Another attempt is the probe: not before that time.
    RetryAt(Timestamp),
}

/// Takes the one place of a probe; `may` is what allowed it.
pub(super) async fn probe(
    app: &App,
    name: (&CustomerId, &EndpointId),
    (probing, version): (Health, u64),
    may: impl Fn(Option<&Health>, Timestamp) -> May,
    now: Timestamp,
) -> Result<Probe, StoreError> {
    let saved = app.store.save_health(name, Some(&probing), version, &[], now).await?;
    app.directory.forget(name.0);
    if let Saved::Written(version) = saved {
        return Ok(Probe::Granted(StoredHealth { health: Some(probing), version }));
    }
    let stored = app.store.health(name.0, name.1).await?;
    Ok(match may(stored.health.as_ref(), now) {
        May::Try => Probe::Granted(stored),
        May::Hold(until) => Probe::RetryAt(until),
        May::Probe(_) => Probe::RetryAt(now),
    })
}

/// Notes what an attempt says of its endpoint. `gone`: it wants nothing any more.
pub(super) async fn record(
    app: &App,
    stored: &StoredEndpoint,
    known: &StoredHealth,
    attempt: &Attempt,
    gone: Option<DisabledBy>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let endpoint = &stored.endpoint;
    let name = (&endpoint.customer, &endpoint.id);
    if attempt.succeeded() && known.health.is_none() {
        return Ok(());
    }
    let mut known = known.clone();
    for _ in 0..ROUNDS {
        let (next, owes) = match (attempt.succeeded(), &known.health) {
            (true, None) => break,
            (true, Some(health)) => {
                let told = health.was_open().then(|| notices::recovered(endpoint, health.failing_since, now));
                (None, told.flatten())
            }
            (false, health) => (Some(Health::failed(health.as_ref(), attempt.speaks_of_the_endpoint(), now)), None),
        };
        let owes: Vec<_> = owes.into_iter().collect();
        if let Saved::Written(_) = app.store.save_health(name, next.as_ref(), known.version, &owes, now).await? {
            tell_if_opened(endpoint, known.health.as_ref(), next.as_ref());
            let hopeless = next.is_some_and(|health| health.is_hopeless(now)).then_some(DisabledBy::Failing);
            if let Some(why) = gone.or(hopeless) {
                disable(app, name, why, now).await?;
            }
            break;
        }
        known = app.store.health(name.0, name.1).await?;
    }
    app.directory.forget(name.0);
    Ok(())
}

/// Says that an endpoint's breaker has opened, once that is written; not each time that a probe fails after that.
fn tell_if_opened(endpoint: &Endpoint, before: Option<&Health>, after: Option<&Health>) {
    let Some((health, breaker)) = after.and_then(|health| Some((health, health.breaker.as_ref()?))) else { return };
    if before.is_some_and(Health::was_open) {
        return;
    }
    let (endpoint, customer) = (endpoint.id.as_str(), endpoint.customer.as_str());
    tracing::warn!(
        target: "ringback::delivery", endpoint, customer, failures = health.failures, until = %breaker.until,
        "an endpoint fails: its breaker has opened, and nothing is tried before then"
    );
}

/// Disables an endpoint, and says so. One that is disabled or gone already stays as it is.
async fn disable(
    app: &App,
    (customer, id): (&CustomerId, &EndpointId),
    why: DisabledBy,
    now: Timestamp,
) -> Result<(), StoreError> {
    for _ in 0..ROUNDS {
        let Some(StoredEndpoint { endpoint, version }) = app.store.endpoint(customer, id).await? else { break };
        if endpoint.disabled.is_some() {
            break;
        }
        let disabled = Disabled { at: now, why };
        let endpoint = Endpoint { disabled: Some(disabled.clone()), updated_at: now, ..endpoint };
        let owes: Vec<_> = notices::disabled(&endpoint, &disabled).into_iter().collect();
        if let Saved::Written(_) = app.store.save_endpoint(&endpoint, version, &owes).await? {
            let (endpoint, customer) = (endpoint.id.as_str(), endpoint.customer.as_str());
            tracing::warn!(
                target: "ringback::delivery", endpoint, customer, "an endpoint gets nothing any more: {}", why.as_str()
            );
            break;
        }
    }
    Ok(())
}
