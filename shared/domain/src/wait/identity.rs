//! The identity of a callback: by what its repetition is told from another callback under the same key.
//!
//! Several jobs may wait under one key, one after the other. A provider that sends its callback twice must not complete the
//! next of them with the result of the first, and another callback must still count. So each key remembers the identities of
//! what was taken there.

use crate::signature::{Request, Verified};
use crate::source::{CALLER_KEY, header, usual_id};
use sha2::{Digest, Sha256};
use std::fmt;

/// Identities that a key remembers at most, the newest: a provider repeats a callback for hours or days, and by then few
/// others have come under its key.
pub const REMEMBERED: usize = 32;

/// Names one callback: the same for each repetition. 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArrivalId(String);

impl ArrivalId {
    /// Of a request. `verified` is what its route's verification found; `None` where the route has none.
    ///
    /// The provider's id of the delivery, if the signature covers it or nothing is signed; else the bytes of the body (of an
    /// empty one, the address), so that a callback that was caught on its way can't be sent again as another one.
    pub fn of(verified: Option<&Verified>, request: &Request<'_>) -> Self {
        let own = || usual_id(request).or_else(|| header(request, CALLER_KEY));
        let id = match verified {
            Some(verified) if verified.is_signed() => {
                verified.delivery_id.clone().filter(|_| verified.delivery_id_signed)
            }
            Some(verified) => verified.delivery_id.clone().or_else(own),
            None => own(),
        };
        match id {
            Some(id) => Self::digest("id:", id.as_bytes()),
            // All that it says is in its address.
            None if request.body.is_empty() => Self::digest("url:", request.url.as_bytes()),
            None => Self::digest("body:", request.body),
        }
    }

    /// Of one item of a request that brings several: its bytes, whatever request it comes in.
    pub fn of_item(item: &[u8]) -> Self {
        Self::digest("item:", item)
    }

    /// As the table holds it.
    pub fn read(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As the table holds it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn digest(kind: &str, bytes: &[u8]) -> Self {
        let mut digest = Sha256::new();
        digest.update(kind);
        digest.update(bytes);
        let mut text = hex::encode(digest.finalize());
        text.truncate(32);
        Self(text)
    }
}

impl fmt::Display for ArrivalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key remembers once another job waits under it: what it remembered before, and what the job before has taken.
pub fn remembered(before: Vec<ArrivalId>, taken: Option<ArrivalId>) -> Vec<ArrivalId> {
    let mut all = before;
    if let Some(taken) = taken.filter(|taken| !all.contains(taken)) {
        all.push(taken);
    }
    let surplus = all.len().saturating_sub(REMEMBERED);
    all.split_off(surplus)
}

#[cfg(test)]
mod tests;
