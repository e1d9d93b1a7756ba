//! What is refused, where the error points, and what it suggests.

use super::refused;
use crate::expr::{Sources, Template};
use serde_json::json;

const KNOWN: Sources = Sources::Known(&["body", "query", "input", "output", "jobs", "gateway", "header", "context"]);

/// Each text is refused, at the part between `»` and `«`, with a message that holds this.
#[track_caller]
fn points_at(table: &[(&str, &str)]) {
    for (marked, message) in table {
        let offset = marked.find('»').unwrap();
        let length = marked.find('«').unwrap() - offset - '»'.len_utf8();
        let error = refused(&marked.replace(['»', '«'], ""), Sources::Any);
        assert!(error.message.contains(message), "{marked}: {error}");
        assert_eq!((error.offset, error.length), (offset, length), "{marked}: {error}");
        assert_eq!((error.suggestion, error.pointer), (None, String::new()), "{marked}");
    }
}

#[test]
fn holes() {
    points_at(&[
        ("é »${«body", "never closed"),
        ("»${«body ", "never closed"),
        ("${a | »${«b", "never closed"),
        ("${»}«", "expected a value, not `}`"),
        ("${»«", "expected a value, but the text ends here"),
        ("x ${body »x«}", "expected an operator, `|` or `}`, not `x`"),
        ("${body.a »)«}", "expected an operator, `|` or `}`, not `)`"),
        ("${»(«body.a", "never closed"),
        ("${(body.a »}«", "expected an operator, `|` or `)`, not `}`"),
        ("${»%«}", "expected a value, not `%`"),
    ]);
}

#[test]
fn operators() {
    points_at(&[
        ("${a »+«b}", "the operator `+` needs a space on each side"),
        ("${a»+« b}", "the operator `+` needs a space on each side"),
        ("${a»==«b}", "the operator `==` needs a space on each side"),
        ("${a »-«1}", "the operator `-` needs a space on each side"),
        ("${»a-« b}", "can't end in a hyphen"),
        ("${body.»a-«}", "can't end in a hyphen"),
        ("${a + »}«", "expected a value, not `}`"),
        ("${»*« 2}", "expected a value, not `*`"),
        ("${»-«a}", "only a number can be negative"),
        ("${1 < 2 »<« 3}", "comparisons don't chain"),
        ("${a == b »in« c}", "comparisons don't chain"),
        ("${a »&«& b}", "write `and`"),
        ("${a »|«| b}", "write `or`"),
        ("${a | ${b} »|«| c}", "write `or`"),
        ("${a »=« b}", "write `==`"),
        ("${a »!«b}", "write `not`"),
        ("${a »n«ot b}", "expected an operator"),
        ("${»and« b}", "`and` can't stand here"),
        ("${a == »not« b}", "`not` can't stand here"),
        ("${a in »in« b}", "`in` can't stand here"),
    ]);
}

#[test]
fn paths() {
    points_at(&[
        ("${body.»}«", "expected a name after `.`"),
        ("${body.»*«}", "expected a name after `.`"),
        ("${body.»-«x}", "expected a name after `.`"),
        ("${body[»]«}", "expected an index"),
        ("${body[»x«]}", "expected an index"),
        ("${body[»1.5«]}", "an index is an integer"),
        ("${body[»18446744073709551615«]}", "an index is an integer"),
        ("${body[1:2»:«3]}", "expected `]`"),
        ("${body['a'»}«", "expected `]`"),
        ("${body »[«0]}", "expected an operator"),
        ("${gateway:»}«", "expected a name after `:`"),
        ("${gateway:».«x}", "expected a name after `:`"),
        ("${»in«.x}", "`in` can't stand here"),
    ]);
}

