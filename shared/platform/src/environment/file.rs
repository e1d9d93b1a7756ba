//! What templates see as `env` in AWS: the function's own variables, and for the others SSM parameters below one path.
//!
//! Read once, when the function starts. Relay and sweep render no template: they are given no path, and ask for nothing.

use super::Environment;
use crate::parameters;
use crate::signed::Signed;
use domain::config::EnvReference;
use serde_json::{Map, Value};
use std::error::Error;

/// What a file reads as `${env.X}`: each the variable of that name, or else the SSM parameter of that name below `path`.
///
/// # Errors
/// If there is a path and a variable without a default is neither, or the parameters can't be read. Values are never in the text.
pub async fn of_file(
    environment: &Environment,
    aws: &Signed,
    reads: &[EnvReference],
    path: Option<&str>,
) -> Result<Map<String, Value>, Box<dyn Error + Send + Sync>> {
    let mut env = Map::new();
    for read in reads {
        if let Some(value) = environment.text(&read.name) {
            env.insert(read.name.clone(), Value::String(value));
        }
    }
    let Some(path) = path.map(|path| path.trim_end_matches('/')) else { return Ok(env) };
    let mut names: Vec<&str> =
        reads.iter().map(|read| read.name.as_str()).filter(|name| !env.contains_key(*name)).collect();
    names.sort_unstable();
    names.dedup();
    let parameter = |name: &str| format!("{path}/{name}");
    let wanted: Vec<String> = names.iter().map(|name| parameter(name)).collect();
    let found = parameters::found(aws, &wanted).await?;
    for name in names {
        if let Some(value) = found.get(&parameter(name)) {
            env.insert(name.to_owned(), Value::String(value.as_str().to_owned()));
        }
    }
    match reads.iter().find(|read| !read.has_default && !env.contains_key(&read.name)) {
        Some(missing) => {
            let (name, parameter) = (&missing.name, parameter(&missing.name));
            Err(format!(
                "the file reads ${{env.{name}}}, and there is no SSM parameter {parameter}, or it may not be read"
            )
            .into())
        }
        None => Ok(env),
    }
}

#[cfg(test)]
mod tests;
