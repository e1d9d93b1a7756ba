//! More callers than there is room for.

use super::{FILE, LONG, address, answer, closed, connect, request};
use crate::EMULATOR;
use ringback_tests::{DEADLINE, File, Process};
use serde_json::json;
use std::io::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const KIB: usize = 1024;

#[tokio::test]
async fn beyond_the_most_connections_the_longest_idle_one_is_closed() {
    let gateway =
        File::new(FILE).with(|options| (options.limits.connections, options.limits.idle) = (3, LONG)).run().await;
    let mut first = connect(&gateway).await;
    first.write_all(request("1").as_bytes()).await.unwrap();
    assert!(answer(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut others = Vec::new();
    for n in 0..5 {
        let mut stream = connect(&gateway).await;
        stream.write_all(request(&n.to_string()).as_bytes()).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
        others.push(stream);
    }
    closed(&mut first).await;
    let last = others.last_mut().unwrap();
    last.write_all(request("again").as_bytes()).await.unwrap();
    assert!(answer(last).await.starts_with("HTTP/1.1 200"), "the newest is still there");
}

#[tokio::test]
async fn idle_sockets_that_take_all_descriptors_do_not_silence_the_api() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ringback.yml"), FILE).unwrap();
    let up = format!("ulimit -n 128 && exec '{EMULATOR}' up --json --ephemeral-ports --tunnel none");
    let process = Process::start("sh", directory.path(), &["-c", &up]).await;
    let place = address(process.ready["listeners"][0]["url"].as_str().unwrap());
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(place).await.unwrap());
        if idle.len() % 50 == 0 {
            assert_eq!(process.get("/api/tasks").await.status, 200, "with {} idle sockets", idle.len());
        }
    }
    assert_eq!(process.trigger("/hook", &json!({})).await.status, 200);
    process.terminate();
    let log = process.ended().await.err;
    let told = log.lines().filter(|line| line.contains("as many connections as there may be")).count();
    assert_eq!(told, 1, "{log}");
}

#[tokio::test]
async fn unfinished_bodies_leave_room_for_honest_ones() {
    let limits = |options: &mut instance::Options| {
        (options.limits.bodies, options.limits.body) = (1024 * KIB, LONG);
    };
    let gateway = File::new(FILE).with(limits).run().await;
    let mut slow = Vec::new();
    for _ in 0..10 {
        let mut stream = connect(&gateway).await;
        let head = format!("POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 300 * KIB);
        stream.write_all(head.as_bytes()).await.unwrap();
        // All but the last byte; where there is no room, it is not taken, and in the end refused.
        let sender = async move {
            let _ = stream.write_all("x".repeat(300 * KIB - 1).as_bytes()).await;
            let mut answer = String::new();
            match stream.read_to_string(&mut answer).await {
                Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
                _ => answer,
            }
        };
        #[expect(clippy::disallowed_methods, reason = "callers of their own")]
        slow.push(tokio::spawn(sender));
    }
    let small = gateway.trigger("/hook", &json!({"small": true})).await;
    assert_eq!(small.status, 200, "{}", small.body);
    // A large one takes the place of the slowest; on a busy machine it may be that itself. It is never left without an answer.
    let large = gateway.trigger("/hook", &json!({"large": "x".repeat(200 * KIB)})).await;
    let is_told = large.body["code"] == "overloaded" || large.body["code"] == "request_timeout";
    assert!(large.status == 200 || is_told, "{}", large.body);
    // Two fit; each of the others was told why it was let go, or takes the place of one that was.
    let mut told = 0;
    while told < 7 {
        let (answer, _, rest) = timeout(DEADLINE, futures_util::future::select_all(slow)).await.expect("progress");
        let answer = answer.unwrap();
        let is_told = answer.contains("request_timeout") || answer.contains("overloaded");
        assert!(is_told || answer.is_empty(), "{answer}");
        (told, slow) = (told + 1, rest);
    }
}
