//! Providers that demand more than a 2xx: an answer of their own, or the address by which they know us signed.

use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, send};
use serde_json::{Value, json};

/// Of a key pair made for this test. Discord's scheme has no time that is judged.
const DISCORD_KEY: &str = "eedde2f0610c14816fe4e3d8144cf82fc1fc89b6a390ba013dd51223bc6fdb50";
const COMMAND: (&str, &str) = (
    r#"{"id":"1","type":2,"token":"interaction","data":{"name":"deploy"}}"#,
    "4535b442fcc7f5a76623b390c515506b0aa3d18b6698bcacab70e1b135b6c2688becde409d8addb837d4473bd77648060f025c9220ad6da92cfd857473cf9408",
);
const EVENT: (&str, &str) = (
    r#"{"version":1,"application_id":"1234","type":1,"event":{"type":"APPLICATION_AUTHORIZED","timestamp":"2026-01-02T03:04:05Z"}}"#,
    "3edd71b83a442abf21a35d085cb8d96f9f9b2351260e5925960bce511ebca647985648f9af932262d767023f476005e6787518692808e1df50d551d7b4406c06",
);
const PING: (&str, &str) = (
    r#"{"type":1,"id":"2","token":"ping","version":1}"#,
    "dbdec54340706a24fb3ba2049162361c0f1dea9ec703d318c1038fa70383621d7cafc241a6935e8f9aecd11d18c9cc8dd0647d1e047eb04fe73646fd6ef08009",
);

const SAY: &str = "
workflow: {id: say, jobs: [{component: log}], output: '${input.body}'}
component: {id: log, type: logger, message: said}
";

async fn post(gateway: &Gateway, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let request = gateway.request(Method::POST, &format!("{}{path}", gateway.api));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    send(request.body(body.to_owned())).await
}

async fn discord(gateway: &Gateway, (body, signature): (&str, &str)) -> Answer {
    let headers = [
        ("Content-Type", "application/json"),
        ("X-Signature-Timestamp", "1700000000"),
        ("X-Signature-Ed25519", signature),
    ];
    post(gateway, "/api/webhooks/discord", &headers, body).await
}

#[tokio::test]
async fn discord_is_told_that_the_answer_follows_and_its_events_start_something() {
    let rules = "{'2': say, APPLICATION_AUTHORIZED: say}";
    let file = format!("sources: {{discord: {{scheme: discord, secret: {DISCORD_KEY}, rules: {rules}}}}}\n{SAY}");
    let gateway = File::new(file).run().await;
    // A ping starts nothing.
    let ping = discord(&gateway, PING).await;
    assert_eq!((ping.status, &ping.body, ping.header("x-task-id")), (200, &json!({"type": 1}), ""));
    // A command: its answer follows, and is promised by the same words however often it comes.
    let command = discord(&gateway, COMMAND).await;
    assert_eq!((command.status, &command.body), (200, &json!({"type": 5})));
    assert_eq!(command.header("content-type"), "application/json");
    let task = command.header("x-task-id").to_owned();
    assert_eq!(gateway.result_of(&task).await["data"]["name"], "deploy");
    let again = discord(&gateway, COMMAND).await;
    assert_eq!((&again.body, again.header("x-task-id")), (&json!({"type": 5}), task.as_str()));
    // An event has the type of a ping, and is none.
    let event = discord(&gateway, EVENT).await;
    assert_eq!((event.status, &event.body), (204, &json!("")));
    assert_eq!(gateway.result_of(event.header("x-task-id")).await["event"]["type"], "APPLICATION_AUTHORIZED");
    assert_eq!(gateway.tasks().await.len(), 2);
    let forged = (COMMAND.0, EVENT.1);
    discord(&gateway, forged).await.is_problem(401, "unauthorized");
}

#[tokio::test]
async fn a_command_of_discord_that_starts_nothing_is_promised_nothing() {
    let file =
        format!("sources: {{discord: {{scheme: discord, secret: {DISCORD_KEY}, rules: {{other: say}}}}}}\n{SAY}");
    let gateway = File::new(file).run().await;
    let answer = discord(&gateway, COMMAND).await;
    assert_eq!((answer.status, &answer.body["status"]), (202, &json!("ignored")));
}

/// The vector of Adyen's own library.
#[tokio::test]
async fn adyen_is_answered_by_its_word() {
    let vectors = include_str!("../../fixtures/signature/vectors.jsonl").lines();
    let mut vectors = vectors.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let vector = vectors.find(|vector| vector["name"] == "adyen").unwrap();
    let (secret, body) = (vector["secret"].as_str().unwrap(), unbase64(vector["body_b64"].as_str().unwrap()));
    let file = format!("sources: {{adyen: {{scheme: adyen, secret: '{secret}', rules: {{'*': say}}}}}}\n{SAY}");
    let gateway = File::new(file).run().await;
    let answer = post(&gateway, "/api/webhooks/adyen", &[("Content-Type", "application/json")], &body).await;
    assert_eq!((answer.status, &answer.body), (200, &json!("[accepted]")), "{answer:?}");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let task = answer.header("x-task-id").to_owned();
    assert!(gateway.result_of(&task).await["notificationItems"].is_array());
    let forged = body.replace("\"value\":", "\"value\":1");
    assert_ne!(forged, body);
    post(&gateway, "/api/webhooks/adyen", &[], &forged).await.is_problem(401, "unauthorized");
}

/// A webhook that is saved in `WooCommerce` is pinged without a signature, and must be answered with 200.
#[tokio::test]
async fn woocommerce_is_answered_its_ping_and_that_starts_nothing() {
    let file = format!(
        "sources: {{shop: {{scheme: woocommerce, secret: the-secret-of-the-shop, rules: {{'*': say}}}}}}\n{SAY}"
    );
    let gateway = File::new(file).run().await;
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let before = gateway.cost();
    assert_eq!(post(&gateway, "/api/webhooks/shop", &form, "webhook_id=7").await.status, 200);
    assert_eq!((&gateway.cost() - &before).writes, 0);
    post(&gateway, "/api/webhooks/shop", &form, "webhook_id=7&a=1").await.is_problem(401, "unauthorized");
    assert!(gateway.tasks().await.is_empty());
}

/// Base64 of the standard alphabet, without a crate for it.
fn unbase64(text: &str) -> String {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters: Vec<u8> = text.bytes().filter(|letter| *letter != b'=').map(value).collect();
    let bytes = letters.chunks(4).flat_map(|chunk| {
        let bits = chunk.iter().enumerate().fold(0u32, |bits, (at, six)| bits | u32::from(*six) << (18 - 6 * at));
        bits.to_be_bytes()[1..chunk.len()].to_vec()
    });
    String::from_utf8(bytes.collect()).unwrap()
}
