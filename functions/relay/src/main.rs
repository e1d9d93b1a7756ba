//! The bootstrap of the function in AWS Lambda.

use platform::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda::stream(lambda::app_without_secrets().await?, relay::handle).await
}
