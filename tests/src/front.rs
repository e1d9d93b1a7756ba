//! A name of one's own in front of a deployed HTTP API: one address that is known before the API is.
//!
//! What a custom domain is in AWS is here a socket that passes requests on, byte for byte, with the API's host.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use reqwest::Client;
use std::sync::{Arc, OnceLock};

/// What belongs to one connection (RFC 9110 section 7.6.1), or is made anew.
const OF_THE_CONNECTION: [HeaderName; 4] = [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING];

/// The name.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    /// Its address, without a path.
    pub(crate) url: String,
    behind: Arc<OnceLock<Behind>>,
}

#[derive(Debug)]
struct Behind {
    url: String,
    host: HeaderValue,
    client: Client,
}

impl Front {
    /// A name that leads nowhere yet.
    ///
    /// # Panics
    /// If there is no free port.
    pub(crate) async fn open() -> Self {
        let behind = Arc::new(OnceLock::new());
        let router = Router::new().fallback(pass_on).with_state(behind.clone());
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", socket.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(socket, router).await });
        Self { url, behind }
    }

    /// Leads it to a server that knows the API by this host.
    ///
    /// # Panics
    /// If it leads somewhere already.
    pub(crate) fn lead_to(&self, url: &str, host: &str) {
        let host = HeaderValue::from_str(host).expect("a host");
        let behind = Behind { url: url.to_owned(), host, client: crate::caller::client() };
        self.behind.set(behind).expect("a name that leads nowhere yet");
    }
}

async fn pass_on(State(behind): State<Arc<OnceLock<Behind>>>, request: Request) -> Response {
    let Some(behind) = behind.get() else { return StatusCode::BAD_GATEWAY.into_response() };
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = parts.headers;
    OF_THE_CONNECTION.iter().for_each(|name| drop(headers.remove(name)));
    headers.insert(HOST, behind.host.clone());
    let Ok(body) = to_bytes(body, usize::MAX).await else { return StatusCode::BAD_REQUEST.into_response() };
    let request = behind.client.request(parts.method, format!("{}{path}", behind.url)).headers(headers).body(body);
    match request.send().await {
        Ok(answer) => {
            let (status, mut headers) = (answer.status(), answer.headers().clone());
            OF_THE_CONNECTION.iter().for_each(|name| drop(headers.remove(name)));
            (status, headers, Body::from(answer.bytes().await.unwrap_or_default())).into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}
