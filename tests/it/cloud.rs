//! `emulator up --aws`: replicas in processes of their own, over a table and queues that are elsewhere.
//!
//! Elsewhere is a little AWS in the test's process, on a socket; and `ministack`, where Python has it.

mod ministack;

use crate::EMULATOR;
use local_aws::{Aws, AwsOptions, QueueOptions};
use ringback_tests::{Gate, Process, Reply, Service, run};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

const TOKEN: &str = "a-token-of-the-test";
/// 32 bytes, in base64.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const FILE: &str = "
listeners:
  - {path: /images, workflow: image}
  - {path: /done, identify_by: '${body.id}'}
components:
  draw:
    endpoint: https://service.test/draw
    body: {id: '${input.id}', callback_url: '${gateway:8090.public_url}/done'}
    completion: {type: callback, wait_for: '${response.id}', callback: /done}
  keep: {endpoint: https://service.test/keep, body: '${input}'}
  hang: {endpoint: https://service.test/hang, body: {}}
workflows:
  image: {jobs: [{id: draw, component: draw}, {id: keep, component: keep, input: {url: '${jobs.draw.output.url}'}}]}
  hangs: {jobs: [{id: hang, component: hang}]}
";

pub(crate) fn open() -> Gate {
    let gate = Gate::closed();
    gate.open();
    gate
}

/// A place for replicas: an AWS, and the file that all of them serve.
pub(crate) struct Place {
    env: Vec<(&'static str, String)>,
    directory: TempDir,
    service: Service,
}

impl Place {
    /// With the little AWS, whose queues are there; the table isn't.
    #[expect(clippy::disallowed_methods, reason = "it is served as long as the test lasts")]
    pub(crate) async fn new(gate: Gate) -> Self {
        let queue = |name: &str| QueueOptions {
            name: name.to_owned(),
            visibility_timeout: Duration::from_secs(900),
            max_receive_count: 5,
        };
        let queues = vec![queue("elsewhere-calls"), queue("elsewhere-programs")];
        let aws = Aws::open(AwsOptions { queues, ..AwsOptions::in_memory("unused") }).unwrap();
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(socket, aws.router(Sha256::digest("key").into())).await });
        Self::at(url, "key", gate).await
    }

    async fn at(url: String, key: &str, gate: Gate) -> Self {
        let service = Service::scripted(move |request| {
            let gate = gate.clone();
            async move {
                if request.path == "/hang" {
                    gate.passed().await;
                }
                Reply::ok(json!({"id": request.body["id"]}))
            }
        })
        .await;
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ringback.yml"), FILE.replace("https://service.test", &service.url))
            .unwrap();
        let env = vec![
            ("AWS_ENDPOINT_URL", url),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", key.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "anything".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("RINGBACK_KEY", KEY.to_owned()),
        ];
        Self { env, directory, service }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("ringback.yml")
    }

    pub(crate) async fn replica(&self, more: &[&str]) -> Process {
        let create = ["--create", "--table", "elsewhere"];
        Process::up_on_aws(EMULATOR, &self.file(), TOKEN, &self.env, &[&create, more].concat()).await
    }

    /// A run that one replica takes, with the callback to another.
    async fn story(&self, id: &str, first: &Process, second: &Process) {
        let task = first.trigger("/images", &json!({"id": id})).await.task_id();
        first.waiting(&task).await;
        let answer = second.call_back("/done", &json!({"id": id, "url": format!("https://x.test/{id}")})).await;
        // `stored` where the run is known to wait, and the wait's own item is not there yet.
        assert!(["resumed", "stored"].contains(&answer.body["status"].as_str().unwrap()), "{}", answer.body);
        let task = second.finished(&task).await;
        assert_eq!(task["status"], "completed", "{task:#}");
        let asked: Vec<Value> = self.service.requests().into_iter().map(|request| request.body).collect();
        assert!(asked.contains(&json!({"url": format!("https://x.test/{id}")})), "{asked:?}");
    }
}

#[tokio::test]
async fn a_replica_does_the_whole_story_and_the_next_finds_its_state() {
    let place = Place::new(open()).await;
    let replica = place.replica(&[]).await;
    assert_eq!(replica.ready["table"], "elsewhere");
    assert!(replica.ready["token"].is_null(), "whoever starts it knows the token");
    place.story("a", &replica, &replica).await;
    let tasks = replica.tasks().await;
    replica.terminate();
    let ended = replica.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let next = place.replica(&[]).await;
    assert_eq!(next.tasks().await, tasks);
    // It goes on where the one before was: nothing is called again.
    let calls = place.service.calls();
    place.story("b", &next, &next).await;
    assert_eq!(place.service.calls(), calls + 2);
}

#[tokio::test]
async fn replicas_share_the_work_and_one_takes_over_the_stream() {
    let place = Place::new(open()).await;
    let (first, second) = (place.replica(&[]).await, place.replica(&[]).await);
    place.story("a", &first, &second).await;
    place.story("b", &second, &first).await;
    // Whichever of them has the stream, the other one gets it.
    first.terminate();
    assert_eq!(first.ended().await.code, Some(0));
    place.story("c", &second, &second).await;
    let third = place.replica(&[]).await;
    second.terminate();
    assert_eq!(second.ended().await.code, Some(0));
    place.story("d", &third, &third).await;
}

#[tokio::test]
async fn what_a_replica_can_not_finish_it_gives_back() {
    let gate = Gate::closed();
    let place = Place::new(gate.clone()).await;
    let first = place.replica(&[]).await;
    let task = first.start("hangs", json!({})).await;
    assert_eq!(place.service.next_request().await.path, "/hang");
    first.terminate();
    assert_eq!(first.ended().await.code, Some(0));
    gate.open();
    // Its lease on the message is longer than this test waits.
    let second = place.replica(&[]).await;
    assert_eq!(second.finished(&task).await["status"], "completed");
}

#[tokio::test]
async fn without_the_stream_it_leaves_relaying_to_others() {
    let place = Place::new(open()).await;
    let silent = place.replica(&["--no-stream"]).await;
    let task = silent.trigger("/images", &json!({"id": "a"})).await.task_id();
    assert_eq!(silent.task(&task).await["status"], "queued");
    let relaying = place.replica(&[]).await;
    relaying.waiting(&task).await;
    silent.call_back("/done", &json!({"id": "a", "url": "x"})).await;
    assert_eq!(silent.finished(&task).await["status"], "completed");
}

#[tokio::test]
async fn what_is_missing_is_said_in_words() {
    let place = Place::new(open()).await;
    let start = async |without: &str, more: &[&str], env: &[(&str, &str)]| {
        let kept = place.env.iter().filter(|(name, _)| *name != without);
        let kept = kept.map(|(name, value)| (*name, value.as_str()));
        let token = [("RINGBACK_API_TOKEN", TOKEN)].into_iter().filter(|(name, _)| *name != without);
        let env: Vec<(&str, &str)> = kept.chain(token).chain(env.iter().copied()).collect();
        let mut command = tokio::process::Command::new(EMULATOR);
        command.args(["up", "--aws", "--ephemeral-ports"]).args(more).current_dir(place.directory.path());
        let output = command.env_clear().envs(env).output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let create = ["--create", "--table", "elsewhere"];
    type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case<'_>; 7] = [
        ("RINGBACK_API_TOKEN", &create, &[], "no API token: set RINGBACK_API_TOKEN"),
        ("AWS_REGION", &create, &[], "no AWS region: set AWS_REGION"),
        ("RINGBACK_KEY", &create, &[], "RINGBACK_KEY or RINGBACK_KEY_PARAMETER must be set"),
        ("", &[], &[], "no table: give --table, or set RINGBACK_TABLE"),
        ("", &["--table", "elsewhere"], &[], "no queue: give --queue-url"),
        ("", &create, &[("RINGBACK_QUEUE_URL", "http://x")], "--create makes queues named after the table"),
        (
            "",
            &["--table", "nowhere", "--queue-url", "http://x/elsewhere-calls"],
            &[],
            "the table `nowhere` can't be used",
        ),
    ];
    for (without, more, env, words) in cases {
        let (code, said) = start(without, more, env).await;
        assert_eq!(code, Some(1), "{words}: {said}");
        assert!(said.contains(words), "{words}: {said}");
    }
    // The gateway's own table has no stream: it is told apart.
    let (code, said) = start("", &["--table", "unused", "--queue-url", "http://x/elsewhere-calls"], &[]).await;
    assert!(code == Some(1) && said.contains("`--no-stream` leaves it to the functions"), "{said}");
    let done = run(EMULATOR, place.directory.path(), &["up", "--table", "x"], "").await;
    assert_eq!(done.code, Some(2), "{}", done.err);
    assert!(done.err.contains("--aws"), "{}", done.err);
}
