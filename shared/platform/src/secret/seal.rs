use super::key::Key;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Length of a nonce in bytes.
pub(super) const NONCE: usize = 24;
/// The form of a sealed text.
const VERSION: &str = "v1";

/// Why a sealed text can't be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not a text that [`KeyRing::seal`](super::KeyRing::seal) made.
    #[error("that is not a sealed secret")]
    Malformed,
    /// Sealed with a key that isn't on the ring.
    #[error("it is sealed with the key {0}, which isn't there")]
    UnknownKey(String),
    /// Changed since it was sealed, or sealed for another owner.
    #[error("it was changed, or sealed for something else")]
    Refused,
}

/// A sealed text, taken apart.
pub(super) struct Sealed<'t> {
    /// The name of its key.
    pub(super) key: &'t str,
    nonce: [u8; NONCE],
    ciphertext: Vec<u8>,
}

#[expect(clippy::expect_used, reason = "the cipher fails only beyond 256 GiB, which no request can bring")]
pub(super) fn seal(key: &Key, nonce: [u8; NONCE], plain: &[u8], bound_to: &str) -> String {
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let payload = Payload { msg: plain, aad: bound_to.as_bytes() };
    let ciphertext = cipher.encrypt(XNonce::from_slice(&nonce), payload).expect("a secret of less than 256 GiB");
    let bytes = [nonce.as_slice(), &ciphertext].concat();
    format!("{VERSION}.{}.{}", key.id(), URL_SAFE_NO_PAD.encode(bytes))
}

impl<'t> Sealed<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Self, SecretError> {
        let parts = text.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('.')?.split_once('.'));
        let (key, bytes) = parts.ok_or(SecretError::Malformed)?;
        let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(|_| SecretError::Malformed)?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE>().ok_or(SecretError::Malformed)?;
        Ok(Self { key, nonce: *nonce, ciphertext: ciphertext.to_vec() })
    }

    pub(super) fn open(&self, key: &Key, bound_to: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let cipher = XChaCha20Poly1305::new(key.bytes().into());
        let payload = Payload { msg: &self.ciphertext, aad: bound_to.as_bytes() };
        let opened = cipher.decrypt(XNonce::from_slice(&self.nonce), payload);
        opened.map(Zeroizing::new).map_err(|_| SecretError::Refused)
    }
}
