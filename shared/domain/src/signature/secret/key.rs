//! Keys, ready for use: read once, when the verifier is built.

use super::public::PublicKey;
use super::{BASE64, BASE64URL, KeyError, Secret, SecretEncoding, certificate};
use crate::mac::Mac;
use crate::signature::scheme::Algorithm;
use base64::Engine as _;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// A key. Its `Debug` does not show it.
#[derive(Clone)]
pub(in crate::signature) enum Key {
    Mac(Box<Mac>),
    /// The secret, for the schemes that have no HMAC.
    Plain(Vec<u8>),
    /// Public keys, any of which may have signed.
    Public(Vec<PublicKey>),
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
        let public =
            |key: Option<PublicKey>, what: &str| key.map(|key| Self::Public(vec![key])).ok_or(unreadable(what));
        let mac = |mac: Mac| Self::Mac(Box::new(mac));
        Ok(match algorithm {
            Algorithm::HmacSha1 => mac(Mac::sha1(&bytes)),
            Algorithm::HmacSha256 => mac(Mac::sha256(&bytes)),
            Algorithm::HmacSha384 => mac(Mac::sha384(&bytes)),
            Algorithm::HmacSha512 => mac(Mac::sha512(&bytes)),
            Algorithm::Basic if !bytes.contains(&b':') => {
                return Err(unreadable("it is not of the form `user:password`"));
            }
            Algorithm::PlainSha256 | Algorithm::Token | Algorithm::Basic => Self::Plain(bytes),
            Algorithm::Ed25519 => public(PublicKey::ed25519(&bytes), "it is not an Ed25519 key of 32 bytes")?,
            Algorithm::EcdsaP256 => public(PublicKey::p256(&bytes), "it is not a key on P-256")?,
            Algorithm::RsaSha1 | Algorithm::RsaSha256 => {
                public(PublicKey::rsa(&bytes), "it is not an RSA key of 2048 to 8192 bits")?
            }
        })
    }

    /// Whether a signature is that of a content. Takes the same time wherever the first difference is.
    pub(in crate::signature) fn verifies(&self, algorithm: Algorithm, content: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Mac(key) => key.verifies(content, signature),
            Self::Plain(secret) if algorithm == Algorithm::PlainSha256 => {
                let digest = Sha256::new().chain_update(secret).chain_update(content).finalize();
                digest.ct_eq(signature).into()
            }
            Self::Plain(secret) => is_same(secret, signature),
            Self::Public(keys) => keys.iter().any(|key| key.verifies(algorithm, content, signature)),
        }
    }

    /// The signature of a content, where the key is one that can sign.
    pub(in crate::signature) fn sign(&self, algorithm: Algorithm, content: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Mac(key) => Some(key.sign(content)),
            Self::Plain(secret) if algorithm == Algorithm::PlainSha256 => {
                Some(Sha256::new().chain_update(secret).chain_update(content).finalize().to_vec())
            }
            Self::Plain(secret) => Some(secret.clone()),
            Self::Public(_) => None,
        }
    }
}

/// Whether two texts are the same, in a time that tells neither where they differ nor how long the secret one is.
pub(in crate::signature) fn is_same(secret: &[u8], given: &[u8]) -> bool {
    Sha256::digest(secret).ct_eq(&Sha256::digest(given)).into()
}

/// The Ed25519 keys of a JWK Set; other keys are ignored.
fn jwks(text: &str) -> Result<Vec<PublicKey>, String> {
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
        PublicKey::ed25519(&x)
    };
    let keys: Vec<_> = keys.iter().filter_map(read).collect();
    if keys.is_empty() { Err("there is no Ed25519 key in it".to_owned()) } else { Ok(keys) }
}
