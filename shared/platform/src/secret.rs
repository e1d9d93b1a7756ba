//! Secrets at rest: sealed, so that whoever reads the table reads nothing.
//!
//! ```text
//!  secret ─ KeyRing::seal(secret, "customer/endpoint") ─► v1.<key id>.<base64url(nonce, ciphertext)> ─► table
//!  table ─ KeyRing::open(text, "customer/endpoint") ─► secret, wiped when it is dropped
//! ```
//!
//! - Inside of a larger value, the texts are sealed that are secret, each where it stands (`within`).
//! - What was sealed for one owner opens for no other: the owner is authenticated with it.
//! - A ring has a current key, which seals, and older ones, which only open. A text that was sealed with an older key
//!   [needs resealing](KeyRing::needs_resealing), after which that key can go.
//! - Keys are wiped from memory when they are dropped, and no `Debug` shows one.
//!
//! The cipher is XChaCha20-Poly1305 (<https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha-03>) of `RustCrypto`'s
//! audited crate: its nonce of 24 bytes may be drawn at random for as many secrets as there will ever be, by functions
//! that know nothing of each other, and it is as fast and as safe from timing where the processor has no AES.

mod key;
mod ring;
mod seal;
mod within;
#[cfg(test)]
mod tests;

pub use key::{Key, KeyError, KeyId};
pub use ring::KeyRing;
pub use seal::SecretError;
pub use within::{holds_sealed, is_sealed, may_hold_sealed};
