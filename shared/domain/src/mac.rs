//! Message authentication codes: HMAC (RFC 2104) with the hashes that senders of webhooks use.

use hmac::{Hmac, KeyInit};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// A key, ready to sign and to verify.
#[derive(Clone)]
pub(crate) enum Mac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Mac {
    pub(crate) fn sha1(key: &[u8]) -> Self {
        Self::Sha1(keyed(key))
    }

    pub(crate) fn sha256(key: &[u8]) -> Self {
        Self::Sha256(keyed(key))
    }

    pub(crate) fn sha384(key: &[u8]) -> Self {
        Self::Sha384(keyed(key))
    }

    pub(crate) fn sha512(key: &[u8]) -> Self {
        Self::Sha512(keyed(key))
    }

    /// The code of a content.
    pub(crate) fn sign(&self, content: &[u8]) -> Vec<u8> {
        fn sign<M: hmac::Mac + Clone>(key: &M, content: &[u8]) -> Vec<u8> {
            key.clone().chain_update(content).finalize().into_bytes().to_vec()
        }
        match self {
            Self::Sha1(key) => sign(key, content),
            Self::Sha256(key) => sign(key, content),
            Self::Sha384(key) => sign(key, content),
            Self::Sha512(key) => sign(key, content),
        }
    }

    /// True if the code is that of the content. Takes the same time wherever they differ.
    pub(crate) fn verifies(&self, content: &[u8], code: &[u8]) -> bool {
        fn verifies<M: hmac::Mac + Clone>(key: &M, content: &[u8], code: &[u8]) -> bool {
            key.clone().chain_update(content).verify_slice(code).is_ok()
        }
        match self {
            Self::Sha1(key) => verifies(key, content, code),
            Self::Sha256(key) => verifies(key, content, code),
            Self::Sha384(key) => verifies(key, content, code),
            Self::Sha512(key) => verifies(key, content, code),
        }
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of every length (RFC 2104, section 2)")]
fn keyed<M: KeyInit>(key: &[u8]) -> M {
    M::new_from_slice(key).expect("a key of any length")
}

#[cfg(test)]
mod tests {
    use super::Mac;

    /// RFC 2202 (SHA-1) and RFC 4231 (SHA-2), test case 2; case 6 has a key that is longer than a block.
    #[test]
    fn codes_are_those_of_the_rfcs() {
        let content = b"what do ya want for nothing?";
        let sign = |mac: Mac| hex::encode(mac.sign(content));
        assert_eq!(sign(Mac::sha1(b"Jefe")), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(sign(Mac::sha256(b"Jefe")), sha256);
        let sha384 = "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649";
        assert_eq!(sign(Mac::sha384(b"Jefe")), sha384);
        let sha512 = "\
            164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1\
            a34d4a6b4b636e070a38bce737";
        assert_eq!(sign(Mac::sha512(b"Jefe")), sha512);
        let long = Mac::sha256(&[0xaa; 131]).sign(b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex::encode(long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn a_code_that_differs_in_a_bit_or_in_length_is_refused() {
        let key = Mac::sha256(b"key");
        let code = key.sign(b"content");
        assert!(key.verifies(b"content", &code));
        assert!(!key.verifies(b"content.", &code) && !key.verifies(b"content", &code[..31]));
        let mut other = code;
        other[31] ^= 1;
        assert!(!key.verifies(b"content", &other));
    }
}
