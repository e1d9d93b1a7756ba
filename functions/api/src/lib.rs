//! The API: tasks (runs, as callers see them) and what they wait for, workflows to start, the log of deliveries and what can be done about it,
//! health.
//!
//! Everything under `/api` needs the bearer token; a request without it learns nothing, not even what exists.

mod body;
mod endpoints;
mod events;
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

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, any};
use contract::{Access, Function, Method, Operation};
use platform::App;
use platform::problem::Problem;
use serde_json::{Value, json};
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

/// The handler of each operation. An operation without one doesn't build.
fn handler(operation: Operation) -> MethodRouter<Arc<App>> {
    let on = match operation.method() {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    };
    macro_rules! on {
        ($handler:expr) => {
            axum::routing::on(on, $handler)
        };
    }
    match operation {
        Operation::Health => on!(health),
        Operation::Ready => on!(ready),
        Operation::ListTasks => on!(tasks::list),
        Operation::ShowTask => on!(tasks::show),
        Operation::CancelTask => on!(tasks::cancel),
        Operation::ShowResult => on!(tasks::result),
        Operation::RerunTask => on!(tasks::rerun),
        Operation::ReplayTask => on!(replay::replay),
        Operation::ListGateways => on!(gateways::list),
        Operation::ListWaits => on!(waits::list),
        Operation::AdoptCallback => on!(waits::adopt),
        Operation::ListRequests => on!(requests::list),
        Operation::ListWorkflows => on!(workflows::list),
        Operation::StartWorkflow => on!(workflows::start),
        Operation::ListPrograms => on!(programs::list),
        Operation::PutProgram => on!(programs::put),
        Operation::ShowProgram => on!(programs::show),
        Operation::DeleteProgram => on!(programs::delete),
        Operation::ListSources => on!(sources::list),
        Operation::PutSource => on!(sources::put),
        Operation::ShowSource => on!(sources::show),
        Operation::DeleteSource => on!(sources::delete),
        Operation::ListHistory => on!(sources::history),
        Operation::ListTokens => on!(tokens::list),
        Operation::CreateToken => on!(tokens::create),
        Operation::DeleteToken => on!(tokens::delete),
        Operation::ListDeliveries | Operation::ListWebhookDeliveries => on!(deliveries::list),
        Operation::ShowDelivery => on!(deliveries::show),
        Operation::RetryDelivery => on!(deliveries::retry),
        Operation::ListEndpoints => on!(endpoints::list),
        Operation::CreateEndpoint => on!(endpoints::create),
        Operation::ShowEndpoint => on!(endpoints::show),
        Operation::ChangeEndpoint => on!(endpoints::change),
        Operation::DeleteEndpoint => on!(endpoints::delete),
        Operation::RotateSecret => on!(endpoints::rotate),
        Operation::TestEndpoint => on!(trial::test),
        Operation::DiagnoseEndpoint => on!(diagnose::diagnose),
        Operation::RecoverEndpoint => on!(operations::recover),
        Operation::ListEndpointStats => on!(dashboard::endpoints),
        Operation::ShowStats => on!(dashboard::stats),
        Operation::ShowOperation => on!(operations::show),
        Operation::PublishEvent => on!(events::publish),
        Operation::ShowEvent => on!(events::show),
        Operation::ListEventTypes => on!(events::types),
        // functions/trigger serves it; what comes here all the same finds nothing.
        Operation::ReceiveWebhook => on!(async || Problem::not_found()),
    }
}

/// The process answers.
async fn health() -> axum::Json<Value> {
    axum::Json(json!({"status": "ok"}))
}

/// The table answers too.
async fn ready(axum::extract::State(app): axum::extract::State<Arc<App>>) -> Result<axum::Json<Value>, Problem> {
    app.store.ready().await?;
    Ok(axum::Json(json!({"status": "ready"})))
}
