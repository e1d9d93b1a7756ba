//! The bootstrap of the function in AWS Lambda.

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), lambda_runtime::Error> {
    let sweeper = std::sync::Arc::new(sweep::Sweeper::default());
    let sweep = move |app: std::sync::Arc<application::App>| {
        let sweeper = sweeper.clone();
        async move { sweeper.sweep_within(&app, sweep::BUDGET).await.map(|_| ()) }
    };
    lambda::schedule(lambda::app_without_secrets().await?, sweep).await
}
