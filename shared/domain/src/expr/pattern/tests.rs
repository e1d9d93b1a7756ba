//! What a pattern may cost is seen in it, whatever it consists of.

use super::*;
use crate::expr::{Meter, Scope, Sources, Template, size};
use serde_json::json;

#[test]
fn everything_that_a_search_follows_is_counted() {
    let hundred = |part: &str| part.repeat(100);
    for (pattern, expected) in [
        (String::new(), 1),
        ("abc".to_owned(), 1),
        ("^abc$".to_owned(), 2),
        ("x{9}".to_owned(), 9),
        ("x{2,9}".to_owned(), 9),
        ("(a)".to_owned(), 2),
        ("(foo|bar|baz)".to_owned(), 5),
        (r"^\w+@\w+\.\w{2,8}$".to_owned(), 12),
        (r"^(foo|bar|baz)-(\d+)$".to_owned(), 10),
        (hundred(r"\B"), 100),
        (hundred("()"), 300),
        (hundred("(?:xy?)"), 200),
        (hundred("(?:|xy)"), 300),
        (r"(?:\Ba?){300}".to_owned(), 600),
        (r"(?:\bx|y\b){200}".to_owned(), 800),
    ] {
        let shown: String = pattern.chars().take(40).collect();
        assert_eq!(positions(&pattern), expected, "{shown}");
    }
}

#[test]
fn a_pattern_of_assertions_is_as_costly_as_one_of_classes() {
    let data = json!({"t": format!("é{}", "a".repeat(32_000))});
    let steps = |pattern: String| {
        let template =
            Template::expression(&format!("data.t matches '{pattern}'"), Sources::Any).expect("an expression");
        let meter = Meter::new(400_000, size(&data));
        let _ = template.holds(&Scope::new().with("data", &data).metered(&meter));
        (meter.is_exceeded(), meter.done())
    };
    let (exceeded, steps_of_one) = steps(r"\\B[^a]".to_owned());
    assert!(!exceeded && (1000..1100).contains(&steps_of_one), "{steps_of_one}");
    assert!(steps(format!("{}[^a]", r"\\B".repeat(600))).0);
    assert!(steps(format!("{}[^a]", "()".repeat(600))).0);
}
