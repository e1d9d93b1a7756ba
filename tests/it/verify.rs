//! `emulator verify`, in a process of its own.

use crate::EMULATOR;
use ringback_tests::{Finished, run};
use serde_json::{Value, json};
use std::path::Path;

const VECTORS: &str = include_str!("../fixtures/signature/vectors.jsonl");

/// The secret, body and signature of GitHub's documentation.
const SECRET: &str = "It's a Secret to Everybody";
const BODY: &str = "Hello, World!";
const SIGNATURE: &str = "X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

async fn verify(arguments: &[&str], input: &str) -> Finished {
    run(EMULATOR, Path::new("."), &[&["verify"], arguments].concat(), input).await
}

/// What is said of GitHub's request with a body.
async fn github(secret: &str, body: &str, more: &[&str]) -> Finished {
    let arguments = ["--provider", "github", "--secret", secret, "--header", SIGNATURE, "--body", "-"];
    verify(&[&arguments, more].concat(), body).await
}

#[tokio::test]
async fn a_batch_is_answered_line_by_line_in_order_whatever_is_in_it() {
    let mut input: Vec<&str> = VECTORS.lines().collect();
    let broken = ["", "no JSON", "[]", "{}", r#"{"provider": "nobody", "secret": "x"}"#];
    input.splice(3..3, broken);
    let done = verify(&["--batch"], &input.join("\n")).await;
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let answers: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let asked: Vec<&str> = input.into_iter().filter(|line| !line.is_empty()).collect();
    assert_eq!(answers.len(), asked.len());
    for (answer, line) in answers.iter().zip(asked) {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        assert_eq!(answer["valid"], line.get("expected").cloned().unwrap_or(json!(false)), "{line}: {answer}");
        assert_eq!(answer["reason"].is_null(), answer["valid"] == true, "{answer}");
    }
}

#[tokio::test]
async fn a_line_that_is_not_text_stops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let first = VECTORS.lines().next().unwrap();
    let script = format!("printf '\\377\\n%s\\n' \"$1\" | {EMULATOR} verify --batch");
    let done = run("sh", directory.path(), &["-c", &script, "sh", first], "").await;
    let answers: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((answers[0]["valid"].clone(), answers[1]["valid"].clone()), (json!(false), json!(true)), "{}", done.err);
}

#[tokio::test]
async fn a_genuine_request_is_said_to_be_so() {
    let done =
        github(SECRET, BODY, &["--header", "X-GitHub-Delivery: 72d3162e", "--header", "X-GitHub-Event: push"]).await;
    let said = "genuine\n  delivery: 72d3162e\n  event: push\n";
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (Some(0), said, ""));
}

#[tokio::test]
async fn a_refusal_says_why_and_what_explains_it_and_shows_no_secret() {
    let cases: [(&str, &str, &str, &str); 4] = [
        (SECRET, "Hello, World!\n", "does not match", "without the newline at its end"),
        ("It's a Secret to Everybody ", BODY, "does not match", "without the white space around it"),
        ("another", BODY, "does not match", ""),
        ("", BODY, "the secret is empty", ""),
    ];
    for (secret, body, reason, finding) in cases {
        let done = github(secret, body, &[]).await;
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{secret}");
        assert!(done.err.contains(reason) && done.err.contains(finding), "{}", done.err);
        assert!(!done.err.contains("Everybody") && !done.err.contains("another\n"), "{}", done.err);
    }
    let arguments = ["--provider", "shopify", "--secret", SECRET, "--header", SIGNATURE, "--body", "-"];
    let done = verify(&arguments, BODY).await;
    assert!(done.err.contains("it is a genuine request of `github`"), "{}", done.err);
}

#[tokio::test]
async fn the_request_is_read_from_files_and_judged_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    // The vector of the Standard Webhooks libraries.
    write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    write("body", r#"{"test": 2432232314}"#);
    let headers = "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\nwebhook-timestamp: 1614265330\n\
                   webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n";
    write("headers", headers);
    write(
        "scheme",
        r#"{"header": "webhook-signature", "algorithm": "sha256", "encoding": "base64", "prefix": "v1,",
        "signed": "{id}.{timestamp}.{body}", "id_header": "webhook-id", "timestamp_header": "webhook-timestamp",
        "tolerance": "5m", "secret_encoding": "whsec-base64"}"#,
    );
    let ask = async |more: &[&str]| {
        let arguments = ["verify", "--secret-file", "secret", "--headers", "headers", "--body", "body"];
        run(EMULATOR, directory.path(), &[&arguments, more].concat(), "").await
    };
    for style in [["--provider", "svix"], ["--scheme", "scheme"]] {
        let done = ask(&[&style[..], &["--now", "1614265330"]].concat()).await;
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert!(done.out.contains("signed at: 2021-02-25T15:02:10Z"), "{}", done.out);
        let done = ask(&[&style[..], &["--now", "2021-02-25T15:12:10Z"]].concat()).await;
        assert!(
            done.err.starts_with("refused: it was signed 10 minutes ago, which is more than 5 minutes"),
            "{}",
            done.err
        );
        // Without a time it is the clock's.
        assert!(ask(&style).await.err.contains("days ago"));
    }
}

#[tokio::test]
async fn a_wrong_command_line_is_answered_in_words() {
    let cases: [(&[&str], &str); 7] = [
        (&[], "--provider"),
        (&["--provider", "githb", "--secret", "x"], "did you mean `github`?"),
        (&["--provider", "github"], "say --secret-file, --secret-env or --secret"),
        (&["--provider", "github", "--secret-env", "RINGBACK_IS_NOT_THERE"], "there is no variable"),
        (
            &["--provider", "github", "--secret", "x", "--secret-encoding", "rot13"],
            "there is no secret encoding `rot13`",
        ),
        (&["--provider", "github", "--secret", "x", "--header", "nothing"], "`nothing` is not `Name: value`"),
        (&["--scheme", "{\"header\": \"A\"}", "--secret", "x"], "missing field `algorithm`"),
    ];
    for (arguments, words) in cases {
        let done = verify(arguments, "").await;
        assert!(done.code != Some(0) && done.err.contains(words), "{arguments:?}: {}", done.err);
        assert!(!done.err.contains("panicked"), "{}", done.err);
    }
}

#[tokio::test]
async fn the_providers_are_listed_with_their_sources() {
    let done = verify(&["--list"], "").await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    for words in ["standard-webhooks, svix, clerk", "https://docs.stripe.com/webhooks/signature"] {
        assert!(done.out.contains(words), "{}", done.out);
    }
}
