//! Who sent a request: signatures, tokens and addresses, judged by data.
//!
//! ```text
//! preset or scheme + secrets ──► Verifier ──► verify(request, now) ──► Verified {delivery_id, event_type, …}
//!                                                                  └─► Refusal: exact for a person, one text for others
//! ```
//!
//! How a provider signs is a [`Scheme`], which is data: the [presets](Preset) are written in it, and users write theirs.
//! Code is left for what is no template (`procedure`). Keys that a provider publishes are not fetched here; a
//! [`Verifier`] says which address is to be fetched, after making sure that it is the provider's.
//!
//! # Guarantees
//!
//! - MACs and tokens are compared in constant time, after being decoded to their fixed length (`hmac`, `sha2`, `subtle`).
//!   Signatures by public keys are verified by the library that TLS uses already (`ring`).
//! - An empty secret can't be configured. A header that is there twice is refused unless the scheme has lists.
//! - No bytes from outside can panic it, and a signature with one byte changed in body, secret or time is refused.
//! - No `Debug`, no error and no refusal shows a secret or an expected signature.
//!
//! The dates of certificates are not judged: what is trusted is the HTTPS host they were fetched from.

mod request;
mod refusal;
mod fields;
mod clock;
mod key_url;
mod secret;
mod scheme;
mod extract;
mod place;
mod check;
mod covered;
mod procedure;
mod verifier;
mod preset;
mod sign;
pub mod facts;
pub mod handshake;
mod acknowledge;
pub mod diagnose;
pub mod batch;
#[cfg(test)]
mod tests;

pub use acknowledge::{Acknowledger, acknowledgement};
pub use covered::{Covered, Proven};
pub use extract::Extractor;
pub use fields::Fields;
pub use preset::{Preset, UnknownPreset};
pub use refusal::Refusal;
pub use request::{Headers, Request};
pub use scheme::{Algorithm, Encoding, Scheme, Template};
pub use secret::{KeyError, Secret, SecretEncoding};
pub use sign::{SignError, sign};
pub use verifier::{Verified, Verifier, verify};
