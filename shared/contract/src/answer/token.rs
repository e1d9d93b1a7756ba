//! Tokens of customers.

use crate::shape::answers;
use jiff::Timestamp;

answers! {
    /// The tokens.
    pub struct Tokens {
        /// The newest 1,000.
        pub tokens: Vec<Token>,
    }

    /// A token, without what authenticates.
    pub struct Token {
        /// Names it to `DELETE /api/tokens/{id}`.
        pub id: String,
        /// The customer that it speaks for.
        pub customer_id: String,
        /// For people.
        pub name: String,
        /// True if it may publish events of its customer.
        pub publish: bool,
        /// Time when it was made.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub created_at: Timestamp,
    }

    /// A token that was made just now.
    pub struct CreatedToken {
        /// The fields that a list shows of it, too.
        #[serde(flatten)]
        pub shown: Token,
        /// The bearer token. It is shown this once.
        pub token: String,
    }
}
