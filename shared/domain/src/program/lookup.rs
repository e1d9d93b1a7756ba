//! Where a parameter's value is found in an input.

use serde_json::Value;

/// A field of the input by its name, else what stands in its `body` at that path: `repository.full_name`, `commits.0.id`.
/// Null counts as nothing.
pub(super) fn lookup<'v>(input: &'v Value, param: &str) -> Option<&'v Value> {
    let there = |value: &&Value| !value.is_null();
    let by_name = input.get(param).filter(there);
    let by_path = || param.split('.').try_fold(input.get("body")?, step).filter(there);
    by_name.or_else(by_path)
}

fn step<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
