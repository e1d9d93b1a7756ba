//! The bootstrap of the function in AWS Lambda.

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), lambda_runtime::Error> {
    let app = lambda::app().await?;
    lambda::http(trigger::router(&app, &app.config.listeners).merge(trigger::sources(&app))).await
}
