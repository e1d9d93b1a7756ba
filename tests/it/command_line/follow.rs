//! `runs`, `waits` and `replay`: what is there, and what can be done about it.

use super::{emulator, gateway, lines, printed, refused};
use serde_json::json;

#[tokio::test]
async fn runs_are_listed_shown_stopped_and_repeated() {
    let gateway = gateway().await;
    let waits = gateway.start("slow", json!({"id": "k"})).await;
    gateway.waiting(&waits).await;
    let failed = gateway.start("broken", json!(null)).await;
    gateway.error_of(&failed).await;
    let done = gateway.start("quick", json!({"n": 1})).await;
    gateway.result_of(&done).await;

    let list = printed(emulator(&gateway, &["runs"]).await);
    assert!(list.starts_with("RUN ") && [&waits, &failed, &done].iter().all(|id| list.contains(*id)), "{list}");
    let of = |arguments: &'static [&'static str]| {
        let gateway = &gateway;
        async move {
            let runs = lines(&printed(emulator(gateway, &[&["runs", "--json"], arguments].concat()).await));
            runs.iter().map(|run| run["task_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(of(&["--status", "failed"]).await, std::slice::from_ref(&failed));
    assert_eq!(of(&["--workflow", "quick"]).await, std::slice::from_ref(&done));
    assert_eq!(of(&["--limit", "2"]).await.len(), 2);
    let to_the_second = |line: &str| line.split_whitespace().any(|cell| cell.len() == 20 && cell.ends_with('Z'));
    assert!(list.lines().skip(1).all(to_the_second), "{list}");
    for list in ["runs", "waits", "deliveries"] {
        refused(&emulator(&gateway, &[list, "--limit", "0"]).await, 2, &["a number from 1, not 0"]);
    }
    assert_eq!(printed(emulator(&gateway, &["runs", "--status", "cancelled"]).await), "There is no such run.\n");

    let shown = printed(emulator(&gateway, &["runs", "show", &waits]).await);
    for words in ["slow  waiting", "ask  waiting", "with the key k", "until "] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let shown = printed(emulator(&gateway, &["runs", "show", &failed]).await);
    let (_, detail) = shown.split_once("error: the service answered 418 (http_status)\n  {\n").expect("a detail");
    assert!(detail.contains("    \"status\": 418") && detail.contains("    \"body\": {}"), "{shown}");
    assert_eq!(
        lines(&printed(emulator(&gateway, &["runs", "show", &done, "--json"]).await))[0]["result"],
        json!({"n": 1})
    );

    assert!(printed(emulator(&gateway, &["runs", "cancel", &waits]).await).contains("is cancelled"));
    refused(&emulator(&gateway, &["runs", "cancel", &done]).await, 1, &["completed", "conflict"]);
    let again = ["runs", "rerun", &done, "--key", "k", "--wait"];
    let rerun = printed(emulator(&gateway, &again).await);
    assert!(rerun.contains("result: {\"n\":1}"), "{rerun}");
    assert_eq!(printed(emulator(&gateway, &again).await).lines().next(), rerun.lines().next());
    refused(&emulator(&gateway, &["runs", "show", "run_1"]).await, 4, &["there is no task", "not_found"]);
    refused(&emulator(&gateway, &["runs", "--status", "failed", "show", &done]).await, 2, &["for the list"]);
}

#[tokio::test]
async fn a_callback_that_nobody_waits_for_is_seen_beside_the_wait_it_was_meant_for_and_given_to_it() {
    let gateway = gateway().await;
    assert_eq!(
        printed(emulator(&gateway, &["waits"]).await),
        "No job waits for a callback.\n\nNo callback has come that nobody waits for.\n"
    );
    let task = gateway.start("slow", json!({"id": "img-7"})).await;
    gateway.waiting(&task).await;
    gateway.call_back("/done", &json!({"id": "img_7", "value": "here"})).await;
    let seen = printed(emulator(&gateway, &["waits"]).await);
    assert!(seen.contains(&task) && seen.contains("img-7 (1 character apart)"), "{seen}");
    let states: Vec<_> = lines(&printed(emulator(&gateway, &["waits", "--json"]).await));
    assert_eq!(states.iter().map(|wait| wait["state"].as_str().unwrap()).collect::<Vec<_>>(), ["open", "unclaimed"]);
    refused(&emulator(&gateway, &["waits", "adopt", "/done", "img_7", "--for", "img-8"]).await, 4, &["no job"]);
    let adopt = ["waits", "adopt", "/done", "img_7", "--for", "img-7"];
    assert!(printed(emulator(&gateway, &adopt).await).contains("goes on"));
    assert_eq!(gateway.result_of(&task).await, "here");
    assert!(printed(emulator(&gateway, &adopt).await).contains("before"));
}

#[tokio::test]
async fn a_replay_says_first_what_it_would_start() {
    let gateway = gateway().await;
    let task = gateway.trigger("/orders", &json!({"n": 1})).await.task_id();
    gateway.result_of(&task).await;
    let dry = printed(emulator(&gateway, &["replay", &task, "--dry-run"]).await);
    assert!(
        dry.contains("Today it would start quick, with the same input.") && dry.contains("Nothing was started."),
        "{dry}"
    );
    assert_eq!(gateway.tasks().await.len(), 1);
    let replay = ["replay", &task, "--key", "k", "--wait"];
    let first = printed(emulator(&gateway, &replay).await);
    assert!(first.contains("result: {\"n\":1}"), "{first}");
    assert_eq!(printed(emulator(&gateway, &replay).await).lines().next(), first.lines().next());
    let own = gateway.start("quick", json!(1)).await;
    refused(&emulator(&gateway, &["replay", &own]).await, 1, &["no request started this task", "conflict"]);
}
