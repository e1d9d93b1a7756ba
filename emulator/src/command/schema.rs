use super::Failure;

/// Prints the schema.
pub(crate) fn run() -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(&domain::config::schema())?);
    Ok(())
}
