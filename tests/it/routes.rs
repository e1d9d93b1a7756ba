//! A route is its method and its public path: whatever else of the file is edited, callbacks find the jobs that wait.

use domain::config::{Completion, Component, Config, RouteId, Routes, load};
use instance::{NewFile, Switch};
use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, Service, eventually, send, watch};
use serde_json::{Map, Value, json};

const LISTENER: &str = "- {port: 18090, path: /done, identify_by: '${body.id}', result: '${body.value}'}";

fn file(listeners: &str) -> String {
    format!(
        "
listeners:
  {listeners}
component:
  id: service
  endpoint: https://service.test/jobs
  body: {{id: '${{input}}'}}
  completion: {{type: callback, callback: /done, wait_for: '${{input}}'}}
  output: '${{result}}'
workflow: {{id: w, jobs: [{{component: service}}]}}
"
    )
}

async fn reload(switch: &Switch, text: &str) {
    let loaded = load(text, "ringback.yml");
    let config = loaded.config.unwrap_or_else(|| panic!("{:?}\n{text}", loaded.diagnostics));
    let file = NewFile { config, text: Some(text.into()), env: Map::new(), functions: None };
    switch.reload(file).await.unwrap_or_else(|error| panic!("{error}"));
}

async fn call_back(gateway: &Gateway, port: u16, key: impl Into<Value>) -> Answer {
    let key = key.into();
    call_back_with(gateway, port, &key, &key).await
}

async fn call_back_with(gateway: &Gateway, port: u16, key: &Value, value: &Value) -> Answer {
    let url = gateway.switch().url_of_port(port).await.expect("the port is served");
    let body = json!({"id": key, "value": value});
    send(gateway.request(Method::POST, &format!("{url}/done")).json(&body)).await
}

/// The same listener, written otherwise, with the port at which it is.
const EDITS: [(&str, u16); 5] = [
    ("- {id: images, port: 18090, path: /done, identify_by: '${body.id}', result: '${body.value}'}", 18090),
    (
        "- {port: 18090, path: /above}\n  - {port: 18090, path: /done, identify_by: '${body.id}', result: \
         '${body.value}'}",
        18090,
    ),
    ("- {port: 18099, path: /done, identify_by: '${body.id}', result: '${body.value}'}", 18099),
    (
        "- {port: 18090, base_path: /, callbacks: [{path: /done, identify_by: '${body.id}', result: '${body.value}'}]}",
        18090,
    ),
    (
        "- {port: 18090, path: /done, method: GET, workflow: w}\n  \
         - {id: x, port: 18099, path: /done, identify_by: '${body.id}', result: '${body.value}'}",
        18099,
    ),
];

#[tokio::test]
async fn a_callback_finds_its_job_after_every_edit_of_what_surrounds_its_route() {
    let service = Service::answering(json!({})).await;
    let gateway = File::new(file(LISTENER)).calling("https://service.test", &service).run().await;
    for (number, (edit, port)) in EDITS.iter().enumerate() {
        let original = file(LISTENER).replace("https://service.test", &service.url);
        reload(gateway.switch(), &original).await;
        let (one, two) = (format!("one-{number}"), format!("two-{number}"));
        let tasks = [gateway.start("w", json!(one)).await, gateway.start("w", json!(two)).await];
        for task in &tasks {
            gateway.waiting(task).await;
        }
        reload(gateway.switch(), &file(edit).replace("https://service.test", &service.url)).await;
        // At the port of the new file, and at that which the service was told of.
        for (key, at, task) in [(&one, *port, &tasks[0]), (&two, 18090, &tasks[1])] {
            let answer = call_back(&gateway, at, key.as_str()).await;
            assert_eq!(answer.body, json!({"status": "resumed"}), "{edit} at {at}");
            assert_eq!(gateway.result_of(task).await, **key);
        }
    }
}

#[tokio::test]
async fn a_parameter_of_a_callback_route_may_have_another_name_while_runs_wait() {
    let service = Service::answering(json!({})).await;
    let text = |name: &str| {
        let listener = format!(
            "- {{port: 18090, path: '/done/{{{name}}}', identify_by: '${{path.{name}}}', result: '${{body.value}}'}}"
        );
        file(&listener).replace("callback: /done", &format!("callback: '/done/{{{name}}}'"))
    };
    let gateway = File::new(text("a")).calling("https://service.test", &service).run().await;
    let task = gateway.start("w", json!("k")).await;
    gateway.waiting(&task).await;
    let next = text("b").replace("https://service.test", &service.url);
    reload(gateway.switch(), &next).await;
    let url = gateway.switch().url_of_port(18090).await.expect("the port is served");
    let answer = send(gateway.request(Method::POST, &format!("{url}/done/k")).json(&json!({"value": 5}))).await;
    assert_eq!(answer.body, json!({"status": "resumed"}));
    assert_eq!(gateway.result_of(&task).await, 5);
}

