//! Where an endpoint is, for a request that names no customer.

use crate::caller::Caller;
use domain::event::{CustomerId, EndpointId};
use platform::App;
use platform::problem::{Code, Problem};
use platform::store::StoredEndpoint;

/// Endpoints of a page.
const PAGE: usize = 100;
/// Pages that are looked through: 10,000 endpoints.
const PAGES: usize = 100;

/// The endpoint of that id: the customer's if one is named, else the default customer's, else whose ever it is.
///
/// # Errors
/// 404 in words.
pub(crate) async fn endpoint(
    app: &App,
    caller: &Caller,
    customer: Option<&str>,
    id: &str,
) -> Result<StoredEndpoint, Problem> {
    let missing = || Problem::new(Code::NotFound, format!("there is no webhook `{id}`"));
    let customer = caller.about(customer)?;
    let id = EndpointId::parse(id).map_err(|_| missing())?;
    if let Some(customer) = customer {
        return app.store.endpoint(&customer, &id).await?.ok_or_else(missing);
    }
    if let Some(stored) = app.store.endpoint(&CustomerId::default(), &id).await? {
        return Ok(stored);
    }
    let mut before = None;
    for _ in 0..PAGES {
        let (page, next) = app.store.list_endpoints(before.as_deref(), PAGE).await?;
        if let Some(found) = page.into_iter().find(|stored| stored.endpoint.id == id) {
            // The list may be behind the table.
            return app.store.endpoint(&found.endpoint.customer, &id).await?.ok_or_else(missing);
        }
        before = next;
        if before.is_none() {
            break;
        }
    }
    Err(missing())
}
