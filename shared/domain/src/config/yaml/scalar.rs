//! Which JSON value a scalar is: the core schema of YAML 1.2, <https://yaml.org/spec/1.2.2/#103-core-schema>.

use crate::number::parse_leniently;
use serde_json::{Number, Value};

/// The value of a plain scalar.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

/// A number, as it was written: a price of `1.10` is passed on as `1.10`. Only what JSON can't write so is written otherwise:
/// `+3`, `007` and `.5` are `3`, `7` and `0.5`, and an exponent has a sign.
fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')).map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with('+')).map(Number::from);
    }
    parse_leniently(text)
}

#[cfg(test)]
mod tests {
    use super::resolve;
    use serde_json::json;

    #[test]
    fn plain_scalars_become_json_as_in_yaml_1_2() {
        let table = [
            ("", json!(null)),
            ("~", json!(null)),
            ("True", json!(true)),
            ("yes", json!("yes")),
            ("on", json!("on")),
            ("007", json!(7)),
            ("-12", json!(-12)),
            ("+3", json!(3)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("0x+1", json!("0x+1")),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("1e", json!("1e")),
            (".", json!(".")),
            ("1.2.3", json!("1.2.3")),
            ("12345678901234567890123", json!(12_345_678_901_234_567_890_123_i128)),
            (".inf", json!(".inf")),
            ("2026-01-01", json!("2026-01-01")),
            ("1024x1024", json!("1024x1024")),
        ];
        for (text, value) in table {
            assert_eq!(resolve(text), value, "{text}");
        }
        for (text, written) in
            [("1.10", "1.10"), ("-0", "-0"), ("1e999", "1e+999"), ("6e-2", "6e-2"), ("0.1000", "0.1000")]
        {
            assert_eq!(resolve(text).to_string(), written, "{text}");
        }
    }
}
