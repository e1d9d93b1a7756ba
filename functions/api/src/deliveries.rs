//! `/api/deliveries`: the log, newest first, and a new round of tries for one.

use crate::delivery::{self, Held};
use crate::filter::Filter;
use crate::name::Name;
use crate::query::Query;
use crate::shown::Shown;
use crate::token::Caller;
use crate::walk::{self, Walk};
use application::App;
use application::replay::{self, By, Replay};
use axum::extract::State;
use axum::http::StatusCode;
use contract::answer::{self, Deliveries};
use contract::{Cursor, DeliveriesQuery, List};
use domain::delivery::{Delivery, DeliveryId};
use domain::endpoint::{Endpoint, Health, May};
use domain::event::CustomerId;
use edge::problem::{Code, Problem};
use platform::store::{DeliveryPlace, Store, StoredDelivery};
use std::sync::Arc;

/// Places that one request looks at, at most; its page is short then, and has a cursor all the same.
const LOOKED_AT: usize = 1000;
/// Deliveries that are read at once where their status decides.
const READ: usize = 100;

/// `GET /api/deliveries?customer_id=&webhook_id=&status=&event=&since=&until=&limit=&before=`: newest first; `next` is
/// the `before` of the following page. A page may be short, and even empty, before the last.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Shown<Deliveries>, Problem> {
    let filter = Filter::read(&query)?;
    let about = about(&caller, query.customer_id.as_deref())?;
    let (customers, partial) = walk::customers(&app, about.clone()).await?;
    let walk = Walk::new(customers, filter.before.clone(), filter.since);
    let (found, next) = page(&app, walk, &filter).await?;
    if let (true, None, Some(customer)) = (found.is_empty(), &next, &about) {
        known(&app, &caller, customer).await?;
    }
    let mut deliveries = Vec::with_capacity(found.len());
    for delivery in &found {
        let endpoints = app.directory.recent(&app.store, &delivery.id.customer, app.now()).await?;
        let known = endpoints.get(&delivery.id.endpoint);
        let name = known.map(|(stored, _)| stored.endpoint.settings.name.as_str());
        let held = Held::of(delivery, known.and_then(|(_, health)| health.health.as_ref()), app.now());
        deliveries.push(delivery::brief(delivery, name, held.as_ref()));
    }
    let next = next.map(|place| Cursor::of(List::Deliveries, &place));
    Ok(Shown::of(&Deliveries { deliveries, next, partial }))
}

/// What the filter means, and where to go on.
async fn page(app: &App, mut walk: Walk, filter: &Filter) -> Result<(Vec<Delivery>, Option<String>), Problem> {
    let (mut found, mut looked_at, mut last): (Vec<Delivery>, usize, Option<String>) = (Vec::new(), 0, None);
    loop {
        let places = walk.next(app).await?;
        let mut rest = places.as_slice();
        while !rest.is_empty() && looked_at < LOOKED_AT && found.len() < filter.limit {
            let worth = if filter.asks_for_status() { READ } else { filter.limit - found.len() };
            let (taken, candidates) = take(rest, worth, LOOKED_AT - looked_at, filter);
            let read = walk::read(app, &candidates).await?;
            for StoredDelivery { delivery, .. } in read.into_iter().filter(|stored| filter.means(&stored.delivery)) {
                if found.len() == filter.limit {
                    let last = found.last().map(Store::delivery_place);
                    return Ok((found, last));
                }
                found.push(delivery);
            }
            let (head, tail) = rest.split_at(taken);
            last = head.last().map(|place| place.cursor.clone());
            looked_at += taken;
            rest = tail;
        }
        if rest.is_empty() && walk.is_over() {
            return Ok((found, None));
        }
        if looked_at >= LOOKED_AT || found.len() >= filter.limit {
            return Ok((found, last));
        }
    }
}

/// The first places, until so many of them may be meant: how many, and those.
fn take(places: &[DeliveryPlace], worth: usize, most: usize, filter: &Filter) -> (usize, Vec<DeliveryPlace>) {
    let (mut taken, mut candidates) = (0, Vec::new());
    for place in places.iter().take(most) {
        if candidates.len() == worth {
            break;
        }
        taken += 1;
        if filter.may_mean(place) {
            candidates.push(place.clone());
        }
    }
    (taken, candidates)
}

