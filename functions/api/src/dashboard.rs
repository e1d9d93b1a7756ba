//! `/api/webhooks/stats` and `/api/webhooks/endpoints`: how deliveries are doing.

use crate::deliveries::{about, known};
use crate::endpoints::status;
use crate::query::Query;
use crate::shown::Shown;
use crate::tally::{self, Tally};
use crate::token::Caller;
use crate::walk;
use application::App;
use axum::extract::State;
use contract::answer::{AllEndpointStats, EndpointStats, Stats};
use contract::{CustomerQuery, StatsQuery};
use domain::endpoint::Endpoint;
use edge::problem::Problem;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// The hours of an endpoint's line.
const HOURS: u32 = 24;

/// `GET /api/webhooks/stats?hours=24&customer_id=`. `sampled` is there where it is only of the newest deliveries.
pub(crate) async fn stats(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<StatsQuery>,
) -> Result<Shown<Stats>, Problem> {
    let hours = u32::try_from(query.hours.get()).unwrap_or(HOURS);
    let about = about(&caller, query.customer_id.as_deref())?;
    let (customers, partial) = walk::customers(&app, about.clone()).await?;
    let count = tally::count(&app, customers, hours_ago(app.now(), hours)).await?;
    let all = count.by_endpoint.values().fold(Tally::default(), Tally::and);
    if let (0, Some(customer)) = (all.total, &about) {
        known(&app, &caller, customer).await?;
    }
    Ok(Shown::of(&Stats {
        total_deliveries: all.total,
        successful_deliveries: all.successful,
        failed_deliveries: all.failed,
        pending_deliveries: all.pending,
        success_rate: all.success_rate(),
        avg_response_time: all.avg_response_time(),
        period_hours: hours,
        sampled: count.sampled || partial,
    }))
}

/// `GET /api/webhooks/endpoints?customer_id=`: each endpoint and its last 24 hours, newest first.
pub(crate) async fn endpoints(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<CustomerQuery>,
) -> Result<Shown<AllEndpointStats>, Problem> {
    let about = about(&caller, query.customer_id.as_deref())?;
    let (customers, partial) = walk::customers(&app, about.clone()).await?;
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for customer in &customers {
        let of_one = app.directory.fresh(&app.store, customer, app.now()).await?;
        endpoints.extend(of_one.iter().map(|stored| stored.endpoint.clone()));
    }
    if let (true, Some(customer)) = (endpoints.is_empty(), &about) {
        known(&app, &caller, customer).await?;
    }
    endpoints.sort_unstable_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    let count = tally::count(&app, customers, hours_ago(app.now(), HOURS)).await?;
    let none = Tally::default();
    let shown = endpoints.iter().map(|endpoint| {
        let tally = count.by_endpoint.get(&endpoint.id).unwrap_or(&none);
        line(endpoint, tally, count.sampled || partial)
    });
    Ok(Shown::of(&AllEndpointStats(shown.collect())))
}

fn line(endpoint: &Endpoint, tally: &Tally, sampled: bool) -> EndpointStats {
    EndpointStats {
        id: endpoint.id.to_string(),
        webhook_id: endpoint.id.to_string(),
        customer_id: endpoint.customer.to_string(),
        name: endpoint.settings.name.clone(),
        url: endpoint.settings.url.clone(),
        event_types: endpoint.settings.events.iter().map(ToString::to_string).collect(),
        status: status(endpoint),
        total_deliveries_24h: tally.total,
        successful_deliveries_24h: tally.successful,
        failed_deliveries_24h: tally.failed,
        pending_deliveries_24h: tally.pending,
        success_rate_24h: tally.success_rate(),
        avg_response_time_24h: tally.avg_response_time(),
        sampled,
    }
}

fn hours_ago(now: Timestamp, hours: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(i64::from(hours))).unwrap_or(Timestamp::UNIX_EPOCH)
}
