//! Tests of sealing and of keys.

use super::{Key, KeyError, KeyRing, SecretError};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn ring(byte: u8) -> KeyRing {
    KeyRing::new(Key::new([byte; 32]))
}

fn open(ring: &KeyRing, sealed: &str, bound_to: &str) -> Result<Vec<u8>, SecretError> {
    ring.open(sealed, bound_to).map(|plain| plain.to_vec())
}

#[test]
fn a_sealed_secret_has_its_form_and_shows_nothing() {
    let ring = ring(7).with_randomness(|bytes| bytes.fill(9));
    let sealed = ring.seal(b"whsec_secret", "acme/ep_1");
    let id = ring.ids().next().unwrap().to_string();
    assert_eq!(id.len(), 16);
    let encoded = sealed.strip_prefix(&format!("v1.{id}.")).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap();
    // Nonce, as many bytes as the secret, and a tag of 16.
    assert_eq!((&bytes[..24], bytes.len()), ([9; 24].as_slice(), 24 + 12 + 16));
    assert!(!sealed.contains("secret") && !bytes.windows(6).any(|part| part == b"secret"));
    assert_eq!(open(&ring, &sealed, "acme/ep_1").unwrap(), b"whsec_secret");
}

#[test]
fn the_cipher_is_the_one_of_the_draft() {
    // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    let key: [u8; 32] = std::array::from_fn(|at| 0x80 + u8::try_from(at).unwrap());
    let nonce: [u8; 24] = std::array::from_fn(|at| 0x40 + u8::try_from(at).unwrap());
    let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
        sunscreen would be it.";
    let cipher = {
        use chacha20poly1305::KeyInit;
        chacha20poly1305::XChaCha20Poly1305::new(&key.into())
    };
    let aad = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
    let payload = chacha20poly1305::aead::Payload { msg: plain, aad: &aad };
    let sealed = chacha20poly1305::aead::Aead::encrypt(&cipher, &nonce.into(), payload).unwrap();
    assert!(hex::encode(&sealed).starts_with("bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"));
    assert!(hex::encode(&sealed).ends_with("c0875924c1c7987947deafd8780acf49"));
    let ours = KeyRing::new(Key::new(key)).with_randomness(move |bytes| bytes.copy_from_slice(&nonce));
    let bytes = URL_SAFE_NO_PAD.decode(ours.seal(plain, "").rsplit('.').next().unwrap()).unwrap();
    assert_eq!(bytes[24..24 + plain.len()], sealed[..plain.len()]);
}

#[test]
fn what_was_sealed_for_one_opens_for_no_other() {
    let ring = ring(1);
    let sealed = ring.seal(b"x", "acme/ep_1");
    for other in ["acme/ep_2", "", "acme/ep_1 ", "ACME/ep_1"] {
        assert_eq!(open(&ring, &sealed, other), Err(SecretError::Refused), "{other}");
    }
    let stranger = super::tests::ring(2);
    let id = ring.ids().next().unwrap().to_string();
    assert_eq!(open(&stranger, &sealed, "acme/ep_1"), Err(SecretError::UnknownKey(id)));
}

#[test]
fn no_two_seals_are_the_same() {
    let ring = ring(1);
    let all: BTreeSet<String> = (0..100).map(|_| ring.seal(b"x", "a")).collect();
    assert_eq!(all.len(), 100);
}

#[test]
fn a_rotated_ring_opens_both_and_seals_with_the_new_key() {
    let old = ring(1);
    let sealed = old.seal(b"secret", "a");
    assert!(!old.needs_resealing(&sealed));
    let new = old.rotated(Key::new([2; 32]));
    assert!(new.needs_resealing(&sealed) && new.needs_resealing("nonsense"));
    assert_eq!(open(&new, &sealed, "a").unwrap(), b"secret");
    let resealed = new.reseal(&sealed, "a").unwrap();
    assert!(!new.needs_resealing(&resealed));
    assert_eq!(open(&ring(2), &resealed, "a").unwrap(), b"secret");
    assert_eq!(new.reseal(&sealed, "b"), Err(SecretError::Refused));
    let ids: Vec<String> = old.rotated_at_random().ids().map(ToString::to_string).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[1], old.ids().next().unwrap().to_string());
}

#[test]
fn keys_are_read_from_base64_and_written_back() {
    let (one, two) = (STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
    let ring = KeyRing::parse(&format!(" {one} ,\n{}\n", two.trim_end_matches('='))).unwrap();
    assert_eq!(*ring.to_text(), format!("{one},{two}"));
    let ids: Vec<_> = ring.ids().cloned().collect();
    assert_eq!(ids, [Key::new([1; 32]).id().clone(), Key::new([2; 32]).id().clone()]);
    let table = [
        ("", KeyError::Missing),
        (" \n", KeyError::Missing),
        (",", KeyError::Length(1)),
        ("!!", KeyError::NotBase64(1)),
        (&*STANDARD.encode([1; 31]), KeyError::Length(1)),
        (&*STANDARD.encode([1; 33]), KeyError::Length(1)),
        (&*STANDARD.encode([1; 64]), KeyError::Length(1)),
        (&*format!("{one},{}", &one[..40]), KeyError::Length(2)),
        (&*format!("{one},"), KeyError::Length(2)),
        (&*format!("{one},{two},{one}"), KeyError::Twice(3)),
    ];
    for (text, expected) in table {
        let error = KeyRing::parse(text).unwrap_err();
        assert_eq!(error, expected, "{text:?}");
        assert!(text.trim().len() < 2 || !error.to_string().contains(text), "{error}");
    }
}

#[test]
fn debug_shows_no_key() {
    let ring = ring(0xab).rotated(Key::new([0xcd; 32]));
    let shown = format!("{ring:?} {:?} {:#?}", Key::new([0xab; 32]), ring);
    for secret in ["171", "205", "abab", "cdcd", "q6ur"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

proptest! {
    #[test]
    fn everything_comes_back_and_no_change_goes_unseen(
        plain in prop::collection::vec(any::<u8>(), 0..80), bound_to in ".{0,20}", at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let ring = ring(5);
        let sealed = ring.seal(&plain, &bound_to);
        prop_assert_eq!(open(&ring, &sealed, &bound_to).unwrap(), plain);
        let (head, encoded) = sealed.rsplit_once('.').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let changed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(&bytes));
        prop_assert_eq!(open(&ring, &changed, &bound_to), Err(SecretError::Refused));
        let short = format!("{head}.{}", URL_SAFE_NO_PAD.encode(&bytes[..at]));
        prop_assert!(open(&ring, &short, &bound_to).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in "(v1\\.)?[a-f0-9.]{0,20}\\PC{0,40}") {
        prop_assert!(ring(5).open(&text, "").is_err());
    }
}
