//! No answer of the API is larger than Lambda sends, and what it holds can all be had, page after page.

use reqwest::Method;
use ringback_tests::subscriber::{TO_THIS_MACHINE, publish};
use ringback_tests::{File, Gateway, ManualClock, Reply, Service, Subscriber, eventually, send};
use serde_json::{Value, json};
use std::time::Duration;

/// What Lambda sends at most (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LAMBDA: usize = 6_000_000;
const KIB: usize = 1024;

const FILE: &str = "
listeners:
  - {path: /hook, workflow: echo}
  - {port: 8090, path: /done, identify_by: '${body.id}', result: '${body.value}'}
component: {id: pause, type: delay, duration: 0}
workflow: {id: echo, jobs: [{component: pause, output: '${input}'}], output: '${input}'}
";

async fn large() -> Gateway {
    File::new(FILE).and(TO_THIS_MACHINE).with(|options| options.settings.max_body = 20 << 20).run().await
}

/// As Lambda sends it: the body is a text in the function's answer.
fn carried(body: &Value) -> usize {
    json!(body.to_string()).to_string().len()
}

/// The pages of a list; each can be sent.
async fn pages(gateway: &Gateway, path: &str, name: &str, cursor: &str) -> Vec<Vec<Value>> {
    let (mut pages, mut next): (Vec<Vec<Value>>, Option<String>) = (Vec::new(), None);
    loop {
        let goes_on = next.as_ref().map(|next| format!("&{cursor}={}", next.replace('#', "%23"))).unwrap_or_default();
        let answer = gateway.get(&format!("{path}{goes_on}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(carried(&answer.body) < LAMBDA, "{}", carried(&answer.body));
        pages.push(answer.body[name].as_array().unwrap().clone());
        next = answer.body["next"].as_str().map(str::to_owned);
        if next.is_none() {
            return pages;
        }
    }
}

fn ids<'a>(pages: &'a [Vec<Value>], name: &str) -> Vec<&'a str> {
    pages.iter().flatten().map(|item| item[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn large_requests_are_all_given_once_and_oldest_first() {
    let clock = ManualClock::new();
    let gateway = File::new(FILE).clock(&clock).run().await;
    let mut sent = Vec::new();
    // Each quotation mark is four bytes of Lambda's answer.
    let body = "\"".repeat(127 * KIB);
    for n in 0..25 {
        // Equal requests would be one.
        let request = gateway.request(Method::POST, &format!("{}?n={n}", gateway.trigger_url("/hook")));
        let request = request.header("content-type", "text/plain").body(body.clone());
        sent.push(send(request).await.task_id());
        // Their places have milliseconds: several runs of one are in the order of their ids.
        clock.advance(Duration::from_micros(100));
    }
    let pages = pages(&gateway, "/api/requests?since=0", "requests", "after").await;
    assert!(pages.len() > 1 && pages.iter().all(|page| !page.is_empty()), "{}", pages.len());
    assert_eq!(ids(&pages, "id").len(), sent.len());
    assert!(pages.iter().flatten().all(|request| request["body"] == body.as_str()));
    let received: Vec<&str> = pages.iter().flatten().map(|one| one["received_at"].as_str().unwrap()).collect();
    assert!(received.is_sorted_by_key(|at| at.parse::<jiff::Timestamp>().unwrap().as_millisecond()), "{received:?}");
    let (mut all, mut given) = (sent.clone(), ids(&pages, "id"));
    all.sort_unstable();
    given.sort_unstable();
    assert_eq!(given, all);
}

#[tokio::test]
async fn a_list_of_tasks_leaves_out_what_is_long_and_says_so() {
    let service = Service::answering_in_turn([Reply::status(400, json!({"why": "x".repeat(20 * KIB)}))]).await;
    let file = "
components: [{id: service, endpoint: https://service.test}, {id: pause, type: delay, duration: 0}]
workflows:
  echo: {jobs: [{component: pause, output: '${input}'}], output: '${input}'}
  call: {jobs: [{component: service}]}
";
    let gateway = File::new(file).calling("https://service.test", &service).run().await;
    let (short, long) = (json!({"n": 1}), json!({"text": "x".repeat(20 * KIB)}));
    let tasks = [
        gateway.start("echo", short.clone()).await,
        gateway.start("echo", long.clone()).await,
        gateway.start("call", Value::Null).await,
    ];
    let mut whole = Vec::new();
    for task in &tasks {
        whole.push(gateway.finished(task).await);
    }
    let listed = gateway.tasks().await;
    let of = |id: &str| listed.iter().find(|task| task["task_id"] == id).unwrap();
    assert_eq!((&of(&tasks[0])["result"], of(&tasks[0]).get("truncated")), (&short, None));
    assert_eq!((&of(&tasks[1])["result"], &of(&tasks[1])["truncated"]), (&Value::Null, &json!(["result"])));
    assert_eq!((&whole[1]["result"], whole[1].get("truncated")), (&long, None));
    let failed = of(&tasks[2]);
    assert_eq!(failed["truncated"], json!(["error.detail"]), "{failed}");
    assert_eq!((&failed["error"]["code"], &failed["error"]["detail"]), (&json!("http_status"), &Value::Null));
    assert!(failed["error"]["message"].is_string());
    assert!(whole[2]["error"]["detail"].to_string().len() > 20 * KIB && whole[2].get("truncated").is_none());
}

#[tokio::test]
async fn a_task_that_is_too_large_for_an_answer_is_shown_without_what_is_long() {
    let gateway = large().await;
    let task = gateway.trigger("/hook", &json!({"text": "x".repeat(3_000_000)})).await.task_id();
    let shown = gateway.finished(&task).await;
    assert_eq!(
        (&shown["truncated"], &shown["input"], &shown["result"]),
        (&json!(["input", "result"]), &Value::Null, &Value::Null)
    );
    assert_eq!(
        (&shown["jobs"][0]["truncated"], &shown["jobs"][0]["status"]),
        (&json!(["output"]), &json!("completed"))
    );
    // What can't be cut is refused in words: here, how the two inputs differ.
    let dry_run = gateway.post(&format!("/api/tasks/{task}/replay?dry_run=true")).await;
    dry_run.is_problem(413, "answer_too_large");
    assert!(dry_run.body["detail"].as_str().unwrap().ends_with("; what was asked for has been done"));
}

#[tokio::test]
async fn an_event_that_is_too_large_for_an_answer_is_a_problem_and_its_delivery_is_cut() {
    let gateway = large().await;
    let subscriber = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({})).await;
    let event = |length: usize| json!({"event": "job.completed", "data": {"text": "x".repeat(length)}});
    let id = publish(&gateway, &event(5_600_000)).await;
    let refused = gateway.get(&format!("/api/events/{id}")).await;
    refused.is_problem(413, "answer_too_large");
    assert!(refused.body["detail"].as_str().unwrap().ends_with(" can be sent"), "{}", refused.body);
    let cut = delivery(&gateway, &id, &subscriber.id).await;
    assert_eq!((&cut["truncated"], &cut["event"]["data"]), (&json!(["request_body", "event.data"]), &Value::Null));

    let id = publish(&gateway, &event(3_000_000)).await;
    assert_eq!(gateway.get(&format!("/api/events/{id}")).await.status, 200);
    let cut = delivery(&gateway, &id, &subscriber.id).await;
    assert_eq!((&cut["truncated"], &cut["request_body"]), (&json!(["request_body"]), &Value::Null));
    assert_eq!(cut["event"]["data"]["text"].as_str().unwrap().len(), 3_000_000);
    assert_eq!(cut["attempts"][0]["status"], 200);
}

async fn delivery(gateway: &Gateway, event: &str, endpoint: &str) -> Value {
    eventually("it is delivered", || async {
        let answer = gateway.get(&format!("/api/deliveries/default.{event}.{endpoint}")).await;
        if answer.body["status"] == "delivered" { Ok(answer.body) } else { Err(answer.status) }
    })
    .await
}

#[tokio::test]
async fn callbacks_that_nobody_waits_for_are_all_given_once_however_large() {
    let gateway = large().await;
    let lengths = [900_000, 1, 4_200_000, 900_000, 2_000_000, 2_500_000, 1];
    for (n, length) in lengths.iter().enumerate() {
        let body = json!({"id": format!("key-{n}"), "value": "x".repeat(*length)});
        assert_eq!(gateway.call_back("/done", &body).await.body["status"], "stored");
    }
    let pages = pages(&gateway, "/api/waits?state=unclaimed", "waits", "before").await;
    assert!(pages.len() > 1 && pages.iter().all(|page| !page.is_empty()), "{}", pages.len());
    let mut keys = ids(&pages, "key");
    keys.sort_unstable();
    assert_eq!(keys, ["key-0", "key-1", "key-2", "key-3", "key-4", "key-5", "key-6"]);
    for wait in pages.iter().flatten() {
        let length = lengths[wait["key"].as_str().unwrap()[4..].parse::<usize>().unwrap()];
        // One that would be a page alone is cut; nothing else is.
        let expected = if length > 4_000_000 {
            (Value::Null, json!(["result"]))
        } else {
            (json!("x".repeat(length)), Value::Null)
        };
        assert_eq!((&wait["result"], &wait["truncated"]), (&expected.0, &expected.1));
    }
}

#[tokio::test]
async fn open_waits_are_all_given_once_however_long_their_keys() {
    let service = Service::answering(json!({})).await;
    let file = "
listener: {path: /done, identify_by: '${body.id}'}
component:
  id: service
  endpoint: https://service.test
  body: {id: '${input}', to: '${gateway:8090.public_url}/done'}
  completion: {type: callback, wait_for: '${request.id}', callback: /done}
workflow: {id: w, jobs: [{type: for-each, items: '${input}', do: [{id: ask, component: service, input: '${item}'}]}]}
";
    let gateway = File::new(file).calling("https://service.test", &service).run().await;
    // Each quotation mark is four bytes of Lambda's answer.
    let key = |run: usize, item: usize| format!("{}{run}-{item}", "\"".repeat(3900));
    let mut keys: Vec<String> = Vec::new();
    for run in 0..20 {
        let of_run: Vec<String> = (0..16).map(|item| key(run, item)).collect();
        let task = gateway.start("w", json!(of_run)).await;
        let all_wait = |task: &Value| {
            let jobs = task["jobs"].as_array().unwrap().iter();
            jobs.filter(|job| job["waiting_for"].is_object()).count() == 16
        };
        gateway.task_when(&task, "waiting", all_wait).await;
        keys.extend(of_run);
    }
    let pages = pages(&gateway, "/api/waits?limit=100", "waits", "before").await;
    assert!(pages.iter().any(|page| page.len() > 100 && page.len() < keys.len()), "{}", pages.len());
    let mut given = ids(&pages, "key");
    given.sort_unstable();
    keys.sort_unstable();
    assert_eq!(given, keys);
}
