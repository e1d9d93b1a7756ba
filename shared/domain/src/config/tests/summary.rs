//! What `emulator check` prints.

use super::chapters::blocks;
use crate::config::{load, summary};
use insta::assert_snapshot;

fn print(text: &str) -> String {
    let loaded = load(text, "f");
    let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    summary(&config, &loaded.inferred).to_string()
}

#[test]
fn prints_the_main_example_of_the_chapter() {
    let (_, text) = blocks().into_iter().find(|(name, _)| name == "zh/29-13.5.1.yml").expect("the block");
    assert_snapshot!(print(&text), @r"
    routes
      POST :8090/webhooks/image/completed -> resumes image-generator
    workflows
      default
        generate = image-generator
        optimize = image-optimizer, after generate
    components
      image-generator: POST over HTTP, waits for POST /webhooks/image/completed, at most 24h
        understood: its request carries the route's address; the key is ${response.task_id | ${request.task_id | ${context.run_id}}}
      image-optimizer: POST over HTTP
    ");
}

#[test]
fn prints_every_kind_of_thing() {
    assert_snapshot!(print(include_str!("../../../../../tests/fixtures/config/everything.yml")), @r#"
    routes
      PUT :8090/webhooks/image/{id} -> resumes nothing: no component waits for it
      POST :8090/webhooks/batch -> resumes generate
      POST :8090/single -> resumes nothing: no component waits for it
      POST :8091/api/github/push -> starts main, once for each item
      PATCH :8091/inline -> starts main, once for each item
    sources
      POST :8092/in/hooks/github signed as github signs -> starts main, other
      POST :8092/in/hooks/payments signed as paypal signs -> starts nothing
      POST :8092/in/hooks/custom with a token, from 10.0.0.0/8 -> starts nothing
    workflows
      main
        first = generate
        choose = if: yes; else: no, after first
        pick = switch: "a": job-1; 2: job-1; default: job-1, after first
        loop = for each, 4 at once: inner, after choose, pick
        each = for each, 16 at once: each, after loop
      other
        job-1 = pause
    components
      generate: PUT over HTTP, waits for POST /webhooks/batch, at most 5m
      poll: GET over HTTP, asks every 10s, for at most 1h
      poll-elsewhere: GET over HTTP, asks every 5s, for at most 24h
      log: writes a log line
      child: runs other, waits for its run, at most 2h
      pause: pauses
      announce: publishes report.ready
      ship: runs the program deploy
      main.inner: pauses
    programs
      deploy: ["python", "scripts/deploy.py"] as deployer, at most 10m
      thumbnails: the function arn:aws:lambda:eu-west-1:123456789012:function:thumbnails in AWS Lambda, at most 1m
    delivery
      report.ready: A report can be fetched, with a schema
      report.gone
      no other events but those that are always there
      may call, though not public: 127.0.0.0/8, fd00::/8, 10.1.2.3/32
    "#);
}

#[test]
fn says_what_there_is_none_of() {
    assert_snapshot!(print("gateway: {type: http-tunnel, driver: ngrok, port: 8080}"), @r"
    no routes
    no workflows
    no components
    ");
}
