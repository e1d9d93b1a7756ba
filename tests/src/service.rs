//! The double of every service that Ringback calls.

use crate::caller::{client, send};
use crate::{Answer, DEADLINE, Gate};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use reqwest::Client;
use serde_json::{Map, Value};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A request as the service saw it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Behind the `?`; empty without one.
    pub query: String,
    /// By name in lower case.
    pub headers: Map<String, Value>,
    /// JSON where it is JSON, null where empty, else text.
    pub body: Value,
    /// The body as it was sent.
    pub bytes: Vec<u8>,
    /// The service's own connections.
    client: Client,
}

/// What the service answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    location: Option<String>,
    body: Value,
    /// A body that isn't JSON, with its type.
    raw: Option<(String, Vec<u8>)>,
}

type Script = Arc<dyn Fn(Request) -> BoxFuture<'static, Reply> + Send + Sync>;

/// A service on a port of its own. It notes every request before it answers as its script says.
#[derive(Debug)]
pub struct Service {
    /// Its URL, without a path.
    pub url: String,
    seen: Arc<Mutex<Vec<Request>>>,
    arrivals: tokio::sync::Mutex<mpsc::UnboundedReceiver<Request>>,
}

#[derive(Clone)]
struct Desk {
    script: Script,
    seen: Arc<Mutex<Vec<Request>>>,
    arrivals: mpsc::UnboundedSender<Request>,
    client: Client,
}

impl Reply {
    /// 200 with a JSON body.
    pub fn ok(body: Value) -> Self {
        Self::status(200, body)
    }

    /// A status with a JSON body.
    pub fn status(status: u16, body: Value) -> Self {
        Self { status, location: None, body, raw: None }
    }

    /// 200 with any body of that type.
    pub fn raw(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { raw: Some((content_type.to_owned(), body.into())), ..Self::ok(Value::Null) }
    }

    /// 307 to another address.
    pub fn redirect(to: &str) -> Self {
        Self { location: Some(to.to_owned()), ..Self::status(307, Value::Null) }
    }
}

/// Where services are to be.
#[derive(Debug, Clone, Copy)]
pub struct At(IpAddr);

impl Service {
    /// Services at this address of the machine.
    pub fn at(address: IpAddr) -> At {
        At(address)
    }

    /// One that answers everything alike.
    pub async fn answering(body: Value) -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into()).answering(body).await
    }

    /// One that gives these answers in turn, and the last one from then on.
    pub async fn answering_in_turn(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into()).answering_in_turn(replies).await
    }

    /// One that answers each request once the gate is open.
    pub async fn held() -> (Self, Gate) {
        let gate = Gate::closed();
        let held = gate.clone();
        let service = Self::scripted(move |_| {
            let held = held.clone();
            async move {
                held.passed().await;
                Reply::ok(Value::Object(Map::new()))
            }
        });
        (service.await, gate)
    }

    /// One that does with each request what the script does.
    pub async fn scripted<F>(script: impl Fn(Request) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self::at(Ipv4Addr::LOCALHOST.into()).scripted(script).await
    }

    /// The next request that nobody has asked for yet.
    ///
    /// # Panics
    /// If none comes in time.
    pub async fn next_request(&self) -> Request {
        let mut arrivals = self.arrivals.lock().await;
        let next = timeout(DEADLINE, arrivals.recv()).await;
        next.expect("the service is called in time").expect("the service is there")
    }

    /// How many requests have come so far.
    pub fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Every request so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl At {
    /// One that answers everything alike.
    pub async fn answering(self, body: Value) -> Service {
        self.answering_in_turn([Reply::ok(body)]).await
    }

    /// One that gives these answers in turn, and the last one from then on.
    pub async fn answering_in_turn(self, replies: impl IntoIterator<Item = Reply>) -> Service {
        let mut replies: Vec<Reply> = replies.into_iter().collect();
        replies.reverse();
        let left = Mutex::new(replies);
        self.scripted(move |_| {
            let mut left = left.lock().unwrap();
            let reply = if left.len() > 1 { left.pop() } else { left.last().cloned() };
            async { reply.expect("a reply") }
        })
        .await
    }

    /// One that does with each request what the script does.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn scripted<F>(self, script: impl Fn(Request) -> F + Send + Sync + 'static) -> Service
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let (sender, receiver) = mpsc::unbounded_channel();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Script = Arc::new(move |request| Box::pin(script(request)));
        let desk = Desk { script, seen: seen.clone(), arrivals: sender, client: client() };
        let router = Router::new().fallback(serve).with_state(desk);
        let socket = tokio::net::TcpListener::bind((self.0, 0)).await.expect("a free port");
        let url = format!("http://{}", socket.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(socket, router).await });
        Service { url, seen, arrivals: tokio::sync::Mutex::new(receiver) }
    }
}

impl Request {
    /// A header's text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Calls back to the body's `callback_url`.
    ///
    /// # Panics
    /// If there is none, or nobody answers there.
    pub async fn call_back(&self, body: &Value) -> Answer {
        let url = self.body["callback_url"].as_str().expect("a callback_url");
        send(self.client.post(url).json(body)).await
    }

    /// Calls back while the service goes on.
    pub fn call_back_meanwhile(&self, body: Value) -> JoinHandle<Answer> {
        let request = self.clone();
        tokio::spawn(async move { request.call_back(&body).await })
    }
}

async fn serve(State(desk): State<Desk>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().into()));
    let request = Request {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or_else(|_| text()) },
        bytes: bytes.to_vec(),
        client: desk.client.clone(),
    };
    desk.seen.lock().unwrap().push(request.clone());
    // Nobody has to ask for it.
    let _ = desk.arrivals.send(request.clone());
    let reply = (desk.script)(request).await;
    let status = StatusCode::from_u16(reply.status).expect("a status");
    let location = reply.location.map(|location| [(header::LOCATION, location)]);
    match reply.raw {
        Some((content_type, bytes)) => {
            (status, location, [(header::CONTENT_TYPE, content_type)], bytes).into_response()
        }
        None => (status, location, axum::Json(reply.body)).into_response(),
    }
}
