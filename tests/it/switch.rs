//! Another app is put in charge while everything serves: no request and no wait is lost, and what is refused changes
//! nothing.

use domain::config::load;
use instance::{NewFile, Switch};
use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, Service, send};
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A trigger whose runs' results say by which version of the file they were accepted.
fn version(number: usize) -> String {
    format!(
        "
listener: {{path: /hook, workflow: echo, input: {{version: {number}, n: '${{body.n}}'}}}}
workflow: {{id: echo, jobs: [{{component: {{type: delay, duration: 0}}}}]}}
"
    )
}

fn file(text: &str) -> NewFile {
    let loaded = load(text, "ringback.yml");
    let config = loaded.config.unwrap_or_else(|| panic!("{:?}\n{text}", loaded.diagnostics));
    NewFile { config, text: Some(text.into()), env: Map::new(), functions: None }
}

async fn reload(switch: &Switch, text: &str) -> Vec<String> {
    switch.reload(file(text)).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn post(gateway: &Gateway, url: &str) -> Answer {
    send(gateway.request(Method::POST, url).json(&json!({}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_while_the_file_changes_twenty_times() {
    let gateway = Arc::new(File::new(version(0)).run().await);
    let changed = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..2)
        .map(|caller| {
            let (gateway, changed) = (gateway.clone(), changed.clone());
            #[expect(clippy::disallowed_methods, reason = "callers of their own")]
            tokio::spawn(async move {
                let mut tasks = Vec::new();
                while !changed.load(Ordering::Relaxed) || tasks.len() < 20 {
                    let n = json!([caller, tasks.len()]);
                    let answer = gateway.trigger("/hook", &json!({"n": n})).await;
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    tasks.push((answer.task_id(), n));
                }
                tasks
            })
        })
        .collect();
    for number in 1..=20 {
        reload(gateway.switch(), &version(number)).await;
        let answer = gateway.trigger("/hook", &json!({"n": number})).await;
        let result = gateway.result_of(&answer.task_id()).await;
        assert_eq!(result, json!({"version": number, "n": number}), "the new file is in charge at once");
    }
    changed.store(true, Ordering::Relaxed);
    for caller in callers {
        for (task, n) in caller.await.unwrap() {
            assert_eq!(gateway.result_of(&task).await["n"], n);
        }
    }
}

#[tokio::test]
async fn a_port_appears_and_another_goes() {
    let listeners = |ports: &[u16]| {
        let each = ports.iter().map(|port| format!("  - {{id: p{port}, port: {port}, path: /hook, workflow: echo}}\n"));
        let jobs = "jobs: [{component: {type: delay, duration: 0}}]";
        format!("listeners:\n{}workflow: {{id: echo, {jobs}}}\n", each.collect::<String>())
    };
    let gateway = File::new(listeners(&[8091, 8092])).run().await;
    let url = |listeners: &[instance::ListenerAddress], id: &str| {
        let found = listeners.iter().find(|listener| listener.id == id).unwrap();
        format!("{}/hook", found.url)
    };
    let before = gateway.switch().listeners().await;
    reload(gateway.switch(), &listeners(&[8092, 8093])).await;
    let after = gateway.switch().listeners().await;
    assert_eq!(url(&before, "p8092"), url(&after, "p8092"), "what stays keeps its socket");
    for id in ["p8092", "p8093"] {
        assert_eq!(post(&gateway, &url(&after, id)).await.status, 200);
    }
    let gone = url(&before, "p8091");
    // The connection of an earlier request would be closed too; this is a new one.
    ringback_tests::eventually("the old port is closed", || async {
        match gateway.request(Method::POST, &gone).send().await {
            Err(error) if error.is_connect() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let gateway = File::new(version(0)).with(|options| options.home.ephemeral_ports = false).with(|options| {
        // Free ports all the same.
        options.home.port = Some(0);
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        options.file.config.listeners[0].port = free;
    });
    let gateway = gateway.run().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut asked = file(&version(1));
    asked.config.listeners[0].host = "127.0.0.1".to_owned();
    asked.config.listeners[0].port = port;
    let refused = gateway.switch().reload(asked).await.unwrap_err().to_string();
    assert!(refused.contains(&port.to_string()) && refused.contains("the listener"), "{refused}");
    let answer = gateway.trigger("/hook", &json!({"n": 1})).await;
    assert_eq!(gateway.result_of(&answer.task_id()).await["version"], 0);
}

#[tokio::test]
async fn a_gateways_new_address_is_what_the_next_call_tells() {
    let service = Service::answering(json!({})).await;
    let text = format!(
        "
listener: {{port: 8090, path: /done, identify_by: '${{body.id}}'}}
component: {{id: call, type: http-client, endpoint: {}/, body: {{back: '${{gateway:8090.public_url}}/done'}},
  completion: {{type: callback, wait_for: '${{context.run_id}}'}}}}
workflow: {{id: call, jobs: [{{component: call}}]}}
",
        service.url
    );
    let gateway = File::new(text.clone()).run().await;
    let local = format!("{}/done", gateway.listeners[0].1);
    let first = gateway.start("call", json!({})).await;
    assert_eq!(service.next_request().await.body["back"], json!(local));
    gateway.switch().set_gateways(BTreeMap::from([(8090, "https://one.example".to_owned())])).await;
    gateway.start("call", json!({})).await;
    assert_eq!(service.next_request().await.body["back"], "https://one.example/done");
    reload(gateway.switch(), &text).await;
    gateway.start("call", json!({})).await;
    assert_eq!(service.next_request().await.body["back"], "https://one.example/done", "another file, the same address");
    gateway.switch().set_gateways(BTreeMap::new()).await;
    gateway.start("call", json!({})).await;
    assert_eq!(service.next_request().await.body["back"], json!(local));
    // A wait that began before goes on.
    let answer = gateway.call_back("/done", &json!({"id": first})).await;
    assert_eq!(answer.body, json!({"status": "resumed"}));
    gateway.result_of(&first).await;
}
