use super::key::{KEY, Key, KeyError, KeyId};
use super::seal::{self, NONCE, Sealed, SecretError};
use rand::RngCore;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where nonces come from: fills the bytes with random ones.
type Randomness = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// The keys that secrets are sealed with. Cheap to clone.
#[derive(Clone)]
pub struct KeyRing {
    /// The current one first.
    keys: Arc<[Key]>,
    randomness: Randomness,
}

impl KeyRing {
    /// A ring with one key.
    pub fn new(key: Key) -> Self {
        Self::of(vec![key])
    }

    /// A ring with a key that nobody else has.
    pub fn generate() -> Self {
        Self::new(random_key())
    }

    fn of(keys: Vec<Key>) -> Self {
        Self { keys: keys.into(), randomness: Arc::new(|bytes| rand::rng().fill_bytes(bytes)) }
    }

    /// Reads keys: each 32 bytes in base64, separated by commas, the current one first. Blanks around them are skipped.
    ///
    /// # Errors
    /// Which key is wrong, and how.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.trim().is_empty() {
            return Err(KeyError::Missing);
        }
        let mut keys: Vec<Key> = Vec::new();
        for (index, text) in text.split(',').enumerate() {
            let key = Key::parse(text.trim(), index + 1)?;
            if keys.iter().any(|other| other.id() == key.id()) {
                return Err(KeyError::Twice(index + 1));
            }
            keys.push(key);
        }
        Ok(Self::of(keys))
    }

    /// The keys as [`KeyRing::parse`] reads them. To be kept where nobody else reads.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.keys.len() * 45));
        for key in self.keys.iter() {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(&key.text());
        }
        text
    }

    /// The same ring with other randomness for its nonces: for tests. Nonces must never repeat.
    #[must_use]
    pub fn with_randomness(self, randomness: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self { randomness: Arc::new(randomness), ..self }
    }

    /// A ring with a new current key, in front of all that this one has.
    #[must_use]
    pub fn rotated(&self, key: Key) -> Self {
        let keys = std::iter::once(key).chain(self.keys.iter().cloned()).collect();
        Self { keys, randomness: self.randomness.clone() }
    }

    /// The same as [`KeyRing::rotated`] with a key that nobody else has.
    #[must_use]
    pub fn rotated_at_random(&self) -> Self {
        self.rotated(random_key())
    }

    /// Bytes for another purpose, the same as long as the current key is.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(b"ringback derived key v1");
        digest.update(self.keys.first().map_or([].as_slice(), |key| key.bytes().as_slice()));
        digest.update(purpose.as_bytes());
        digest.finalize().into()
    }

    /// A ring with the current key alone: nothing that an older one sealed can be opened then.
    #[must_use]
    pub fn current_alone(&self) -> Self {
        Self { keys: self.keys.iter().take(1).cloned().collect(), randomness: self.randomness.clone() }
    }

    /// The names of the keys, the current one first; never empty.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.keys.iter().map(Key::id)
    }

    /// Seals a secret for an owner, such as `customer/endpoint`, with the current key.
    pub fn seal(&self, plain: &[u8], bound_to: &str) -> String {
        let mut nonce = [0; NONCE];
        (self.randomness)(&mut nonce);
        // A ring is never empty; if it were, nothing could be opened either.
        self.keys.first().map(|key| seal::seal(key, nonce, plain, bound_to)).unwrap_or_default()
    }

    /// Opens what was sealed for this owner.
    ///
    /// # Errors
    /// If it was not sealed by this code, for this owner, with one of these keys.
    pub fn open(&self, sealed: &str, bound_to: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let sealed = Sealed::parse(sealed)?;
        let key = self.keys.iter().find(|key| key.id().as_str() == sealed.key);
        let key = key.ok_or_else(|| SecretError::UnknownKey(sealed.key.to_owned()))?;
        sealed.open(key, bound_to)
    }

    /// Whether a sealed secret is not under the current key. A text that can't be opened says so when it is resealed.
    pub fn needs_resealing(&self, sealed: &str) -> bool {
        let current = self.keys.first().map(|key| key.id().as_str());
        Sealed::parse(sealed).ok().map(|sealed| sealed.key) != current
    }

    /// The same secret under the current key.
    ///
    /// # Errors
    /// As [`KeyRing::open`].
    pub fn reseal(&self, sealed: &str, bound_to: &str) -> Result<String, SecretError> {
        Ok(self.seal(&self.open(sealed, bound_to)?, bound_to))
    }
}

fn random_key() -> Key {
    let mut bytes = Zeroizing::new([0; KEY]);
    rand::rng().fill_bytes(bytes.as_mut_slice());
    Key::new(*bytes)
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter()).finish()
    }
}
