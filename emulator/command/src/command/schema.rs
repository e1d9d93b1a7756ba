use super::{Failure, output};

/// Prints the schema.
pub(crate) fn run() -> Result<(), Failure> {
    output::say(serde_json::to_string_pretty(&domain::config::schema())?)
}
