//! `rules`: what a source's events start.
//!
//! By event type, or `*`: a target, a list of targets, targets by condition, or a list of `{when, target, input}`.

use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, check_id, plain};
use crate::config::template::{RULE as PLACE, key_condition, rule_condition};
use crate::config::yaml::{Kind, Node};
use crate::expr::Condition;
use crate::rule::{Events, Rule, Rules};

pub(super) static RULE: Keys = Keys {
    name: "a rule",
    doc: "A target, and when it is started.",
    groups: &[&[
        Key::new("when", Shape::Condition, "A condition over what rules see: `branch == 'main'`."),
        Key::new("target", Shape::Id, "The workflow or program that it starts.").required(),
        Key::new("input", Shape::Template, "The run's input; all that rules see where absent."),
    ]],
};

/// Reads all rules of a source.
pub(super) fn rules(cx: &mut Cx, map: &Map<'_>) -> Rules {
    let mut rules = Vec::new();
    let Some(node) = map.node("rules") else { return Rules::default() };
    let Some(entries) = node.entries() else {
        let message = format!("`rules` must be a mapping by event type, not {}", node.describe());
        cx.report(Code::WrongType, node.span, message);
        return Rules::default();
    };
    for entry in entries.iter().filter(|entry| !entry.value.is_null()) {
        let event = Events::read(&entry.key);
        match &entry.value.kind {
            Kind::Map(conditions) => {
                for entry in conditions {
                    let when = key_condition(cx, &entry.key, entry.key_span, &PLACE);
                    if let Some(when) = when {
                        targets(cx, &entry.value, &event, Some(&when), &mut rules);
                    }
                }
            }
            Kind::Scalar(_) | Kind::List(_) => targets(cx, &entry.value, &event, None, &mut rules),
        }
    }
    Rules(rules)
}

/// A target or a list of them; a listed one may be a rule.
fn targets(cx: &mut Cx, node: &Node, event: &Events, when: Option<&Condition>, rules: &mut Vec<Rule>) {
    match &node.kind {
        Kind::Scalar(_) => {
            if let Some(target) = target(cx, node) {
                rules.push(Rule { event: event.clone(), when: when.cloned(), target, input: None });
            }
        }
        Kind::List(items) => {
            for item in items {
                match &item.kind {
                    Kind::Map(_) => rules.extend(rule(cx, item, event, when)),
                    Kind::Scalar(_) | Kind::List(_) => {
                        if let Some(target) = target(cx, item) {
                            rules.push(Rule { event: event.clone(), when: when.cloned(), target, input: None });
                        }
                    }
                }
            }
        }
        Kind::Map(_) => {
            let message =
                "expected a target or a list of them; a rule with `when`, `target` and `input` stands in a list";
            cx.report(Code::WrongType, node.span, message);
        }
    }
}

fn rule(cx: &mut Cx, node: &Node, event: &Events, above: Option<&Condition>) -> Option<Rule> {
    let map = Map::open(cx, node, node.span, &RULE)?;
    if let Some(when) = map.entry("when").filter(|_| above.is_some()) {
        cx.report(Code::ConflictingKeys, when.key_span, "there is a condition above this one already");
    }
    let when = match map.node("when") {
        Some(node) => Some(rule_condition(cx, node, &PLACE)?),
        None => above.cloned(),
    };
    let input = match map.node("input") {
        Some(_) => Some(map.template(cx, "input", &PLACE)?),
        None => None,
    };
    let target = map.node("target").and_then(|node| target(cx, node))?;
    Some(Rule { event: event.clone(), when, target, input })
}

fn target(cx: &mut Cx, node: &Node) -> Option<String> {
    let text = plain(cx, node)?;
    if !check_id(cx, text, node.span) {
        return None;
    }
    cx.draft.targeted.push((text.to_owned(), node.span));
    Some(text.to_owned())
}
