//! The API: tasks (runs, as callers see them) and what they wait for, workflows to start, the log of deliveries and what can be done about it,
//! health.
//!
//! Everything under `/api` needs the bearer token; a request without it learns nothing, not even what exists.

mod body;
mod endpoints;
mod events;
mod shown;
mod sources;
mod token;
mod tokens;
mod name;
mod moment;
mod programs;
mod query;
mod task;
mod tasks;
mod workflows;
mod walk;
mod filter;
mod gateways;
mod delivery;
mod deliveries;
mod tally;
mod dashboard;
mod diagnose;
mod trial;
mod operations;
mod replay;
mod waits;
mod requests;
mod room;

use application::App;
use axum::Router;
use axum::http::header;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use contract::{Access, Function, Operation, answer, of};
use edge::problem::Problem;
use shown::{Gives, Shown, mount, mount_nothing};
use std::sync::Arc;

/// The API's routes: each operation of the contract that this function serves.
pub fn router(app: &Arc<App>) -> Router {
    let with = |router: Router<Arc<App>>, access: Access| {
        let meant = |operation: &Operation| operation.function() == Function::Api && operation.access() == access;
        let operations = Operation::ALL.iter().copied().filter(meant);
        operations.fold(router, |router, operation| router.route(operation.path(), mounted(operation)))
    };
    let of_operator = with(Router::new(), Access::Operator).layer(from_fn(token::require_all));
    let guarded = with(of_operator, Access::Customer)
        .route("/api/{*rest}", any(async || Problem::not_found()))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(from_fn_with_state(app.clone(), token::require))
        .layer(from_fn(room::bounded));
    with(Router::new(), Access::Public)
        .merge(guarded)
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .with_state(app.clone())
}

/// An operation's handler behind what holds for all.
fn mounted(operation: Operation) -> MethodRouter<Arc<App>> {
    let handler = handler(operation);
    match operation.access() {
        // Load balancers add what they like.
        Access::Public => handler,
        Access::Customer | Access::Operator => {
            handler.layer(from_fn(move |request, next| query::require_known(operation, request, next)))
        }
    }
}

/// The handler of each operation. An operation without one doesn't build, nor does one that answers with another type.
fn handler(operation: Operation) -> MethodRouter<Arc<App>> {
    macro_rules! handlers {
        ($($name:ident => $handler:expr,)+) => {
            match operation {
                $(Operation::$name => mount::<of::$name, _, _, _>($handler),)+
                Operation::ReceiveWebhook => mount_nothing(operation),
            }
        };
    }
    handlers! {
        Health => health,
        Ready => ready,
        ShowDocument => document,
        ListTasks => tasks::list,
        ShowTask => tasks::show,
        CancelTask => tasks::cancel,
        ShowResult => tasks::result,
        RerunTask => tasks::rerun,
        ReplayTask => replay::replay,
        ListGateways => gateways::list,
        ListWaits => waits::list,
        AdoptCallback => waits::adopt,
        ListRequests => requests::list,
        ListWorkflows => workflows::list,
        StartWorkflow => workflows::start,
        ListPrograms => programs::list,
        PutProgram => programs::put,
        ShowProgram => programs::show,
        DeleteProgram => programs::delete,
        ListSources => sources::list,
        PutSource => sources::put,
        ShowSource => sources::show,
        DeleteSource => sources::delete,
        ListHistory => sources::history,
        ListTokens => tokens::list,
        CreateToken => tokens::create,
        DeleteToken => tokens::delete,
        ListDeliveries => deliveries::list,
        ListWebhookDeliveries => deliveries::list,
        ShowDelivery => deliveries::show,
        RetryDelivery => deliveries::retry,
        ListEndpoints => endpoints::list,
        CreateEndpoint => endpoints::create,
        ShowEndpoint => endpoints::show,
        ChangeEndpoint => endpoints::change,
        DeleteEndpoint => endpoints::delete,
        RotateSecret => endpoints::rotate,
        TestEndpoint => trial::test,
        DiagnoseEndpoint => diagnose::diagnose,
        RecoverEndpoint => operations::recover,
        ListEndpointStats => dashboard::endpoints,
        ShowStats => dashboard::stats,
        ShowOperation => operations::show,
        PublishEvent => events::publish,
        ShowEvent => events::show,
        ListEventTypes => events::types,
    }
}

/// The process answers.
async fn health() -> Shown<answer::Health> {
    Shown::of(&answer::Health { status: "ok".to_owned() })
}

/// docs/openapi.json, as it was when this was built.
struct Written(&'static str);

impl Gives<answer::Document> for Written {}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}

/// The OpenAPI document.
async fn document() -> Written {
    Written(include_str!("../../../docs/openapi.json"))
}

/// The table answers too.
async fn ready(axum::extract::State(app): axum::extract::State<Arc<App>>) -> Result<Shown<answer::Ready>, Problem> {
    app.store.ready().await?;
    Ok(Shown::of(&answer::Ready { status: "ready".to_owned() }))
}

#[cfg(test)]
mod tests;
