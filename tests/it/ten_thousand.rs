//! Ten thousand callbacks at once, a third of them before the service's own answer: none is lost.

use futures_util::{StreamExt, stream};
use local_aws::mapping::Duplicates;
use ringback_tests::{Answer, File, Gateway, Reply, Service, eventually};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

const RUNS: usize = 10_000;
/// Requests of this test's own that are under way at once.
const CONNECTIONS: usize = 64;

/// The key is the service's, so no wait can be open before its answer.
const FILE: &str = "
listeners:
  - {path: /hook, workflow: ask}
  - {path: /done, identify_by: '${body.id}', result: '${body.value}'}
component:
  id: service
  endpoint: https://service.test
  timeout: 1h
  body: {n: '${input.n}', callback_url: '${gateway:8090.public_url}/done'}
workflow: {id: ask, jobs: [{component: service, output: {value: '${result}', early: '${response.early}'}}]}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_of_ten_thousand_callbacks_is_lost() {
    let under_way: Arc<Mutex<Vec<JoinHandle<Answer>>>> = Arc::default();
    let sent = under_way.clone();
    let service = Service::scripted(move |request| {
        let sent = sent.clone();
        async move {
            let n = request.body["n"].as_u64().expect("a number");
            let id = format!("job-{n}");
            let callback = request.call_back_meanwhile(json!({"id": id, "value": n * 7}));
            if n % 3 == 0 {
                let early = callback.await.expect("an answer");
                return Reply::ok(json!({"id": id, "early": early.body["status"]}));
            }
            // Sent at the same moment as the answer: either may be first.
            sent.lock().expect("no panic").push(callback);
            Reply::ok(json!({"id": id, "early": null}))
        }
    })
    .await;
    let file = File::new(FILE).calling("https://service.test", &service);
    let gateway = file.with(|options| options.pace.duplicates = Duplicates::None).run().await;

    let started = stream::iter(0..RUNS).map(|n| start(&gateway, n));
    let tasks: Vec<String> = started.buffered(CONNECTIONS).collect().await;
    // However slow the machine is, there has to be progress.
    let mut calls = 0;
    while calls < RUNS {
        calls = eventually("one more call is made", || async {
            if service.calls() > calls { Ok(service.calls()) } else { Err(calls) }
        })
        .await;
    }
    let results = results(&gateway).await;
    let others = tasks.iter().enumerate().filter(|(n, task)| !is_of(*n, results.get(*task)));
    let lost: Vec<&String> = others.map(|(_, task)| task).collect();
    if let Some(task) = lost.first() {
        panic!("{} of {RUNS} have another result, the first: {}", lost.len(), gateway.task(task).await);
    }
    let callbacks = std::mem::take(&mut *under_way.lock().unwrap());
    for callback in callbacks {
        let answer = callback.await.expect("an answer");
        let met = answer.body["status"] == "stored" || answer.body["status"] == "resumed";
        assert!(answer.status == 200 && met, "{}", answer.body);
    }
}

async fn start(gateway: &Gateway, n: usize) -> String {
    gateway.trigger("/hook", &json!({"n": n})).await.task_id()
}

/// What a run must come to: its own callback's value. One that came before the service's answer was stored, or completed the
/// wait that an earlier call had opened: on a busy machine a call may take longer than its message is lent, and is made again.
fn is_of(n: usize, result: Option<&Value>) -> bool {
    let early = |early: &Value| match n.is_multiple_of(3) {
        true => *early == "stored" || *early == "resumed",
        false => early.is_null(),
    };
    result.is_some_and(|result| result["value"] == n * 7 && early(&result["early"]))
}

/// The results of all tasks by id, page by page; each page once all of its tasks have ended.
async fn results(gateway: &Gateway) -> HashMap<String, Value> {
    let (mut results, mut path) = (HashMap::new(), "/api/tasks?limit=100".to_owned());
    loop {
        let page = eventually("every task has ended", || async {
            let page = gateway.get(&path).await.body;
            let open = |task: &&Value| task["status"] != "completed" && task["status"] != "failed";
            match page["tasks"].as_array().unwrap().iter().filter(open).count() {
                0 => Ok(page),
                open => Err(open),
            }
        })
        .await;
        for task in page["tasks"].as_array().unwrap() {
            results.insert(task["task_id"].as_str().unwrap().to_owned(), task["result"].clone());
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/api/tasks?limit=100&before={}", next.replace('#', "%23")),
            None => return results,
        }
    }
}
