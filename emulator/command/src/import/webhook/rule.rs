//! A trigger rule: what proves who calls becomes the source's verification, the rest a condition.
//!
//! Proofs are taken from the top of the rule, where all must hold: a signature, a secret header, an address. Several of one
//! kind may stand in an `or`. Anywhere else they would be conditions, which we don't have: then the rule can't be carried
//! over.

use super::parameter::{expression, literal};
use domain::redact::is_secret;
use serde_json::{Map, Value, json};

/// What a rule has become.
#[derive(Debug, Default)]
pub(super) struct Converted {
    pub(super) verification: Map<String, Value>,
    pub(super) when: Option<String>,
    /// Places below the rule, and what to say about them.
    pub(super) notes: Vec<(String, String)>,
}

/// Where, and why not.
type Refused = (String, String);

/// Converts a rule of the hook of that name.
///
/// # Errors
/// Where it can't be carried over, and why.
pub(super) fn convert(rule: &Value, name: &str) -> Result<Converted, Refused> {
    let mut converted = Converted::default();
    let mut conditions = Vec::new();
    for (at, part) in parts(rule, String::new()) {
        if let Some(proofs) = proofs(part) {
            converted.prove(&proofs, name, &at)?;
        } else {
            conditions.push(condition(part, &at)?);
        }
    }
    if !conditions.is_empty() {
        converted.when = Some(conditions.join(" and "));
    }
    Ok(converted)
}

/// What must all hold, with their places: an `and` within an `and` is the same.
fn parts(rule: &Value, at: String) -> Vec<(String, &Value)> {
    match rule.get("and").and_then(Value::as_array) {
        Some(all) => all.iter().enumerate().flat_map(|(n, part)| parts(part, format!("{at}/and/{n}"))).collect(),
        None => vec![(at, rule)],
    }
}

/// The proofs that a part is: one, or an `or` of several of one kind.
fn proofs(part: &Value) -> Option<Vec<&Value>> {
    let matches: Vec<&Value> = match part.get("or").and_then(Value::as_array) {
        Some(several) => several.iter().map(|one| one.get("match")).collect::<Option<_>>()?,
        None => vec![part.get("match")?],
    };
    let kind = |rule: &Value| {
        if is_token(rule) {
            Some("token")
        } else {
            Some(kind(rule)).filter(|kind| algorithm(kind).is_some() || *kind == "ip-whitelist")
        }
        .map(str::to_owned)
    };
    let first = kind(matches.first()?)?;
    matches.iter().all(|rule| kind(rule).as_ref() == Some(&first)).then_some(matches)
}

fn kind(rule: &Value) -> &str {
    rule.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn algorithm(kind: &str) -> Option<&'static str> {
    match kind {
        "payload-hmac-sha1" | "payload-hash-sha1" => Some("sha1"),
        "payload-hmac-sha256" | "payload-hash-sha256" => Some("sha256"),
        "payload-hmac-sha512" | "payload-hash-sha512" => Some("sha512"),
        _ => None,
    }
}

/// A header whose name says that it holds a secret.
fn is_token(rule: &Value) -> bool {
    let source = rule.pointer("/parameter/source").and_then(Value::as_str);
    kind(rule) == "value" && source == Some("header") && is_secret(header(rule))
}

fn header(rule: &Value) -> &str {
    rule.pointer("/parameter/name").and_then(Value::as_str).unwrap_or_default()
}

impl Converted {
    fn prove(&mut self, proofs: &[&Value], name: &str, at: &str) -> Result<(), Refused> {
        let refused = |why: &str| Err((at.to_owned(), why.to_owned()));
        let Some(first) = proofs.first() else { return refused("there is nothing in it") };
        if proofs.iter().any(|proof| header(proof) != header(first) || kind(proof) != kind(first)) {
            return refused("a source has one way of signing, and one header");
        }
        if kind(first) == "ip-whitelist" {
            let ranges = proofs.iter().filter_map(|proof| proof.get("ip-range").and_then(Value::as_str));
            let ranges: Vec<&str> = ranges.flat_map(str::split_whitespace).collect();
            if self.verification.contains_key("allow_ips") {
                return refused("two lists of addresses must hold at once");
            }
            self.verification.insert("allow_ips".to_owned(), json!(ranges));
            return Ok(());
        }
        let token = is_token(first);
        let (key, at_value) = if token { ("token", "value") } else { ("secret", "secret") };
        if self.verification.contains_key(key) {
            return refused("two of them must hold at once");
        }
        let mut values = Vec::new();
        for (n, proof) in proofs.iter().enumerate() {
            let value = proof.get(at_value).and_then(Value::as_str).unwrap_or_default();
            let value = if token { value.strip_prefix("Bearer ").unwrap_or(value) } else { value };
            if value.is_empty() {
                return refused("its secret is empty");
            }
            values.push(self.secret(value, name, key, n, at));
        }
        let value = if values.len() == 1 { values.swap_remove(0) } else { Value::from(values) };
        if token {
            self.verification.insert("header".to_owned(), header(first).into());
        } else {
            let scheme = self.scheme(first, at)?;
            self.verification.insert("scheme".to_owned(), scheme);
        }
        self.verification.insert(key.to_owned(), value);
        Ok(())
    }

