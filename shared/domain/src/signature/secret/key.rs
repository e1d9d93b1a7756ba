//! Keys, ready for use: read once, when the verifier is built.

use super::{BASE64, BASE64URL, KeyError, Secret, SecretEncoding, certificate};
use crate::signature::scheme::Algorithm;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt;

/// A key. Its `Debug` does not show it.
#[derive(Clone)]
pub(in crate::signature) enum Key {
    Mac(Box<hmac::Key>),
    /// The secret, for the schemes that have no HMAC.
    Plain(Vec<u8>),
    /// Public keys, any of which may have signed.
    Public(Vec<ParsedPublicKey>),
    /// An RSA key for each hash, because SNS messages choose theirs.
    Rsa {
        sha1: Box<ParsedPublicKey>,
        sha256: Box<ParsedPublicKey>,
    },
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key(…)")
    }
}

impl Key {
    /// Reads a secret in its own way, or in the one given here, for an algorithm.
    pub(in crate::signature) fn read(
        secret: &Secret,
        usual: Option<SecretEncoding>,
        algorithm: Algorithm,
    ) -> Result<Self, KeyError> {
        let encoding = secret.encoding().or(usual).unwrap_or(SecretEncoding::usual(algorithm));
        if !encoding.suits(algorithm) {
            return Err(KeyError::WrongKind(encoding));
        }
        let unreadable = |why: &str| KeyError::Unreadable { encoding, why: why.to_owned() };
        let text = secret.text();
        let bytes = match encoding {
            SecretEncoding::Utf8 => text.as_bytes().to_vec(),
            SecretEncoding::Hex => hex::decode(text).map_err(|_| unreadable("it is not hexadecimal"))?,
            SecretEncoding::Base64 => BASE64.decode(text).map_err(|_| unreadable("it is not base64"))?,
            SecretEncoding::WhsecBase64 => {
                let text = text.strip_prefix("whsec_").unwrap_or(text);
                BASE64.decode(text).map_err(|_| unreadable("what follows `whsec_` is not base64"))?
            }
            SecretEncoding::HexEd25519Public => {
                hex::decode(text.trim()).map_err(|_| unreadable("it is not hexadecimal"))?
            }
            SecretEncoding::WhpkEd25519 => {
                let text = text.trim();
                let text = text.strip_prefix("whpk_").unwrap_or(text);
                BASE64.decode(text).map_err(|_| unreadable("what follows `whpk_` is not base64"))?
            }
            SecretEncoding::JwksEd25519 => return jwks(text).map(Self::Public).map_err(|why| unreadable(&why)),
            SecretEncoding::SpkiDerBase64 => certificate::spki(text).map_err(|why| unreadable(&why))?,
            SecretEncoding::X509 => certificate::public_key(text).map_err(|why| unreadable(&why))?,
        };
        if bytes.is_empty() {
            return Err(KeyError::Empty);
        }
        let public = |algorithm: &'static dyn VerificationAlgorithm, what: &str| {
            ParsedPublicKey::new(algorithm, &bytes).map_err(|_| unreadable(what))
        };
        let mac = |algorithm| Self::Mac(Box::new(hmac::Key::new(algorithm, &bytes)));
        Ok(match algorithm {
            Algorithm::HmacSha1 => mac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            Algorithm::HmacSha256 => mac(hmac::HMAC_SHA256),
            Algorithm::HmacSha384 => mac(hmac::HMAC_SHA384),
            Algorithm::HmacSha512 => mac(hmac::HMAC_SHA512),
            Algorithm::Basic if !bytes.contains(&b':') => {
                return Err(unreadable("it is not of the form `user:password`"));
            }
            Algorithm::PlainSha256 | Algorithm::Token | Algorithm::Basic => Self::Plain(bytes),
            Algorithm::Ed25519 => Self::Public(vec![public(&ED25519, "it is not an Ed25519 key of 32 bytes")?]),
            Algorithm::EcdsaP256 => Self::Public(vec![public(&ECDSA_P256_SHA256_ASN1, "it is not a key on P-256")?]),
            Algorithm::RsaSha1 | Algorithm::RsaSha256 => {
                let what = "it is not an RSA key of at least 2048 bits";
                let sha1 = Box::new(public(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, what)?);
                Self::Rsa { sha1, sha256: Box::new(public(&RSA_PKCS1_2048_8192_SHA256, what)?) }
            }
        })
    }

    /// Whether a signature is that of a content. Takes the same time wherever the first difference is.
    pub(in crate::signature) fn verifies(&self, algorithm: Algorithm, content: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Mac(key) => hmac::verify(key, content, signature).is_ok(),
            Self::Plain(secret) if algorithm == Algorithm::PlainSha256 => {
                let digest = Sha256::new().chain_update(secret).chain_update(content).finalize();
                constant_time::verify_slices_are_equal(&digest, signature).is_ok()
            }
            Self::Plain(secret) => is_same(secret, signature),
            Self::Public(keys) => keys.iter().any(|key| key.verify_sig(content, signature).is_ok()),
            Self::Rsa { sha1, .. } if algorithm == Algorithm::RsaSha1 => sha1.verify_sig(content, signature).is_ok(),
            Self::Rsa { sha256, .. } => sha256.verify_sig(content, signature).is_ok(),
        }
    }

    /// The signature of a content, where the key is one that can sign.
    pub(in crate::signature) fn sign(&self, algorithm: Algorithm, content: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Mac(key) => Some(hmac::sign(key, content).as_ref().to_vec()),
            Self::Plain(secret) if algorithm == Algorithm::PlainSha256 => {
                Some(Sha256::new().chain_update(secret).chain_update(content).finalize().to_vec())
            }
            Self::Plain(secret) => Some(secret.clone()),
            Self::Public(_) | Self::Rsa { .. } => None,
        }
    }
}

/// Whether two texts are the same, in a time that tells neither where they differ nor how long the secret one is.
pub(in crate::signature) fn is_same(secret: &[u8], given: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(&Sha256::digest(secret), &Sha256::digest(given)).is_ok()
}

/// The Ed25519 keys of a JWK Set; other keys are ignored.
fn jwks(text: &str) -> Result<Vec<ParsedPublicKey>, String> {
    #[derive(Deserialize)]
    struct Jwk {
        kty: String,
        crv: Option<String>,
        x: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Jwks {
        Set { keys: Vec<Jwk> },
        One(Jwk),
    }
    let keys = match serde_json::from_str(text).map_err(|_| "it is not a JWK Set".to_owned())? {
        Jwks::Set { keys } => keys,
        Jwks::One(key) => vec![key],
    };
    let read = |key: &Jwk| {
        let ours = key.kty == "OKP" && key.crv.as_deref() == Some("Ed25519");
        let x = BASE64URL.decode(key.x.as_deref().filter(|_| ours)?).ok()?;
        ParsedPublicKey::new(&ED25519, &x).ok()
    };
    let keys: Vec<_> = keys.iter().filter_map(read).collect();
    if keys.is_empty() { Err("there is no Ed25519 key in it".to_owned()) } else { Ok(keys) }
}
