use super::*;
use activity::Overdue;
use axum::routing::get;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(3600);
/// More than anything here takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// A caller of HTTP/1.1.
struct Caller(TcpStream);

impl Caller {
    async fn new(place: SocketAddr) -> Self {
        Self(TcpStream::connect(place).await.unwrap())
    }

    async fn says(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next answer, whose body is `done`.
    async fn hears(&mut self) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\ndone") {
            let read = timeout(DEADLINE, self.0.read_buf(&mut heard)).await.expect("an answer in time").unwrap();
            assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&heard));
        }
        String::from_utf8(heard).unwrap()
    }
}

const REQUEST: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// A server of so many connections, whose answers are made once the gate has a permit for them.
struct Stage {
    server: Server,
    shared: Shared,
    gate: Arc<Semaphore>,
    place: SocketAddr,
}

impl Stage {
    fn of(connections: usize, permits: usize) -> Self {
        let gate = Arc::new(Semaphore::new(permits));
        let handler = {
            let gate = gate.clone();
            async move || {
                gate.acquire().await.unwrap().forget();
                "done"
            }
        };
        let router = Router::new().route("/", get(handler));
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let place = socket.local_addr().unwrap();
        let shared = Shared::new(Limits { connections, linger: LONG, ..Limits::default() });
        Self { server: Server::start(socket, None, router, &shared), shared, gate, place }
    }

    /// Waits until this holds of the connections.
    async fn until(&self, what: &str, holds: impl Fn(&Crowd) -> bool) {
        let wait = async {
            while !holds(&self.shared.crowd) {
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, wait).await.expect(what);
    }

    /// One caller whose answer is being made, and one who is accepted and has no place.
    async fn full(&self) -> (Caller, Caller) {
        let mut first = Caller::new(self.place).await;
        first.says(REQUEST).await;
        self.until("an answer is being made", |crowd| crowd.states() == [(false, None)]).await;
        let mut second = Caller::new(self.place).await;
        second.says(REQUEST).await;
        self.until("the second has no place", |crowd| crowd.told_at().is_some()).await;
        (first, second)
    }
}

#[tokio::test]
async fn who_waits_for_a_place_has_it_when_another_connection_becomes_idle() {
    let stage = Stage::of(1, 0);
    let (mut first, mut second) = stage.full().await;
    stage.gate.add_permits(2);
    assert!(first.hears().await.starts_with("HTTP/1.1 200"));
    // The first one stays, and says nothing more.
    assert!(second.hears().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn who_waits_for_a_place_is_answered_although_the_server_stops() {
    let stage = Stage::of(1, 0);
    let (mut first, mut second) = stage.full().await;
    stage.server.stop(DEADLINE);
    stage.until("it stops", |crowd| crowd.states() == [(true, None)]).await;
    stage.gate.add_permits(2);
    assert!(first.hears().await.contains("connection: close"));
    assert!(second.hears().await.contains("connection: close"));
}

#[tokio::test]
async fn a_header_that_has_begun_on_a_used_connection_is_answered_although_the_server_stops() {
    let stage = Stage::of(8, 2);
    let mut caller = Caller::new(stage.place).await;
    caller.says(REQUEST).await;
    assert!(!caller.hears().await.contains("connection: close"));
    let (begun, rest) = REQUEST.split_at(10);
    caller.says(begun).await;
    stage.until("a header has begun", |crowd| crowd.states() == [(false, Some(Overdue::Header))]).await;
    stage.server.stop(DEADLINE);
    stage.until("it stops", |crowd| crowd.states() == [(true, Some(Overdue::Header))]).await;
    caller.says(rest).await;
    assert!(caller.hears().await.contains("connection: close"));
}
