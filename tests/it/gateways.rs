//! Gateways: what is opened to the internet, what runs see of it, and what happens when it breaks.

mod api;
mod cloudflare;
mod guarded;
mod hook;
mod ngrok;
mod refusals;
mod reload;
mod sources;
mod ssh;
mod ssh_login;
mod stand_in;

use reqwest::Method;
use ringback_tests::{File, Gateway, Service, send};
use serde_json::json;

/// A job that waits for a callback at the gateway's address, started by a request through it.
fn file(gateway: &str, service: &Service) -> File {
    let text = format!(
        "
gateway: {{{gateway}}}
listeners:
  - {{port: 8090, path: /done, identify_by: '${{body.task_id}}', result: '${{body.result}}'}}
  - {{port: 8091, path: /go, workflow: ask}}
component:
  id: service
  endpoint: https://service.test/jobs
  body:
    callback_url: ${{gateway:8090.public_url}}/done
    address: ${{gateway:8090.public_address}}
    port: ${{gateway:8090.port}}
    driver: ${{gateway:8090.driver}}
    listener: ${{listener.url}}
    task_id: ${{context.run_id}}
workflow: {{id: ask, jobs: [{{component: service, output: '${{result}}'}}]}}
"
    );
    File::new(text).calling("https://service.test", service).with_gateways()
}

/// A request through the tunnel starts a run, whose service calls back through the tunnel. `reach` gives the address on
/// this machine that stands for a public one. Returns what the service was sent.
async fn exchange(gateway: &Gateway, service: &Service, reach: impl Fn(&str) -> String) -> serde_json::Value {
    let public = |port| reach(&gateway.public_url(port));
    let answer = send(
        gateway.request(Method::POST, &format!("{}/go", public(8091))).json(&json!({"exchange": service.calls()})),
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let asked = service.next_request().await.body;
    let callback = asked["callback_url"].as_str().expect("an address");
    let base = callback.strip_suffix("/done").expect("the route");
    assert_eq!(base, gateway.public_url(8090));
    let result = json!({"task_id": asked["task_id"], "result": "done"});
    let told = send(gateway.request(Method::POST, &format!("{}/done", reach(base))).json(&result)).await;
    assert_eq!(told.status, 200, "{}", told.body);
    assert_eq!(gateway.result_of(&answer.task_id()).await, "done");
    asked
}
