//! Ids: text that is the same whenever the same thing is asked for again.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Names one run: `run_` and 32 hexadecimal digits. The API calls it `task_id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// From 16 random bytes, for a request that brings nothing to tell it from its repetition.
    pub fn random(bytes: [u8; 16]) -> Self {
        Self(format!("run_{}", hex::encode(bytes)))
    }

    /// The run that a route starts for a de-duplication key: the same for every repetition.
    pub fn keyed(route: &str, key: &str) -> Self {
        Self::digest(&["key", route, key])
    }

    /// The `number`-th run, from 1, that a request of this identity starts after the run `self`, which was accepted at that time
    /// in Unix milliseconds: the request comes after its window, or again because its run failed.
    #[must_use]
    pub fn again(&self, accepted_at: i64, number: u32) -> Self {
        Self::digest(&["again", &self.0, &accepted_at.to_string(), &number.to_string()])
    }

    /// The run of the `index`-th item of a bulk request whose own id is `self`.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        Self::digest(&["item", &self.0, &index.to_string()])
    }

    /// The run that a job of the run `self` starts and waits for.
    #[must_use]
    pub fn child(&self, job: &str, attempt: u32) -> Self {
        Self::digest(&["child", &self.0, job, &attempt.to_string()])
    }

    /// The id in a request's path, if it has an id's form.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("run_")?;
        let well_formed = digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each part goes in with its length, so that no two lists of parts read alike.
    fn digest(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self::random(bytes)
    }
}

/// Names a file by its text: 32 hexadecimal digits, the same for the same text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DefinitionId(String);

impl DefinitionId {
    /// The name of the file with this text: the first half of its SHA-256.
    pub fn of(text: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(text).into();
        Self(hex::encode(digest.first_chunk::<16>().unwrap_or(&[0; 16])))
    }

    /// As the table has it.
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DefinitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::RunId;

    #[test]
    fn a_repeated_key_names_the_same_run_and_parts_do_not_run_together() {
        assert_eq!(RunId::keyed("a", "bc"), RunId::keyed("a", "bc"));
        assert_ne!(RunId::keyed("a", "bc"), RunId::keyed("ab", "c"));
        let base = RunId::random([7; 16]);
        assert_ne!(base.item(1), base.item(2));
        assert_ne!(base.child("a", 1), base.child("a", 2));
        assert_ne!(base.child("1", 1), base.item(1));
        assert_ne!(base.again(1, 1), base.again(1, 2));
        assert_ne!(base.again(1, 1), base.again(2, 1));
    }

    #[test]
    fn only_well_formed_ids_are_parsed() {
        let id = RunId::random([0xab; 16]);
        assert_eq!(RunId::parse(id.as_str()), Some(id));
        for bad in ["", "run_", "run_ABABABABABABABABABABABABABABABAB", "x_abababababababababababababababab", "run_#"] {
            assert_eq!(RunId::parse(bad), None, "{bad}");
        }
    }
}
