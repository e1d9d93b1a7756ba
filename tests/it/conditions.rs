//! Conditions over HTTP: one language in branches, rules and filters, evaluated the same in each.

use crate::EMULATOR;
use reqwest::Method;
use ringback_tests::subscriber::{TO_THIS_MACHINE, create, publish};
use ringback_tests::{File, Service, Subscriber, run, send};
use serde_json::{Value, json};

/// Spellings of one condition over `X.n`.
const SPELLINGS: [&str; 4] = ["${X.n} == 5", "X.n == 5", "${X.n == 5}", "(${X.n | 0}) == 5"];

#[tokio::test]
async fn a_branch_is_taken_by_what_its_condition_says() {
    let mut text = "component: {id: say, type: delay, duration: 0}\nworkflows:\n".to_owned();
    for (number, spelling) in SPELLINGS.iter().enumerate() {
        text.push_str(&format!(
            "  w{number}: {{jobs: [{{type: if, condition: \"{}\", then: [{{component: say, input: then}}], \
             else: [{{component: say, input: else}}]}}]}}\n",
            spelling.replace('X', "input")
        ));
    }
    let gateway = File::new(&text).run().await;
    for (number, spelling) in SPELLINGS.iter().enumerate() {
        for (input, branch) in [(json!({"n": 5}), "then"), (json!({"n": 6}), "else"), (Value::Null, "else")] {
            let task = gateway.start(&format!("w{number}"), input.clone()).await;
            assert_eq!(gateway.result_of(&task).await, branch, "{spelling} with {input}");
        }
    }
}

#[tokio::test]
async fn a_rule_starts_what_its_condition_says() {
    for (number, spelling) in SPELLINGS.iter().enumerate() {
        let condition = spelling.replace('X', "body");
        let text = format!(
            "sources:\n  keyed: {{auth_type: none, rules: {{'*': {{\"{condition}\": w}}}}}}\n  \
             listed: {{auth_type: none, rules: {{'*': [{{when: \"{condition}\", target: w}}]}}}}\n\
             workflow: {{id: w, jobs: [{{component: logger}}]}}\n"
        );
        let gateway = File::new(&text).run().await;
        for source in ["keyed", "listed"] {
            for (n, status) in [(5, "triggered"), (6, "ignored")] {
                let url = format!("{}/api/webhooks/{source}", gateway.api);
                let answer = send(gateway.request(Method::POST, &url).json(&json!({"n": n, "of": number}))).await;
                assert_eq!(answer.body["status"], status, "{condition} of {source} with {n}: {}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn a_filter_lets_through_what_its_condition_says() {
    for spelling in SPELLINGS {
        let gateway = File::new(TO_THIS_MACHINE).run().await;
        let filter = spelling.replace('X', "data");
        let service = Service::answering(json!("ok")).await;
        let subscriber = Subscriber::new(&gateway, service, json!({"filter": filter})).await;
        publish(&gateway, &json!({"event": "job.completed", "data": {"n": 6}})).await;
        let wanted = publish(&gateway, &json!({"event": "job.completed", "data": {"n": 5}})).await;
        // Events are fanned out in their order, so the first that comes tells that the other was left out.
        assert_eq!(subscriber.service.next_request().await.header("webhook-id"), wanted, "{filter}");
    }
}

#[tokio::test]
async fn a_filter_that_no_event_can_change_is_refused() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    for filter in ["true", "false", "1 == 1", "'${data.n}' == '5'", "data.n == 5 or 'six'", "hello ${data.n}", ""] {
        let fields = json!({"url": "https://example.com/", "events": ["*"], "filter": filter});
        let answer = create(&gateway, &fields).await;
        answer.is_problem(400, "unusable_request");
        assert!(answer.body["detail"].as_str().unwrap().contains("`filter`"), "{filter}: {}", answer.body);
    }
}

#[tokio::test]
async fn up_and_check_refuse_a_condition_that_nothing_can_change() {
    let text = |condition: &str| {
        format!(
            "workflow:\n  jobs:\n    - type: if\n      condition: {condition}\n      then: [{{component: logger}}]\n"
        )
    };
    for command in [&["check"][..], &["up", "--json"]] {
        for condition in ["\"false\"", "1 == 1", "true"] {
            let directory = tempfile::tempdir().unwrap();
            std::fs::write(directory.path().join("ringback.yml"), text(condition)).unwrap();
            let finished = run(EMULATOR, directory.path(), command, "").await;
            assert_eq!(finished.code, Some(1), "{condition}: {}", finished.err);
            assert!(finished.err.contains("error[bad_condition]"), "{condition}: {}", finished.err);
        }
    }
}

#[tokio::test]
async fn eval_judges_a_condition() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("scope.json"), r#"{"input": {"n": 6}}"#).unwrap();
    for (condition, told) in [("input.n == 6", "true\n"), ("${input.n} == 5", "false\n")] {
        let arguments = ["eval", "--scope", "scope.json", "--condition", condition];
        let finished = run(EMULATOR, directory.path(), &arguments, "").await;
        assert_eq!((finished.code, finished.out.as_str()), (Some(0), told), "{condition}: {}", finished.err);
    }
    let finished = run(EMULATOR, directory.path(), &["eval", "--condition", "false"], "").await;
    assert_eq!(finished.code, Some(1));
    assert!(finished.err.contains("`false` is always false"), "{}", finished.err);
}
