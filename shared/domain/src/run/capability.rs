//! A callback address that is a capability: whoever knows it may answer for one job of one run, once.
//!
//! For services that sign nothing. The address is that of the file's only callback route with a token in its query. The
//! token is the wait's correlation key: derived from a secret, so that nobody can guess it and every attempt has the same,
//! and single-use as every key is, since a second callback finds its place taken.

use super::{JobPath, Run, Surroundings};
use crate::mac::Mac;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The query parameter that carries the token.
pub const PARAMETER: &str = "callback_token";
/// How every token begins: nothing else in that parameter is taken for one.
const BEGINNING: &str = "cbt_";
/// The beginning of the key that is kept of a token.
const KEPT: &str = "cbk_";

/// Where the file's only callback route is reached, and what its tokens are derived from.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Capability {
    /// The route's address.
    pub url: String,
    /// 32 bytes that nobody else knows.
    pub secret: [u8; 32],
}

impl fmt::Debug for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capability").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The token in a query's parameter, if it has a token's form.
pub fn callback_token(parameter: &str) -> Option<&str> {
    let digits = parameter.strip_prefix(BEGINNING)?;
    is_digest(digits).then_some(parameter)
}

/// The correlation key as it is kept: a token's digest in the place of the token, so that a reader of the table can't answer for
/// a job.
pub fn kept_key(key: String) -> String {
    if callback_token(&key).is_none() {
        return key;
    }
    format!("{KEPT}{}", hex::encode(Sha256::digest(key.as_bytes())))
}

/// Whether a correlation key is what is kept of a token: no sender knows one, but a reader of the table.
pub fn is_kept_key(key: &str) -> bool {
    key.strip_prefix(KEPT).is_some_and(is_digest)
}

/// Whether a correlation key is a token, or what is kept of one.
pub fn is_of_token(key: &str) -> bool {
    callback_token(key).is_some() || is_kept_key(key)
}

/// The first callback token in a text.
pub fn find_callback_token(text: &str) -> Option<&str> {
    text.match_indices(BEGINNING).find_map(|(at, _)| callback_token(text.get(at..at + BEGINNING.len() + 64)?))
}

fn is_digest(digits: &str) -> bool {
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Run {
    /// The token and the address of a job; `None` where the file has no callback route, or several.
    pub(super) fn capability(&self, path: &JobPath, place: &Surroundings) -> Option<(String, String)> {
        let Capability { url, secret } = place.capability.as_ref()?;
        let tag = Mac::sha256(secret).sign(format!("{}/{path}", self.id).as_bytes());
        let token = format!("{BEGINNING}{}", hex::encode(tag));
        Some((token.clone(), format!("{url}?{PARAMETER}={token}")))
    }
}

#[cfg(test)]
mod tests {
    use super::{callback_token, find_callback_token, is_of_token, kept_key};

    #[test]
    fn a_token_is_kept_as_its_digest_and_any_other_key_as_it_is() {
        let token = format!("cbt_{}", "0f".repeat(32));
        let kept = kept_key(token.clone());
        assert!(kept.starts_with("cbk_") && kept.len() == 68 && !kept.contains(&token[4..]), "{kept}");
        assert_eq!(kept_key(kept.clone()), kept);
        assert!(is_of_token(&token) && is_of_token(&kept) && callback_token(&kept).is_none());
        for other in ["cbt_x", "cbk_x", "run_1", ""] {
            assert_eq!(kept_key(other.to_owned()), other);
            assert!(!is_of_token(other), "{other}");
        }
    }

    #[test]
    fn a_token_is_found_wherever_it_stands_in_a_text() {
        let token = format!("cbt_{}", "0f".repeat(32));
        let url = format!("https://x.test/done?a=cbt_&callback_token={token}&b=1");
        assert_eq!(find_callback_token(&url), Some(token.as_str()));
        for none in ["", "cbt_", "cbt_0f", "é cbt_é", &token[..67]] {
            assert_eq!(find_callback_token(none), None, "{none}");
        }
    }
}
