//! The outside world, and the only crate that knows AWS.
