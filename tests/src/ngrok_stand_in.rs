//! A stand-in for ngrok's servers: not ngrok, but what its library sees of it.
//!
//! It speaks the same protocol, without TLS (muxado's streams; requests as JSON, as `ngrok` 0.19 sends them), checks the
//! authtoken, hands out URLs, and really passes connections on: each URL has a port on loopback that stands for its
//! public side.

use muxado::SessionBuilder;
use muxado::heartbeat::{Heartbeat, HeartbeatConfig};
use muxado::typed::{StreamType, Typed, TypedAccept, TypedOpenClose, TypedSession, TypedStream};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Types of streams (`ngrok` 0.19, `internals/proto.rs`).
const AUTH: StreamType = StreamType::clamp(0);
const BIND: StreamType = StreamType::clamp(1);
const PROXY: StreamType = StreamType::clamp(3);

/// A server in the place of ngrok's.
pub struct NgrokStandIn {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    /// Ports that stand for the public side, by URL.
    public: Mutex<BTreeMap<String, SocketAddr>>,
    sockets: Mutex<Vec<std::net::TcpStream>>,
    count: AtomicUsize,
}

impl NgrokStandIn {
    /// The token that it knows.
    pub const AUTHTOKEN: &str = "an-authtoken-of-the-tests";

    /// Starts it.
    ///
    /// # Panics
    /// If there is no port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State::default());
        let shared = state.clone();
        let listening = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let socket = socket.into_std().expect("a socket");
                shared.sockets.lock().unwrap().push(socket.try_clone().expect("the socket"));
                tokio::spawn(session(TcpStream::from_std(socket).expect("a socket"), shared.clone()));
            }
        });
        Self { address, state, listening }
    }

    /// A URL of this machine that leads to where a public one leads.
    ///
    /// # Panics
    /// If the public one isn't its own.
    pub fn reach(&self, public_url: &str) -> String {
        format!("http://{}", self.state.public.lock().unwrap()[public_url])
    }

    /// Cuts all connections, as a network does that is gone.
    ///
    /// # Panics
    /// If a test has.
    pub fn cut(&self) {
        for socket in self.state.sockets.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for NgrokStandIn {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}

async fn session(socket: TcpStream, state: Arc<State>) {
    let typed = Typed::new(SessionBuilder::new(socket).server().start());
    let (session, _heartbeat) = Heartbeat::start(typed, HeartbeatConfig::default()).await.expect("heartbeats");
    let (open, mut accept) = session.split_typed();
    let open = Arc::new(tokio::sync::Mutex::new(open));
    // What this session opened ends with it.
    let mut public = tokio::task::JoinSet::new();
    while let Ok(mut stream) = accept.accept_typed().await {
        let request = read(&mut stream).await;
        let answer = match stream.typ() {
            AUTH if request["Extra"]["AuthToken"] == NgrokStandIn::AUTHTOKEN => {
                json!({"Version": "3", "ClientId": "client", "Extra": {}})
            }
            AUTH => json!({"Error": "The authtoken is not one of ours.\n\nERR_NGROK_105\n"}),
            BIND => {
                let number = state.count.fetch_add(1, Ordering::Relaxed) + 1;
                let id = format!("tunnel-{number}");
                let url = match request["Opts"]["Domain"].as_str() {
                    Some(domain) if !domain.is_empty() => format!("https://{domain}"),
                    _ => format!("https://number-{number}.ngrok.test"),
                };
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                state.public.lock().unwrap().insert(url.clone(), listener.local_addr().expect("an address"));
                let (open, named) = (open.clone(), id.clone());
                public.spawn(async move {
                    while let Ok((socket, from)) = listener.accept().await {
                        let stream = open.lock().await.open_typed(PROXY).await;
                        let Ok(stream) = stream else { return };
                        tokio::spawn(proxy(stream, socket, named.clone(), from));
                    }
                });
                json!({"Id": id, "URL": url, "Proto": "https", "Opts": request["Opts"], "Extra": {"Token": "bound"}})
            }
            _ => json!({}),
        };
        let _ = stream.write_all(answer.to_string().as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

/// A request has no length: it is over when it is whole.
async fn read(stream: &mut TypedStream) -> Value {
    let mut text = Vec::new();
    loop {
        let mut buffer = [0; 1024];
        match stream.read(&mut buffer).await {
            Ok(count @ 1..) => text.extend_from_slice(&buffer[..count]),
            _ => return Value::Null,
        }
        if let Ok(value) = serde_json::from_slice(&text) {
            return value;
        }
    }
}

async fn proxy(mut stream: TypedStream, mut socket: TcpStream, id: String, from: SocketAddr) {
    let header =
        json!({"Id": id, "ClientAddr": from.to_string(), "Proto": "https", "EdgeType": "3", "PassthroughTLS": false});
    let header = header.to_string();
    let length = i64::try_from(header.len()).expect("a short header");
    let mut start = length.to_le_bytes().to_vec();
    start.extend_from_slice(header.as_bytes());
    if stream.write_all(&start).await.is_ok() {
        let _ = copy_bidirectional(&mut *stream, &mut socket).await;
    }
}
