//! Printing, and parsing what was printed. Every table in these tests checks the round trip too.

use crate::expr::{Sources, Template};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_printed_form_is_canonical() {
    for (text, printed) in [
        ("a ${ b.c }", "a ${b.c}"),
        ("${a['b-c']['d e'][ 0 ][ : -1 ][*]}", "${a.b-c[\"d e\"][0][:-1][*]}"),
        ("${(a + b) * ((c))}", "${(a + b) * c}"),
        ("${a - (b - c)}", "${a - (b - c)}"),
        ("${not (a and b) or not c}", "${not (a and b) or not c}"),
        ("${(a == b) == c}", "${(a == b) == c}"),
        ("${a not in b}", "${not a in b}"),
        ("${(a as text)as json|x  y }", "${a as text as json | \"x  y\"}"),
        ("${(a | 1) + 1}", "${${a | 1} + 1}"),
        ("${a | ${b | c}}", "${a | ${b} | \"c\"}"),
        ("${a matches 'x\\\\d'}", "${a matches \"x\\\\d\"}"),
        ("$${ $ ${a | x${b}}", "$${ $ ${a | x${b}}"),
    ] {
        assert_eq!(Template::parse(text, Sources::Any).unwrap().to_string(), printed);
    }
    let template = Template::from_json(&json!({"k": ["${ a }", "$${", 1]}), Sources::Any).unwrap();
    assert_eq!(template.to_string(), r#"{"k":["${a}","$${",1]}"#);
}

/// The text of a valid operand or operation, of every form.
fn expression() -> impl Strategy<Value = String> {
    let constant = prop_oneof![
        any::<i64>().prop_map(|int| int.to_string()),
        any::<f64>().prop_filter("JSON", |float| float.is_finite()).prop_map(|float| json!(float).to_string()),
        any::<String>().prop_map(|text| json!(text).to_string()),
        "'[a-z \\\\]{0,5}'".prop_map(|text| text.replace('\\', "\\\\")),
        prop::sample::select(vec!["true", "false", "null", "[]", "[1, 'a', [null]]", "{'k': {\"l\": 2.50}}"])
            .prop_map(str::to_owned),
    ];
    let step = prop_oneof![
        "\\.[a-z0-9_é]{1,3}(-[a-z])?",
        any::<String>().prop_map(|key| format!("[{}]", json!(key))),
        any::<i64>().prop_map(|index| format!("[{index}]")),
        "\\[(-?[1-9])?:[1-9]?\\]",
        Just("[*]".to_owned()),
    ];
    let steps = prop::collection::vec(step, 0..4).prop_map(|steps| steps.concat());
    let path = ("s[a-z_]{0,3}(-[a-z])?(:[0-9]{1,2})?", steps.clone()).prop_map(|(source, steps)| source + &steps);
    prop_oneof![constant, path].prop_recursive(5, 40, 3, move |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "/", "and", "or"]);
        let comparison = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", "in", "not in"]);
        let conversion = prop::sample::select(vec!["integer", "number", "text", "boolean", "json", "base64"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            (inner.clone(), comparison, inner.clone()).prop_map(|(a, op, b)| format!("(({a}) {op} ({b}))")),
            inner.clone().prop_map(|a| format!("(not not ({a}))")),
            inner.clone().prop_map(|a| format!("(not {a})")),
            inner.clone().prop_map(|a| format!("(({a}) matches 'x+')")),
            inner.clone().prop_map(|a| format!("(({a}) matches s.pattern)")),
            (inner.clone(), conversion).prop_map(|(a, name)| format!("({a}) as {name}")),
            (inner.clone(), steps.clone()).prop_map(|(a, steps)| format!("({a}){steps}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("${{{a} | ${{{b}}}}}")),
            (inner.clone(), "[a-z 0-9:/|]{0,6}[a-z]").prop_map(|(a, words)| format!("({a} | {words})")),
            (inner.clone(), inner.clone(), "[a-z(\\[]{1,3}", "[a-z) .]{0,3}")
                .prop_map(|(a, b, before, after)| format!("${{{a} | {before}${{{b}}}{after}}}")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("${{{a} | ${{{b}}} | ${{{c}}}}}")),
        ]
    })
}

fn round_trips(template: &Template) {
    let printed = template.to_string();
    assert_eq!(Template::parse(&printed, Sources::Any).as_ref(), Ok(template), "{printed}");
    assert_eq!(Template::from_json(&template.to_json(), Sources::Any).as_ref(), Ok(template), "{printed}");
}

fn json_value() -> impl Strategy<Value = Value> {
    let text = "[$\\{\\}a ]{0,6}";
    let scalar = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), text.prop_map(Value::from)];
    scalar.prop_recursive(3, 20, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text, inner), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn valid_expressions_round_trip(a in expression(), b in expression(), text in "[$ {a]{0,4}") {
        for template in [format!("${{{a}}}"), format!("{}${{ {a} }}${{{b}}}", text.replace('$', ""))] {
            match Template::parse(&template, Sources::Any) {
                Ok(template) => round_trips(&template),
                Err(error) => prop_assert!(false, "{template}: {error}"),
            }
        }
    }

    #[test]
    fn constants_round_trip_and_mean_themselves(value in json_value()) {
        let template = Template::constant(value.clone());
        let again = Template::from_json(&template.to_json(), Sources::Any);
        prop_assert_eq!(again.map(|template| template.as_constant()), Ok(Some(value)));
    }

    #[test]
    fn text_without_dollars_is_itself(text in "[^$]*") {
        let template = Template::parse(&text, Sources::Any);
        prop_assert_eq!(template.as_ref().map(ToString::to_string), Ok(text.clone()));
        prop_assert_eq!(template.map(|template| template.as_constant()), Ok(Some(Value::String(text))));
    }
}
