use super::{Failure, terminal};

/// Prints the schema.
pub(crate) fn run() -> Result<(), Failure> {
    Ok(terminal::line(serde_json::to_string_pretty(&domain::config::schema())?)?)
}
