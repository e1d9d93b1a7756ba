//! examples/langgraph as a user runs it: a real graph publishes, a real gateway delivers, a real receiver verifies.

use crate::EMULATOR;
use reqwest::Method;
use ringback_tests::{Caller, Finished, Process, Reply, Service, run, send, skip};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/langgraph");
const SECRET: &str = "whsec_bGFuZ2dyYXBoLWV4YW1wbGUtc2VjcmV0LTAxMjM=";
const OTHER_SECRET: &str = "whsec_bGFuZ2dyYXBoLWV4YW1wbGUtc2VjcmV0LTQ1Njc=";
/// Importing `langgraph` takes Python seconds, and more on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A file of the example. It is killed when the test lets go of it.
fn python(interpreter: &str, arguments: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(interpreter);
    command.args(arguments).current_dir(EXAMPLE).stdin(Stdio::null()).kill_on_drop(true);
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*").env("no_proxy", "*");
    command.env("WEBHOOK_SECRET", SECRET).envs(env.iter().copied());
    command
}

async fn finished(mut command: Command) -> Finished {
    let output = timeout(PATIENCE, command.output()).await.expect("it ends in time").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

struct Receiver {
    url: String,
    caller: Caller,
    _process: Child,
}

impl Receiver {
    async fn start(interpreter: &str) -> Self {
        let mut process = python(interpreter, &["receiver.py", "0"], &[]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("it listens in time").unwrap();
        let line = line.expect("it says where it listens");
        let url = line.rsplit(' ').next().unwrap().to_owned();
        Self { caller: Caller::new(url.clone(), String::new(), Vec::new()), url, _process: process }
    }

    /// The status that a body gets, with these headers.
    async fn answer(&self, body: &str, headers: &[(&str, &str)]) -> u16 {
        let request = self.caller.request(Method::POST, &format!("{}/webhook", self.url)).body(body.to_owned());
        send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await.status
    }

    async fn events(&self, agent: &str) -> Vec<Value> {
        let url = format!("{}/events?agent_id={agent}", self.url);
        send(self.caller.request(Method::GET, &url)).await.body.as_array().expect("events").clone()
    }
}

/// The gateway of the example, with its state in a directory of its own.
async fn gateway() -> (Process, TempDir) {
    let data = tempfile::tempdir().unwrap();
    (Process::up(EMULATOR, &Path::new(EXAMPLE).join("ringback.yml"), data.path()).await, data)
}

async fn graph(interpreter: &str, gateway: &Process, receiver: &Receiver, env: &[(&str, &str)]) -> Finished {
    let places = [("RINGBACK_URL", &*gateway.api), ("RINGBACK_TOKEN", &gateway.token), ("RECEIVER_URL", &receiver.url)];
    finished(python(interpreter, &["run.py", "--lose-an-answer"], &[&places, env].concat())).await
}

#[tokio::test]
async fn each_node_is_told_of_once_although_one_runs_twice() {
    let Some(interpreter) = skip::python() else { return };
    let (gateway, _data) = gateway().await;
    let receiver = Receiver::start(&interpreter).await;
    let done = graph(&interpreter, &gateway, &receiver, &[]).await;
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    assert!(done.out.contains("agent_processing was published twice, under one id"), "{}", done.out);
    assert!(done.out.contains("3 of 3 events arrived, verified"), "{}", done.out);

    let agent = done.out.lines().find_map(|line| line.strip_prefix("agent ")?.split(':').next()).expect("its id");
    let events = receiver.events(agent).await;
    assert_eq!(events.len(), 3, "{events:#?}");
    for (name, status) in
        [("agent_started", "started"), ("agent_processing", "processed"), ("agent_completed", "completed")]
    {
        let event = events.iter().find(|event| event["event"] == name).expect(name);
        assert_eq!((&event["deliveries"], &event["source"]), (&json!(1), &json!("langgraph_agent")), "{event:#}");
        let data = &event["data"];
        assert_eq!((&data["agent_id"], &data["user_id"]), (&json!(agent), &json!("user-7")), "{event:#}");
        assert_eq!(data["output"]["status"], status, "{event:#}");
        assert!(
            data["input"].is_string() && data["execution_time"].is_f64() && data["timestamp"].is_f64(),
            "{event:#}"
        );
        let stored = gateway.get(&format!("/api/events/{}", event["id"].as_str().unwrap())).await;
        assert_eq!((stored.status, &stored.body["data"]), (200, data), "{}", stored.body);
    }
    assert_eq!(gateway.get("/api/webhooks").await.body["webhooks"], json!([]), "the endpoint is taken away again");
}

#[tokio::test]
async fn events_that_the_receiver_does_not_believe_are_missed() {
    let Some(interpreter) = skip::python() else { return };
    let (gateway, _data) = gateway().await;
    let receiver = Receiver::start(&interpreter).await;
    let env = [("WEBHOOK_SECRET", OTHER_SECRET), ("PATIENCE", "1")];
    let done = graph(&interpreter, &gateway, &receiver, &env).await;
    assert_eq!(done.code, Some(1), "{}{}", done.out, done.err);
    assert!(done.out.contains("0 of 3 events arrived"), "{}", done.out);
    assert!(done.err.contains("expected agent_started, agent_processing, agent_completed"), "{}", done.err);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the receiver judges a signature's age by the machine's clock")]
async fn the_receiver_takes_what_is_signed_once_and_refuses_what_was_changed() {
    let Some(interpreter) = skip::python() else { return };
    let receiver = Receiver::start(&interpreter).await;
    let body =
        |output: &str| json!({"event": "agent_completed", "data": {"agent_id": "a", "output": output}}).to_string();
    let (good, tampered) = (body("yes"), body("no"));
    let signed = |at: i64| {
        let webhook = standardwebhooks::Webhook::new(SECRET).unwrap();
        (at.to_string(), webhook.sign("msg_1", at, good.as_bytes()).unwrap())
    };
    let now = jiff::Timestamp::now().as_second();
    let (at, signature) = signed(now);
    let headers = [("webhook-id", "msg_1"), ("webhook-timestamp", &*at), ("webhook-signature", &*signature)];
    assert_eq!(receiver.answer(&tampered, &headers).await, 401);
    assert_eq!(receiver.answer(&good, &[]).await, 401);
    assert_eq!(receiver.answer(&good, &[headers[0], headers[1], ("webhook-signature", "v1")]).await, 401);
    let (long_ago, old) = signed(now - 3600);
    let stale = [headers[0], ("webhook-timestamp", &*long_ago), ("webhook-signature", &*old)];
    assert_eq!(receiver.answer(&good, &stale).await, 401);
    assert_eq!(receiver.events("a").await, Vec::<Value>::new());

    assert_eq!(receiver.answer(&good, &headers).await, 204);
    assert_eq!(receiver.answer(&good, &headers).await, 204);
    let events = receiver.events("a").await;
    assert_eq!((events.len(), &events[0]["deliveries"]), (1, &json!(2)), "{events:#?}");
    assert_eq!(events[0]["data"]["output"], "yes");
}

#[tokio::test]
async fn an_event_is_sent_until_it_is_taken_or_refused() {
    let Some(interpreter) = skip::python() else { return };
    let publishing = async |replies: &[u16]| {
        let replies: Vec<Reply> = replies.iter().map(|status| Reply::status(*status, json!({}))).collect();
        let service = Service::answering_in_turn(replies).await;
        let code = "from publish import publish; print(publish('agent_started', {'n': 1}, id='run-1'))";
        let env = [("RINGBACK_URL", &*service.url), ("RINGBACK_TOKEN", "token")];
        (finished(python(&interpreter, &["-c", code], &env)).await, service.requests())
    };
    let (done, requests) = publishing(&[503, 503, 202]).await;
    assert_eq!((done.code, done.out.trim()), (Some(0), "True"), "{}", done.err);
    assert_eq!(requests.len(), 3);
    let event = json!({"event": "agent_started", "data": {"n": 1}, "id": "run-1", "source": "langgraph_agent"});
    for request in requests {
        assert_eq!((&request.body, request.header("authorization")), (&event, "Bearer token"));
    }
    let (known, requests) = publishing(&[409]).await;
    assert_eq!((known.code, known.out.trim(), requests.len()), (Some(0), "False", 1), "{}", known.err);
    let (refused, requests) = publishing(&[400]).await;
    assert_eq!((refused.code, requests.len()), (Some(1), 1), "{}", refused.err);
}

#[tokio::test]
async fn its_file_is_understood_without_a_warning() {
    let done = run(EMULATOR, Path::new(EXAMPLE), &["check", "--strict", "ringback.yml"], "").await;
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
}
