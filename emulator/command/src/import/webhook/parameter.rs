//! What a hook reads of a request, as a template of ours reads it.

use serde_json::Value;

/// Reads `{source, name}` as an expression, without `${}`.
///
/// # Errors
/// In words, where there is nothing of the kind.
pub(super) fn expression(parameter: &Value) -> Result<String, String> {
    let text = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or_default();
    let (source, name) = (text("source"), text("name"));
    match source {
        "payload" => Ok(path("body", name)),
        "header" => Ok(format!("header{}", key(&name.to_ascii_lowercase()))),
        "url" | "query" => Ok(format!("query{}", key(name))),
        "string" => Ok(literal(name)),
        "entire-payload" => Ok("body".to_owned()),
        "entire-headers" => Ok("header".to_owned()),
        "entire-query" => Ok("query".to_owned()),
        "request" => Err(format!("`request` parameters (`{name}`) can't be read")),
        "raw-request-body" => Err("the raw body can't be read".to_owned()),
        other => Err(format!("there is no source `{other}`")),
    }
}

/// A text as an expression writes it.
pub(super) fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

/// `a.0.b` below a source: names, and places in lists.
fn path(source: &str, name: &str) -> String {
    let parts = name.split('.').filter(|part| !part.is_empty());
    let step = |part: &str| {
        if part.bytes().all(|byte| byte.is_ascii_digit()) { format!("[{part}]") } else { key(part) }
    };
    // A body that is a list is called `root` there.
    let parts: Vec<&str> = match name.strip_prefix("root.") {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.split('.').collect(),
        _ => parts.collect(),
    };
    parts.into_iter().fold(source.to_owned(), |path, part| path + &step(part))
}

fn key(name: &str) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if plain { format!(".{name}") } else { format!("[{}]", literal(name)) }
}

#[cfg(test)]
mod tests {
    use super::expression;
    use serde_json::json;

    #[test]
    fn parameters_are_read_where_they_were() {
        let cases = [
            ("payload", "head_commit.id", "body.head_commit.id"),
            ("payload", "commits.0.author-name", "body.commits[0].author-name"),
            ("payload", "root.0.a", "body[0].a"),
            ("payload", "a key", "body[\"a key\"]"),
            ("header", "X-GitHub-Event", "header.x-github-event"),
            ("url", "token", "query.token"),
            ("string", "say \"hi\"", "\"say \\\"hi\\\"\""),
            ("entire-payload", "", "body"),
        ];
        for (source, name, expected) in cases {
            assert_eq!(expression(&json!({"source": source, "name": name})).as_deref(), Ok(expected));
        }
        for source in ["request", "raw-request-body", "context", ""] {
            assert!(expression(&json!({"source": source, "name": "x"})).is_err(), "{source}");
        }
    }
}
