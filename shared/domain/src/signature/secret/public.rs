//! Public keys of senders. They are read when a verifier is built, so that a key which can't verify anything is refused then.

use crate::signature::scheme::Algorithm;
use pkcs1::RsaPublicKey;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    UnparsedPublicKey, VerificationAlgorithm,
};
use spki::SubjectPublicKeyInfoRef;
use spki::der::Decode;
use spki::der::asn1::ObjectIdentifier;

/// Elliptic curve keys, and the curve P-256 (RFC 5480, sections 2.1.1 and 2.1.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// A point on P-256 that isn't compressed: 4, and two numbers of 32 bytes (SEC 1, section 2.3.3).
const POINT: usize = 1 + 2 * 32;
/// RSA keys (RFC 3279, section 2.3.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// Bits of an RSA modulus with which signatures are verified: those that `ring` takes.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A public key.
#[derive(Debug, Clone)]
pub(in crate::signature) enum PublicKey {
    /// 32 bytes.
    Ed25519(Vec<u8>),
    /// A point.
    P256(Vec<u8>),
    /// An `RSAPublicKey` (RFC 8017, appendix A.1.1).
    Rsa(Vec<u8>),
}

impl PublicKey {
    /// The key of 32 bytes.
    pub(super) fn ed25519(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == 32).then(|| Self::Ed25519(bytes.to_vec()))
    }

    /// The key of a `SubjectPublicKeyInfo`.
    pub(super) fn p256(spki: &[u8]) -> Option<Self> {
        let spki = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
        let curve = spki.algorithm.parameters?.decode_as::<ObjectIdentifier>().ok()?;
        let point = spki.subject_public_key.as_bytes()?;
        let is_key = spki.algorithm.oid == EC && curve == P256 && point.len() == POINT && point.first() == Some(&4);
        is_key.then(|| Self::P256(point.to_vec()))
    }

    /// The key of a `SubjectPublicKeyInfo`.
    pub(super) fn rsa(spki: &[u8]) -> Option<Self> {
        let spki = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
        let key = spki.subject_public_key.as_bytes()?;
        let modulus = RsaPublicKey::from_der(key).ok()?.modulus.as_bytes().to_vec();
        let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
        (spki.algorithm.oid == RSA && RSA_BITS.contains(&bits)).then(|| Self::Rsa(key.to_vec()))
    }

    /// True if the signature is that of the content.
    pub(super) fn verifies(&self, algorithm: Algorithm, content: &[u8], signature: &[u8]) -> bool {
        let (way, key): (&'static dyn VerificationAlgorithm, _) = match self {
            Self::Ed25519(key) => (&ED25519, key),
            Self::P256(key) => (&ECDSA_P256_SHA256_ASN1, key),
            // Messages of SNS choose their hash.
            Self::Rsa(key) if algorithm == Algorithm::RsaSha1 => (&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, key),
            Self::Rsa(key) => (&RSA_PKCS1_2048_8192_SHA256, key),
        };
        UnparsedPublicKey::new(way, key).verify(content, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::PublicKey;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    /// `openssl ecparam -genkey -name prime256v1 | openssl ec -pubout -outform DER | base64`, and with `secp384r1`.
    const ON_P256: &str = "\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHOFc1qNw7ANOIbCWQ3G9fFpQNsxX4nKDp0zhLZ3KRvZuNCX6cVWD2R9DHS2MYjiX2SAnVsu/8/\
    dEP5mIH0zQbw==";
    const ON_P384: &str = "\
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAECeNgRz7k/RA58qfNaoPVhgtXneRFkU9YT9XY+4r9l/M3Oxfz3YqoawsPm+eNPeSSWT9ex8tzlK\
        IeveYBKvSNncX5L+PNnLqIlLeL09ooQUpEMMCZQbjSk4DhvXb/t+mx";
    /// `openssl genrsa 1024 | openssl rsa -pubout -outform DER | base64`, and with 2048.
    const RSA_1024: &str = "\
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDDwbHcFTHwKWJBYdR9wYtwiXPWd8mVhNA0uAb0cHt4aSqMRICCv/blTlr7mz4frBjVux\
        xmSQZMxBfOhte6w/jVNwxCsflRnTe4UTCC31drWrzrw76hy4ynjLCweh/orZ8PVBo8Hby2SMjD7xSkGHb5b8DKROOc+B6jCWyoiBSP4wID\
        AQAB";
    const RSA_2048: &str = "\
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAySvIty2fBcGEALhL4jt5pTS7QSRHEf7YSpNcKNv2dyYO8O58OC6ZLXyu2A8qd/\
        53Eg7BXf22BMhdIZMBPEtvGm0TIzGPm1AjKSSmLSHiJEppFpd0UVx/O+y9/3htHnqMjUKd5Kzrj11RBEaghhwVuVVnbBlRINqCdZJyeUfA\
        PUrZjG1WkGHvUczJ4TXqPyaHcoX9jN1uWqURbkNQfZ500k66kMbDaJ+anySSt0UOu9aPw0eTP6jicepQhp3SF2dbWst96LWsdZJejJFkYE\
        RFdsvT0OPY2WbXeCN0heEzYNBC/p5P3yvTSsHf2YgQ/d+VEimT+ldgEVWI9S5azTVIvwIDAQAB";

    #[test]
    fn keys_that_can_verify_nothing_are_refused_when_they_are_read() {
        let der = |text: &str| STANDARD.decode(text).unwrap();
        assert!(PublicKey::p256(&der(ON_P256)).is_some() && PublicKey::rsa(&der(RSA_2048)).is_some());
        for other in [ON_P384, RSA_2048, "", "AAAA"] {
            assert!(PublicKey::p256(&der(other)).is_none(), "{other}");
        }
        for other in [ON_P256, RSA_1024, "", "AAAA"] {
            assert!(PublicKey::rsa(&der(other)).is_none(), "{other}");
        }
        let mut cut = der(RSA_2048);
        cut.pop();
        assert!(PublicKey::rsa(&cut).is_none());
        assert!(PublicKey::ed25519(&[1; 32]).is_some() && PublicKey::ed25519(&[1; 31]).is_none());
    }
}
