//! The little AWS on a socket, for workers in other processes of this machine.
//!
//! It speaks the JSON protocols of DynamoDB, its streams and SQS, on the loopback interface and nowhere else. Whoever may use it can
//! read and write everything there is, so it asks for the API's token: as the access key id of the caller's
//! credentials. Signatures are not checked, and the secret key may be anything. A browser can't be tricked into calling
//! it: it answers no cross-origin preflight, and no request without that header.

use super::connector::{Answering, Backend, Reply};
use super::{Aws, dynamodb::DynamoDb, sqs::Sqs};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Larger than any request that DynamoDB takes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>: 16 MB).
const LARGEST: usize = 17 << 20;

/// What answers.
#[derive(Clone)]
struct Door {
    dynamodb: Arc<DynamoDb>,
    sqs: Arc<Sqs>,
    /// SHA-256 of the access key id.
    key: [u8; 32],
}

impl Aws {
    /// The services' HTTP interface, for whoever has the key of that SHA-256.
    pub fn router(&self, key: [u8; 32]) -> Router {
        let door = Door { dynamodb: Arc::clone(&self.dynamodb), sqs: Arc::clone(&self.sqs), key };
        Router::new().route("/", post(answer)).layer(DefaultBodyLimit::max(LARGEST)).with_state(door)
    }
}

async fn answer(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Response {
    let given = key_of(&headers).map(|key| <[u8; 32]>::from(Sha256::digest(key)));
    if given != Some(door.key) {
        let text = "The access key id must be the API's token.";
        return respond(Reply::coded(403, "UnrecognizedClientException", text));
    }
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let answering = match target.split_once('.') {
        // The streams of tables made through this door; what the gateway in this process owes is in its own outbox.
        Some(("DynamoDB_20120810" | "DynamoDBStreams_20120810", operation)) => door.dynamodb.call(operation, &body),
        Some(("AmazonSQS", operation)) => door.sqs.call(operation, &body),
        _ => Answering::Now(Reply::coded(400, "UnknownOperationException", "This is no service that is served here.")),
    };
    respond(match answering {
        Answering::Now(reply) => reply,
        Answering::Later(reply) => reply.await,
    })
}

/// `AWS4-HMAC-SHA256 Credential=<access key id>/<date>/…`
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>).
fn key_of(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').next()
}

fn respond(reply: Reply) -> Response {
    let (status, body) = reply.into_parts();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
}
