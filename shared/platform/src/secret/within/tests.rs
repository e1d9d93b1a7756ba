//! Texts that are sealed inside of JSON, and the keys and owners that open them.

use super::*;
use crate::secret::Key;
use proptest::prelude::*;
use serde_json::json;

fn ring(byte: u8) -> KeyRing {
    KeyRing::new(Key::new([byte; 32]))
}

#[test]
fn texts_under_secret_names_and_those_that_hold_them_are_sealed_and_the_rest_stays() {
    let plain = json!({
        "password": "hunter22", "user": {"api_key": ["one-key", 7, ""], "name": "n"}, "branch": "main",
        "said": "with hunter22 in it", "env": "of-the-place", "max_tokens": 100,
    });
    let place = KnownSecrets::new(["of-the-place".to_owned()]);
    let input = KnownSecrets::of_input(&plain);
    let mut sealed = plain.clone();
    ring(1).seal_within(&mut sealed, "run#1", &[&place, &input], false);
    let text = sealed.to_string();
    for secret in ["hunter22", "one-key", "of-the-place"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert_eq!(
        (&sealed["branch"], &sealed["max_tokens"], &sealed["user"]["name"]),
        (&json!("main"), &json!(100), &json!("n"))
    );
    assert_eq!((&sealed["user"]["api_key"][1], &sealed["user"]["api_key"][2]), (&json!(7), &json!("")));
    assert!(may_hold_sealed(text.as_bytes()) && holds_sealed(&sealed) && !holds_sealed(&plain));

    let again = sealed.clone();
    ring(1).seal_within(&mut sealed, "run#1", &[&place], false);
    assert_eq!(sealed, again, "what is sealed is not sealed twice");
    ring(1).open_within(&mut sealed, "run#1");
    assert_eq!(sealed, plain);
}

#[test]
fn what_was_sealed_for_another_or_only_looks_sealed_stays_as_it_is() {
    let mut sealed = json!({"token": "the-token"});
    ring(1).seal_within(&mut sealed, "run#1", &[], false);
    for (keys, owner) in [(ring(1), "run#2"), (ring(2), "run#1")] {
        let mut tried = sealed.clone();
        keys.open_within(&mut tried, owner);
        assert_eq!(tried, sealed);
    }
    for stranger in ["sealed:v1.", "sealed:v1.0000000000000000.AAAA", "sealed:v2.x", "sealed:"] {
        let mut value = json!({ "a": stranger });
        ring(1).open_within(&mut value, "run#1");
        assert_eq!(value, json!({ "a": stranger }));
    }
}

#[test]
fn sealing_anew_leaves_nothing_under_the_older_key() {
    let (older, plain) = (ring(1), json!({"a": [{"secret": "the-secret"}], "password": "the-password", "n": 1}));
    let mut value = plain.clone();
    older.seal_within(&mut value, "run#1", &[], false);
    let both = older.rotated(Key::new([2; 32]));
    assert_eq!(both.reseal_within(&mut value, "run#1"), Ok(2));
    assert_eq!(both.reseal_within(&mut value, "run#1"), Ok(0));
    let mut opened = value.clone();
    ring(2).open_within(&mut opened, "run#1");
    assert_eq!(opened, plain);
    assert!(ring(3).reseal_within(&mut value, "run#1").is_err(), "a lost key is told of");
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens_to_what_it_was(text in ".{0,40}", name in "[a-z_]{1,8}", nested in any::<bool>()) {
        let inner = json!({name.clone(): text, "password": text});
        let plain = if nested { json!([inner]) } else { inner };
        let mut value = plain.clone();
        ring(1).seal_within(&mut value, "o", &[&KnownSecrets::of_input(&plain)], false);
        ring(1).open_within(&mut value, "o");
        prop_assert_eq!(value, plain);
    }
}
