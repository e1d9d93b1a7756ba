//! Answers about the API itself: its document, and that the process and the table answer.

use crate::shape::answers;

answers! {
    /// An OpenAPI document (<https://spec.openapis.org/oas/v3.1.0>).
    pub struct Document {
        /// The version of OpenAPI.
        pub openapi: String,
    }

    /// The process answers.
    pub struct Health {
        /// `ok`.
        pub status: String,
    }

    /// The table answers too.
    pub struct Ready {
        /// `ready`.
        pub status: String,
    }
}
