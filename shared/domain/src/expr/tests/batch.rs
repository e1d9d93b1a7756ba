//! JSON lines.

use crate::expr::batch::evaluate_line;
use serde_json::json;

#[test]
fn a_line_gives_a_value_or_an_error() {
    for (line, expected) in [
        (r#"{"template": "${a.b}", "scope": {"a": {"b": 18446744073709551615}}}"#, json!({"value": u64::MAX})),
        (r#"{"template": {"x": ["${a} b"]}, "scope": {"a": 1}}"#, json!({"value": {"x": ["1 b"]}})),
        (r#"{"template": "${g:1.u}", "scope": {"g:1": {"u": "x"}}}"#, json!({"value": "x"})),
        (r#"{"template": "${anything.goes}", "scope": {}}"#, json!({"value": null})),
        (r#"{"template": 7, "id": "ignored"}"#, json!({"value": 7})),
        (r#"{"template": null}"#, json!({"value": null})),
        (r#"{"template": "${1 / 0}"}"#, json!({"error": "division by zero in `1 / 0`"})),
        (
            r#"{"template": "a ${b."}"#,
            json!({"error":
            "expected a name after `.` (any other key is `[\"key\"]`, every element `[*]`), but the text ends here (at \
             byte 6)"}),
        ),
        (
            r#"{"template": ["${a as txt}"]}"#,
            json!({"error":
            "`as` is followed by one of integer, number, text, boolean, json, base64 (at byte 7 of /0); did you mean \
             `text`?"}),
        ),
        (r#"{"scope": {}}"#, json!({"error": "bad line: missing field `template` (or `condition`)"})),
        (r#"{"condition": "${a} == 1", "scope": {"a": 1}}"#, json!({"value": true})),
        (r#"{"condition": "a == 1", "scope": {"a": 2}}"#, json!({"value": false})),
        (
            r#"{"condition": "true"}"#,
            json!({"error":
            "`true` is always true: a condition must read something, such as `input.x == 5` (at byte 0)"}),
        ),
        (
            r#"{"condition": "a", "template": "a"}"#,
            json!({"error": "bad line: `template` and `condition` exclude each other"}),
        ),
        (
            r#"{"template": "x", "scope": 1}"#,
            json!({"error":
            "bad line: invalid type: integer `1`, expected a map at line 1 column 28"}),
        ),
        ("", json!({"error": "bad line: EOF while parsing a value at line 1 column 0"})),
        ("nonsense", json!({"error": "bad line: expected ident at line 1 column 2"})),
    ] {
        assert_eq!(evaluate_line(line), expected, "{line}");
    }
}
