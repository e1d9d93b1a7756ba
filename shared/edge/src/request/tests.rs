use super::{Code, Problem};
use application::request::Incoming;
use axum::body::Body;
use axum::extract::Request;
use serde_json::{Value, json};
use std::sync::Arc;

async fn incoming(request: Request, limit: usize) -> Result<Incoming, Problem> {
    Ok(super::read(request, limit).await?.parse().await?)
}

async fn read(content_type: Option<&str>, body: impl Into<Body>) -> Result<Value, Problem> {
    let mut request = Request::builder().method("POST").uri("/x?a=1&a=2&b=%20c");
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    incoming(request.body(body.into()).unwrap(), 1000).await.map(|incoming| Arc::unwrap_or_clone(incoming.body))
}

#[tokio::test]
async fn bodies_are_read_by_their_content_type() {
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n--b\r\nContent-Disposition: \
                     form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b--\r\n";
    let file = json!({"n": "v", "f": {"filename": "a.txt", "content_type": "text/plain", "size": 2, "data": "aGk="}});
    let cases = [
        (Some("application/json"), r#"{"a":[1]}"#, json!({"a": [1]})),
        (Some("application/cloudevents+json; charset=utf-8"), "7", json!(7)),
        (Some("application/json"), "", json!(null)),
        (Some("application/x-www-form-urlencoded"), "a=1&b=x+y&b=%C3%A9", json!({"a": "1", "b": ["x y", "é"]})),
        (Some("application/x-www-form-urlencoded"), " {\"a\": [1]}\n", json!({"a": [1]})),
        (Some("application/x-www-form-urlencoded"), "{\"a\"", json!({"{\"a\"": ""})),
        (Some("application/x-www-form-urlencoded"), "7", json!({"7": ""})),
        (Some("multipart/form-data; boundary=b"), multipart, file),
        (Some("text/plain"), "hello", json!("hello")),
        (
            Some("application/octet-stream"),
            "hi",
            json!({"content_type": "application/octet-stream", "size": 2, "data": "aGk="}),
        ),
        (Some("text/csv"), "a,b", json!("a,b")),
        (Some("application/json; charset=iso-8859-1"), "[1]", json!([1])),
        (None, r#"{"a":1}"#, json!({"a": 1})),
        (None, "plain", json!("plain")),
    ];
    for (content_type, body, expected) in cases {
        assert_eq!(read(content_type, body).await.unwrap(), expected, "{content_type:?} {body}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_words() {
    let deep = "[".repeat(200);
    let cases: [(Option<&str>, Vec<u8>, Code); 6] = [
        (Some("application/json"), b"{".to_vec(), Code::MalformedBody),
        (Some("application/json"), b"\"\xff\"".to_vec(), Code::MalformedBody),
        (Some("application/json"), deep.into_bytes(), Code::MalformedBody),
        (Some("multipart/form-data; boundary=b"), b"--b\r\nrubbish".to_vec(), Code::MalformedBody),
        (Some("multipart/form-data"), b"--b".to_vec(), Code::MalformedBody),
        (Some("text/plain"), vec![b'x'; 1001], Code::BodyTooLarge),
    ];
    for (content_type, body, code) in cases {
        assert_eq!(read(content_type, body).await.unwrap_err().code, code, "{content_type:?}");
    }
}

#[tokio::test]
async fn what_is_not_text_is_kept_as_bytes_with_its_type() {
    let png = b"\x89PNG\r\n\x1a\n\0\xff".to_vec();
    for content_type in
        [Some("image/png"), Some("application/pdf"), Some("text/plain; charset=utf-8"), Some("odd"), None]
    {
        let value = read(content_type, png.clone()).await.unwrap();
        assert_eq!(value, domain::bytes::value(content_type, &png), "{content_type:?}");
    }
    let latin1 = read(Some("text/plain; charset=iso-8859-1"), b"caf\xe9".to_vec()).await.unwrap();
    assert_eq!(latin1, "café");
    let head =
        "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n";
    let second = "\r\n--b\r\nContent-Disposition: form-data; name=\"b\"\r\nContent-Type: audio/mpeg\r\n\r\n";
    let body = [head.as_bytes(), &png, second.as_bytes(), &png, b"\r\n--b--\r\n"].concat();
    let form = read(Some("multipart/form-data; boundary=b"), body).await.unwrap();
    assert_eq!(form["a"], domain::bytes::file("a.png", Some("image/png"), &png));
    assert_eq!(form["b"], domain::bytes::value(Some("audio/mpeg"), &png));
}

#[tokio::test]
async fn numbers_are_read_as_they_were_written() {
    for body in ["[1000000000000000000001,1.10,-0,0.1000,1e+400]", "{\"n\":123456789012345678901234567890.50}"] {
        for content_type in [Some("application/json"), Some("application/x-www-form-urlencoded"), None] {
            assert_eq!(read(content_type, body).await.unwrap().to_string(), body, "{content_type:?}");
        }
    }
}

/// An object with a key of `serde_json`'s own would be read as a number, or as any JSON, once it is stored.
#[tokio::test]
async fn no_request_brings_a_reserved_key() {
    for key in ["$serde_json::private::Number", "$serde_json::private::RawValue", "\\u0024serde_json::private::Number"]
    {
        for body in [format!("{{\"{key}\":\"1\"}}"), format!("[1,{{\"a\":{{\"b\":1,\"{key}\":\"[]\"}}}}]")] {
            let refused = read(Some("application/json"), body).await.unwrap_err();
            assert_eq!(refused.code, Code::MalformedBody);
            assert!(refused.detail.contains("is reserved; rename the key"), "{}", refused.detail);
        }
    }
    let name = "%24serde_json%3A%3Aprivate%3A%3ANumber";
    let form = read(Some("application/x-www-form-urlencoded"), format!("a=1&{name}=1")).await;
    let part = "--b\r\nContent-Disposition: form-data; name=\"$serde_json::private::Number\"\r\n\r\n1\r\n--b--\r\n";
    let multipart = read(Some("multipart/form-data; boundary=b"), part).await;
    let query = Request::builder().uri(format!("/x?{name}=1")).body(Body::empty()).unwrap();
    let query = incoming(query, 10).await.map(|incoming| incoming.query);
    for refused in [form, multipart, query] {
        assert_eq!(refused.unwrap_err().code, Code::MalformedBody);
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let request = Request::builder().uri("/").header("content-encoding", "gzip").body(Body::from("x")).unwrap();
    assert_eq!(incoming(request, 10).await.unwrap_err().code, Code::UnsupportedEncoding);
}

#[tokio::test]
async fn repeated_query_names_become_lists_and_secrets_are_not_stored() {
    let request = Request::builder().uri("/x?a=1&a=2&b=%20c").header("Authorization", "Bearer s3cret");
    let request = request.header("X-Kept", "yes").body(Body::empty()).unwrap();
    let incoming = incoming(request, 10).await.unwrap();
    assert_eq!(incoming.query, json!({"a": ["1", "2"], "b": " c"}));
    let stored = incoming.stored(false).to_string();
    assert!(!stored.contains("s3cret") && stored.contains("x-kept"), "{stored}");
}
