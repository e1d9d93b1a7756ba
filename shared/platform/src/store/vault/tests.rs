//! Secrets on their way to the table and back.

use super::*;
use crate::secret::Key;
use crate::store::item::{b, s};
use serde_json::json;

const PK: &str = "run#run_1";

fn vault(byte: u8) -> Vault {
    Vault::new(Arc::new(KeyRing::new(Key::new([byte; 32]))), KnownSecrets::new(["of-the-place".to_owned()]))
}

fn item(packed: Vec<u8>) -> Item {
    [("pk", s(PK)), ("sk", s("run")), ("run", b(packed))].map(|(name, value)| (name.to_owned(), value)).into()
}

/// The JSON that is in the table.
fn stored(packed: &[u8]) -> String {
    String::from_utf8(codec::json(packed, PK).unwrap().into_owned()).unwrap()
}

#[test]
fn what_holds_a_secret_is_stored_without_it_and_comes_back_with_it() {
    let vault = vault(1);
    for (value, secret) in [
        (json!({"input": {"password": "hunter22"}, "said": "hunter22!"}), "hunter22"),
        (json!({"output": "Bearer of-the-place"}), "of-the-place"),
        (json!({"list": vec![json!({"api_token": "a-token-1"}); 100]}), "a-token-1"),
        (json!({"pass_word": "no", "client_secret": "short"}), "short"),
    ] {
        let packed = vault.pack(&value, PK).unwrap();
        assert!(!stored(&packed).contains(secret), "{}", stored(&packed));
        assert_eq!(vault.unpack::<Value>(&item(packed.clone()), "run").unwrap(), value);
        // Without the key the rest can be read, and written again with the secret still sealed.
        let found: Value = Vault::default().unpack(&item(packed), "run").unwrap();
        let again = Vault::default().pack(&found, PK).unwrap();
        assert_eq!(vault.unpack::<Value>(&item(again), "run").unwrap(), value);
    }
}

#[test]
fn what_holds_no_secret_is_stored_as_before_and_what_was_stored_before_is_read() {
    for value in [
        json!({"branch": "main", "max": 3}),
        json!(null),
        json!({"max_tokens": 100}),
        json!(["a", {"b": "x".repeat(2000)}]),
    ] {
        let packed = vault(1).pack(&value, PK).unwrap();
        assert_eq!(packed, codec::pack_plain(&value).unwrap(), "{value}");
    }
    let before = json!({"input": {"password": "hunter22"}});
    let packed = codec::pack_plain(&before).unwrap();
    assert_eq!(vault(1).unpack::<Value>(&item(packed), "run").unwrap(), before);
}

#[test]
fn a_copy_is_sealed_as_a_whole_where_what_it_copies_holds_a_secret() {
    let request = json!({"path": "/in", "raw": {"text": "pin=1%20234&x=1", "query": "a=1"}});
    let pack = |input: &Value| {
        let besides = Besides { about: Some(input), copy: Some("raw") };
        stored(&vault(1).pack_besides(&request, PK, besides).unwrap())
    };
    let (holds, holds_not) = (pack(&json!({"password": "1 234"})), pack(&json!({"pin": "1 234"})));
    assert!(!holds.contains("1%20234") && holds.contains("/in"), "{holds}");
    assert!(holds_not.contains("1%20234"), "{holds_not}");
}

#[test]
fn a_later_key_seals_anew_what_an_older_one_has_sealed() {
    let value = json!({"input": {"password": "hunter22"}, "n": 1});
    let older = item(vault(1).pack(&value, PK).unwrap());
    let ring = KeyRing::new(Key::new([1; 32])).rotated(Key::new([2; 32]));
    let (anew, count) = resealed(&older, "run", &ring).unwrap().expect("an older seal");
    assert_eq!(count, 1);
    assert_eq!(vault(2).unpack::<Value>(&item(anew.clone()), "run").unwrap(), value);
    assert_eq!(resealed(&item(anew), "run", &ring).unwrap(), None);
    assert_eq!(resealed(&item(codec::pack_plain(&value).unwrap()), "run", &ring).unwrap(), None);
}
