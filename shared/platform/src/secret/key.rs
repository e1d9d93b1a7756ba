use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// Length of a key in bytes.
pub(super) const KEY: usize = 32;

/// Base64 as people paste it: with `=` at the end or without.
const READER: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One key; wiped when it is dropped.
#[derive(Clone)]
pub struct Key {
    bytes: Zeroizing<[u8; KEY]>,
    id: KeyId,
}

/// Names a key without telling it: 16 hexadecimal digits, from its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyId(String);

/// Why a text is no key. It never shows the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is nothing in it.
    #[error("there is no key")]
    Missing,
    /// Not base64.
    #[error("key {0} is not base64")]
    NotBase64(usize),
    /// Of another length.
    #[error("key {0} must be 32 bytes in base64")]
    Length(usize),
    /// Twice in one ring.
    #[error("key {0} is there twice")]
    Twice(usize),
}

impl Key {
    /// A key of random bytes.
    pub fn new(bytes: [u8; KEY]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let mut digest = Sha256::new();
        digest.update(b"ringback key id v1");
        digest.update(bytes.as_slice());
        let digest: [u8; 32] = digest.finalize().into();
        let id = KeyId(hex::encode(digest.first_chunk::<8>().map_or(digest.as_slice(), |short| short)));
        Self { bytes, id }
    }

    /// Reads base64; `number` is for the error.
    pub(super) fn parse(text: &str, number: usize) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; KEY + 2]);
        let length = READER.decode_slice(text, bytes.as_mut_slice()).map_err(|error| match error {
            base64::DecodeSliceError::OutputSliceTooSmall => KeyError::Length(number),
            base64::DecodeSliceError::DecodeError(_) => KeyError::NotBase64(number),
        })?;
        let key = bytes.get(..length).and_then(|bytes| <[u8; KEY]>::try_from(bytes).ok());
        key.map(Self::new).ok_or(KeyError::Length(number))
    }

    /// As base64.
    pub(super) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.bytes.as_slice()))
    }

    pub(super) fn bytes(&self) -> &[u8; KEY] {
        &self.bytes
    }

    /// Its name.
    pub fn id(&self) -> &KeyId {
        &self.id
    }
}

impl KeyId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}
