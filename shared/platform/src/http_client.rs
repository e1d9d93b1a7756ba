//! How the AWS SDK reaches AWS: by the HTTP client that everything else here uses.
//!
//! The SDK would bring one of its own, which also speaks HTTP/2, as these services don't: a twelfth of a function's package.
//! Answers are held whole, as they are in the SDK for services without streams; what bounds a silent one is [`SILENCE`].

use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use std::time::Duration;

/// As the SDK's own client has it (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-smart-config-defaults.html>).
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);

/// How long an answer may keep us waiting for its next byte: longer than SQS lets a poll last, 20 s
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>).
const SILENCE: Duration = Duration::from_secs(30);

/// What loads the settings of the environment, with this client.
pub fn aws_settings() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest()).http_client(http_client())
}

/// A client for AWS. It keeps connections, so one is enough for all services. If TLS can't be set up, each request fails.
pub fn http_client() -> SharedHttpClient {
    let client = crate::tls::client().connect_timeout(CONNECT_TIMEOUT).read_timeout(SILENCE);
    let client = client.redirect(reqwest::redirect::Policy::none()).build().ok();
    SharedHttpClient::new(Http { client, timeout: None })
}

/// None if TLS could not be set up.
#[derive(Debug, Clone)]
struct Http {
    client: Option<reqwest::Client>,
    /// Of one request, if the SDK sets one.
    timeout: Option<Duration>,
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Self { client: self.client.clone(), timeout: settings.read_timeout() })
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { client, timeout } = self.clone();
        HttpConnectorFuture::new(async move {
            let client = client.ok_or_else(|| ConnectorError::user("TLS could not be set up".into()))?;
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            // Read as a stream: the SDK counts what is read of it, and would end a long poll whose request seems not to move.
            let body = ByteStream::new(body).collect().await.map_err(|error| ConnectorError::user(error.into()))?;
            let body = body.into_bytes();
            let mut request: reqwest::Request =
                http::Request::from_parts(parts, body).try_into().map_err(|error: reqwest::Error| failure(error))?;
            *request.timeout_mut() = timeout;
            let answer = client.execute(request).await.map_err(failure)?;
            let mut whole = http::Response::builder().status(answer.status());
            if let Some(headers) = whole.headers_mut() {
                headers.clone_from(answer.headers());
            }
            let body = SdkBody::from(answer.bytes().await.map_err(failure)?);
            let whole = whole.body(body).map_err(|error| ConnectorError::user(error.into()))?;
            HttpResponse::try_from(whole).map_err(|error| ConnectorError::user(error.into()))
        })
    }
}

/// All but a request that can't be made is tried again by the SDK.
fn failure(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::http_client;
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region, timeout::TimeoutConfig};
    use aws_sdk_dynamodb::error::SdkError;
    use axum::Router;
    use axum::http::{HeaderMap, StatusCode};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    fn client(url: &str) -> Client {
        let config = Builder::new().behavior_version(BehaviorVersion::latest()).http_client(http_client());
        let config = config.timeout_config(TimeoutConfig::builder().read_timeout(Duration::from_millis(200)).build());
        let config = config.region(Region::new("eu-west-1")).endpoint_url(url);
        Client::from_conf(config.credentials_provider(Credentials::new("id", "secret", None, None, "test")).build())
    }

    async fn serve(router: Router) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "a double that outlives a request")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    #[tokio::test]
    async fn a_request_is_signed_and_its_failures_are_tried_again() {
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = tries.clone();
        let answer = move |headers: HeaderMap, body: String| async move {
            assert!(headers["authorization"].to_str().unwrap().contains("/eu-west-1/dynamodb/aws4_request"));
            assert_eq!(body, "{}");
            match counted.fetch_add(1, Ordering::Relaxed) {
                0 => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
                1 => {
                    // Longer than the client waits.
                    std::future::pending::<()>().await;
                    (StatusCode::OK, String::new())
                }
                _ => (StatusCode::OK, r#"{"TableNames": ["one"]}"#.to_owned()),
            }
        };
        let url = serve(Router::new().fallback(answer)).await;
        let tables = client(&url).list_tables().send().await.unwrap();
        assert_eq!(tables.table_names(), ["one"]);
        assert_eq!(tries.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn nobody_there_is_an_error_of_the_way_and_not_of_the_service() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = client(&format!("http://{nobody}")).list_tables().send().await.unwrap_err();
        assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
    }
}
