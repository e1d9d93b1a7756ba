//! Against a double that answers as the service's documentation says.

#![expect(clippy::disallowed_methods, reason = "a double that outlives a request")]

use super::Functions;
use crate::signed::Signed;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use base64::Engine;
use domain::run::{Invocation, Outcome};
use serde_json::{Value, json};
use std::time::Duration;

/// A service that checks the request and answers so.
async fn service(status: u16, error: bool, answer: &'static str) -> Functions {
    let handler = move |uri: Uri, headers: HeaderMap, body: String| async move {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        assert_eq!(uri.path(), "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax/invocations");
        assert!(text("authorization").contains("/eu-west-1/lambda/aws4_request"));
        assert_eq!(text("x-amz-invocation-type"), "RequestResponse");
        let context = base64::engine::general_purpose::STANDARD.decode(text("x-amz-client-context")).unwrap();
        let context: Value = serde_json::from_slice(&context).unwrap();
        assert_eq!(context, json!({"custom": {"idempotency_key": "run/job"}}));
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({"a": 1}));
        let mut response = (StatusCode::from_u16(status).unwrap(), answer).into_response();
        if error {
            response.headers_mut().insert("x-amz-function-error", "Unhandled".parse().unwrap());
        }
        response
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    let credentials = SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test"));
    let aws = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1"));
    Functions::new(Signed::new(aws.endpoint_url(url).credentials_provider(credentials).build()), 100)
}

async fn invoke(functions: &Functions) -> Outcome {
    let invocation = Invocation {
        function: "arn:aws:lambda:x".to_owned(),
        payload: json!({"a": 1}),
        timeout: Duration::from_secs(5),
        idempotency_key: "run/job".to_owned(),
    };
    functions.invoke(&invocation).await
}

fn failure(outcome: Outcome) -> (String, String) {
    let Outcome::Unreachable(error) = outcome else { panic!("{outcome:?}") };
    (error.code, error.message)
}

#[tokio::test]
async fn a_function_answers_with_its_payload() {
    let answer = invoke(&service(200, false, r#"{"url": "u"}"#).await).await;
    assert_eq!(answer, Outcome::Answered { status: 200, body: json!({"url": "u"}) });
    let answer = invoke(&service(200, false, "null").await).await;
    assert_eq!(answer, Outcome::Answered { status: 200, body: Value::Null });
}

#[tokio::test]
async fn a_function_that_fails_says_why() {
    let (code, message) = failure(invoke(&service(200, true, r#"{"errorMessage": "no such key"}"#).await).await);
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("function_failed", "the function `arn:aws:lambda:x` failed: no such key")
    );
    let (code, message) = failure(invoke(&service(404, false, r#"{"Message": "Function not found"}"#).await).await);
    assert_eq!(code, "unreachable");
    assert!(message.ends_with("404 Not Found, Function not found"), "{message}");
    let long =
        "\"01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890\"";
    let (_, message) = failure(invoke(&service(200, false, long).await).await);
    assert!(message.ends_with("its answer is longer than 100 bytes"), "{message}");
}

#[tokio::test]
async fn without_a_region_nothing_is_invoked() {
    let nowhere =
        Functions::new(Signed::new(SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build()), 100);
    let (code, message) = failure(invoke(&nowhere).await);
    assert_eq!((code.as_str(), message.contains("no AWS region is set")), ("unreachable", true));
}