#[tokio::test]
async fn so_it_does_after_a_restart_with_the_edited_file() {
    let service = Service::answering(json!({})).await;
    for (edit, port) in EDITS {
        let data = tempfile::tempdir().unwrap();
        let start = |text: String| File::new(text).calling("https://service.test", &service).data(data.path()).run();
        let gateway = start(file(LISTENER)).await;
        let task = gateway.start("w", json!("k")).await;
        gateway.waiting(&task).await;
        gateway.stop().await;
        let gateway = start(file(edit)).await;
        assert_eq!(call_back(&gateway, port, "k").await.body, json!({"status": "resumed"}), "{edit}");
        assert_eq!(gateway.result_of(&task).await, "k");
        gateway.stop().await;
    }
}

/// A file as version 0.1 read it: its routes have the names of then.
fn as_by_version_0_1(config: &mut Config) {
    let mut former = Vec::new();
    for listener in &mut config.listeners {
        let Routes::Callbacks(callbacks) = &mut listener.routes else { continue };
        for route in callbacks.iter_mut().map(|callback| &mut callback.route) {
            let id = RouteId::former(&listener.id, route.method, &route.path);
            former.push((std::mem::replace(&mut route.id, id.clone()), id));
        }
    }
    for component in config.components.values_mut() {
        let Component::HttpClient(client) = component else { continue };
        let Some(Completion::Callback(completion)) = &mut client.completion else { continue };
        let (_, id) = former.iter().find(|(present, _)| *present == completion.route).expect("the route");
        completion.route = id.clone();
    }
}

