//! Literal text, holes, whole values; templates that aren't one string.

use super::{gives, render};
use crate::expr::{Scope, Sources, Template, truthy};
use serde_json::{Value, json};

#[test]
fn text_and_holes() {
    gives(&[
        ("", json!("")),
        ("plain", json!("plain")),
        ("costs $5 or 5$", json!("costs $5 or 5$")),
        ("$", json!("$")),
        ("$$", json!("$$")),
        ("$name {x} }", json!("$name {x} }")),
        ("$${body}", json!("${body}")),
        ("a $${ b", json!("a ${ b")),
        ("$$${body}", json!("$${body}")),
        ("${'$'}${body.n}", json!("$5")),
        ("Bearer ${body.text}!", json!("Bearer héllo!")),
        ("${body.n}${body.flag}", json!("5true")),
        ("${gateway:8090.public_url}/callback", json!("https://by-name/callback")),
        ("[${body.nothing}|${body.absent}|${absent.x}]", json!("[||]")),
        ("${body.half} ${body.one} ${body.max}", json!("2.5 1.0 18446744073709551615")),
        ("l=${body.list} o=${body.by_id}", json!(r#"l=[10,20,30,40] o={"a":{"v":1},"b":{"v":2}}"#)),
        (" ${body.n}", json!(" 5")),
        ("${body.n}\n", json!("5\n")),
    ]);
}

#[test]
fn a_whole_hole_keeps_its_type() {
    gives(&[
        ("${body.n}", json!(5)),
        ("${ body.n }", json!(5)),
        ("${\n body.n\t}", json!(5)),
        ("${body.one}", json!(1.0)),
        ("${body.max}", json!(u64::MAX)),
        ("${body.min}", json!(i64::MIN)),
        ("${body.flag}", json!(true)),
        ("${body.nothing}", Value::Null),
        ("${body.list}", json!([10, 20, 30, 40])),
        ("${body.by_id}", json!({"a": {"v": 1}, "b": {"v": 2}})),
    ]);
}

#[test]
fn json_is_rendered_throughout_but_its_keys_are_literal() {
    let source =
        json!({"${body.n}": "${body.n}", "l": ["${body.flag}", "n=${body.n}", 1, null, {"deep": "${body.text}"}]});
    let template = Template::from_json(&source, Sources::Any).unwrap();
    assert_eq!(render(&template), Ok(json!({"${body.n}": 5, "l": [true, "n=5", 1, null, {"deep": "héllo"}]})));
    assert_eq!(template.as_constant(), None);
}

#[test]
fn what_has_no_expression_is_constant() {
    let value = json!({"a": [1, "x", {"b": null}], "escaped": "${x}"});
    let source = json!({"a": [1, "x", {"b": null}], "escaped": "$${x}"});
    let parsed = Template::from_json(&source, Sources::Any).unwrap();
    assert_eq!(parsed, Template::constant(value.clone()));
    assert_eq!(parsed.as_constant(), Some(value.clone()));
    assert_eq!(render(&parsed), Ok(value));
    assert_eq!(Template::parse("${1}", Sources::Any).unwrap().as_constant(), None);
}

#[test]
fn templates_are_put_together() {
    let hole = Template::parse("${body.n}", Sources::Any).unwrap();
    let one = Template::constant(json!(1));
    assert_eq!(render(&Template::list(vec![one.clone(), hole.clone()])), Ok(json!([1, 5])));
    assert_eq!(Template::list(vec![one.clone()]), Template::constant(json!([1])));
    let entry = |key: &str, item: &Template| (key.to_owned(), item.clone());
    let object = Template::object(vec![entry("z", &hole), entry("a", &one), entry("z", &one)]);
    assert_eq!(render(&object).unwrap().to_string(), r#"{"z":1,"a":1}"#);
    assert_eq!(Template::object(vec![entry("a", &one)]), Template::constant(json!({"a": 1})));
    assert_eq!(Template::object(Vec::new()).as_constant(), Some(json!({})));
}

#[test]
fn a_bare_expression_needs_no_braces() {
    for (text, expected) in [("branch == 'main'", json!(true)), (" body.n + 1 ", json!(6)), ("x | a b", json!("a b"))] {
        assert_eq!(render(&Template::expression(text, Sources::Any).unwrap()), Ok(expected), "{text}");
    }
    assert_eq!(Template::expression("branch }", Sources::Any).unwrap_err().offset, 7);
    assert_eq!(Template::expression("x | a}b", Sources::Any).unwrap_err().offset, 5);
}

#[test]
fn the_last_value_of_a_source_wins() {
    let (first, second) = (json!(1), json!(2));
    let scope = Scope::new().with("a", &first).with_owned("b", json!(3)).with("a", &second);
    assert_eq!((scope.get("a"), scope.get("b"), scope.get("c")), (Some(&json!(2)), Some(&json!(3)), None));
    assert_eq!(scope.with_owned("a", json!(4)).get("a"), Some(&json!(4)));
}

#[test]
fn what_is_false_null_zero_or_empty_is_not_truthy() {
    for value in [json!(null), json!(false), json!(0), json!(0.0), json!(-0.0), json!(""), json!([]), json!({})] {
        assert!(!truthy(&value), "{value}");
    }
    for value in [json!(true), json!(-1), json!(0.1), json!("0"), json!("false"), json!([null]), json!({"a": null})] {
        assert!(truthy(&value), "{value}");
    }
}

#[test]
fn a_template_finds_a_value_if_any_of_its_expressions_has_one() {
    let (here, null) = (json!({"here": 0}), Value::Null);
    let scope = Scope::new().with("a", &here).with("none", &null);
    for (template, expected) in [
        (json!("${a.here}"), true),
        (json!("${a.gone}"), false),
        (json!("${none}"), false),
        (json!("${a.gone | x}"), true),
        (json!("at ${a.here}"), true),
        (json!("at ${a.gone}"), false),
        (json!("text"), false),
        (json!(1), false),
        (json!({"x": "${a.gone}", "y": ["${a.gone}", 1]}), false),
        (json!({"x": "${a.gone}", "y": ["${a.here}", 1]}), true),
        (json!([]), false),
    ] {
        let parsed = Template::from_json(&template, Sources::Any).unwrap();
        assert_eq!(parsed.finds(&scope), Ok(expected), "{template}");
    }
    let broken = Template::parse("${a.here / a.here}", Sources::Any).unwrap();
    assert!(broken.finds(&scope).is_err());
}
