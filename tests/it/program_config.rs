//! Programs that the API defines while everything runs: off unless the operator says so.

use reqwest::Method;
use ringback_tests::{File, Gateway, send};
use serde_json::{Value, json};

const FILE: &str = "programs: {p: {command: [echo, file], env: {TOKEN: hidden}}}";

async fn gateway(allowed: bool) -> Gateway {
    File::new(FILE).with(move |options| options.settings.runtime_programs = allowed).run().await
}

async fn put(gateway: &Gateway, program: Value) -> ringback_tests::Answer {
    send(gateway.api(Method::POST, "/api/config/programs").json(&program)).await
}

#[tokio::test]
async fn programs_cannot_be_defined_unless_the_operator_allows_it() {
    let gateway = gateway(false).await;
    put(&gateway, json!({"name": "q", "command": ["id"]})).await.is_problem(403, "runtime_programs_off");
    let delete = gateway.api(Method::DELETE, "/api/config/programs/p");
    send(delete).await.is_problem(403, "runtime_programs_off");
    let listed = gateway.get("/api/config/programs").await.body;
    assert_eq!(listed["runtime_programs"], false);
    let [p] = listed["programs"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&p["name"], &p["origin"], &p["command"]), (&json!("p"), &json!("file"), &json!(["echo", "file"])));
    assert_eq!(p["env"], json!({"TOKEN": "********"}));
    gateway.get("/api/config/programs/q").await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_program_of_the_api_stands_over_the_files_and_goes_again() {
    let gateway = gateway(true).await;
    let made = put(&gateway, json!({"name": "p", "command": ["printenv", "TOKEN"], "env": {"TOKEN": "s3cret"}})).await;
    assert_eq!((made.status, &made.body["origin"], &made.body["version"]), (201, &json!("api"), &json!(1)));
    assert!(!made.body.to_string().contains("s3cret"), "{}", made.body);
    let task = gateway.start("program:p", json!({})).await;
    assert_eq!(gateway.result_of(&task).await["stdout"], "s3cret\n");
    let again = put(&gateway, json!({"name": "p", "command": ["echo", "two"]})).await;
    assert_eq!((again.status, &again.body["version"]), (200, &json!(2)));
    let shown = gateway.get("/api/config/programs/p").await.body;
    assert_eq!((&shown["command"], &shown["active"]), (&json!(["echo", "two"]), &json!(true)));

    let delete = || send(gateway.api(Method::DELETE, "/api/config/programs/p"));
    assert_eq!(delete().await.status, 204);
    delete().await.is_problem(409, "conflict");
    let task = gateway.start("program:p", json!({})).await;
    assert_eq!(gateway.result_of(&task).await["stdout"], "file\n");
    assert_eq!(put(&gateway, json!({"name": "new", "command": ["echo", "new"]})).await.status, 201);
    let task = gateway.start("program:new", json!({})).await;
    assert_eq!(gateway.result_of(&task).await["stdout"], "new\n");
}

#[tokio::test]
async fn a_masked_variable_keeps_its_stored_value_and_is_no_value_for_a_new_one() {
    let gateway = gateway(true).await;
    let program = |env: Value| json!({"name": "q", "command": ["printenv", "PLACE", "OTHER"], "env": env});
    put(&gateway, program(json!({"PLACE": "********"}))).await.is_problem(400, "unusable_request");
    assert_eq!(put(&gateway, program(json!({"PLACE": "place-0001", "OTHER": "one"}))).await.status, 201);
    let mut shown = gateway.get("/api/config/programs/q").await.body["env"].clone();
    assert_eq!(shown["PLACE"], "********");
    shown["OTHER"] = json!("two");
    assert_eq!(put(&gateway, program(shown)).await.status, 200);
    let task = gateway.start("program:q", json!({})).await;
    assert_eq!(gateway.result_of(&task).await["stdout"], "place-0001\ntwo\n");
    let refused = put(&gateway, program(json!({"PLACE": "********", "NEW": "********"}))).await;
    refused.is_problem(400, "unusable_request");
    assert!(refused.body["detail"].as_str().unwrap().contains("`env.NEW`"), "{}", refused.body);
    let task = send(
        gateway.api(Method::POST, "/api/workflows/program:q/runs").json(&json!({"input": {"password": "********"}})),
    );
    task.await.is_problem(400, "unusable_request");
}

#[tokio::test]
async fn what_is_wrong_with_a_program_is_said_and_nothing_is_stored() {
    let gateway = gateway(true).await;
    let wrong = [
        (json!({"command": ["x"]}), "`name` must be given"),
        (json!({"name": "a b", "command": ["x"]}), "`a b` can't be an id"),
        (json!({"name": "q", "comand": ["x"]}), "did you mean `command`?"),
        (json!({"name": "q", "command": []}), "`command` names no program"),
    ];
    for (program, why) in wrong {
        let answer = put(&gateway, program).await;
        answer.is_problem(400, "unusable_request");
        assert!(answer.body["detail"].as_str().unwrap().contains(why), "{}", answer.body);
    }
    assert_eq!(gateway.get("/api/config/programs").await.body["programs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_customers_token_sees_no_programs() {
    let gateway = gateway(true).await;
    let made = send(gateway.api(Method::POST, "/api/tokens").json(&json!({"customer_id": "c"}))).await;
    let token = made.body["token"].as_str().expect("a token").to_owned();
    let url = format!("{}/api/config/programs", gateway.api);
    send(gateway.request(Method::GET, &url).bearer_auth(token)).await.is_problem(403, "forbidden");
}
