//! What is known, and that it is found and hidden wherever it stands.

use super::{KnownSecrets, MASKED};
use crate::config::load;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const FILE: &str = r#"
sources:
  github: {secret: ["${env.ONE}", "written out in the file"]}
  custom: {token: "${env.TWO}"}
listeners:
  - {path: /start, workflow: call, verify: {token: "${env.THREE}", header: X-Own}}
  - {path: /done, identify_by: "${body.id}", verify: {scheme: stripe, secret: "${env.FOUR}"}}
component:
  id: service
  endpoint: "${env.BASE_URL}/x"
  headers: {Authorization: "Bearer ${env.FIVE}", X-Trace: "${env.TRACE}"}
  params: {api_key: "${env.SIX}", a: "${env.SEVEN_KEY}", b: "${env.TOKEN_URL}", c: "${env.SHORT_KEY}"}
workflow: {id: call, jobs: [{component: service}]}
"#;

fn env() -> Map<String, Value> {
    let names = ["ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN_KEY", "BASE_URL", "TRACE", "TOKEN_URL"];
    let mut env: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!(format!("value-of-{name}")))).collect();
    env.insert("SHORT_KEY".to_owned(), json!("short"));
    env
}

#[test]
fn what_a_file_uses_as_a_secret_is_known_and_nothing_else() {
    let loaded = load(FILE, "f");
    let known = KnownSecrets::of(&loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)), &env());
    for name in ["ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN_KEY"] {
        assert_eq!(known.mask(&format!("<value-of-{name}>")), "<********>", "{name}");
    }
    assert_eq!(known.mask("it is written out in the file."), "it is ********.");
    for text in ["value-of-BASE_URL", "value-of-TRACE", "value-of-TOKEN_URL", "short"] {
        assert_eq!(known.mask(text), text);
    }
    assert_eq!(format!("{known:?}"), "KnownSecrets(8)");
}

#[test]
fn values_are_searched_to_the_bottom() {
    let known = KnownSecrets::new(["first-secret".to_owned(), "first-secret-and-more".to_owned()]);
    let mut value = json!({"a": ["x first-secret y", {"first-secret": 1}], "b": 2, "c": "first-secret-and-more"});
    known.hide(&mut value);
    assert_eq!(value, json!({"a": ["x ******** y", {"********": 1}], "b": 2, "c": "********"}));
}

#[test]
fn bytes_that_say_a_secret_are_hidden_and_others_are_not() {
    let known = KnownSecrets::new(["first-secret".to_owned()]);
    let shown = |said: &[u8]| {
        let mut value = json!([crate::bytes::value(Some("image/png"), said)]);
        known.hide(&mut value);
        value
    };
    assert_eq!(shown(b"\xff first-secret \0"), json!(["********"]));
    assert_eq!(shown(b"\xff first \0"), json!([crate::bytes::value(Some("image/png"), b"\xff first \0")]));
}

#[test]
fn callback_tokens_are_known_without_being_told() {
    let token = format!("cbt_{}", "a1".repeat(32));
    let (known, said) = (KnownSecrets::default(), format!("https://x.test/done?callback_token={token}&t={token}"));
    assert!(known.is_in(&said) && known.is_in_json(&json!([said]).to_string()) && !known.is_in("cbt_short"));
    let mut value = json!({"url": said});
    known.hide(&mut value);
    assert_eq!(value, json!({"url": "https://x.test/done?callback_token=********&t=********"}));
}

#[test]
fn a_secret_is_found_in_json_however_json_writes_it() {
    for secret in ["plain-secret", "with \"quotes\"", "back\\slash-es", "line\nbreak-er", "umläut-secret", "ends in \""]
    {
        let known = KnownSecrets::new([secret.to_owned()]);
        assert!(known.is_in_json(&json!({"a": [format!("x{secret}y")]}).to_string()), "{secret}");
        assert!(!known.is_in_json(&json!({"a": "something else"}).to_string()), "{secret}");
        assert!(known.clone().and(&KnownSecrets::default()).is_in(&format!("x{secret}y")));
    }
}

