//! `emulator cost`, in a process of its own.

use crate::EMULATOR;
use ringback_tests::{Finished, run};
use serde_json::Value;

const FILE: &str = "
listeners:
  - {path: /images, workflow: image}
  - {path: /done, identify_by: '${body.id}'}
sources:
  github: {auth_type: signature, scheme: github, secret: '${env.NOT_SET_IN_ANY_TEST}', rate_limit: {limit: 10}, rules: {push: deploy}}
programs: {deploy: {command: [echo]}}
components:
  draw:
    endpoint: https://service.test/draw
    body: {}
    completion: {type: callback, wait_for: '${response.id}', callback: /done}
workflows:
  image: {jobs: [{component: draw}]}
  other: {jobs: [{component: draw}, {component: draw}]}
";

async fn cost(text: &str, more: &[&str]) -> Finished {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ringback.yml"), text).unwrap();
    run(EMULATOR, directory.path(), &[&["cost"], more].concat(), "").await
}

async fn json(more: &[&str]) -> Value {
    let done = cost(FILE, &[&["--json"], more].concat()).await;
    assert_eq!((done.code, &*done.err), (Some(0), ""), "{}", done.err);
    serde_json::from_str(&done.out).unwrap()
}

fn operation<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["operations"].as_array().unwrap();
    all.iter().find(|one| one["operation"] == name).unwrap_or_else(|| panic!("{name}: {report:#}"))
}

#[tokio::test]
async fn every_operation_of_the_file_is_in_it() {
    let report = json(&[]).await;
    // One job that waits: the run 1 + 1 for its list, its call 1, the wait 4.
    let image = operation(&report, "POST /images -> image");
    assert_eq!((&image["units"]["writes"], &image["units"]["index_writes"]), (&6.into(), &1.into()));
    assert_eq!((&image["units"]["requests"], &image["units"]["reads"]), (&2.into(), &3.into()));
    // The rate limit is a write.
    assert_eq!(operation(&report, "POST /api/webhooks/github -> deploy")["units"]["writes"], 6);
    assert_eq!(operation(&report, "the API -> other")["units"]["calls"], 2);
    let total = |one: &Value| one["bill"]["dollars"]["total"].as_f64().unwrap();
    let parts = &image["bill"]["dollars"];
    let sum: f64 =
        ["writes", "reads", "sqs", "invocations", "time"].iter().map(|part| parts[part].as_f64().unwrap()).sum();
    assert!((total(image) - sum).abs() < 1e-9, "{parts}");
    assert!((parts["writes"].as_f64().unwrap() - 7.0 * 0.625).abs() < 1e-9, "{parts}");
    for price in report["prices"].as_array().unwrap() {
        assert!(price["source"].as_str().unwrap().starts_with("https://aws.amazon.com/"), "{price}");
    }
    assert!(report["idle_month"]["dollars"].as_f64().unwrap() <= 0.5);
}

#[tokio::test]
async fn what_is_assumed_can_be_changed() {
    let one = "a run of one job that calls a service, from its request on";
    let total = |report: &Value| operation(report, one)["bill"]["dollars"]["total"].as_f64().unwrap();
    let usual = total(&json(&[]).await);
    assert!(total(&json(&["--batch", "1"]).await) > usual);
    assert!(total(&json(&["--answer-in", "5s"]).await) > usual);
    assert!(total(&json(&["--architecture", "x86"]).await) > usual);
    assert_eq!(cost(FILE, &["--batch", "0"]).await.code, Some(2));
}

#[tokio::test]
async fn people_can_read_it() {
    let done = cost(FILE, &[]).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    let words = ["POST /images -> image", "A month in which nothing happens: $0.", "us-east-1", "was not run"];
    for words in words {
        assert!(done.out.contains(words), "{words}\n{}", done.out);
    }
    assert!(done.out.lines().all(|line| line.chars().count() <= 120), "{}", done.out);
    let broken = cost("workflow: {jobs: [{componet: x}]}", &[]).await;
    assert_eq!((broken.code, &*broken.out), (Some(1), ""));
    assert!(broken.err.contains("not read, see above"), "{}", broken.err);
}
