//! What a delivery is signed with.
//!
//! Every attempt carries the headers of Standard Webhooks 1.0.0 and those that older receivers read:
//!
//! | header | value |
//! |---|---|
//! | `webhook-id` | the event's id, the same at every attempt |
//! | `webhook-timestamp` | Unix seconds, of this attempt |
//! | `webhook-signature` | for each secret, `v1,` and the Base64 of HMAC-SHA256, or `v1a,` and the Base64 of Ed25519, over `id.timestamp.body` |
//! | `X-Webhook-Signature` | `sha256=` and the hexadecimal HMAC-SHA256 of the body, with the newest secret's whole text as the key |
//! | `X-Webhook-Event`, `X-Webhook-Delivery`, `X-Webhook-Timestamp` | the type, the delivery's id, Unix seconds |
//!
//! A secret is `whsec_` and Base64, `whsk_` and Base64 (an Ed25519 key), or any other text, which is the key as it stands.

use crate::mac::Mac;
use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::fmt;
use zeroize::Zeroizing;

/// Base64 with or without padding, as the libraries read it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Bytes of a symmetric secret that we make (Standard Webhooks 1.0.0: 24 to 64).
pub const SECRET_BYTES: usize = 32;
/// The shortest secret that a customer may give, in bytes of text.
const MIN_TEXT: usize = 8;
/// The longest, in bytes of text.
const MAX_TEXT: usize = 512;

/// Why a secret can't sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Too short to protect anything, or too long.
    #[error("a secret has {MIN_TEXT} to {MAX_TEXT} visible characters")]
    Length,
    /// After `whsec_` comes Base64 of 16 to 64 bytes.
    #[error("after `whsec_` comes the Base64 of 16 to 64 bytes")]
    Symmetric,
    /// After `whsk_` comes Base64 of an Ed25519 key.
    #[error("after `whsk_` comes the Base64 of an Ed25519 key, of 32 or 64 bytes")]
    Asymmetric,
}

/// A secret that can sign. Shows nothing of itself.
pub enum Key {
    /// HMAC-SHA256, `v1`.
    Symmetric {
        /// Its text, for the header that signs the body alone.
        text: Zeroizing<String>,
        /// Its bytes.
        bytes: Zeroizing<Vec<u8>>,
    },
    /// Ed25519, `v1a`.
    Asymmetric(Box<Ed25519KeyPair>),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Symmetric { .. } => "Key::Symmetric",
            Self::Asymmetric(_) => "Key::Asymmetric",
        })
    }
}

impl Key {
    /// Reads a secret's text.
    ///
    /// # Errors
    /// In words that don't quote it.
    pub fn read(text: &str) -> Result<Self, SecretError> {
        if !(MIN_TEXT..=MAX_TEXT).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretError::Length);
        }
        if let Some(encoded) = text.strip_prefix("whsk_") {
            let bytes = Zeroizing::new(BASE64.decode(encoded).map_err(|_| SecretError::Asymmetric)?);
            // Some libraries keep the public half behind the private one.
            let seed = bytes.first_chunk::<32>().filter(|_| matches!(bytes.len(), 32 | 64));
            let key = seed.and_then(|seed| Ed25519KeyPair::from_seed_unchecked(seed).ok());
            return Ok(Self::Asymmetric(Box::new(key.ok_or(SecretError::Asymmetric)?)));
        }
        let bytes = match text.strip_prefix("whsec_") {
            Some(encoded) => {
                let bytes = BASE64.decode(encoded).map_err(|_| SecretError::Symmetric)?;
                if !(16..=64).contains(&bytes.len()) {
                    return Err(SecretError::Symmetric);
                }
                bytes
            }
            None => text.as_bytes().to_vec(),
        };
        Ok(Self::Symmetric { text: Zeroizing::new(text.to_owned()), bytes: Zeroizing::new(bytes) })
    }

    /// A new symmetric secret of these random bytes, as text.
    pub fn symmetric_text(random: &[u8; SECRET_BYTES]) -> Zeroizing<String> {
        Zeroizing::new(format!("whsec_{}", STANDARD.encode(random)))
    }

    /// A new Ed25519 key of these random bytes, as text.
    pub fn asymmetric_text(random: &[u8; 32]) -> Zeroizing<String> {
        Zeroizing::new(format!("whsk_{}", STANDARD.encode(random)))
    }

    /// What a receiver verifies with, where that isn't the secret itself: `whpk_` and Base64.
    pub fn public_text(&self) -> Option<String> {
        match self {
            Self::Symmetric { .. } => None,
            Self::Asymmetric(key) => Some(format!("whpk_{}", STANDARD.encode(key.public_key()))),
        }
    }

    /// One entry of `webhook-signature`.
    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let content = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        match self {
            Self::Symmetric { bytes, .. } => format!("v1,{}", STANDARD.encode(mac(bytes, &content))),
            Self::Asymmetric(key) => format!("v1a,{}", STANDARD.encode(key.sign(&content))),
        }
    }
}

