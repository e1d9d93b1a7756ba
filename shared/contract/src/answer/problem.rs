//! Errors.

use crate::shape::answers;

answers! {
    /// An error (RFC 9457).
    pub struct Problem {
        /// `about:blank`: `code` tells problems apart (RFC 9457, section 4.2.1).
        #[serde(rename = "type")]
        pub kind: String,
        /// The code in words.
        pub title: String,
        /// The answer's status.
        pub status: u16,
        /// The fault, and what to do about it, in words.
        pub detail: String,
        /// A stable word: docs/errors.md lists them.
        pub code: String,
    }
}
