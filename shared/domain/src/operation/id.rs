//! An operation's name.

use crate::event::{CustomerId, EndpointId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Names an operation: `op_` and 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(String);

impl OperationId {
    /// The operation that a repeated request names: `asked` is what the request says, and what tells it from others
    /// that say the same.
    pub fn keyed(customer: &CustomerId, endpoint: &EndpointId, asked: &[&str]) -> Self {
        let mut hash = Sha256::new();
        // Each part goes in with its length, so that no two lists of parts read alike.
        for part in [customer.as_str(), endpoint.as_str()].iter().chain(asked) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut digest = hex::encode(hash.finalize());
        digest.truncate(32);
        Self(format!("op_{digest}"))
    }

    /// The id in a request's path, if it has an id's form.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("op_")?;
        let fits = digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