fn mac(key: &[u8], content: &[u8]) -> Vec<u8> {
    Mac::sha256(key).sign(content)
}

/// The headers that say what a delivery is and prove who sent it. `keys`: newest first, at least one.
pub fn headers(
    keys: &[Key],
    event_id: &str,
    event_type: &str,
    delivery_id: &str,
    timestamp: i64,
    body: &[u8],
) -> Vec<(String, String)> {
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(event_id, timestamp, body)).collect();
    let mut headers = vec![
        ("webhook-id".to_owned(), event_id.to_owned()),
        ("webhook-timestamp".to_owned(), timestamp.to_string()),
        ("webhook-signature".to_owned(), signatures.join(" ")),
        ("x-webhook-event".to_owned(), event_type.to_owned()),
        ("x-webhook-delivery".to_owned(), delivery_id.to_owned()),
        ("x-webhook-timestamp".to_owned(), timestamp.to_string()),
    ];
    let newest = keys.iter().find_map(|key| match key {
        Key::Symmetric { text, .. } => Some(text),
        Key::Asymmetric(_) => None,
    });
    if let Some(text) = newest {
        let signature = format!("sha256={}", hex::encode(mac(text.as_bytes(), body)));
        headers.push(("x-webhook-signature".to_owned(), signature));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Standard Webhooks 1.0.0, "Signature scheme": the example of the specification.
    #[test]
    fn a_symmetric_signature_is_that_of_the_specification() {
        let key = Key::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_secret_signs_and_the_newest_signs_the_body_alone() {
        let keys = [Key::read("your_secret_key").unwrap(), Key::read("another-secret").unwrap()];
        let headers = headers(&keys, "evt_1", "job.done", "c.evt_1.ep_1", 7, b"{}");
        let of = |name: &str| &headers.iter().find(|(header, _)| header == name).unwrap().1;
        assert_eq!(of("webhook-signature").split(' ').count(), 2);
        let expected = hex::encode(mac(b"your_secret_key", b"{}"));
        assert_eq!(of("x-webhook-signature"), &format!("sha256={expected}"));
    }

    #[test]
    fn an_ed25519_key_verifies_with_its_public_half() {
        let key = Key::read(&Key::asymmetric_text(&[7; 32])).unwrap();
        let signature = key.sign("evt_1", 7, b"{}");
        let bytes = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        let public = STANDARD.decode(key.public_text().unwrap().strip_prefix("whpk_").unwrap()).unwrap();
        let verifier = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public);
        verifier.verify(b"evt_1.7.{}", &bytes).unwrap();
    }

    #[test]
    fn secrets_that_protect_nothing_are_refused_and_none_is_shown() {
        for bad in ["", "short", "whsec_", "whsec_!!!!!!!!", "whsec_c2hvcnQ=", "whsk_AAAA", "with a space inside"] {
            assert!(Key::read(bad).is_err(), "{bad}");
        }
        let text = Key::symmetric_text(&[9; SECRET_BYTES]);
        assert_eq!(format!("{:?}", Key::read(&text).unwrap()), "Key::Symmetric");
    }
}
