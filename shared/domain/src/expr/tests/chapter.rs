//! Every form of expression that the chapters' examples use, with the sources that a file knows.

use crate::expr::{Scope, Sources, Template};
use serde_json::json;

const KNOWN: Sources = Sources::Known(&[
    "body", "query", "header", "path", "method", "item", "input", "output", "response", "result", "error", "jobs",
    "context", "env", "gateway", "listener",
]);

#[test]
fn the_chapters_expressions_mean_what_they_say() {
    let body = json!({"task_id": "t", "output": {"url": "u", "width": 2}, "results": [1], "event": {"client_msg_id": "m"},
        "processing_time_ms": 40, "queue_time_ms": 2});
    let (input, query) = (json!({"prompt": "p"}), json!({"task_id": "q"}));
    let output = json!({"original_size": 10, "compressed_size": 4, "task_id": "o"});
    let jobs = json!({"process-message": {"output": {"result": "done"}}, "request": {"output": {"task_id": "r"}}});
    let (env, header) = (json!({"IMAGE_AI_KEY": "k"}), json!({"x-signature": "s"}));
    let gateway = json!({"8090": {"public_url": "https://g", "port": 8090}});
    let scope = [
        ("body", &body),
        ("input", &input),
        ("query", &query),
        ("output", &output),
        ("jobs", &jobs),
        ("env", &env),
        ("header", &header),
        ("gateway", &gateway),
    ]
    .into_iter()
    .fold(Scope::new(), |scope, (name, value)| scope.with(name, value));
    for (text, expected) in [
        ("${body}", body.clone()),
        ("${body.task_id}", json!("t")),
        ("${body.output.url}", json!("u")),
        ("${body.results}", json!([1])),
        ("${query.task_id}", json!("q")),
        ("${body.event.client_msg_id}", json!("m")),
        ("${header.X-Signature}", json!("s")),
        ("${gateway:8090.public_url}/webhooks/image/completed", json!("https://g/webhooks/image/completed")),
        ("${gateway:8090.port}", json!(8090)),
        ("Bearer ${env.IMAGE_AI_KEY}", json!("Bearer k")),
        ("${input.size | \"1024x1024\"}", json!("1024x1024")),
        ("Processing complete: ${jobs.process-message.output.result}", json!("Processing complete: done")),
        ("작업 요청: task_id=${jobs.request.output.task_id}", json!("작업 요청: task_id=r")),
        ("${output.original_size - output.compressed_size}", json!(6)),
        ("${body.processing_time_ms + body.queue_time_ms}", json!(42)),
        ("${listener.url}", json!(null)),
        ("${context.run_id}", json!(null)),
    ] {
        let template = Template::parse(text, KNOWN).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(template.render(&scope), Ok(expected), "{text}");
    }
}
