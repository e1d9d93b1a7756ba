//! `/api/webhooks`: the endpoints of customers.

mod change;
mod rotate;
mod secret;
mod show;

pub(crate) use change::change;
pub(crate) use rotate::rotate;
pub(crate) use show::{show_stored, status};

use crate::body::Fields;
use crate::name::Name;
use crate::query::{Query, place};
use crate::shown::Shown;
use crate::token::Caller;
use crate::workflows;
use application::App;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use contract::answer::{self, CreatedEndpoint, Endpoints};
use contract::{Cursor, EndpointsQuery, List};
use domain::endpoint::{Disabled, DisabledBy, Endpoint, Settings};
use domain::event::{CustomerId, EndpointId};
use edge::problem::{Code, Problem};
use platform::store::{Saved, StoreError, StoredEndpoint};
use std::sync::Arc;

/// Endpoints of one customer at most: an event is fanned out to all of them at once.
const MOST: usize = 1_000;

/// `POST /api/webhooks` with `{name?, url, events, secret?, signing?, customer_id?, …}`. `Idempotency-Key` makes a
/// repetition name the same endpoint.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<(StatusCode, Shown<CreatedEndpoint>), Problem> {
    let customer = caller.about(fields.customer()?)?.unwrap_or_default();
    let signing = secret::Signing::read(&mut fields, &app.chance)?;
    let disabled = change::disabled(&mut fields)?.unwrap_or(false);
    let settings = Settings::read(fields.0, None).map_err(unusable)?;
    app.config.delivery.catalogue.check_patterns(&settings.events)?;
    secret::judge(&app, &settings.url).await?;
    let id = match workflows::key(&headers)? {
        Some(key) => EndpointId::keyed(&customer, &key),
        None => EndpointId::random(app.random()),
    };
    let (secret, shown) = signing.seal(&app, &customer, &id)?;
    let now = app.now();
    let disabled = disabled.then_some(Disabled { at: now, why: DisabledBy::Request });
    let secrets = vec![secret];
    let endpoint = Endpoint { id, customer, settings, secrets, disabled, created_at: now, updated_at: now };
    if app.store.endpoints(&endpoint.customer).await?.len() >= MOST {
        return Err(Problem::new(Code::Conflict, format!("a customer has at most {MOST} endpoints")));
    }
    app.store.save_owner(&endpoint.id, &endpoint.customer).await?;
    let saved = app.store.save_endpoint(&endpoint, 0, &[]).await?;
    app.directory.forget(&endpoint.customer);
    // A repetition shows nothing more than where it is.
    let shown = if let Saved::Written(_) = saved { shown } else { secret::Revealed::default() };
    let answer = CreatedEndpoint {
        webhook_id: endpoint.id.to_string(),
        status: status(&endpoint),
        customer_id: endpoint.customer.to_string(),
        secret: shown.secret,
        public_key: shown.public_key,
    };
    Ok((StatusCode::CREATED, Shown::of(&answer)))
}

/// `GET /api/webhooks?customer_id=&limit=&before=`: newest first; `next` is the `before` of the following page.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<EndpointsQuery>,
) -> Result<Shown<Endpoints>, Problem> {
    let (before, limit) = (place(query.before.as_ref(), List::Endpoints, "before")?, query.limit.get());
    let named = query.customer_id.map(|text| CustomerId::parse(&text)).transpose();
    let (endpoints, next) = match caller.about(named.map_err(unusable)?)? {
        Some(customer) => of_customer(&app, &customer, before.as_deref(), limit).await?,
        None => app.store.list_endpoints(before.as_deref(), limit).await?,
    };
    let webhooks = endpoints.iter().map(|stored| show_stored(&app, stored)).collect();
    let next = next.map(|place| Cursor::of(List::Endpoints, &place));
    Ok(Shown::of(&Endpoints { webhooks, next }))
}

async fn of_customer(
    app: &App,
    customer: &CustomerId,
    before: Option<&str>,
    limit: usize,
) -> Result<(Vec<StoredEndpoint>, Option<String>), StoreError> {
    let place =
        |stored: &StoredEndpoint| format!("{:015}#{}", stored.endpoint.created_at.as_millisecond(), stored.endpoint.id);
    let all = app.store.endpoints(customer).await?;
    let mut endpoints: Vec<StoredEndpoint> = all.into_iter().map(|(stored, _)| stored).collect();
    endpoints.retain(|stored| before.is_none_or(|before| place(stored).as_str() < before));
    endpoints.sort_unstable_by_key(|stored| std::cmp::Reverse(place(stored)));
    let more = endpoints.len() > limit;
    endpoints.truncate(limit);
    let next = endpoints.last().filter(|_| more).map(place);
    Ok((endpoints, next))
}

/// `GET /api/webhooks/{id}`.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(id): Name,
) -> Result<Shown<answer::Endpoint>, Problem> {
    Ok(Shown::of(&show_stored(&app, &find(&app, &caller, &id).await?)))
}

/// `DELETE /api/webhooks/{id}`: what is still owed to it is given up.
pub(crate) async fn delete(State(app): State<Arc<App>>, caller: Caller, Name(id): Name) -> Result<StatusCode, Problem> {
    let StoredEndpoint { endpoint, .. } = find(&app, &caller, &id).await?;
    app.store.delete_endpoint(&endpoint.customer, &endpoint.id).await?;
    app.directory.forget(&endpoint.customer);
    Ok(StatusCode::NO_CONTENT)
}

/// The endpoint of that id, if the caller may see it.
pub(crate) async fn find(app: &App, caller: &Caller, id: &str) -> Result<StoredEndpoint, Problem> {
    let missing = || Problem::new(Code::NotFound, format!("there is no webhook `{}`", id.escape_debug()));
    let id = EndpointId::parse(id).map_err(|_| missing())?;
    let customer = app.store.owner(&id).await?.filter(|customer| caller.sees(customer)).ok_or_else(missing)?;
    app.store.endpoint(&customer, &id).await?.ok_or_else(missing)
}

/// What was said can't be used.
fn unusable(error: impl std::fmt::Display) -> Problem {
    Problem::new(Code::UnusableRequest, error.to_string())
}
