//! Errors.

use crate::shape::answers;

answers! {
    /// An error (RFC 9457).
    pub struct Problem {
        /// Where its code is described.
        #[serde(rename = "type")]
        pub kind: String,
        /// The code in words.
        pub title: String,
        /// The answer's status.
        pub status: u16,
        /// What is wrong, and what to do about it.
        pub detail: String,
        /// A stable word: docs/errors.md lists them.
        pub code: String,
    }
}