/// `GET /api/deliveries/{id}`: with its attempts and the event.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(id): Name,
) -> Result<Shown<answer::Delivery>, Problem> {
    let stored = find(&app, &caller, &id).await?;
    let id = &stored.delivery.id;
    let endpoint = app.store.endpoint(&id.customer, &id.endpoint).await?.map(|stored| stored.endpoint);
    let health = app.store.health(&id.customer, &id.endpoint).await?.health;
    let held = Held::of(&stored.delivery, health.as_ref(), app.now());
    shown(&app, &stored.delivery, endpoint.as_ref(), held).await
}

/// `POST /api/deliveries/{id}/retry`: a new round of tries, from now, whatever the breaker says; where a probe of the
/// endpoint is under way, the answer says until when that holds it at the latest. What is due already is left alone.
pub(crate) async fn retry(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(id): Name,
) -> Result<(StatusCode, Shown<answer::Delivery>), Problem> {
    let stored = find(&app, &caller, &id).await?;
    let id = stored.delivery.id.clone();
    let endpoint = app.store.endpoint(&id.customer, &id.endpoint).await?.map(|stored| stored.endpoint);
    let endpoint = receiving(endpoint)?;
    if app.store.event(&id.customer, &id.event).await?.is_none() {
        return Err(Problem::new(Code::Conflict, "the event has expired: there is nothing left to deliver"));
    }
    let health = app.store.health(&id.customer, &id.endpoint).await?.health;
    let delivery = match replay::begin::<Problem>(&app.store, stored, By::Person, app.now()).await? {
        Replay::Begun(delivery) | Replay::UnderWay(delivery) => delivery,
        Replay::Gone => return Err(Problem::new(Code::NotFound, "the delivery has expired")),
    };
    let held = health.as_ref().and_then(|health| match Health::may_if_asked(Some(health), app.now()) {
        May::Hold(until) => Some(Held::by_breaker(until, health)),
        May::Try | May::Probe(_) => None,
    });
    Ok((StatusCode::ACCEPTED, shown(&app, &delivery, Some(&endpoint), held).await?))
}

/// The endpoint, if it can get anything.
///
/// # Errors
/// 409 if it has been deleted or is disabled.
pub(crate) fn receiving(endpoint: Option<Endpoint>) -> Result<Endpoint, Problem> {
    let gone = "the webhook has been deleted: there is nowhere to deliver to";
    let endpoint = endpoint.ok_or_else(|| Problem::new(Code::Conflict, gone))?;
    match &endpoint.disabled {
        None => Ok(endpoint),
        Some(disabled) => {
            let detail = format!(
                "the webhook is disabled ({}): enable it first, by PATCH /api/webhooks/{} with {{\"disabled\": false}}, or \
                 `emulator deliveries enable {}`",
                disabled.why.as_str(),
                endpoint.id,
                endpoint.id,
            );
            Err(Problem::new(Code::EndpointDisabled, detail))
        }
    }
}

/// The customer that a query is about.
///
/// # Errors
/// 400 if that can't be a name, 403 if it isn't the caller's.
pub(crate) fn about(caller: &Caller, named: Option<&str>) -> Result<Option<CustomerId>, Problem> {
    let named = named.filter(|name| !name.is_empty()).map(CustomerId::parse).transpose();
    caller.about(named.map_err(|error| Problem::new(Code::UnusableRequest, format!("`customer_id`: {error}")))?)
}

/// Whether there ever was anything of that customer.
///
/// # Errors
/// 404 if not.
pub(crate) async fn known(app: &App, caller: &Caller, customer: &CustomerId) -> Result<(), Problem> {
    let own = caller.customer().is_some() || *customer == CustomerId::default();
    if own || app.directory.fresh(&app.store, customer, app.now()).await?.iter().next().is_some() {
        return Ok(());
    }
    match app.store.delivery_places(customer, None, None, 1).await?.is_empty() {
        true => Err(Problem::new(Code::NotFound, format!("there is no customer `{customer}`"))),
        false => Ok(()),
    }
}

async fn shown(
    app: &App,
    delivery: &Delivery,
    endpoint: Option<&Endpoint>,
    held: Option<Held>,
) -> Result<Shown<answer::Delivery>, Problem> {
    let event = app.store.event(&delivery.id.customer, &delivery.id.event).await?;
    Ok(delivery::whole(delivery, endpoint, event.as_ref(), held.as_ref()))
}

async fn find(app: &App, caller: &Caller, id: &str) -> Result<StoredDelivery, Problem> {
    let missing = || Problem::new(Code::NotFound, format!("there is no delivery `{id}`, or it hasn't been tried yet"));
    let id = DeliveryId::parse(id).filter(|id| caller.sees(&id.customer)).ok_or_else(missing)?;
    app.store.delivery(&id).await?.ok_or_else(missing)
}
