//! What jobs do when they call: again after a failure, otherwise after the last one, side by side, and not for ever.

use ringback_tests::{File, Gate, Gateway, ManualClock, Reply, Service, eventually, job};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Barrier;

async fn by_clock(file: &str, clock: &ManualClock, service: &Service) -> Gateway {
    File::new(file).calling("https://service.test", service).clock(clock).run().await
}

async fn run(file: &str, service: &Service) -> Gateway {
    File::new(file).calling("https://service.test", service).run().await
}

/// The task, once its job rests for that many seconds before the attempt of that number.
async fn rests(gateway: &Gateway, task: &str, clock: &ManualClock, attempt: u32, seconds: i64) {
    let resting = |task: &Value| job(task, "ask")["attempt"] == attempt && job(task, "ask")["status"] == "retrying";
    let shown = gateway.task_when(task, "resting", |task| task["jobs"][0].is_object() && resting(task)).await;
    let until: jiff::Timestamp = job(&shown, "ask")["next_attempt_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(until.duration_since(clock.time()).as_secs(), seconds);
    assert_eq!(shown["status"], "waiting");
}

#[tokio::test]
async fn a_failed_call_is_made_again_after_pauses_that_grow() {
    let clock = ManualClock::new();
    let replies = [Reply::status(500, json!("no")), Reply::status(429, json!("wait")), Reply::ok(json!("yes"))];
    let service = Service::answering_in_turn(replies).await;
    let file = "
component: {id: service, endpoint: https://service.test, body: {n: 1}}
workflow:
  jobs:
    - {id: ask, component: service, retry: {max_attempts: 3, delay: 10s, backoff: 3}}
";
    let gateway = by_clock(file, &clock, &service).await;
    let task = gateway.start("default", Value::Null).await;
    for (attempt, pause) in [(2, 10), (3, 30)] {
        service.next_request().await;
        rests(&gateway, &task, &clock, attempt, pause).await;
        clock.advance(Duration::from_secs(u64::try_from(pause).unwrap()));
    }
    assert_eq!(gateway.result_of(&task).await, "yes");
    let requests = service.requests();
    assert_eq!(requests.len(), 3);
    let key = format!("{task}/ask");
    assert!(requests.iter().all(|request| request.header("idempotency-key") == key), "{requests:?}");
}

#[tokio::test]
async fn a_pause_longer_than_a_queue_can_delay_ends_in_time_too() {
    let clock = ManualClock::new();
    let service = Service::answering_in_turn([Reply::status(503, json!(1)), Reply::ok(json!("at last"))]).await;
    let file = "
component: {id: service, endpoint: https://service.test}
workflow: {jobs: [{id: ask, component: service, retry: {max_attempts: 2, delay: 3h}}]}
";
    let gateway = by_clock(file, &clock, &service).await;
    let task = gateway.start("default", Value::Null).await;
    rests(&gateway, &task, &clock, 2, 3 * 3600).await;
    clock.advance(Duration::from_secs(3 * 3600));
    assert_eq!(gateway.result_of(&task).await, "at last");
}

#[tokio::test]
async fn a_job_whose_attempts_are_used_up_fails_with_the_last_answer() {
    let service =
        Service::answering_in_turn([Reply::status(500, json!(1)), Reply::status(502, json!({"why": 2}))]).await;
    let file = "
component: {id: service, endpoint: https://service.test}
workflow: {jobs: [{id: ask, component: service, retry: {max_attempts: 2, delay: 0}}]}
";
    let gateway = run(file, &service).await;
    let task = gateway.start("default", Value::Null).await;
    let error = gateway.error_of(&task).await;
    let detail = json!({"status": 502, "body": {"why": 2}});
    assert_eq!(error, json!({"code": "http_status", "message": "the service answered 502", "detail": detail}));
    assert_eq!(service.requests().len(), 2);
    assert_eq!(job(&gateway.task(&task).await, "ask")["attempt"], 2);
}

#[tokio::test]
async fn the_jobs_of_on_error_run_in_the_place_of_a_job_that_failed() {
    let service = Service::scripted(|request| async move {
        match request.path.as_str() {
            "/spare" => Reply::ok(request.body),
            _ => Reply::status(500, json!("broken")),
        }
    })
    .await;
    let file = "
components:
  service: {endpoint: https://service.test/main}
  spare: {endpoint: https://service.test/spare, body: {because: '${input.why}', code: '${input.code}'}}
workflows:
  saved:
    jobs:
      - id: ask
        component: service
        on_error:
          - {id: spare, component: spare, input: {why: '${error.message}', code: '${error.detail.status}'}}
      - {id: next, component: {type: delay, duration: 0}, input: {got: '${jobs.ask.output}'}}
  lost:
    jobs:
      - {id: ask, component: service, on_error: [{id: again, component: service}]}
";
    let gateway = run(file, &service).await;
    let saved = gateway.start("saved", Value::Null).await;
    let spare = json!({"because": "the service answered 500", "code": 500});
    assert_eq!(gateway.result_of(&saved).await, json!({"got": spare}));
    let lost = gateway.start("lost", Value::Null).await;
    assert_eq!(gateway.error_of(&lost).await["code"], "http_status");
}

#[tokio::test]
async fn a_service_that_hangs_is_given_up_after_the_timeout() {
    let gate = Gate::closed();
    let service = Service::scripted(move |_| {
        let gate = gate.clone();
        async move {
            gate.passed().await;
            Reply::ok(Value::Null)
        }
    })
    .await;
    let file = "
component: {id: service, endpoint: https://service.test, timeout: 150}
workflow: {jobs: [{id: ask, component: service}]}
";
    let gateway = run(file, &service).await;
    let task = gateway.start("default", Value::Null).await;
    let error = gateway.error_of(&task).await;
    assert_eq!(error["code"], "timeout");
    assert_eq!(error["message"], "the service did not answer within 150 ms");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unreachable_and_its_internals_stay_unsaid() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = format!(
        "
component: {{id: service, endpoint: 'http://{nobody}/'}}
workflow: {{jobs: [{{component: service}}]}}
"
    );
    let gateway = File::new(file).run().await;
    let task = gateway.start("default", Value::Null).await;
    let error = gateway.error_of(&task).await;
    assert_eq!(error["code"], "unreachable");
    assert_eq!(error["message"], "127.0.0.1 could not be reached: no connection could be made");
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let other = Service::answering(json!("elsewhere")).await;
    let service = Service::answering_in_turn([Reply::redirect(&other.url)]).await;
    let file = "{component: {id: c, endpoint: https://service.test}, workflow: {jobs: [{component: c}]}}";
    let gateway = run(file, &service).await;
    let task = gateway.start("default", Value::Null).await;
    assert_eq!(gateway.error_of(&task).await["detail"]["status"], 307);
    assert_eq!(other.calls(), 0);
}

#[tokio::test]
async fn an_address_from_a_template_may_not_be_an_internal_one() {
    let service = Service::answering(Value::Null).await;
    let gateway =
        File::new("{component: {id: c, endpoint: '${input.url}'}, workflow: {jobs: [{component: c}]}}").run().await;
    let task = gateway.start("default", json!({"url": service.url})).await;
    assert_eq!(gateway.error_of(&task).await["code"], "forbidden_address");
    assert_eq!(service.requests().len(), 0);
}

#[tokio::test]
async fn an_internal_address_from_a_template_may_be_one_that_the_file_allows() {
    let service = Service::answering(json!("here")).await;
    let file = "{component: {id: c, endpoint: '${input.url}'}, workflow: {jobs: [{component: c}]}, \
        delivery: {allow_private: [127.0.0.0/8]}}";
    let gateway = File::new(file).run().await;
    let url = service.url.replace("127.0.0.1", "localhost");
    for url in [&service.url, &url] {
        let task = gateway.start("default", json!({"url": url})).await;
        assert_eq!(gateway.result_of(&task).await, "here", "{url}");
    }
    let task = gateway.start("default", json!({"url": "http://10.0.0.1/"})).await;
    assert_eq!(gateway.error_of(&task).await["code"], "forbidden_address");
}

#[tokio::test]
async fn jobs_that_depend_on_nothing_run_at_the_same_time() {
    // Neither is answered before both have been asked.
    let both = Arc::new(Barrier::new(2));
    let service = Service::scripted(move |request| {
        let both = both.clone();
        async move {
            if request.path != "/last" {
                both.wait().await;
            }
            Reply::ok(json!(request.path))
        }
    })
    .await;
    let file = "
components:
  a: {endpoint: https://service.test/a}
  b: {endpoint: https://service.test/b}
  last: {endpoint: https://service.test/last, body: '${input}'}
workflow:
  jobs:
    - {id: a, component: a, depends_on: []}
    - {id: b, component: b, depends_on: []}
    - {id: last, component: last, depends_on: [a, b], input: ['${jobs.a.output}', '${jobs.b.output}']}
    - {id: other, component: {type: delay, duration: 0}, depends_on: [a], input: beside}
";
    let gateway = run(file, &service).await;
    let task = gateway.start("default", Value::Null).await;
    assert_eq!(gateway.result_of(&task).await, json!({"last": "/last", "other": "beside"}));
    assert_eq!(service.requests()[2].body, json!(["/a", "/b"]));
}

#[tokio::test]
async fn a_job_that_waits_is_stopped_when_another_fails() {
    let service = Service::scripted(|request| async move {
        match request.path.as_str() {
            "/bad" => Reply::status(400, json!("bad")),
            _ => Reply::ok(Value::Null),
        }
    })
    .await;
    let file = "
listener: {path: /done, identify_by: '${body.id}', status: '${body.status}', success_when: [done]}
components:
  slow: {endpoint: https://service.test/slow, body: {id: k, to: '${gateway:8090.public_url}/done'}}
  bad: {endpoint: https://service.test/bad}
  pause: {type: delay, duration: 1m}
workflow:
  jobs:
    - {id: slow, component: slow, depends_on: []}
    - {id: pause, component: pause, depends_on: []}
    - {id: bad, component: bad, depends_on: [pause]}
";
    let clock = ManualClock::new();
    let gateway = by_clock(file, &clock, &service).await;
    let task = gateway.start("default", Value::Null).await;
    let waits = |task: &Value| task["jobs"].as_array().unwrap().iter().any(|job| !job["waiting_for"].is_null());
    gateway.task_when(&task, "waiting for its callback", waits).await;
    clock.advance(Duration::from_secs(60));
    assert_eq!(gateway.error_of(&task).await["code"], "http_status");
    assert_eq!(job(&gateway.task(&task).await, "slow")["status"], "cancelled");
    // Just after the run has ended; progress decides nothing before.
    eventually("the wait is closed", || async {
        let late = gateway.call_back("/done", &json!({"id": "k", "status": "running"})).await;
        if late.body["status"] == "ignored" { Ok(()) } else { Err(late.body) }
    })
    .await;
}

#[tokio::test]
async fn a_jobs_own_timeout_bounds_its_wait() {
    let clock = ManualClock::new();
    let service = Service::answering(Value::Null).await;
    let file = "
listener: {path: /done, identify_by: '${body.id}'}
component: {id: slow, endpoint: https://service.test, body: {id: k, to: '${gateway:8090.public_url}/done'}}
workflow: {jobs: [{id: slow, component: slow, timeout: 2m}]}
";
    let gateway = by_clock(file, &clock, &service).await;
    let task = gateway.start("default", Value::Null).await;
    gateway.waiting(&task).await;
    clock.advance(Duration::from_secs(120));
    assert_eq!(gateway.error_of(&task).await["code"], "timeout");
}

#[tokio::test]
async fn no_more_items_of_a_loop_are_in_progress_than_it_allows() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let gate = Gate::closed();
    let (counted, highest, held) = (now.clone(), most.clone(), gate.clone());
    let service = Service::scripted(move |request| {
        let (counted, highest, held) = (counted.clone(), highest.clone(), held.clone());
        async move {
            highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            held.passed().await;
            counted.fetch_sub(1, Ordering::SeqCst);
            Reply::ok(request.body)
        }
    })
    .await;
    let file = "
component: {id: service, endpoint: https://service.test, body: '${input}'}
workflow: {jobs: [{type: for-each, items: '${input}', max_concurrent: 2, component: service}]}
";
    let gateway = run(file, &service).await;
    let task = gateway.start("default", json!([1, 2, 3, 4, 5, 6])).await;
    service.next_request().await;
    service.next_request().await;
    gate.open();
    assert_eq!(gateway.result_of(&task).await, json!([1, 2, 3, 4, 5, 6]));
    assert_eq!((most.load(Ordering::SeqCst), now.load(Ordering::SeqCst)), (2, 0));
}
