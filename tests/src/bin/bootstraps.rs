//! All functions as AWS runs them, in one, for the tests that deploy them: it is the one that `AWS_LAMBDA_FUNCTION_NAME` ends with
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).

#[path = "../../../functions/api/src/main.rs"]
mod api_bootstrap;
#[path = "../../../functions/callback/src/main.rs"]
mod callback_bootstrap;
#[path = "../../../functions/deliver/src/main.rs"]
mod deliver_bootstrap;
#[path = "../../../functions/relay/src/main.rs"]
mod relay_bootstrap;
#[path = "../../../functions/sweep/src/main.rs"]
mod sweep_bootstrap;
#[path = "../../../functions/trigger/src/main.rs"]
mod trigger_bootstrap;

#[expect(clippy::disallowed_methods, reason = "Lambda says by a variable which function this is")]
fn main() -> Result<(), lambda_runtime::Error> {
    let name = std::env::var("AWS_LAMBDA_FUNCTION_NAME")?;
    match name.rsplit('-').next() {
        Some("trigger") => trigger_bootstrap::main(),
        Some("callback") => callback_bootstrap::main(),
        Some("api") => api_bootstrap::main(),
        Some("relay") => relay_bootstrap::main(),
        Some("deliver") => deliver_bootstrap::main(),
        Some("sweep") => sweep_bootstrap::main(),
        Some(_) | None => Err(format!("no function is called {name}").into()),
    }
}
