//! What a handler answers, as Lambda hands it on: text as it is, all else in base64
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
//!
//! `lambda_http` has a way of its own, which goes by the content type and knows every encoding of text there is: their tables
//! would be a thirtieth of a function. We answer in UTF-8.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use lambda_http::{Body as Payload, IntoResponse};
use std::future::Future;
use std::pin::Pin;

/// What the router gave.
pub(super) struct Answer(pub(super) Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Payload>> + Send>> {
        Box::pin(async move {
            let (mut parts, body) = self.0.into_parts();
            let payload = match axum::body::to_bytes(body, usize::MAX).await {
                Ok(bytes) => payload(bytes.into()),
                Err(error) => {
                    tracing::error!(%error, "an answer broke off");
                    parts.status = StatusCode::INTERNAL_SERVER_ERROR;
                    Payload::Empty
                }
            };
            Response::from_parts(parts, payload)
        })
    }
}

fn payload(bytes: Vec<u8>) -> Payload {
    String::from_utf8(bytes).map_or_else(|error| Payload::Binary(error.into_bytes()), Payload::Text)
}

#[cfg(test)]
mod tests {
    use super::{Answer, Body, IntoResponse, Payload, Response, StatusCode};
    use std::io;

    #[tokio::test]
    async fn text_stays_text_and_bytes_stay_bytes() {
        for (given, expected) in [
            (&b""[..], Payload::Text(String::new())),
            ("déjà vu".as_bytes(), Payload::Text("déjà vu".to_owned())),
            (b"\xff\xd8\x00", Payload::Binary(vec![0xff, 0xd8, 0])),
        ] {
            let answer = Response::builder().status(202).header("content-type", "image/jpeg").body(Body::from(given));
            let answer = Answer(answer.unwrap()).into_response().await;
            assert_eq!((answer.status(), answer.headers().len()), (StatusCode::ACCEPTED, 1));
            assert_eq!(*answer.body(), expected);
        }
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_no_success() {
        let broken = futures_util::stream::iter([Ok("half"), Err(io::Error::other("gone"))]);
        let answer = Answer(Response::new(Body::from_stream(broken))).into_response().await;
        assert_eq!((answer.status(), answer.into_body()), (StatusCode::INTERNAL_SERVER_ERROR, Payload::Empty));
    }
}
