//! Against a double that answers as the service's documentation says.

#![expect(clippy::disallowed_methods, reason = "a double that outlives a request")]

use super::parameters;
use crate::signed::Signed;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::http::HeaderMap;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) async fn service(
    answer: impl Fn(&HeaderMap, Value) -> (u16, Value) + Clone + Send + Sync + 'static,
) -> Signed {
    let handler = move |headers: HeaderMap, body: String| async move {
        let (status, body) = answer(&headers, serde_json::from_str(&body).unwrap());
        (http::StatusCode::from_u16(status).unwrap(), Json(body))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test")))
        .build();
    Signed::new(aws)
}

#[tokio::test]
async fn values_are_asked_for_in_batches_signed_and_decrypted() {
    let aws = service(|headers, body| {
        let text = |name: &str| headers[name].to_str().unwrap();
        assert_eq!(text("x-amz-target"), "AmazonSSM.GetParameters");
        assert!(text("authorization").contains("/eu-west-1/ssm/aws4_request"), "{}", text("authorization"));
        assert_eq!(body["WithDecryption"], true);
        let names = body["Names"].as_array().unwrap();
        assert!(names.len() <= 10);
        let found: Vec<Value> = names.iter().map(|name| json!({"Name": name, "Value": format!("v{name}")})).collect();
        (200, json!({"Parameters": found, "InvalidParameters": []}))
    })
    .await;
    let names: Vec<String> = (0..23).map(|n| format!("/ringback/{n}")).collect();
    let values = parameters(&aws, &names).await.unwrap();
    assert_eq!(values.len(), 23);
    assert_eq!(values["/ringback/7"].as_str(), "v\"/ringback/7\"");
}

#[tokio::test]
async fn what_is_missing_or_refused_is_named() {
    let none = service(|_, _| (200, json!({"Parameters": [], "InvalidParameters": ["/x"]}))).await;
    let error = parameters(&none, &["/x".to_owned()]).await.unwrap_err().to_string();
    assert!(error.contains("/x"), "{error}");
    let refused = service(|_, _| (400, json!({"__type": "AccessDeniedException"}))).await;
    let error = parameters(&refused, &["/x".to_owned()]).await.unwrap_err().to_string();
    assert!(error.contains("AccessDeniedException"), "{error}");
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    for (status, class, asked) in
        [(400, "com.amazon#ThrottlingException", 3), (503, "InternalServerError", 3), (400, "AccessDeniedException", 1)]
    {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let busy = service(move |_, _| match counted.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => (status, json!({"__type": class})),
            _ => (200, json!({"Parameters": [{"Name": "/x", "Value": "v"}]})),
        });
        let found = parameters(&busy.await, &["/x".to_owned()]).await;
        assert_eq!((found.is_ok(), count.load(Ordering::Relaxed)), (asked > 1, asked), "{class}");
    }
}
