//! The section `delivery`.

use super::{check, config};

#[test]
fn a_range_of_addresses_is_read_or_named_with_its_place() {
    let allowed = |text: &str| {
        let ranges = config(text).delivery.allow_private;
        ranges.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        allowed("delivery: {allow_private: [127.0.0.0/8, '::1', fd00::/8, 0.0.0.0/0]}"),
        ["127.0.0.0/8", "::1/128", "fd00::/8", "0.0.0.0/0"]
    );
    assert_eq!(allowed("delivery: {allow_private: 10.0.0.7}"), ["10.0.0.7/32"]);
    for nothing in [
        "delivery: {}",
        "delivery:",
        "delivery: {allow_private: }",
        "delivery: {allow_private: []}",
        "listener: {path: /a}",
    ] {
        assert_eq!(allowed(nothing), [""; 0], "{nothing}");
    }
    check(&[
        (
            "delivery: {allow_private: [127.0.0.0/8, 10.0.0.1/8, home]}",
            "f:1:41: error[bad_value]: `10.0.0.1/8` has bits beyond its prefix: a range begins with its first address; did you mean `10.0.0.0/8`?
f:1:53: error[bad_value]: `home` is not a range of addresses, as `10.0.0.0/8` or `fd00::/8`",
        ),
        (
            "delivery: {allow_private: 10.0.0.0/33}",
            "f:1:27: error[bad_value]: `10.0.0.0/33` is not a range of addresses, as `10.0.0.0/8` or `fd00::/8`",
        ),
        (
            "delivery: {allow_private: [{a: 1}]}",
            "f:1:28: error[wrong_type]: expected text, not a mapping",
        ),
        (
            "delivery: {allow_private: '${env.RANGES}'}",
            "f:1:28: error[expression_not_allowed]: an expression isn't possible here: this is needed before any request",
        ),
        (
            "delivery: {alow_private: []}",
            "f:1:12: error[unknown_key]: `delivery` has no key `alow_private`; did you mean `allow_private`?",
        ),
        ("delivery: [1]", "f:1:11: error[wrong_type]: `delivery` must be a mapping, not a list"),
    ]);
}
