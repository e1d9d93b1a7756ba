//! Both faces against small servers of this machine.

mod call;
mod guarded;
mod parcel;

use super::{Parcel, Sender};
use domain::address::Guard;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a connection once the request's head has come.
#[derive(Debug, Clone)]
enum Act {
    /// Writes this, and waits until the other side closes.
    Say(Vec<u8>),
    /// Writes this, and closes.
    SayAndClose(Vec<u8>),
    /// Closes so that the other side sees a reset.
    Reset,
}

/// A server and the heads of the requests that reached it.
struct Server {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    /// Connections that the other side has closed.
    closed: tokio::sync::mpsc::UnboundedReceiver<()>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "a stub outlives the call that starts it")]
    async fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (tell, closed) = tokio::sync::mpsc::unbounded_channel();
        let seen = heads.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (act, seen, tell) = (act.clone(), seen.clone(), tell.clone());
                tokio::spawn(async move {
                    serve(stream, act, seen).await;
                    let _ = tell.send(());
                });
            }
        });
        Self { address, heads, closed }
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, act: Act, seen: Arc<Mutex<Vec<String>>>) {
    let mut read = Vec::new();
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(length) => read.extend_from_slice(&bytes[..length]),
        }
        let text = String::from_utf8_lossy(&read).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        if body.len() < length.parse().unwrap() {
            continue;
        }
        seen.lock().unwrap().push(text.clone());
        match &act {
            Act::Say(words) => {
                let _ = stream.write_all(words).await;
                read.clear();
            }
            Act::SayAndClose(words) => {
                let _ = stream.write_all(words).await;
                return;
            }
            Act::Reset => {
                // Closing with an answer half-way out of the question: the peer sees a broken connection.
                let _ = stream.set_zero_linger();
                return;
            }
        }
    }
}

/// An answer with its length.
fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn ranges(allowed: &[&str]) -> Guard {
    Guard::allowing(allowed.iter().map(|range| range.parse().unwrap()))
}

/// A sender for this machine.
fn sender() -> Sender {
    Sender::new(1 << 10, ranges(&["127.0.0.0/8"])).unwrap()
}

fn parcel(url: impl Into<String>) -> Parcel {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Parcel { url: url.into(), headers, body: "{\"a\":1}".into(), timeout: Duration::from_secs(10) }
}
