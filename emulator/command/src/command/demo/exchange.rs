//! Requests that you and the image service make.

use super::STEP;
use axum::http::StatusCode;
use serde_json::Value;
use std::fmt;

/// What came back: the status, and the body where it is JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// Neither proxies nor old connections: what is asked is asked of the process that lives now.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    platform::tls::client().no_proxy().pool_max_idle_per_host(0).timeout(STEP).build()
}

/// Sends it. What goes wrong is told in words.
pub(super) async fn send(request: reqwest::RequestBuilder) -> Result<Answer, String> {
    let answer = request.send().await.map_err(|error| reason(&error))?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(|error| reason(&error))?;
    Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() })
}

/// The innermost reason says most: "connection refused".
fn reason(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    format!("no answer: {inner}")
}

impl Answer {
    /// The body's `status`.
    pub(super) fn word(&self) -> &str {
        self.text("/status")
    }

    /// A text in the body; empty where there is none.
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn is_ok(&self) -> bool {
        self.status == StatusCode::OK.as_u16()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.body)
    }
}
