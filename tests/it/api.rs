//! The API: tasks shown, listed, cancelled and run again, workflows started, and who may ask.

use reqwest::Method;
use ringback_tests::{File, Gate, Gateway, Reply, Service, job, send};
use serde_json::{Value, json};

/// One job that waits for a callback, behind one that doesn't.
const WAITS: &str = "
listener: {path: /done, identify_by: '${body.id}', result: '${body.value}'}
components:
  first: {endpoint: https://service.test/first, body: {n: 1}}
  second:
    endpoint: https://service.test/second
    body: {id: '${input.id}', callback_url: '${gateway:8090.public_url}/done'}
    completion: {type: callback, wait_for: '${request.id}'}
workflows:
  waits:
    title: It waits
    jobs:
      - {id: one, component: first}
      - {id: two, component: second}
  other: {jobs: [{component: {type: delay, duration: 0}}]}
";

async fn waiting_gateway(service: &Service) -> Gateway {
    File::new(WAITS).calling("https://service.test", service).run().await
}

#[tokio::test]
async fn everything_under_api_needs_the_token_and_says_nothing_more_without_it() {
    let gateway = waiting_gateway(&Service::answering(json!({})).await).await;
    let task = gateway.start("other", json!(1)).await;
    let task = format!("/api/tasks/{task}");
    let routes = [
        (Method::GET, "/api/tasks"),
        (Method::GET, &task),
        (Method::GET, "/api/tasks/run_00000000000000000000000000000000"),
        (Method::POST, &format!("{task}/cancel")),
        (Method::POST, &format!("{task}/rerun")),
        (Method::GET, "/api/workflows"),
        (Method::POST, "/api/workflows/other/runs"),
        (Method::POST, "/api/workflows/nowhere/runs"),
        (Method::DELETE, "/api/tasks"),
        (Method::GET, "/api/nowhere"),
    ];
    let wrong = [None, Some("Bearer"), Some("Bearer rbk_0"), Some("Basic eDp5"), Some(gateway.token.as_str())];
    let mut told: Option<Value> = None;
    for (method, path) in routes {
        for authorization in wrong {
            let mut request = gateway.request(method.clone(), &format!("{}{path}", gateway.api));
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            let answer = send(request).await;
            answer.is_problem(401, "unauthorized");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            assert_eq!(*told.get_or_insert_with(|| answer.body.clone()), answer.body, "{method} {path}");
        }
    }
    assert_eq!(gateway.tasks().await.len(), 1);
    let lower = gateway.request(Method::GET, &format!("{}/api/tasks", gateway.api));
    assert_eq!(send(lower.header("authorization", format!("bearer {}", gateway.token))).await.status, 200);
}

#[tokio::test]
async fn health_and_readiness_are_for_everyone() {
    let gateway = waiting_gateway(&Service::answering(json!({})).await).await;
    for (path, body) in [("/health", json!({"status": "ok"})), ("/ready", json!({"status": "ready"}))] {
        let answer = send(gateway.request(Method::GET, &format!("{}{path}", gateway.api))).await;
        assert_eq!((answer.status, answer.body), (200, body));
    }
}

#[tokio::test]
async fn unknown_addresses_and_wrong_methods_are_problems_here_too() {
    let gateway = waiting_gateway(&Service::answering(json!({})).await).await;
    let unknown = "/api/tasks/run_00000000000000000000000000000000";
    for path in ["/api/nowhere", "/api/tasks/x", "/api/tasks/%ff", "/api/tasks/x%2fy", unknown, "/nowhere"] {
        gateway.get(path).await.is_problem(404, "not_found");
    }
    for path in ["/api/tasks?limit=many", "/api/tasks?limit=-1", "/api/tasks?limit=1&limit=2"] {
        gateway.get(path).await.is_problem(400, "unusable_request");
    }
    let answer = send(gateway.api(Method::DELETE, "/api/tasks")).await;
    answer.is_problem(405, "method_not_allowed");
    assert!(answer.header("allow").contains("GET"), "{}", answer.header("allow"));
    send(gateway.request(Method::POST, &format!("{}/health", gateway.api))).await.is_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_task_shows_each_job_as_far_as_it_is() {
    let gate = Gate::closed();
    let held = gate.clone();
    let service = Service::scripted(move |request| {
        let held = held.clone();
        async move {
            if request.path == "/first" {
                held.passed().await;
            }
            Reply::ok(json!({"answered": request.path}))
        }
    })
    .await;
    let gateway = waiting_gateway(&service).await;
    let task = gateway.start("waits", json!({"id": "k"})).await;
    service.next_request().await;
    let queued = gateway.task(&task).await;
    assert!(["queued", "running"].iter().any(|status| queued["status"] == *status), "{queued}");
    gate.open();

    let waiting = gateway.waiting(&task).await;
    assert_eq!((&waiting["workflow"], &waiting["input"]), (&json!("waits"), &json!({"id": "k"})));
    assert_eq!(
        (&waiting["result"], &waiting["error"], &waiting["ended_at"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let (one, two) = (job(&waiting, "one"), job(&waiting, "two"));
    assert_eq!((&one["status"], &one["output"]), (&json!("completed"), &json!({"answered": "/first"})));
    assert_eq!((&two["status"], &two["attempt"]), (&json!("waiting"), &json!(1)));
    assert_eq!(two["response"], json!({"answered": "/second"}));
    assert_eq!((&two["waiting_for"]["route"], &two["waiting_for"]["key"]), (&json!("POST /done"), &json!("k")));
    assert!(two["waiting_for"]["deadline"].is_string());

    gateway.call_back("/done", &json!({"id": "k", "value": "v"})).await;
    let ended = gateway.finished(&task).await;
    assert_eq!((&ended["status"], &ended["result"]), (&json!("completed"), &json!("v")));
    assert_eq!(job(&ended, "two")["output"], "v");
    let times = ["accepted_at", "started_at", "ended_at"].map(|field| ended[field].as_str().unwrap().to_owned());
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn tasks_are_listed_newest_first_page_by_page() {
    let gateway = waiting_gateway(&Service::answering(json!({})).await).await;
    let mut started = Vec::new();
    for n in 0..7 {
        let id = gateway.start("other", json!(n)).await;
        gateway.finished(&id).await;
        started.insert(0, id);
    }
    let (mut listed, mut path, mut pages) = (Vec::new(), "/api/tasks?limit=3".to_owned(), 0);
    loop {
        let page = gateway.get(&path).await;
        let tasks = page.body["tasks"].as_array().unwrap();
        assert!(tasks.len() <= 3 && tasks.iter().all(|task| task["jobs"].is_null()), "{}", page.body);
        listed.extend(tasks.iter().map(|task| task["task_id"].as_str().unwrap().to_owned()));
        pages += 1;
        match page.body["next"].as_str() {
            Some(next) => path = format!("/api/tasks?limit=3&before={}", next.replace('#', "%23")),
            None => break,
        }
    }
    assert_eq!((listed, pages), (started, 3));
}

#[tokio::test]
async fn the_list_can_be_narrowed_to_a_status_or_a_workflow() {
    let gateway = waiting_gateway(&Service::answering(json!({})).await).await;
    let done = gateway.start("other", json!(1)).await;
    let waits = gateway.start("waits", json!({"id": "w"})).await;
    gateway.finished(&done).await;
    gateway.waiting(&waits).await;
    let cases = [
        ("status=completed", vec![&done]),
        ("status=waiting", vec![&waits]),
        ("workflow=waits", vec![&waits]),
        ("workflow=waits&status=completed", vec![]),
        ("workflow=nowhere", vec![]),
        ("", vec![&waits, &done]),
    ];
    for (filter, expected) in cases {
        let answer = gateway.get(&format!("/api/tasks?{filter}")).await;
        let found = answer.body["tasks"].as_array().unwrap().iter().map(|task| task["task_id"].as_str().unwrap());
        assert_eq!(found.collect::<Vec<_>>(), expected, "{filter}");
    }
}

#[tokio::test]
async fn a_cancelled_task_begins_nothing_more_and_waits_for_nothing() {
    let service = Service::answering(json!({})).await;
    let gateway = waiting_gateway(&service).await;
    let task = gateway.start("waits", json!({"id": "c"})).await;
    gateway.waiting(&task).await;
    let cancelled = gateway.post(&format!("/api/tasks/{task}/cancel")).await;
    assert_eq!((cancelled.status, &cancelled.body["status"]), (200, &json!("cancelled")));
    assert_eq!(job(&cancelled.body, "one")["status"], "completed");
    assert_eq!(job(&cancelled.body, "two")["status"], "cancelled");
    let late = gateway.call_back("/done", &json!({"id": "c", "value": 1})).await;
    assert_eq!(late.body["status"], "ignored");
    let again = gateway.post(&format!("/api/tasks/{task}/cancel")).await;
    assert_eq!((again.status, &again.body), (200, &cancelled.body));
    assert_eq!(gateway.task(&task).await["status"], "cancelled");

    let ended = gateway.start("other", json!(1)).await;
    gateway.finished(&ended).await;
    gateway.post(&format!("/api/tasks/{ended}/cancel")).await.is_problem(409, "conflict");
    assert_eq!(gateway.task(&ended).await["status"], "completed");
}

#[tokio::test]
async fn a_task_cancelled_during_a_call_makes_no_further_one() {
    let (service, gate) = Service::held().await;
    let gateway = waiting_gateway(&service).await;
    let task = gateway.start("waits", json!({"id": "d"})).await;
    service.next_request().await;
    assert_eq!(gateway.post(&format!("/api/tasks/{task}/cancel")).await.status, 200);
    gate.open();
    // What was begun later is done: whatever the first would still have done, it has.
    let next = gateway.start("waits", json!({"id": "e"})).await;
    gateway.waiting(&next).await;
    let calls: Vec<_> = service.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(calls.iter().filter(|path| *path == "/second").count(), 1, "{calls:?}");
    assert_eq!(gateway.task(&task).await["status"], "cancelled");
}

#[tokio::test]
async fn a_rerun_is_a_new_task_with_the_same_input() {
    let gateway = waiting_gateway(&Service::answering(json!({})).await).await;
    let task = gateway.start("other", json!({"n": 1})).await;
    gateway.finished(&task).await;
    let again = gateway.post(&format!("/api/tasks/{task}/rerun")).await.task_id();
    assert_ne!(again, task);
    assert_eq!(gateway.result_of(&again).await, json!({"n": 1}));
    let keyed = || send(gateway.api(Method::POST, &format!("/api/tasks/{task}/rerun")).header("Idempotency-Key", "r"));
    assert_eq!(keyed().await.task_id(), keyed().await.task_id());
    assert_eq!(gateway.tasks().await.len(), 3);
}

#[tokio::test]
async fn a_workflow_is_started_by_name() {
    let gateway = waiting_gateway(&Service::answering(json!({})).await).await;
    let workflows = gateway.get("/api/workflows").await.body;
    assert_eq!(
        workflows["workflows"][0],
        json!({"id": "waits", "title": "It waits", "description": null, "jobs": ["one", "two"]})
    );
    let run = |workflow: &str, body: &'static str| {
        send(gateway.api(Method::POST, &format!("/api/workflows/{workflow}/runs")).body(body))
    };
    run("nowhere", "{}").await.is_problem(404, "not_found");
    run("other", "{").await.is_problem(400, "malformed_body");
    run("other", "[]").await.is_problem(400, "malformed_body");
    run("other", r#"{"inputs": 1}"#).await.is_problem(400, "unusable_request");
    assert_eq!(gateway.tasks().await.len(), 0);
    let bare = run("other", "").await.task_id();
    assert_eq!(gateway.result_of(&bare).await, Value::Null);
    let keyed = || {
        let request = gateway.api(Method::POST, "/api/workflows/other/runs").header("Idempotency-Key", "s");
        send(request.json(&json!({"input": [1]})))
    };
    let (first, again) = (keyed().await, keyed().await);
    assert_eq!(first.body, json!({"status": "triggered", "task_id": again.task_id()}));
    assert_eq!(again.body, json!({"status": "triggered", "task_id": first.task_id(), "repeated": true}));
    assert_eq!(gateway.result_of(&first.task_id()).await, json!([1]));
    let other = gateway.api(Method::POST, "/api/workflows/other/runs").header("Idempotency-Key", "s");
    send(other.json(&json!({"input": [2]}))).await.is_problem(422, "key_reused");
    let several = |keys: [&'static str; 2]| {
        let request = gateway.api(Method::POST, "/api/workflows/other/runs");
        let request = keys.into_iter().fold(request, |request, key| request.header("Idempotency-Key", key));
        send(request.json(&json!({"input": [1]})))
    };
    several(["s", "t"]).await.is_problem(400, "unusable_request");
    let foreign = gateway.api(Method::POST, "/api/workflows/other/runs").header("Idempotency-Key", &b"\xfc"[..]);
    send(foreign.json(&json!({"input": [1]}))).await.is_problem(400, "unusable_request");
    assert_eq!(several(["s", "s"]).await.task_id(), first.task_id());
}
