use super::{Events, Rule, Rules};
use crate::expr::{Condition, Scope, Sources, Template};
use proptest::prelude::*;
use serde_json::{Value, json};

fn rule(event: &str, when: Option<&str>, target: &str) -> Rule {
    let when = when.map(|text| Condition::stored(text, Sources::Any).unwrap());
    Rule { event: Events::read(event), when, target: target.to_owned(), input: None }
}

/// The targets for an event of which rules see these facts, and the conditions that failed.
fn judge(rules: Vec<Rule>, event: Option<&str>, facts: &Value) -> (Vec<String>, Vec<usize>) {
    let scope = facts.as_object().unwrap().iter().fold(Scope::new(), |scope, (name, value)| scope.with(name, value));
    let rules = Rules(rules);
    let judged = rules.judge(event, &scope);
    let matched = judged.matched.iter().map(|rule| rule.target.clone()).collect();
    (matched, judged.failed.iter().map(|(place, _)| *place).collect())
}

#[test]
fn a_rule_is_for_its_event_and_a_star_for_all() {
    let rules =
        || vec![rule("push", None, "a"), rule("*", None, "b"), rule("Push", None, "c"), rule("pull", None, "d")];
    assert_eq!(judge(rules(), Some("push"), &json!({})).0, ["a", "b"]);
    assert_eq!(judge(rules(), Some("other"), &json!({})).0, ["b"]);
    assert_eq!(judge(rules(), None, &json!({})).0, ["b"]);
    assert_eq!(judge(vec![rule("push", None, "a")], None, &json!({})).0, [""; 0]);
    // An event can call itself so; it is not every event for that.
    assert_eq!(judge(vec![rule("push", None, "a")], Some("*"), &json!({})).0, [""; 0]);
}

#[test]
fn conditions_decide_and_what_is_missing_is_false() {
    let facts = json!({"branch": "main", "tag": null, "sender": "ann", "body": {"n": 3, "labels": ["x"]}});
    for (when, holds) in [
        ("branch == 'main'", true),
        ("branch == 'dev'", false),
        ("tag", false),
        ("not tag", true),
        ("tag matches '^v'", false),
        ("missing == 'main'", false),
        ("body.nothing > 2", false),
        ("body.n > 2 and branch == 'main'", true),
        ("branch == 'dev' or body.n == 3", true),
        ("'x' in body.labels", true),
        ("branch in ['main', 'dev']", true),
        ("branch matches '^m'", true),
    ] {
        let expected: &[&str] = if holds { &["t"] } else { &[] };
        assert_eq!(judge(vec![rule("push", Some(when), "t")], Some("push"), &facts).0, expected, "{when}");
    }
}

#[test]
fn a_condition_that_fails_is_false_and_told_and_stops_no_other() {
    let facts = json!({"branch": "main"});
    let rules =
        vec![rule("push", Some("branch + 1 == 2"), "a"), rule("push", None, "b"), rule("x", Some("1 + 'a'"), "c")];
    assert_eq!(judge(rules, Some("push"), &facts), (vec!["b".to_owned()], vec![0]));
}

#[test]
fn a_target_is_started_once_by_the_first_rule_that_names_it() {
    let facts = json!({"branch": "main"});
    let mut rules = vec![rule("push", Some("false"), "a"), rule("push", None, "a"), rule("*", None, "a")];
    rules[1].input = Some(Template::constant(json!(1)));
    let rules = Rules(rules);
    let scope = Scope::new().with("branch", &facts);
    let judged = rules.judge(Some("push"), &scope);
    assert_eq!(judged.matched, [&rules.0[1]]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-d]", inner), 0..4).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_that_comes_in_panics(
        branch in any_json(),
        body in any_json(),
        event in proptest::option::of(".{0,6}"),
        when in prop::sample::select(vec![
            "branch == 'main'", "body.a[0] > 1 and branch", "branch + body.b", "branch in body", "body matches branch",
            "branch as integer == 3", "body.a.b[*]", "not (branch - 1)", "branch < body or branch / body",
        ]),
    ) {
        let facts = json!({"branch": branch, "body": body});
        let (matched, failed) = judge(vec![rule("*", Some(when), "t")], event.as_deref(), &facts);
        prop_assert!(matched.len() + failed.len() <= 1);
    }

    #[test]
    fn no_condition_panics_when_it_is_read(text in "\\PC{0,40}") {
        if let Ok(when) = Condition::parse(&text, Sources::Any) {
            let rules = Rules(vec![Rule { event: Events::Any, when: Some(when), target: "t".to_owned(), input: None }]);
            prop_assert!(rules.judge(None, &Scope::new()).matched.len() <= 1);
        }
    }
}
