//! A callback address that is a capability: whoever knows it may answer for one job of one run, once.
//!
//! For services that sign nothing. The address is that of the file's only callback route with a token in its query. The
//! token is the wait's correlation key: derived from a secret, so that nobody can guess it and every attempt has the same,
//! and single-use as every key is, since a second callback finds its place taken.

use super::{JobPath, Run, Surroundings};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The query parameter that carries the token.
pub const PARAMETER: &str = "callback_token";
/// How every token begins: nothing else in that parameter is taken for one.
const BEGINNING: &str = "cbt_";

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
    let well_formed = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then_some(parameter)
}

impl Run {
    /// The token and the address of a job; `None` where the file has no callback route, or several.
    pub(super) fn capability(&self, path: &JobPath, place: &Surroundings) -> Option<(String, String)> {
        let Capability { url, secret } = place.capability.as_ref()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let tag = hmac::sign(&key, format!("{}/{path}", self.id).as_bytes());
        let token = format!("{BEGINNING}{}", hex::encode(tag));
        Some((token.clone(), format!("{url}?{PARAMETER}={token}")))
    }
}