#[test]
fn constants() {
    points_at(&[
        ("${»\"«abc}", "never closed"),
        ("${x | »'«abc}", "never closed"),
        ("${'a»\\d«'}", "unknown escape `\\d`; a backslash itself is `\\\\`"),
        ("${'»\\u«12'}", "four hexadecimal digits"),
        ("${'»\\ud800«'}", "four hexadecimal digits"),
        ("${'»\\ud800\\u0041«'}", "four hexadecimal digits"),
        ("${'»\\udc00«'}", "four hexadecimal digits"),
        ("${»10px«}", "not a number"),
        ("${»007«}", "not a number"),
        ("${»1.«}", "not a number"),
        ("${»1e«}", "not a number"),
        ("${»1.2.3«}", "not a number"),
        ("${{»'$serde_json::private::Number'«: '1'}}", "is reserved"),
        ("${[{»'\\u0024serde_json::private::RawValue'«: '1'}]}", "is reserved"),
        ("${[1, »a«]}", "expected a constant"),
        ("${[1 »2«]}", "expected `,` or `]`"),
        ("${x | {»a«}}", "expected a key in quotes"),
        ("${x | {'a' »1«}}", "expected `:`"),
        ("${x | »}«", "expected a default after `|`"),
        ("${x |»«", "expected a default after `|`"),
        ("${x | 'a' »b«}", "expected an operator"),
    ]);
}

#[test]
fn escapes_are_json() {
    super::gives(&[
        (r#"${"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}"#, json!("\"\\/\u{8}\u{c}\n\r\té😀")),
        (r"${'it\'s \u0041'}", json!("it's A")),
        ("${'say \"x\"'}", json!("say \"x\"")),
    ]);
}

#[test]
fn patterns_are_compiled_at_once() {
    points_at(&[
        ("${a matches »'('«}", "the pattern is no regular expression: unclosed group"),
        ("${a matches »'\\\\w{2000}'«}", "the pattern is too big"),
        ("${a matches »5«}", "`matches` needs a text on its right"),
    ]);
    let long = format!("${{a matches '{}'}}", "x".repeat(4097));
    assert!(refused(&long, Sources::Any).message.contains("longer than 4096 bytes"));
    assert!(Template::parse(&long.replacen('x', "", 1), Sources::Any).is_ok());
}

#[test]
fn conversions_are_named() {
    let error = refused("${a as integr | 1}", Sources::Any);
    assert_eq!((error.offset, error.length, error.suggestion.as_deref()), (7, 6, Some("integer")));
    assert_eq!(error.message, "`as` is followed by one of integer, number, text, boolean, json, base64");
    assert_eq!(refused("${a as zebra}", Sources::Any).suggestion, None);
    assert_eq!(refused("${a as}", Sources::Any).length, 0);
}

#[test]
fn an_unknown_source_brings_the_nearest_name() {
    for (text, source, suggestion) in [
        ("${boddy.x}", "boddy", Some("body")),
        ("a ${headers.x}", "headers", Some("header")),
        ("${body.a + Outptu.b}", "Outptu", Some("output")),
        ("${gatway:8090.public_url}", "gatway", Some("gateway")),
        ("${zebra}", "zebra", None),
        ("${x | ${contxt.id}}", "x", None),
        ("${body.x | ${contxt.id}}", "contxt", Some("context")),
        ("${body.branch == main}", "main", None),
    ] {
        let error = refused(text, KNOWN);
        assert_eq!(&text[error.offset..error.offset + error.length], source, "{text}");
        assert_eq!(error.suggestion.as_deref(), suggestion, "{text}");
        assert_eq!(error.message, format!("there is no source `{source}` here (text needs quotes)"));
    }
    assert!(Template::parse("${body.a}${gateway:8090.url}", KNOWN).is_ok());
    assert_eq!(refused(&format!("${{{}}}", "body".repeat(1000)), KNOWN).suggestion, None);
}

#[test]
fn in_json_the_error_names_the_string() {
    let value = json!({"a": ["fine", {"b/c~d": "x ${body.}"}]});
    let error = Template::from_json(&value, KNOWN).unwrap_err();
    assert_eq!((error.pointer.as_str(), error.offset), ("/a/1/b~1c~0d", 9));
    assert!(value.pointer(&error.pointer).is_some_and(serde_json::Value::is_string));
}
