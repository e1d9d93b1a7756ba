//! Bytes stay bytes with their type: answers of services, requests, files of forms, outputs of programs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::bytes;
use reqwest::Method;
use ringback_tests::{File, Gateway, Reply, Service, send};
use serde_json::{Value, json};

/// The beginning of a picture, with every byte in it.
fn png() -> Vec<u8> {
    b"\x89PNG\r\n\x1a\n".iter().copied().chain(0..=255).collect()
}

const FILE: &str = "
listeners:
  - id: in
    type: http-trigger
    port: 8080
    triggers:
      - {path: /forward, workflow: forward, input: '${body}'}
      - {path: /form, workflow: forward, input: '${body.file}'}
  - {id: done, type: http-callback, path: /done, identify_by: '${query.id}', result: '${body}'}
components:
  make: {endpoint: https://service.test/make}
  pass: {endpoint: https://service.test/pass, body: '${input}'}
  wrap: {endpoint: https://service.test/wrap, body: {picture: '${input as base64}', type: '${input.content_type}', size: '${input.size}'}}
  as-json: {endpoint: https://service.test/json, headers: {Content-Type: application/json}, body: '${input}'}
  wait: {endpoint: https://service.test/wait, completion: {type: callback, callback: /done, wait_for: '${input}', timeout: 10m}}
  show: {type: program, program: show}
workflows:
  forward: {jobs: [{component: pass, input: '${input}'}]}
  through:
    jobs:
      - {id: tts, component: make}
      - {id: pass, component: pass, input: '${jobs.tts.output}'}
      - {id: wrap, component: wrap, input: '${jobs.tts.output}'}
      - {id: json, component: as-json, input: '${jobs.tts.output}'}
    output: '${jobs.tts.output}'
  text: {jobs: [{component: make}]}
  waits: {jobs: [{id: wait, component: wait, input: '${input.id}'}, {component: pass, input: '${jobs.wait.output}'}]}
  runs: {jobs: [{id: show, component: show}, {component: pass, input: '${jobs.show.output.stdout}'}]}
programs:
  show: {command: [printf, '\\211PNG\\377']}
";

async fn run(service: &Service) -> Gateway {
    File::new(FILE).calling("https://service.test", service).with(|options| options.programs.here = true).run().await
}

/// A service that makes something of that type.
async fn making(content_type: &'static str, body: Vec<u8>) -> Service {
    let script = move |request: ringback_tests::Request| {
        let body = body.clone();
        async move { if request.path == "/make" { Reply::raw(content_type, body) } else { Reply::ok(json!({})) } }
    };
    Service::scripted(script).await
}

#[tokio::test]
async fn an_answer_that_is_no_text_is_passed_on_as_it_was() {
    for content_type in ["image/png", "audio/mpeg", "application/octet-stream", "application/pdf; version=1.7"] {
        let service = making(content_type, png()).await;
        let gateway = run(&service).await;
        let task = gateway.start("through", json!({})).await;
        let result = gateway.result_of(&task).await;
        assert_eq!(result, bytes::value(Some(content_type), &png()));
        let sent = service.requests();
        assert_eq!((sent[1].path.as_str(), &sent[1].bytes), ("/pass", &png()));
        assert_eq!(sent[1].header("content-type"), content_type);
        let wrapped = json!({"picture": STANDARD.encode(png()), "type": content_type, "size": png().len()});
        assert_eq!(sent[2].body, wrapped);
        assert_eq!(
            (&sent[3].body, sent[3].header("content-type")),
            (&result, "application/json"),
            "JSON was asked for"
        );
    }
}

#[tokio::test]
async fn a_text_answer_is_read_by_its_charset() {
    let cases: [(&'static str, &[u8], Value); 4] = [
        ("text/plain; charset=iso-8859-1", b"caf\xe9", json!("café")),
        ("text/plain", "café".as_bytes(), json!("café")),
        ("text/plain", b"caf\xe9", bytes::value(Some("text/plain"), b"caf\xe9")),
        ("application/json; charset=latin1", b"{\"a\":\"\xe9\"}", json!({"a": "é"})),
    ];
    for (content_type, body, expected) in cases {
        let service = making(content_type, body.to_vec()).await;
        let gateway = run(&service).await;
        let task = gateway.start("text", json!({})).await;
        assert_eq!(gateway.result_of(&task).await, expected, "{content_type}");
    }
}

#[tokio::test]
async fn a_request_and_a_file_of_a_form_are_passed_on_as_they_were() {
    let service = Service::answering(json!({})).await;
    let gateway = run(&service).await;
    let request = gateway.request(Method::POST, &gateway.trigger_url("/forward")).header("content-type", "image/png");
    let task = send(request.body(png())).await.task_id();
    gateway.result_of(&task).await;
    let head =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n";
    let form = [head.as_bytes(), &png(), b"\r\n--b--\r\n"].concat();
    let url = gateway.trigger_url("/form");
    let request = gateway.request(Method::POST, &url).header("content-type", "multipart/form-data; boundary=b");
    let task = send(request.body(form)).await.task_id();
    gateway.result_of(&task).await;
    assert_eq!(gateway.task(&task).await["input"], bytes::file("a.mp3", Some("audio/mpeg"), &png()));
    for (request, content_type) in service.requests().iter().zip(["image/png", "audio/mpeg"]) {
        assert_eq!((&request.bytes, request.header("content-type")), (&png(), content_type));
    }
}

#[tokio::test]
async fn what_a_callback_brings_is_passed_on_as_it_was() {
    let service = Service::answering(json!({"accepted": true})).await;
    let gateway = run(&service).await;
    let task = gateway.start("waits", json!({"id": "a"})).await;
    gateway.waiting(&task).await;
    let url = format!("{}?id=a", gateway.callback_url("/done"));
    let answer = send(gateway.request(Method::POST, &url).header("content-type", "image/png").body(png())).await;
    assert_eq!(answer.body["status"], "resumed", "{}", answer.body);
    gateway.result_of(&task).await;
    let sent = &service.requests()[1];
    assert_eq!((&sent.bytes, sent.header("content-type")), (&png(), "image/png"));
}

#[tokio::test]
async fn what_a_program_writes_is_passed_on_as_it_was() {
    let service = Service::answering(json!({})).await;
    let gateway = run(&service).await;
    let task = gateway.start("runs", json!({})).await;
    gateway.result_of(&task).await;
    let sent = &service.requests()[0];
    assert_eq!((sent.bytes.as_slice(), sent.header("content-type")), (&b"\x89PNG\xff"[..], bytes::UNKNOWN_TYPE));
}

/// A run is replayed with the bytes that started it, and a request is sent again as it was received.
#[tokio::test]
async fn bytes_survive_replay() {
    let service = Service::answering(json!({})).await;
    let gateway = run(&service).await;
    let request = gateway.request(Method::POST, &gateway.trigger_url("/forward")).header("content-type", "image/png");
    let task = send(request.body(png())).await.task_id();
    gateway.result_of(&task).await;
    let kept = gateway.get("/api/requests").await;
    assert_eq!(kept.body["requests"][0]["body_base64"], STANDARD.encode(png()), "{}", kept.body);
    let again = gateway.post(&format!("/api/tasks/{task}/rerun")).await;
    let again = again.body["task_id"].as_str().unwrap().to_owned();
    gateway.result_of(&again).await;
    assert_eq!(service.requests()[1].bytes, png());
}
