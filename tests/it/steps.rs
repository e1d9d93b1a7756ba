//! Jobs that call nobody: branches, loops, pauses, log lines and other workflows; and asking instead of waiting.

use crate::EMULATOR;
use ringback_tests::{File, Gateway, ManualClock, Process, Reply, Service, job};
use serde_json::{Value, json};
use std::time::Duration;

async fn run(file: &str) -> Gateway {
    File::new(file).run().await
}

async fn result(gateway: &Gateway, workflow: &str, input: Value) -> Value {
    let task = gateway.start(workflow, input).await;
    gateway.result_of(&task).await
}

#[tokio::test]
async fn if_takes_one_branch_and_switch_the_one_whose_value_is_equal() {
    let gateway = run("
component: {id: say, type: delay, duration: 0}
workflows:
  if:
    jobs:
      - id: choose
        type: if
        condition: ${input.n > 3}
        then: [{id: big, component: say, input: big}]
        else: [{id: small, component: say, input: 'small ${input.n}'}]
  half: {jobs: [{type: if, condition: '${input.yes}', then: [{component: say, input: yes}]}]}
  switch:
    jobs:
      - type: switch
        value: ${input}
        cases:
          - {value: a, then: [{component: say, input: first}]}
          - {value: 2, then: [{component: say, input: second}, {component: say, input: ['${output}', third]}]}
        default: [{component: say, input: none of them}]
")
    .await;
    assert_eq!(result(&gateway, "if", json!({"n": 4})).await, "big");
    assert_eq!(result(&gateway, "if", json!({"n": 3})).await, "small 3");
    for (yes, expected) in [(json!(true), json!("yes")), (json!(""), Value::Null), (json!(0), Value::Null)] {
        assert_eq!(result(&gateway, "half", json!({"yes": yes})).await, expected);
    }
    let cases = [
        (json!("a"), json!("first")),
        (json!("2"), json!(["second", "third"])),
        (json!(2), json!(["second", "third"])),
    ];
    for (value, expected) in cases {
        assert_eq!(result(&gateway, "switch", value).await, expected);
    }
    assert_eq!(result(&gateway, "switch", json!("b")).await, "none of them");
}

#[tokio::test]
async fn a_loop_does_its_jobs_with_each_item_and_lists_their_outputs() {
    let gateway = run("
component: {id: say, type: delay, duration: 0}
workflow:
  jobs:
    - id: each
      type: for-each
      items: ${input.list}
      do:
        - {id: one, component: say, input: '${item.n + 1}'}
        - {id: two, component: say, input: {n: '${jobs.one.output}', of: '${item.name}', base: '${input.base}'}}
")
    .await;
    let list = json!([{"n": 1, "name": "a"}, {"n": 2, "name": "b"}]);
    let outputs = json!([{"n": 2, "of": "a", "base": 7}, {"n": 3, "of": "b", "base": 7}]);
    assert_eq!(result(&gateway, "default", json!({"list": list, "base": 7})).await, outputs);
    assert_eq!(result(&gateway, "default", json!({"list": []})).await, json!([]));
    for (list, code) in [(json!("text"), "not_a_list"), (json!(vec![1; 1001]), "too_many_items")] {
        let task = gateway.start("default", json!({"list": list})).await;
        assert_eq!(gateway.error_of(&task).await["code"], code);
    }
}

#[tokio::test]
async fn a_pause_ends_when_its_time_has_come() {
    let clock = ManualClock::new();
    let file = "
component: {id: pause, type: delay, duration: '${input.for}', output: {slept: '${input.for}'}}
workflow: {jobs: [{id: pause, component: pause}]}
";
    let gateway = File::new(file).clock(&clock).run().await;
    for (duration, seconds) in [(json!("90s"), 90), (json!(5000), 5), (json!("2h"), 7200)] {
        let task = gateway.start("default", json!({"for": duration})).await;
        let waiting = gateway.waiting(&task).await;
        let until: jiff::Timestamp = job(&waiting, "pause")["until"].as_str().unwrap().parse().unwrap();
        assert_eq!(until.duration_since(clock.time()).as_secs(), seconds);
        clock.advance(Duration::from_secs(u64::try_from(seconds).unwrap()));
        assert_eq!(gateway.result_of(&task).await, json!({"slept": duration}));
    }
    let task = gateway.start("default", json!({"for": "soon"})).await;
    assert_eq!(gateway.error_of(&task).await["code"], "bad_duration");
}

#[tokio::test]
async fn a_logger_writes_one_line_with_its_level_and_data_and_passes_the_data_on() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ringback.yml");
    let text = "
component: {id: logger, type: logger}
workflow:
  jobs:
    - {id: note, component: logger, input: {level: warn, message: 'took ${input.n}', data: {n: '${input.n}'}}}
    - {id: last, component: {type: delay, duration: 0}, input: {seen: '${output}'}}
";
    std::fs::write(&file, text).unwrap();
    let process = Process::up(EMULATOR, &file, &directory.path().join("data")).await;
    let task = process.start("default", json!({"n": 3})).await;
    assert_eq!(process.result_of(&task).await, json!({"seen": {"n": 3}}));
    process.terminate();
    let ended = process.ended().await;
    let lines = ended.err.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let logged: Vec<Value> = lines.filter(|line| line["target"] == "workflow").collect();
    assert_eq!(logged.len(), 1, "{}", ended.err);
    let line = &logged[0];
    assert_eq!((&line["level"], &line["message"]), (&json!("WARN"), &json!("took 3")));
    assert_eq!((&line["task_id"], &line["job"], &line["data"]), (&json!(task), &json!("note"), &json!("{\"n\":3}")));
}

const FAMILY: &str = "
listener: {path: /done, identify_by: '${body.id}', result: '${body.value}'}
components:
  ask: {endpoint: https://service.test, body: {id: '${input.id}', to: '${gateway:8090.public_url}/done'}}
  child: {type: workflow, workflow: child, input: {id: '${input.key}'}, output: {from child: '${output}'}}
workflows:
  parent: {jobs: [{id: delegate, component: child, input: {key: '${input.id}'}}]}
  child: {jobs: [{id: ask, component: ask}]}
";

/// A parent whose child waits; both ids.
async fn family(service: &Service, id: &str) -> (Gateway, String, String) {
    let gateway = File::new(FAMILY).calling("https://service.test", service).run().await;
    let parent = gateway.start("parent", json!({"id": id})).await;
    let delegated = |task: &Value| task["jobs"][0]["task_id"].is_string();
    let shown = gateway.task_when(&parent, "waiting for its child", delegated).await;
    let child = job(&shown, "delegate")["task_id"].as_str().unwrap().to_owned();
    service.next_request().await;
    let waiting = gateway.waiting(&child).await;
    assert_eq!(waiting["parent"], json!({"task_id": parent, "job": "delegate"}));
    assert_eq!(gateway.task(&parent).await["status"], "waiting");
    (gateway, parent, child)
}

#[tokio::test]
async fn a_workflow_can_be_a_job_of_another_and_its_result_is_the_jobs() {
    let service = Service::answering(json!({})).await;
    let (gateway, parent, child) = family(&service, "k").await;
    gateway.call_back("/done", &json!({"id": "k", "value": "grown"})).await;
    assert_eq!(gateway.result_of(&parent).await, json!({"from child": "grown"}));
    assert_eq!(gateway.result_of(&child).await, "grown");
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_child_that_fails_fails_the_job_that_waits_for_it() {
    let service = Service::answering_in_turn([Reply::status(418, json!("teapot"))]).await;
    let gateway = File::new(FAMILY).calling("https://service.test", &service).run().await;
    let parent = gateway.start("parent", json!({"id": "k"})).await;
    let error = gateway.error_of(&parent).await;
    assert_eq!((&error["code"], &error["message"]), (&json!("http_status"), &json!("the service answered 418")));
}

#[tokio::test]
async fn a_child_that_is_cancelled_fails_the_job_that_waits_for_it() {
    let service = Service::answering(json!({})).await;
    let (gateway, parent, child) = family(&service, "k").await;
    assert_eq!(gateway.post(&format!("/api/tasks/{child}/cancel")).await.status, 200);
    let error = gateway.error_of(&parent).await;
    assert_eq!(
        (&error["code"], &error["message"]),
        (&json!("cancelled"), &json!(format!("the run {child} was cancelled")))
    );
}

#[tokio::test]
async fn a_polling_job_asks_at_its_interval_until_the_status_decides() {
    let clock = ManualClock::new();
    let states = |states: &[&str]| -> Vec<Reply> {
        let first = Reply::status(202, json!({"id": "p-1"}));
        let rest = states.iter().map(|state| match *state {
            "down" => Reply::status(503, json!("later")),
            state => Reply::ok(json!({"state": state, "url": "u"})),
        });
        std::iter::once(first).chain(rest).collect()
    };
    let file = "
component:
  id: service
  base_url: https://service.test
  path: /jobs
  body: {n: '${input.n}'}
  completion:
    type: polling
    path: /jobs/${response.id}
    interval: 5s
    timeout: 1m
    status: ${response.state}
    success_when: [done]
    fail_when: [failed]
    result: {url: '${response.url}'}
  output: {id: '${response.id}'}
workflow: {jobs: [{id: ask, component: service}]}
";
    for (replies, questions, ending) in [
        (states(&["queued", "down", "done"]), 3, Ok(json!({"id": "p-1", "url": "u"}))),
        (states(&["queued", "failed"]), 2, Err("callback_failed")),
        // The twelfth would be asked when the minute is over.
        (states(&["queued"]), 11, Err("timeout")),
    ] {
        let service = Service::answering_in_turn(replies).await;
        let gateway = File::new(file).calling("https://service.test", &service).clock(&clock).run().await;
        let task = gateway.start("default", json!({"n": 1})).await;
        assert_eq!(service.next_request().await.method, "POST");
        for asked in 0..questions {
            let rests = |task: &Value| task["jobs"][0]["waiting_for"]["asked"] == asked && task["status"] == "waiting";
            gateway.task_when(&task, "at rest between two questions", rests).await;
            clock.advance(Duration::from_secs(5));
            let question = service.next_request().await;
            assert_eq!((question.method.as_str(), question.path.as_str()), ("GET", "/jobs/p-1"));
        }
        match ending {
            Ok(result) => assert_eq!(gateway.result_of(&task).await, result),
            Err(code) => {
                if code == "timeout" {
                    gateway.waiting(&task).await;
                    clock.advance(Duration::from_secs(5));
                }
                assert_eq!(gateway.error_of(&task).await["code"], code);
            }
        }
        assert_eq!(service.requests().len(), 1 + questions);
    }
}

#[tokio::test]
async fn a_run_that_is_cancelled_takes_its_child_with_it() {
    let service = Service::answering(json!({})).await;
    let (gateway, parent, child) = family(&service, "k").await;
    assert_eq!(gateway.post(&format!("/api/tasks/{parent}/cancel")).await.status, 200);
    gateway.task_when(&child, "cancelled", |task| task["status"] == "cancelled").await;
}
