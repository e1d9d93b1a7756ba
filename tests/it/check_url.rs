//! `emulator check-url`, in a process of its own.

use crate::EMULATOR;
use ringback_tests::{Finished, run};
use serde_json::{Value, json};
use std::path::Path;

async fn check_url(arguments: &[&str], input: &str) -> Finished {
    run(EMULATOR, Path::new("."), &[&["check-url"], arguments].concat(), input).await
}

#[tokio::test]
async fn one_address_is_judged_in_words_and_by_the_exit_code() {
    let done = check_url(&["https://example.com/hook"], "").await;
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert_eq!(done.out, "allowed: a public name; resolved again when it is called\n");
    for (url, words) in [
        ("http://0x7f.1/", "leads to a loopback address"),
        ("http://169.254.169.254/latest/meta-data", "leads to a link-local address"),
        ("http://localhost:3000/", "a name for internal use"),
        ("https://example.com:6379/", "port 6379 is not called"),
        ("ftp://example.com/", "only http and https"),
        ("https://u:hidden@example.com/", "a user or password"),
        ("nonsense", "can't be read"),
    ] {
        let done = check_url(&[url], "").await;
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{url}");
        assert!(done.err.starts_with("refused: ") && done.err.contains(words), "{url}: {}", done.err);
        assert!(!done.err.contains("hidden"), "{}", done.err);
    }
    assert_eq!(check_url(&[], "").await.code, Some(2));
    assert_eq!(check_url(&["--batch", "http://example.com/"], "").await.code, Some(2));
}

#[tokio::test]
async fn a_batch_answers_each_line_in_order_whatever_is_in_it() {
    let lines: [(&[u8], bool); 12] = [
        (br#"{"url": "https://example.com/"}"#, true),
        (br#"{"url": "http://8.8.8.8:8080/", "more": 1}"#, true),
        (br#"{"url": "http://127.0.0.1/"}"#, false),
        (b"not JSON", false),
        (b"[]", false),
        (b"{}", false),
        (br#"{"url": 7}"#, false),
        (br#"{"url": ""}"#, false),
        (br#"{"url": "http://\uff11\uff12\uff17.1/"}"#, false),
        (br#"{"url": "http://[64:ff9b::10.0.0.1]/"}"#, false),
        (br#"{"url": "http://exam\tple.com/"}"#, false),
        (br#"{"url": "https://example.org/x?y"}"#, true),
    ];
    let input: Vec<u8> = lines.iter().flat_map(|(line, _)| [line, b"\n\n".as_slice()].concat()).collect();
    let done = check_url(&["--batch"], std::str::from_utf8(&input).unwrap().trim_end()).await;
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let answers: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len(), "{}", done.out);
    for (answer, (line, allow)) in answers.iter().zip(lines) {
        let line = String::from_utf8_lossy(line);
        assert_eq!(answer["allow"], json!(allow), "{line}: {answer}");
        assert!(answer["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{line}: {answer}");
        assert_eq!(answer.as_object().unwrap().len(), 2, "{answer}");
    }
    assert_eq!(answers[1]["reason"], "a public address");
    assert_eq!(answers[3]["reason"], "the line is not JSON");
}

#[tokio::test]
async fn ranges_of_the_command_line_and_of_a_file_are_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ringback.yml");
    std::fs::write(&path, "delivery: {allow_private: [127.0.0.0/8]}\n").unwrap();
    let file = path.display().to_string();
    let input = [
        r#"{"url": "http://127.0.0.1:22/"}"#,
        r#"{"url": "http://10.0.0.1/"}"#,
        r#"{"url": "http://192.168.0.1/"}"#,
        r#"{"url": "http://localhost:3000/"}"#,
    ]
    .join("\n");
    for (arguments, expected) in [
        (vec!["--batch"], [false, false, false, false]),
        (vec!["--batch", "-f", &file], [true, false, false, true]),
        (vec!["--batch", "--allow-private", "10.0.0.0/8"], [false, true, false, true]),
        (vec!["--batch", "--allow-private", "10.0.0.0/8", "-f", &file], [true, true, false, true]),
        (vec!["--batch", "--allow-private", "10.0.0.0/8", "--resolve"], [false, true, false, false]),
        (vec!["--batch", "-f", &file, "--resolve"], [true, false, false, true]),
    ] {
        let done = check_url(&arguments, &input).await;
        let allowed: Vec<Value> =
            done.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["allow"].clone()).collect();
        assert_eq!(json!(allowed), json!(expected), "{arguments:?}: {}", done.out);
    }
    assert_eq!(check_url(&["--allow-private", "home", "http://10.0.0.1/"], "").await.code, Some(2));
    std::fs::write(&path, "delivery: {allow_private: [home]}\n").unwrap();
    let done = check_url(&["-f", &file, "https://example.com/"], "").await;
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("`home` is not a range of addresses"), "{}", done.err);
}
