//! Bounds: no text and no scope makes the stack overflow, a panic, or work beyond measure.

use super::{refused, render};
use crate::expr::{Scope, Sources, Template};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A stack that is half of what threads commonly have.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 20).spawn(test).unwrap().join().unwrap();
}

/// `open` and `close` around `core`, `times` over.
fn nested(open: &str, core: &str, close: &str, times: usize) -> String {
    [open.repeat(times), core.to_owned(), close.repeat(times)].concat()
}

#[test]
fn the_deepest_that_is_allowed_is_handled_and_the_next_refused() {
    on_a_small_stack(|| {
        for (open, core, close, most) in [
            ("(", "x", ")", 63),
            ("${", "x", "}", 63),
            ("x | ${", "x", "}", 63),
            ("", "x", " and x not in x", 42),
            ("", "x", " + (x).a", 64),
            ("not ", "x", "", 128),
            ("[", "1", "]", 64),
            ("{'a': ", "1", "}", 64),
            ("(x + ", "x", ")", 63),
            ("x and x * (", "x", ")", 63),
            ("(${1 | ${", "1", "}} as text + 'x')", 21),
            ("x + ", "x", "", 128),
            ("not (", "x", ")", 63),
            ("(", "x", " not in x)", 63),
            ("", "x", " as json", 128),
            ("", "x", "[*]", 128),
            ("", "x", ".a", 128),
        ] {
            let expr = |times| format!("${{{}}}", nested(open, core, close, times));
            let template = Template::parse(&expr(most), Sources::Any).unwrap_or_else(|e| panic!("{open} {close}: {e}"));
            assert!(template.render(&Scope::new()).is_ok(), "{open} {close}");
            assert!(format!("{template:?} {template}").len() > most);
            assert_eq!(template.clone(), template);
            template.references();
            assert_eq!(Template::parse(&template.to_string(), Sources::Any).as_ref(), Ok(&template));
            let message = refused(&expr(most + 1), Sources::Any).message;
            assert!(message.contains("deeper than") || message.contains("more than"), "{open} {close}: {message}");
        }
    });
}

#[test]
fn far_beyond_the_bounds_is_only_an_error() {
    on_a_small_stack(|| {
        for part in
            ["${", "(", "[", "{'a':", "not ", "x + ", "x | ", "x | ${", "x | [", "x | [${", "x.y[", "'", "-", "1 == "]
        {
            let inner = part.repeat(50_000);
            let _ = Template::parse(&format!("${{{inner}"), Sources::Any);
            let _ = Template::parse(&format!("${{{inner}1}}"), Sources::Any);
            let _ = Template::expression(&inner, Sources::Any);
        }
        // Constants that are tried in vain must not be read to the end each time.
        for hole in ["${x | [}", "${x | ['}", "${x | ['\"}", "${x | [1,}", "${x | [[}"] {
            let _ = Template::parse(&hole.repeat(50_000), Sources::Any);
        }
    });
    assert!(refused(&"x".repeat((1 << 20) + 1), Sources::Any).message.contains("longer than 1048576 bytes"));
    assert!(Template::parse(&"x".repeat(1 << 20), Sources::Any).is_ok());
}

#[test]
fn a_row_of_defaults_is_bounded_too() {
    on_a_small_stack(|| {
        let row = |length| format!("${{x{}}}", " | ${x}".repeat(length));
        let template = Template::parse(&row(128), Sources::Any).unwrap();
        assert_eq!(template.to_string(), row(128));
        assert_eq!(template.render(&Scope::new()), Ok(Value::Null));
        assert!(refused(&row(129), Sources::Any).message.contains("more than 128 operators"));
    });
}

#[test]
fn json_is_as_deep_as_serde_json_reads() {
    let hole = format!("${{{}}}", nested("x and x * (", "x", ")", 63));
    let deep = |levels| (0..levels).fold(json!(hole), |inner, _| json!([inner]));
    let template = Template::from_json(&deep(128), Sources::Any).unwrap();
    assert!(template.render(&Scope::new()).is_ok());
    assert_eq!(Template::from_json(&template.to_json(), Sources::Any), Ok(template));
    assert!(Template::from_json(&deep(129), Sources::Any).unwrap_err().message.contains("deeper than 128"));
    let deep = |levels| (0..levels).fold(json!("${x}"), |inner, _| json!({"k": inner}));
    assert!(Template::from_json(&deep(128), Sources::Any).is_ok());
    assert_eq!(Template::from_json(&deep(129), Sources::Any).unwrap_err().pointer, "/k".repeat(129));
}