#[test]
fn texts_of_secret_fields_are_known_by_their_value() {
    let known = KnownSecrets::of_input(&json!({"password": "correct horse", "a": [{"tokens": ["battery staple", 1]}],
        "branch": "a-long-branch", "secret": "short"}));
    let said = "correct horse, battery staple, a-long-branch, short";
    assert_eq!(known.mask(said), "********, ********, a-long-branch, short");
}

#[test]
fn a_secret_that_overlaps_another_is_hidden_whole() {
    // A sender who knows how a header begins must not uncover what follows.
    let known = KnownSecrets::new(["Bearer s".to_owned(), "sk_live_0123456789".to_owned()]);
    assert_eq!(known.mask("it was Bearer sk_live_0123456789."), "it was ********.");
    let token = format!("cbt_{}", "a1".repeat(32));
    let known = KnownSecrets::new([format!("https://x.test/?callback_token={token}")]);
    assert_eq!(known.mask(&format!("<https://x.test/?callback_token={token}>")), "<********>");
}

#[test]
fn many_secrets_and_many_tokens_are_found_in_a_large_text() {
    let tokens: Vec<String> = (0..20_000).map(|number| format!("aaaaaaa{number}")).collect();
    let known = KnownSecrets::of_input(&json!({"tokens": tokens}));
    let text = "aaaaaaa-".repeat(40_000);
    assert!(!known.is_in(&text) && !known.is_in_json(&text) && known.mask(&text) == text);
    let said = tokens.join(" ");
    assert!(known.is_in(&said) && known.is_in_json(&said));
    assert_eq!(known.mask(&said), vec![MASKED; 20_000].join(" "));
    let said: Vec<String> = (0..15_000).map(|number| format!("cbt_{number:064x}")).collect();
    assert_eq!(KnownSecrets::default().mask(&said.join("/")), vec![MASKED; 15_000].join("/"));
}

/// The text without secrets as one search for each secret makes it, the longest first.
fn one_by_one(secrets: &[String], text: &str) -> String {
    let mut secrets = secrets.to_vec();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASKED))
}

proptest! {
    #[test]
    fn nothing_that_is_known_is_left(secret in "[a-z]{8,12}", before in "[a-z ]{0,9}", after in "[a-z ]{0,9}") {
        let known = KnownSecrets::new([secret.clone()]);
        let text = format!("{before}{secret}{after}{secret}");
        prop_assert!(!known.mask(&text).contains(&secret));
        prop_assert_eq!(known.mask("nothing of it"), "nothing of it");
    }

    #[test]
    fn many_secrets_are_hidden_as_one_search_for_each_hides_them(
        numbers in proptest::collection::vec(0_u32..50, 0..60), said in proptest::collection::vec(0_u32..60, 0..9)
    ) {
        // None overlaps another, but one may begin with another.
        let secret = |number: &u32| format!("<secret{number:b}");
        let secrets: Vec<String> = numbers.iter().map(secret).collect();
        let text: String = said.iter().map(|number| format!("{}> é ", secret(number))).collect();
        let known = KnownSecrets::new(secrets.clone());
        let expected = one_by_one(&secrets, &text);
        prop_assert_eq!(known.is_in(&text), expected != text);
        prop_assert_eq!(known.is_in_json(&text), expected != text);
        prop_assert_eq!(known.mask(&text), expected);
    }

    #[test]
    fn of_secrets_that_overlap_none_is_left(
        secrets in proptest::collection::vec("[ab]{8,10}", 0..40), text in "[abc]{0,80}"
    ) {
        let known = KnownSecrets::new(secrets.clone());
        let masked = known.mask(&text);
        prop_assert_eq!(known.is_in(&text), secrets.iter().any(|secret| text.contains(secret)));
        prop_assert!(!known.is_in(&masked), "{}", masked);
        // What stays of the text is in it still, in that order, between the masks.
        let mut rest = text.as_str();
        for part in masked.split(MASKED) {
            let at = rest.find(part);
            prop_assert!(at.is_some(), "{} {}", text, masked);
            rest = &rest[at.unwrap_or_default() + part.len()..];
        }
        let shown = |text: &str| text.chars().filter(|letter| *letter != '*').count();
        prop_assert!(shown(&masked) <= shown(&one_by_one(&secrets, &text)));
    }
}
