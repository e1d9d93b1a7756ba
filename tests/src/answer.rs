//! An HTTP answer, read to its end.

use crate::watch;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// JSON where it is JSON, else text.
    pub body: Value,
}

impl Answer {
    /// Reads it.
    ///
    /// # Panics
    /// If it breaks off, or says a secret.
    pub async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a whole answer");
        watch::answered(&headers, &String::from_utf8_lossy(&bytes));
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()) }
    }

    /// A header's text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The id of the run that was started.
    ///
    /// # Panics
    /// If none was.
    #[track_caller]
    pub fn task_id(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["task_id"].as_str().expect("a task_id").to_owned()
    }

    /// Whether it is this problem, in the form of RFC 9457.
    ///
    /// # Panics
    /// If it is anything else.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], "about:blank");
        let words = |field: &str| self.body[field].as_str().is_some_and(|text| !text.is_empty());
        assert!(words("title") && words("detail"), "{}", self.body);
    }
}
