//! The same over `ministack`, whose table, stream and queues are nobody's of ours.

use super::{EMULATOR, Place, TOKEN, open};
use reqwest::Method;
use ringback_tests::skip::Needed;
use ringback_tests::{Caller, Process, eventually};
use std::net::TcpListener;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// Other ports are tried if one is taken between its choice and its use.
const PORTS: usize = 5;

/// Python with the packages of tests/conformance-requirements.txt. None if the test is to be skipped.
fn python() -> Option<String> {
    let what = "Python with the packages of tests/conformance-requirements.txt";
    Needed { what, variable: "RINGBACK_PYTHON", usual: "python3", trial: &["-c", "import ministack"] }.find()
}

/// A ministack of its own, and its address.
async fn ministack(python: &str) -> (Child, String) {
    for _ in 0..PORTS {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        drop(socket);
        let mut command = Command::new(python);
        command.args(["-m", "ministack"]).env("GATEWAY_PORT", port.to_string()).env("BIND_HOST", "127.0.0.1");
        // Without this it listens for MQTT on all addresses of the machine, at a fixed port.
        command.env("IOT_MTLS_ENABLED", "0");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let caller = Caller::new(url.clone(), String::new(), Vec::new());
        let answers = eventually("ministack answers", || {
            let (asked, ended) =
                (caller.request(Method::GET, &format!("{url}/_ministack/ready")).send(), child.try_wait().unwrap());
            async move {
                match (asked.await, ended) {
                    (Ok(answer), _) if answer.status().is_success() => Ok(true),
                    (_, Some(_)) => Ok(false),
                    (answer, None) => Err(answer),
                }
            }
        })
        .await;
        if answers {
            return (child, url);
        }
    }
    panic!("ministack found no port");
}

#[tokio::test]
async fn two_replicas_do_the_whole_story_over_somebody_elses_table() {
    let Some(python) = python() else { return };
    let (_ministack, url) = ministack(&python).await;
    let place = Place::at(url, "test", open()).await;
    let (first, second) = (place.replica(&[]).await, place.replica(&[]).await);
    place.story("a", &first, &second).await;
    first.terminate();
    assert_eq!(first.ended().await.code, Some(0));
    place.story("b", &second, &second).await;
    // What --create has made is what it finds by itself; and a replica can be told where all is.
    let given = |name: &str| second.ready[name].as_str().unwrap().to_owned();
    let queue_url = given("queue_url");
    let more = ["--table", "elsewhere", "--queue-url", &queue_url];
    let third = Process::up_on_aws(EMULATOR, &place.file(), TOKEN, &place.env, &more).await;
    assert_eq!(third.ready["queue_url"], second.ready["queue_url"]);
    second.terminate();
    assert_eq!(second.ended().await.code, Some(0));
    place.story("c", &third, &third).await;
}
