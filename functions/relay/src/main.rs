//! The bootstrap of the function in AWS Lambda.

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), lambda_runtime::Error> {
    lambda::stream(lambda::app_without_secrets().await?, relay::handle).await
}
