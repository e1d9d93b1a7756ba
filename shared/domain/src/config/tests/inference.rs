//! Waits that a file doesn't spell out: which route, which key, how long.

use super::chapters::blocks;
use super::{check, config};
use crate::config::{Completion, Component, Config, load};
use crate::expr::Scope;
use serde_json::{Value, json};
use std::time::Duration;

/// The inferred waits of a text, one a line.
#[track_caller]
fn inferred(text: &str) -> String {
    let loaded = load(text, "f");
    assert!(loaded.config.is_some(), "{:#?}", loaded.diagnostics);
    loaded.inferred.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn block(name: &str) -> String {
    blocks().into_iter().find(|(block, _)| block == name).expect("the block").1
}

#[test]
fn the_chapters_examples_wait_for_their_callbacks() {
    let key = "${response.task_id | ${request.task_id | ${context.run_id}}}";
    let because = "(its request carries the route's address)";
    let service = format!("external-service waits for POST /callback, at most 24h, key {key} {because}");
    let image = format!("image-generator waits for POST /webhooks/image/completed, at most 24h, key {key} {because}");
    let table = [
        ("ko/12-13.2.2.yml", service.as_str()),
        ("zh/22-13.4.2.yml", &service),
        ("ko/19-13.3.1.yml", &image),
        ("zh/29-13.5.1.yml", &image),
        // An address elsewhere, or of a listener that the block doesn't have, is no wait.
        ("zh/27-13.4.5.yml", ""),
        ("zh/28-13.4.6.yml", ""),
        ("zh/31-13.5.3.yml", ""),
        ("ko/21-13.3.3.yml", ""),
        ("zh/32-13.6.1.yml", ""),
        ("ko/22-13.4.1.yml", ""),
    ];
    for (name, expected) in table {
        assert_eq!(inferred(&block(name)), expected, "{name}");
    }
}

#[test]
fn the_korean_time_out_example_waits_once_it_has_a_listener() {
    let text = block("ko/22-13.4.1.yml") + "listener: {path: /done, identify_by: \"${body.job.id}\"}\n";
    assert_eq!(
        inferred(&text),
        "service waits for POST /done, at most 5m, \
         key ${response.job.id | ${request.id}} (its request carries the route's address)"
    );
}

/// A file with one callback route and a component whose body has one text and the run's id.
fn file(identify_by: &str, path: &str, address: &str) -> String {
    format!(
        "listener: {{path: '{path}', identify_by: '{identify_by}'}}\n\
         component: {{id: c, endpoint: 'https://h', body: {{at: '{address}', run: '${{context.run_id}}'}}}}\n"
    )
}

#[test]
fn the_key_follows_from_how_the_callback_is_identified() {
    let table = [
        ("${body.id}", "${response.id | ${request.id | ${context.run_id}}}"),
        ("${body.a.b-c}", "${response.a.b-c | ${request.b-c | ${context.run_id}}}"),
        (r#"${body["a key"].id}"#, r#"${response["a key"].id | ${request.id | ${context.run_id}}}"#),
        ("${query.x}", "${response.x | ${request.x | ${context.run_id}}}"),
        ("${header.X-Task-Id}", "${response.X-Task-Id | ${request.X-Task-Id | ${context.run_id}}}"),
        ("fixed", "fixed"),
        ("job-${body.id}", "job-${response.id | ${request.id | ${context.run_id}}}"),
        (
            "${body.a}:${body.b}",
            "${response.a | ${request.a | ${context.run_id}}}:${response.b | ${request.b | ${context.run_id}}}",
        ),
        ("${env.STAGE}/${body.a}", "${env.STAGE}/${response.a | ${request.a | ${context.run_id}}}"),
    ];
    for (identify_by, key) in table {
        let told = inferred(&file(identify_by, "/cb", "${gateway:8090.public_url}/cb"));
        assert!(told.contains(&format!("key {key} (its")), "{identify_by}: {told}");
    }
}

#[test]
fn a_key_that_stands_in_the_address_is_no_guess() {
    let told = inferred(&file("${path.id}", "/cb/{id}", "${gateway:8090.public_url}/cb/run-${context.run_id}"));
    assert!(told.contains("key run-${context.run_id} (its"), "{told}");
    let told = inferred(&file("${query.task}", "/cb", "${listener.url}?a=1&task=${input.id}#x"));
    assert!(told.contains("key ${input.id} (its"), "{told}");
}

#[test]
fn a_bulk_callback_is_identified_by_its_items() {
    let text = "listener: {path: /cb, bulk: true, item: '${body.results}', identify_by: '${item.task.id}'}\n\
                component: {id: c, endpoint: 'https://h', body: {at: '${listener.url}'}}\n";
    assert!(inferred(text).contains("key ${response.task.id | ${request.id}} (its"));
}

#[test]
fn the_key_is_found_in_the_answer_or_the_request_or_is_the_runs_id() {
    let config = config(&file("${body.job.id}", "/cb", "${listener.url}"));
    let Component::HttpClient(client) = &config.components["c"] else { panic!("a client") };
    let Some(Completion::Callback(callback)) = &client.completion else { panic!("a wait") };
    let key = |response: Value, request: Value| {
        let context = json!({"run_id": "run-1"});
        let scope = Scope::new().with("response", &response).with("request", &request).with("context", &context);
        callback.wait_for.render(&scope).expect("a key")
    };
    assert_eq!(key(json!({"job": {"id": 7}}), json!({"id": "mine"})), json!(7));
    assert_eq!(key(json!({"id": 7}), json!({"id": "mine"})), json!("mine"));
    assert_eq!(key(json!("accepted"), json!({})), json!("run-1"));
    assert!(callback.inferred);
}

#[test]
fn an_address_is_found_wherever_it_is_sent() {
    let table = [
        "endpoint: 'https://h?cb=${gateway:8090.public_url}/w/done'",
        "base_url: 'https://h', path: '/x?cb=${ gateway:8090.public_url }/w/done'",
        "endpoint: 'https://h', params: {cb: '${gateway:8090.public_url}/w/done?x=1'}",
        "endpoint: 'https://h', headers: {X-Callback: '<${gateway:8090.public_url}/w/done>; rel=cb'}",
        "endpoint: 'https://h', body: {deep: [{cb: '${gateway:8090.public_url | \"https://x\"}/w/done'}]}",
        "endpoint: 'https://h', body: 'call ${gateway:8090.public_url}/w/done please'",
        "endpoint: 'https://h', body: {cb: '${listener.url}'}",
    ];
    for request in table {
        let text =
            format!("listener: {{base_path: /w, callbacks: [{{path: /done}}]}}\ncomponent: {{id: c, {request}}}\n");
        assert!(inferred(&text).starts_with("c waits for POST /w/done,"), "{request}");
    }
}

#[test]
fn what_is_not_the_address_of_a_callback_is_no_wait() {
    let listeners = "listeners: [{port: 8090, callbacks: [{path: /w/done}, {path: '/w/{id}/x'}]}, {workflow: default, path: /start}]\n\
                     workflow: {jobs: [{component: logger}]}\n";
    for at in [
        "${gateway:8091.public_url}/start",
        "${gateway:8090.port}/w/done",
        "${gateway:8090.public_url}",
        "${listener.id}",
        "https://api.example.com/w/done",
        "$${gateway:8090.public_url}/w/done",
    ] {
        let text = format!("{listeners}component: {{id: c, endpoint: 'https://h', body: {{at: '{at}'}}}}\n");
        assert_eq!(inferred(&text), "", "{at}");
    }
    let polling = "listener: {path: /a}\ncomponent: {id: c, endpoint: 'https://h', body: '${listener.url}', \
        completion: {type: polling, endpoint: 'https://h'}}\n";
    assert_eq!(inferred(polling), "");
}

#[test]
fn an_address_that_leads_nowhere_or_to_several_routes_is_told() {
    check(&[
        (
            &file("${body.id}", "/hooks/done", "${gateway:8090.public_url}/hooks/doen"),
            "f:2:54: warning[unmatched_address]: `/hooks/doen` is none of the routes on port 8090: nothing waits for \
             what arrives there; did you mean `/hooks/done`?",
        ),
        (
            "listener: {callbacks: [{path: /a}, {path: /b}]}\ncomponent: {id: c, endpoint: 'https://h', body: {at: \
             '${listener.url}'}}\n",
            "f:2:54: error[ambiguous_callback]: this address could be any of POST /a on port 8090, POST /b on port \
             8090: say which with `completion: {type: callback, callback: …}`",
        ),
        (
            &file("${body.list[0].id}", "/cb", "${listener.url}"),
            "f:2:54: error[unclear_wait_for]: POST /cb on port 8090 is identified by `${body.list[0].id}`, which \
             doesn't tell what `c` waits for: write `completion: {type: callback, wait_for: …}`",
        ),
    ]);
}

#[test]
fn a_route_that_is_written_out_is_meant_rather_than_one_with_a_parameter() {
    let text = "listener: {callbacks: [{path: '/w/{kind}'}, {path: /w/image}]}\n\
                component: {id: c, endpoint: 'https://h', body: {at: '${gateway:8090.public_url}/w/image'}}\n";
    assert!(inferred(text).starts_with("c waits for POST /w/image,"));
}

const TWO_ROUTES: &str =
    "listener: {base_path: /hooks, callbacks: [{path: /done, identify_by: '${body.id}'}, {path: /other}]}\n";

/// Route, time-out and whether it was inferred, of the wait of the component `c`.
fn wait(config: &Config) -> (&str, Duration, bool) {
    let Component::HttpClient(client) = &config.components["c"] else { panic!("a client") };
    let Some(Completion::Callback(wait)) = &client.completion else { panic!("a wait") };
    (&wait.route.0, wait.timeout, wait.inferred)
}

#[test]
fn a_written_wait_may_leave_out_route_key_and_time() {
    let table = [
        ("callback: /hooks/done", "c waits for POST /hooks/done, at most 24h, key ${response.id | ${request.id}}"),
        (
            "callback: /hooks/done, timeout: 5m",
            "c waits for POST /hooks/done, at most 5m, key ${response.id | ${request.id}}",
        ),
        ("callback: 'POST /hooks/done', wait_for: '${response.x}'", ""),
        // As version 0.1 named the route.
        ("callback: 'listener-8090:POST:/hooks/done', wait_for: '${response.x}'", ""),
    ];
    for (keys, told) in table {
        let text = format!(
            "{TWO_ROUTES}component: {{id: c, endpoint: 'https://h', completion: {{type: callback, {keys}}}}}\n"
        );
        assert_eq!(inferred(&text), told, "{keys}");
        assert!(!wait(&config(&text)).2);
    }
    let by_address = format!(
        "{TWO_ROUTES}component: {{id: c, endpoint: 'https://h', body: '${{gateway:8090.public_url}}/hooks/other', \
         completion: {{type: callback}}, timeout: 7s}}\n"
    );
    assert_eq!(wait(&config(&by_address)), ("POST /hooks/other", Duration::from_secs(7), false));
    let only = "listener: {path: /a}\ncomponent: {id: c, endpoint: 'https://h', completion: {type: callback, timeout: \
        9s}, timeout: 7s}\n";
    assert_eq!(wait(&config(only)), ("POST /a", Duration::from_secs(9), false));
}

#[test]
fn a_route_that_a_wait_names_must_be_there_and_be_one() {
    check(&[
        (
            "listener: {base_path: /hooks, callbacks: [{path: /done}, {path: /other}]}
component: {id: c, endpoint: 'https://h', completion: {type: callback, callback: /done}}
",
            "f:2:82: error[unknown_callback]: this file has no callback route `/done`; did you mean `/hooks/done`?",
        ),
        (
            "listener: {callbacks: [{path: /done}]}
component: {id: c, endpoint: 'https://h', completion: {type: callback, callback: /dnoe}}
",
            "f:2:82: error[unknown_callback]: this file has no callback route `/dnoe`; did you mean `/done`?",
        ),
        (
            "listener: {callbacks: [{path: /done}, {path: /other}]}
component: {id: c, endpoint: 'https://h', completion: {type: callback}}
",
            "f:2:43: error[ambiguous_callback]: this could wait for any of POST /done on port 8090, POST /other on \
             port 8090: say which with `callback`",
        ),
        (
            "component: {id: c, endpoint: 'https://h', completion: {type: callback}}",
            "f:1:43: error[unknown_callback]: this waits for a callback, but the file has no callback route",
        ),
        (
            "listener: {callbacks: [{path: /done}, {path: /done, method: PUT}]}
component: {id: c, endpoint: 'https://h', completion: {type: callback, callback: /done}}
",
            "f:2:82: error[ambiguous_callback]: several callback routes have the path `/done`; name one of `POST \
             /done`, `PUT /done`",
        ),
        (
            "listener: {callbacks: [{path: /done}, {path: /done, method: PUT}]}
component: {id: c, endpoint: 'https://h', completion: {type: callback, callback: 'PUT /done'}}
",
            "",
        ),
    ]);
}
