//! `GET /api/webhooks/{id}/diagnose`: what is wrong with an endpoint, in words, and what to do about it.

mod advice;
mod words;

use crate::endpoints;
use crate::name::Name;
use crate::shown::Shown;
use crate::token::Caller;
use crate::walk::{self, Walk};
use advice::{Findings, Reach};
use application::App;
use axum::extract::State;
use contract::answer::{Diagnosis, EndpointHealth, Reachability};
use domain::delivery::Delivery;
use domain::endpoint::{Endpoint, Health};
use edge::problem::Problem;
use jiff::Timestamp;
use platform::store::StoreError;
use std::sync::Arc;
use std::time::Duration;

/// How long the endpoint has to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The newest deliveries that are judged.
const RECENT: usize = 10;
/// Places of the customer's that are looked at to find them, at most.
const LOOKED_AT: usize = 1000;

/// Asks whether anybody answers there, and looks at the newest deliveries.
pub(crate) async fn diagnose(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(id): Name,
) -> Result<Shown<Diagnosis>, Problem> {
    let endpoint = endpoints::find(&app, &caller, &id).await?.endpoint;
    let health = app.store.health(&endpoint.customer, &endpoint.id).await?.health;
    let recent = recent(&app, &endpoint).await?;
    let probe = app.sender.probe(&endpoint.settings.url, PATIENCE).await;
    let reach = match &probe.status {
        Ok(status) => Reach::Answered(*status),
        Err(failure) => Reach::Failed(failure.class),
    };
    let findings = Findings { endpoint: &endpoint, recent: &recent, health: health.as_ref(), reach, now: app.now() };
    let advice = findings.advice();
    Ok(Shown::of(&Diagnosis {
        endpoint_id: endpoint.id.to_string(),
        webhook_id: endpoint.id.to_string(),
        endpoint_name: endpoint.settings.name.clone(),
        customer_id: endpoint.customer.to_string(),
        is_active: endpoint.disabled.is_none(),
        issues: advice.issues,
        recommendations: advice.recommendations,
        recent_delivery_count: recent.len(),
        failed_delivery_count: findings.failed(),
        avg_response_time: findings.avg_response_time(),
        reachability: shown_reach(reach, probe.took),
        health: health.as_ref().map(|health| shown_health(health, app.now())),
    }))
}

async fn recent(app: &App, endpoint: &Endpoint) -> Result<Vec<Delivery>, StoreError> {
    let mut walk = Walk::new(vec![endpoint.customer.clone()], None, None);
    let (mut ours, mut looked_at) = (Vec::new(), 0);
    while ours.len() < RECENT && looked_at < LOOKED_AT && !walk.is_over() {
        let places = walk.next(app).await?;
        looked_at += places.len();
        ours.extend(places.into_iter().filter(|place| place.endpoint == endpoint.id));
    }
    ours.truncate(RECENT);
    Ok(walk::read(app, &ours).await?.into_iter().map(|stored| stored.delivery).collect())
}

fn shown_reach(reach: Reach, took: Duration) -> Reachability {
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let (status, error) = match reach {
        Reach::Answered(status) => (Some(status), None),
        Reach::Failed(class) => (None, Some(class.as_str().to_owned())),
    };
    Reachability { reachable: status.is_some(), status, error, took_ms }
}

fn shown_health(health: &Health, now: Timestamp) -> EndpointHealth {
    let open_until = health.breaker.as_ref().map(|breaker| breaker.until).filter(|until| *until > now);
    EndpointHealth { failing_since: health.failing_since, failures: health.failures, breaker_open_until: open_until }
}