    /// A secret belongs into the environment, not into a file that is shown around.
    fn secret(&mut self, value: &str, name: &str, key: &str, n: usize, at: &str) -> Value {
        if value.starts_with("${env.") && value.ends_with('}') {
            return value.into();
        }
        let upper = |text: &str| text.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let number = if n == 0 { String::new() } else { format!("_{}", n + 1) };
        let variable = format!("HOOK_{}_{}{number}", upper(name), upper(key));
        self.notes.push((at.to_owned(), format!("its {key} is read from the environment now: set {variable} to it")));
        format!("${{env.{variable}}}").into()
    }

    fn scheme(&mut self, rule: &Value, at: &str) -> Result<Value, Refused> {
        let algorithm = algorithm(kind(rule)).unwrap_or_default();
        let source = rule.pointer("/parameter/source").and_then(Value::as_str).unwrap_or_default();
        if source != "header" {
            return Err((
                at.to_owned(),
                format!("its signature is in `{source}`, and only a header can hold one here"),
            ));
        }
        let header = header(rule);
        if header.eq_ignore_ascii_case("x-hub-signature-256") && algorithm == "sha256" {
            return Ok("github".into());
        }
        if header.to_ascii_lowercase().contains("hub-signature") {
            return Ok(json!({"header": header, "algorithm": algorithm, "prefix": format!("{algorithm}=")}));
        }
        let words = format!("the signature must be hex without `{algorithm}=` before it; if there is, add `prefix`");
        self.notes.push((at.to_owned(), words));
        Ok(json!({"header": header, "algorithm": algorithm}))
    }
}

/// A part of a rule as an expression.
fn condition(rule: &Value, at: &str) -> Result<String, Refused> {
    let refused = |why: String| Err((at.to_owned(), why));
    for (key, word) in [("and", " and "), ("or", " or ")] {
        if let Some(parts) = rule.get(key).and_then(Value::as_array) {
            let parts = parts.iter().enumerate().map(|(n, part)| condition(part, &format!("{at}/{key}/{n}")));
            let parts: Vec<String> = parts.collect::<Result<_, _>>()?;
            if parts.is_empty() {
                // As there: all of nothing holds, one of nothing doesn't.
                let always = if key == "and" { "always" } else { "never" };
                return refused(format!("an `{key}` of nothing {always} holds: leave it out, or the rule"));
            }
            return Ok(format!("({})", parts.join(word)));
        }
    }
    if let Some(inner) = rule.get("not") {
        let mut read = Vec::new();
        parameters(inner, &mut read);
        let held = condition(inner, &format!("{at}/not"))?;
        // What is missing fails there, also inside of `not`.
        let there = read.iter().filter_map(|one| expression(one).ok()).map(|one| format!("{one} != null and "));
        return Ok(format!("({}not ({held}))", there.collect::<String>()));
    }
    let Some(one) = rule.get("match") else { return refused("it is none of and, or, not and match".to_owned()) };
    if one.pointer("/parameter/source").and_then(Value::as_str) == Some("string") {
        return refused("it compares two constants, so it always or never holds".to_owned());
    }
    let read = |parameter: Option<&Value>| match parameter {
        Some(parameter) => expression(parameter).or_else(&refused),
        None => refused("it reads nothing".to_owned()),
    };
    let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
    match kind(one) {
        "value" => {
            let (subject, value) = (read(one.get("parameter"))?, text("value"));
            let constant = constant(value).or_else(&refused)?;
            // Numbers and the like are compared as texts there.
            let number =
                value.parse::<f64>().is_ok_and(|n| n.is_finite() && serde_json::from_str::<Value>(value).is_ok());
            Ok(if number || matches!(value, "true" | "false") {
                format!("({subject} == {constant} or {subject} == {value})")
            } else {
                format!("{subject} == {constant}")
            })
        }
        "regex" => {
            let (subject, pattern) = (read(one.get("parameter"))?, constant(text("regex")).or_else(&refused)?);
            Ok(format!("({subject} != null and {subject} matches {pattern})"))
        }
        other => refused(format!("`{other}` can't be one of several conditions here")),
    }
}

/// A constant of a rule as an expression: a text, or an environment variable that it is as a whole.
///
/// # Errors
/// In words, where a variable is a part of the text: text in quotes is not evaluated.
fn constant(text: &str) -> Result<String, String> {
    let variable = text.strip_prefix("${env.").and_then(|rest| rest.strip_suffix('}'));
    match variable.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
        Some(name) => Ok(format!("env.{name}")),
        None if text.split_once("${").is_some_and(|(_, hole)| hole.contains('}')) => {
            Err("it compares with a text that has a variable in it".to_owned())
        }
        None => Ok(literal(text)),
    }
}

fn parameters<'r>(rule: &'r Value, found: &mut Vec<&'r Value>) {
    match rule {
        Value::Object(map) => {
            if let Some(parameter) = map.get("parameter") {
                found.push(parameter);
            }
            map.values().for_each(|inner| parameters(inner, found));
        }
        Value::Array(all) => all.iter().for_each(|inner| parameters(inner, found)),
        _ => {}
    }
}