/// What version 0.1 stored: a job that waits, a callback that no job waits for yet, and a file that was edited meanwhile.
#[tokio::test]
async fn waits_and_callbacks_of_version_0_1_are_found() {
    let service = Service::answering(json!({})).await;
    for (edit, port) in [(LISTENER, 18090), EDITS[0], EDITS[2]] {
        let data = tempfile::tempdir().unwrap();
        let start = |text: &str, upgraded: bool| {
            let file = File::new(file(text)).calling("https://service.test", &service).data(data.path());
            let file = if upgraded { file } else { file.with(|options| as_by_version_0_1(&mut options.file.config)) };
            file.run()
        };
        let gateway = start(LISTENER, false).await;
        let waiting = gateway.start("w", json!("waits")).await;
        let asked_twice = gateway.start("w", json!("twice")).await;
        // It wrote a float's key so.
        let number = gateway.start("w", json!("100.0")).await;
        for task in [&waiting, &asked_twice, &number] {
            let shown = gateway.waiting(task).await;
            assert!(shown.to_string().contains("listener-18090:POST:/done"), "{shown}");
        }
        gateway.stop().await;

        let gateway = start(edit, true).await;
        let shown = gateway.get("/api/waits").await.body;
        assert_eq!(shown["waits"][0]["route"], "POST /done", "{shown}");
        assert_eq!(call_back(&gateway, port, "waits").await.body, json!({"status": "resumed"}), "{edit}");
        assert_eq!(gateway.result_of(&waiting).await, "waits");
        assert_eq!(call_back(&gateway, port, 100).await.body, json!({"status": "resumed"}), "{edit}");
        assert_eq!(gateway.result_of(&number).await, 100);
        assert_eq!(call_back(&gateway, port, "waits").await.body, json!({"status": "duplicate"}));
        // What came for a job of then counts for none of now, and is no callback that no job waits for.
        let unclaimed = gateway.get("/api/waits?state=unclaimed").await.body;
        assert_eq!(unclaimed["waits"], json!([]), "{unclaimed}");
        let next = gateway.start("w", json!("waits")).await;
        gateway.waiting(&next).await;
        // An equal callback would be a repetition of the one before.
        let other = call_back_with(&gateway, port, &json!("waits"), &json!("another value")).await;
        assert_eq!(other.body, json!({"status": "resumed"}));
        gateway.result_of(&next).await;
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_callback_that_version_0_1_kept_waits_for_its_job() {
    let (service, data) = (Service::answering(json!({})).await, tempfile::tempdir().unwrap());
    let start = || File::new(file(LISTENER)).calling("https://service.test", &service).data(data.path());
    let gateway = start().with(|options| as_by_version_0_1(&mut options.file.config)).run().await;
    eventually("the first sweep is over", async || {
        let app = gateway.app();
        app.store.cursors().await.map(|_| ()).map_err(|error| error.to_string())
    })
    .await;
    assert_eq!(call_back(&gateway, 18090, "early").await.body, json!({"status": "stored"}));
    assert_eq!(call_back(&gateway, 18090, "1e+21").await.body, json!({"status": "stored"}));
    gateway.stop().await;
    let gateway = start().run().await;
    let task = gateway.start("w", json!("early")).await;
    assert_eq!(gateway.result_of(&task).await, "early");
    let task = gateway.start("w", json!(1e21)).await;
    assert_eq!(gateway.result_of(&task).await, "1e+21", "what was a number then");
}

/// A file without the route leaves it served, and says so of each job that waits there.
#[tokio::test]
async fn a_route_that_is_gone_is_told_of_with_its_waits() {
    let service = Service::answering(json!({})).await;
    let gateway = File::new(file(LISTENER)).calling("https://service.test", &service).run().await;
    let task = gateway.start("w", json!("k")).await;
    gateway.waiting(&task).await;
    let before = gateway.get("/api/waits").await.body;
    assert_eq!(before["waits"][0]["route_gone"], Value::Null, "{before}");
    reload(gateway.switch(), "listener: {path: /other}").await;
    let shown = gateway.get("/api/waits").await.body;
    assert_eq!(shown["waits"][0]["route"], "POST /done", "{shown}");
    assert_eq!(shown["waits"][0]["route_gone"], true, "{shown}");
    assert_eq!(call_back(&gateway, 18090, "k").await.body, json!({"status": "resumed"}));
    assert_eq!(gateway.result_of(&task).await, "k");
}

/// The log says what becomes of callbacks where a trigger took their route's place, and what brings them back.
#[tokio::test]
async fn a_trigger_in_the_place_of_a_route_at_which_a_job_waits_is_told_of() {
    let service = Service::answering(json!({})).await;
    let gateway = File::new(file(LISTENER)).calling("https://service.test", &service).run().await;
    let task = gateway.start("w", json!("k")).await;
    gateway.waiting(&task).await;
    let told = "a trigger has its place, so a callback that is sent there starts the workflow `other`";
    let trigger = |path: &str| {
        format!(
            "
listener: {{port: 18090, path: {path}, workflow: other}}
workflow: {{id: other, jobs: [{{component: {{type: delay, duration: 0}}}}]}}
"
        )
    };
    reload(gateway.switch(), &trigger("/done")).await;
    eventually("the log tells of it", || async {
        let log = watch::logged();
        if log.contains(told) && log.contains(&format!("1 job waits there (runs {task})")) { Ok(()) } else { Err(log) }
    })
    .await;
    assert_eq!(call_back(&gateway, 18090, "k").await.body["status"], "triggered");
    reload(gateway.switch(), &trigger("/start")).await;
    assert_eq!(call_back(&gateway, 18090, "k").await.body, json!({"status": "resumed"}));
    assert_eq!(gateway.result_of(&task).await, "k");
}

/// A router that can't be made would end the process; a file that asks for one is refused like any other bad file.
#[tokio::test]
async fn one_path_may_have_two_listeners_by_method_also_after_a_reload() {
    let service = Service::answering(json!({})).await;
    let gateway = File::new(file(LISTENER)).calling("https://service.test", &service).run().await;
    let both =
        format!("{LISTENER}\n  - {{port: 18090, path: /done, method: GET, workflow: w, input: '${{query.id}}'}}");
    reload(gateway.switch(), &file(&both).replace("https://service.test", &service.url)).await;
    let url = gateway.switch().url_of_port(18090).await.unwrap();
    let started = send(gateway.request(Method::GET, &format!("{url}/done?id=k"))).await;
    assert_eq!(started.body["status"], "triggered", "{}", started.body);
    gateway.waiting(&started.task_id()).await;
    assert_eq!(call_back(&gateway, 18090, "k").await.body, json!({"status": "resumed"}));
    assert_eq!(send(gateway.request(Method::PUT, &format!("{url}/done"))).await.status, 405);
}
