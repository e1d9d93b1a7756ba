//! Connections: how long they live, how many there may be, what their requests may take, and how they end.

mod crowded;
mod multiplexed;

use ringback_tests::{DEADLINE, File, Gateway, eventually};
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const FILE: &str = "
listener: {path: /hook, workflow: w}
workflow: {id: w, jobs: [{component: {type: logger, message: hello}}]}
";
const MOMENT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(3600);

/// The address of an URL.
fn address(url: &str) -> SocketAddr {
    let url = reqwest::Url::parse(url).unwrap();
    SocketAddr::new(url.host_str().unwrap().parse().unwrap(), url.port().unwrap())
}

async fn connect(gateway: &Gateway) -> TcpStream {
    TcpStream::connect(address(&gateway.trigger_url("/hook"))).await.unwrap()
}

/// A whole request, whose answer leaves the connection open.
fn request(body: &str) -> String {
    format!(
        "POST /hook HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The next answer on a connection, up to the end of its body.
async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = async {
        loop {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.unwrap();
            answer.extend_from_slice(&piece[..read]);
            let text = String::from_utf8_lossy(&answer).into_owned();
            let is_whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                body.len() == length.parse::<usize>().unwrap()
            });
            if is_whole || read == 0 {
                return text;
            }
        }
    };
    timeout(DEADLINE, read).await.expect("an answer in time")
}

/// Returns once the other side has closed a connection, in whatever way.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let _ = timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("it is closed in time");
}

#[tokio::test]
async fn an_idle_connection_outlives_the_limit_of_a_header() {
    let gateway =
        File::new(FILE).with(|options| (options.limits.header, options.limits.idle) = (MOMENT, LONG)).run().await;
    let (mut used, mut new, mut begun) = (connect(&gateway).await, connect(&gateway).await, connect(&gateway).await);
    used.write_all(request("1").as_bytes()).await.unwrap();
    assert!(answer(&mut used).await.starts_with("HTTP/1.1 200"));
    // By the time that this one is closed, the others have been idle for longer than a header may take.
    begun.write_all(b"POST /hook HTTP/1.1\r\n").await.unwrap();
    closed(&mut begun).await;
    for idle in [&mut used, &mut new] {
        idle.write_all(request("2").as_bytes()).await.unwrap();
        assert!(answer(idle).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn a_connection_on_which_nothing_happens_is_closed_in_the_end() {
    let gateway =
        File::new(FILE).with(|options| (options.limits.header, options.limits.idle) = (LONG, MOMENT)).run().await;
    let (mut used, mut new) = (connect(&gateway).await, connect(&gateway).await);
    used.write_all(request("1").as_bytes()).await.unwrap();
    assert!(answer(&mut used).await.starts_with("HTTP/1.1 200"));
    closed(&mut used).await;
    closed(&mut new).await;
}

#[tokio::test]
async fn a_caller_who_takes_no_answer_is_let_go() {
    let gateway = File::new(FILE).with(|options| options.limits.body = MOMENT).run().await;
    let mut stream = connect(&gateway).await;
    // More answers than the buffers on the way hold, and none of them is read.
    let sent = timeout(DEADLINE, async {
        let many = "GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000);
        while stream.write_all(many.as_bytes()).await.is_ok() {}
    });
    sent.await.expect("the connection is closed in time");
}

#[tokio::test]
async fn a_stopping_gateway_answers_what_is_on_its_way_and_says_that_it_closes() {
    let gateway = File::new(FILE).with(|options| options.limits.linger = LONG).run().await;
    let place = address(&gateway.trigger_url("/hook"));
    let mut idle = connect(&gateway).await;
    idle.write_all(request("1").as_bytes()).await.unwrap();
    let first = answer(&mut idle).await;
    assert!(first.starts_with("HTTP/1.1 200") && !first.contains("connection: close"), "{first}");
    let caller = async {
        eventually("nothing more is accepted", || async {
            TcpStream::connect(place).await.map_or(Ok(()), |_| Err("it is"))
        })
        .await;
        idle.write_all(request("2").as_bytes()).await.unwrap();
        let last = answer(&mut idle).await;
        assert!(last.starts_with("HTTP/1.1 200") && last.contains("connection: close"), "{last}");
        closed(&mut idle).await;
    };
    tokio::join!(gateway.stop(), caller);
}

#[tokio::test]
async fn slow_bodies_keep_no_slot_from_others() {
    let file = FILE.replace("workflow: w}", "workflow: w, max_concurrent_count: 1}");
    let gateway = File::new(file).with(|options| options.limits.body = LONG).run().await;
    let mut slow = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(&gateway).await;
        stream.write_all(b"POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc").await.unwrap();
        slow.push(stream);
    }
    let honest = gateway.trigger("/hook", &json!({})).await;
    assert_eq!(honest.status, 200, "{}", honest.body);
    assert_eq!(gateway.tasks().await.len(), 1);
}
