//! Steps are counted, in proportion to the work, and end an evaluation that takes too many.

use super::*;
use crate::expr::{Parsed, Sources, Template};
use proptest::prelude::*;
use serde_json::json;

/// The steps of an expression over `data`, and whether they were within the budget.
fn counted(expr: &str, data: &Value, meter: &Meter) -> bool {
    let scope = Scope::new().with("data", data);
    let template = Template::expression(expr, Sources::Any).expect("an expression");
    let _ = template.holds(&scope.metered(meter));
    !meter.is_exceeded()
}

fn cost(expr: &str, data: &Value) -> u64 {
    let meter = Meter::new(u64::MAX, size(data));
    assert!(counted(expr, data, &meter), "{expr}");
    meter.done()
}

/// A text that is also JSON, `bytes` long.
fn text(bytes: usize) -> String {
    format!("[{}0]", "0,".repeat((bytes - 3) / 2))
}

#[test]
fn each_kind_of_work_costs_steps_in_proportion_to_its_size() {
    let data = |size: usize| {
        let list = vec![1; size / 100];
        json!({"a": text(size), "b": text(size), "list": list, "other": list, "object": {"x": list}})
    };
    for (expr, least) in [
        ("data.a as json", JSON),
        ("data.a[0:5] as json", TEXT * 4),
        ("data.a == data.b", TEXT),
        ("data.a < data.b", TEXT),
        ("'x' in data.a", SEARCH),
        ("data.a + data.b", TEXT),
        ("data.a as base64", SEARCH),
        ("data.a as boolean", TEXT),
        ("data.a matches 'x.y'", SEARCH),
        ("2 in data.list", 200),
        ("data.list == data.other", 200),
        ("data.list[*]", 200),
        ("data.list[1:]", 200),
        ("data.object as text", 200),
        ("(data.a as json)[1:]", JSON),
        ("data.none | words ${data.a}", TEXT),
    ] {
        let (small, large) = (cost(expr, &data(20_003)), cost(expr, &data(40_003)));
        assert!(small >= 20_000 / least as u64, "{expr}: {small}");
        let ratio = large as f64 / small as f64;
        assert!((1.8..=2.2).contains(&ratio), "{expr}: {small} and {large}");
    }
}

#[test]
fn what_only_looks_costs_next_to_nothing_however_large_the_values_are() {
    let data = json!({"a": text(1_000_003), "b": 1, "list": vec![1; 100_000]});
    for expr in ["data.b == 1", "data.a", "data.a == 1", "data.list[-1] == 1", "data.a == 'short'", "not data.list"] {
        assert!(cost(expr, &data) < 10, "{expr}: {}", cost(expr, &data));
    }
}

#[test]
fn a_pattern_costs_what_its_positions_may_cost_and_a_value_of_one_its_compilation() {
    let data = json!({"a": text(32_003), "p": "x{9}", "q": "x"});
    let (one, nine) = (cost("data.a matches 'x'", &data), cost("data.a matches 'x{9}'", &data));
    assert!(one > 1000 && nine > 9 * (one - 10), "{one} {nine}");
    assert!(cost("data.a matches data.p", &data) >= nine + COMPILE);
    // Far beyond what can be compiled: refused without a number overflowing.
    for pattern in ["((x{999}){999}){999}|((y{999}){999}){999}", "(x{4294967295}|x{4294967295}){4294967295}"] {
        let data = json!({"a": text(103), "p": pattern});
        counted("data.a matches data.p", &data, &Meter::new(1, 0));
    }
}

#[test]
fn a_sum_of_steps_does_not_begin_anew() {
    let meter = Meter::new(10, 0);
    for steps in [u64::MAX, 1, 5] {
        assert!(meter.charge(steps, steps).is_err() && meter.is_exceeded(), "{steps}");
    }
    assert_eq!(meter.done(), u64::MAX);
}

#[test]
fn a_budget_ends_an_evaluation_and_one_that_suffices_changes_nothing() {
    let data = json!({"a": text(8_003)});
    let expr = "(data.a as json)[0] == 0";
    let needed = cost(expr, &data);
    for (budget, suffices) in [(0, false), (needed - 1, false), (needed, true)] {
        assert_eq!(counted(expr, &data, &Meter::new(budget, size(&data))), suffices, "{budget}");
    }
}

#[test]
fn a_text_is_parsed_once_and_counted_each_time() {
    let data = json!({"a": text(80_003)});
    let (parsed, template) = (Parsed::default(), Template::expression("data.a as json", Sources::Any).unwrap());
    let done = |budget: u64| {
        let meter = Meter::new(budget, size(&data));
        let held = template.holds(&Scope::new().with("data", &data).metered(&meter).remembering(&parsed));
        (held.is_ok(), meter.done())
    };
    let first = done(u64::MAX);
    assert!(first.0 && first.1 > 10_000, "{first:?}");
    assert_eq!(done(u64::MAX), (true, 3));
    assert!(!done(9_000).0, "the count is that of a text that was not parsed before");
}

#[test]
fn a_thorough_evaluation_takes_both_sides_and_has_the_same_value() {
    let data = json!({"a": text(8_003)});
    for expr in ["data.a or data.a as json", "not data.a and data.a as json", "data.a | ${data.a as json}"] {
        let lazy = cost(expr, &data);
        let meter = Meter::new(u64::MAX, size(&data)).thorough();
        assert!(counted(expr, &data, &meter) && meter.done() > lazy + 900, "{expr}: {lazy} {}", meter.done());
    }
}

proptest! {
    #[test]
    fn a_meter_changes_no_value(a in any::<i64>(), b in "[a-c]{0,4}", index in 0_usize..8) {
        let exprs = ["data.a > 0 and data.b", "data.b | data.a", "data.b == 'a' or data.a == 1", "data.l[*]",
            "data.b + 'x' in data.l", "data.b matches 'a+b'", "data.a as text + data.b", "(data.t as json)[0]"];
        let data = json!({"a": a, "b": b, "l": [a, b], "t": format!("[{a}]")});
        let template = Template::expression(exprs[index], Sources::Any).unwrap();
        let (meter, parsed) = (Meter::new(u64::MAX, size(&data)), Parsed::default());
        for meter in [meter, Meter::new(u64::MAX, 0).thorough()] {
            let scope = || Scope::new().with("data", &data);
            let plain = template.render(&scope());
            prop_assert_eq!(&template.render(&scope().metered(&meter).remembering(&parsed)), &plain);
            prop_assert_eq!(template.holds(&scope()), plain.map(|value| crate::expr::truthy(&value)));
        }
    }
}