#[test]
fn each_hole_has_its_own_count_of_operators() {
    let hole = format!("${{{}x}}", "x + ".repeat(100));
    assert!(Template::parse(&hole.repeat(3), Sources::Any).is_ok());
}

#[test]
fn text_does_not_grow_without_end() {
    let (half, most) = (json!("x".repeat(8 << 20)), json!("x".repeat(12 << 20)));
    let scope = Scope::new().with("t", &half).with("most", &most);
    for (template, fits) in [
        ("${t + t}", true),
        ("${t + t + 'x'}", false),
        ("${t}${t}", true),
        ("${t}${t}${'x'}", false),
        ("${x | a${t}${t}${t}}", false),
        ("${t as base64}", true),
        ("${most as base64}", true),
        ("${(most + 'x') as base64}", false),
        ("${t as base64 as base64 as base64}", false),
    ] {
        let result = Template::parse(template, Sources::Any).unwrap().render(&scope);
        assert_eq!(result.is_ok(), fits, "{template}");
        if let Err(error) = result {
            assert!(error.message.starts_with("more than 16777216 bytes of text in `"), "{}", error.message);
        }
    }
}

#[test]
fn errors_quote_long_templates_in_part_and_values_never() {
    let long = Template::parse(&format!("${{{}1 / 0}}", "é + ".repeat(100)), Sources::Any).unwrap();
    assert_eq!(render(&long), Err("division by zero in `1 / 0`".to_owned()));
    let long = Template::parse(&format!("${{('{}' + '') as integer}}", "é".repeat(300)), Sources::Any).unwrap();
    assert_eq!(render(&long), Err(format!("the text is not a number in `(\"{}…`", "é".repeat(158))));
    let secret = json!("s3cret(");
    for template in ["${s as integer}", "${s as json}", "${s + 1}", "${'a' matches s}", "${s as boolean}", "${s < 1}"] {
        let error = Template::parse(template, Sources::Any).unwrap().render(&Scope::new().with("s", &secret));
        assert!(!error.unwrap_err().message.contains("s3cret"), "{template}");
    }
}

/// Pieces of the grammar in any order: far likelier to be almost right than random characters.
fn soup() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "${",
        "$${",
        "$",
        "}",
        "{",
        "(",
        ")",
        "[",
        "]",
        "[*]",
        "[0]",
        "[-1:]",
        ".",
        ":",
        "|",
        "||",
        " ",
        " ",
        "'",
        "\"",
        "\\",
        "\\u00e9",
        "body",
        "body.list",
        "body.text",
        "header.x",
        "gateway:8090",
        "é",
        "1",
        "-1",
        "1.5",
        "1e9",
        "18446744073709551615",
        "'a'",
        "\"a\"",
        "true",
        "null",
        " + ",
        " - ",
        " * ",
        " / ",
        " == ",
        " < ",
        " >= ",
        " and ",
        " or ",
        " not ",
        "not ",
        " in ",
        " matches ",
        " as ",
        "integer",
        "text",
        "json",
        "base64",
        " | ",
        ",",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

fn survives(text: &str) {
    for (parsed, kind) in
        [(Template::parse(text, Sources::Any), "template"), (Template::expression(text, Sources::Any), "expression")]
    {
        match parsed {
            Ok(template) => {
                let _ = render(&template);
                template.references();
                let printed = template.to_string();
                assert_eq!(
                    Template::parse(&printed, Sources::Any).as_ref(),
                    Ok(&template),
                    "{kind} {text} as {printed}"
                );
            }
            Err(error) => {
                assert!(text.get(error.offset..error.offset + error.length).is_some(), "{kind} {text}: {error:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_text_survives(text: String) {
        survives(&text);
        survives(&format!("${{{text}}}"));
    }

    #[test]
    fn any_soup_survives(text in soup()) {
        survives(&text);
        survives(&format!("${{{text}}}"));
    }

    #[test]
    fn any_line_survives(line: String, template in soup()) {
        let _ = crate::expr::batch::evaluate_line(&line);
        let result = crate::expr::batch::evaluate_line(&json!({"template": template, "scope": {"body": 1}}).to_string());
        prop_assert_eq!(result.as_object().map(serde_json::Map::len), Some(1));
        prop_assert!(result.get("value").is_some() || result.get("error").is_some_and(Value::is_string));
    }
}
