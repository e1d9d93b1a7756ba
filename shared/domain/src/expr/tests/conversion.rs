//! `as …`.

use super::{fails, gives};
use serde_json::{Value, json};

#[test]
fn as_integer() {
    gives(&[
        ("${body.digits as integer}", json!(12)),
        ("${' 12 ' as integer}", json!(12)),
        ("${'-7' as integer}", json!(-7)),
        ("${'+7' as integer}", json!(7)),
        ("${'007' as integer}", json!(7)),
        ("${'12.0' as integer}", json!(12)),
        ("${'1e3' as integer}", json!(1000)),
        ("${'18446744073709551615' as integer}", json!(u64::MAX)),
        ("${'-9223372036854775808' as integer}", json!(i64::MIN)),
        ("${'18446744073709551616' as integer}", json!(18_446_744_073_709_551_616_i128)),
        ("${'9007199254740993.0' as integer}", json!(9_007_199_254_740_993_i64)),
        ("${1e30 as integer}", json!(1_000_000_000_000_000_000_000_000_000_000_i128)),
        ("${body.n as integer}", json!(5)),
        ("${body.one as integer}", json!(1)),
        ("${-3.0 as integer}", json!(-3)),
        ("${true as integer}", json!(1)),
        ("${false as integer}", json!(0)),
    ]);
    fails(&[
        ("${12.7 as integer}", "the number is not an integer in `12.7 as integer`"),
        ("${-0.5 as integer}", "the number is not an integer in `-0.5 as integer`"),
        ("${'12.7' as integer}", "the number is not an integer in `\"12.7\" as integer`"),
        ("${'12x' as integer}", "the text is not a number in `\"12x\" as integer`"),
        ("${'' as integer}", "the text is not a number in `\"\" as integer`"),
        ("${'-' as integer}", "the text is not a number in `\"-\" as integer`"),
        ("${'1.2.3' as integer}", "the text is not a number in `\"1.2.3\" as integer`"),
        (
            "${1e999999999 as integer}",
            "the integer is too large to be written without an exponent in `1e+999999999 as integer`",
        ),
        ("${body.list as integer}", "a list is not a number in `body.list as integer`"),
    ]);
}

#[test]
fn as_number() {
    gives(&[
        ("${'2.50' as number as text}", json!("2.50")),
        ("${'1e999' as number as text}", json!("1e+999")),
        ("${'1000000000000000000001' as number as text}", json!("1000000000000000000001")),
        ("${'.5' as number}", json!(0.5)),
        ("${'12' as number}", json!(12)),
        ("${'-1e2' as number as text}", json!("-1e+2")),
        ("${body.half as number}", json!(2.5)),
        ("${body.n as number}", json!(5)),
        ("${true as number}", json!(1)),
    ]);
    fails(&[
        ("${'inf' as number}", "the text is not a number in `\"inf\" as number`"),
        ("${'NaN' as number}", "the text is not a number in `\"NaN\" as number`"),
        ("${'-infinity' as number}", "the text is not a number in `\"-infinity\" as number`"),
        ("${body.by_id as number}", "an object is not a number in `body.by_id as number`"),
    ]);
}

#[test]
fn as_text() {
    gives(&[
        ("${body.n as text}", json!("5")),
        ("${body.one as text}", json!("1.0")),
        ("${body.flag as text}", json!("true")),
        ("${body.text as text}", json!("héllo")),
        ("${body.list as text}", json!("[10,20,30,40]")),
        ("${body.by_id as text}", json!(r#"{"a":{"v":1},"b":{"v":2}}"#)),
        ("${body.n as text + body.n as text}", json!("55")),
    ]);
}

#[test]
fn as_boolean() {
    gives(&[
        ("${'true' as boolean}", json!(true)),
        ("${'FALSE' as boolean}", json!(false)),
        ("${' Yes ' as boolean}", json!(true)),
        ("${'no' as boolean}", json!(false)),
        ("${'on' as boolean}", json!(true)),
        ("${'off' as boolean}", json!(false)),
        ("${'1' as boolean}", json!(true)),
        ("${'0' as boolean}", json!(false)),
        ("${body.n as boolean}", json!(true)),
        ("${body.zero as boolean}", json!(false)),
        ("${body.off as boolean}", json!(false)),
    ]);
    fails(&[
        ("${'maybe' as boolean}", "the text is not a boolean in `\"maybe\" as boolean`"),
        ("${'' as boolean}", "the text is not a boolean in `\"\" as boolean`"),
        ("${body.list as boolean}", "a list is not a boolean in `body.list as boolean`"),
    ]);
}

#[test]
fn as_json() {
    gives(&[
        ("${'[1, 2]' as json}", json!([1, 2])),
        ("${'18446744073709551615' as json}", json!(u64::MAX)),
        ("${'null' as json | 3}", json!(3)),
        ("${body.payload as json}", json!({"user": {"name": "zoe", "roles": ["admin", "dev"]}})),
        ("${body.list as json}", json!([10, 20, 30, 40])),
        ("${body.n as json}", json!(5)),
        ("${body.by_id as text as json}", json!({"a": {"v": 1}, "b": {"v": 2}})),
    ]);
    gives(&[("${'[1.10, 1000000000000000000001]' as json as text}", json!("[1.10,1000000000000000000001]"))]);
    fails(&[
        ("${body.text as json}", "the text is not JSON in `body.text as json`"),
        (
            "${'{\"$serde_json::private::Number\": \"1\"}' as json}",
            "a key begins with `$serde_json::private::`, which is reserved; rename the key in \
             `\"{\\\"$serde_json::private::Number\\\": \\\"1\\\"}\" as json`",
        ),
    ]);
}

#[test]
fn as_base64() {
    gives(&[
        ("${body.text as base64}", json!("aMOpbGxv")),
        ("${'' as base64}", json!("")),
        ("${'a' as base64}", json!("YQ==")),
        ("${'??>' as base64}", json!("Pz8+")),
        ("${body.n as base64}", json!("NQ==")),
        ("${{'a': 1} as base64}", json!("eyJhIjoxfQ==")),
        ("Basic ${'user:' + 'pass' as base64}", json!("Basic user:cGFzcw==")),
        ("Basic ${('user:' + 'pass') as base64}", json!("Basic dXNlcjpwYXNz")),
    ]);
}

#[test]
fn bytes_are_their_text_and_their_base64() {
    let scope = json!({
        "png": {"content_type": "image/png", "size": 4, "data": "iVBORw=="},
        "note": {"filename": "n.txt", "content_type": "text/plain", "size": 5, "data": "Y2Fmw6k="},
        "object": {"content_type": "text/plain", "size": 6, "data": "Y2Fmw6k="},
    });
    let value =
        |template: &str| crate::expr::batch::evaluate_line(&json!({"template": template, "scope": scope}).to_string());
    for (template, expected) in [
        ("${png as base64}", json!("iVBORw==")),
        ("${png.content_type} of ${png.size} bytes", json!("image/png of 4 bytes")),
        ("${note as text}", json!("café")),
        ("${note as base64}", json!("Y2Fmw6k=")),
        ("${object as text as json}", scope["object"].clone()),
        ("${png}", scope["png"].clone()),
    ] {
        assert_eq!(value(template), json!({"value": expected}), "{template}");
    }
    let message = "the bytes are not text in UTF-8; `as base64` takes any in `png as text`";
    assert_eq!(value("${png as text}"), json!({"error": message}));
}

#[test]
fn null_stays_null() {
    for conversion in ["integer", "number", "text", "boolean", "json", "base64"] {
        gives(&[(&format!("${{body.absent as {conversion}}}"), Value::Null)]);
    }
}
