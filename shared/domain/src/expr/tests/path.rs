//! Steps, slices, `[*]`, qualifiers, header names.

use super::gives;
use crate::expr::select::select;
use crate::expr::{Scope, Sources, Template};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn names_and_keys() {
    gives(&[
        ("${jobs.process-message.output.result}", json!("done")),
        ("${body['any key']}", json!("spaced")),
        (r#"${body["any key"]}"#, json!("spaced")),
        (r#"${body["any\u0020key"]}"#, json!("spaced")),
        ("${body.naïve}", json!("unicode")),
        ("${body[ 'n' ]}", json!(5)),
        ("${body.by_id.a.v}", json!(1)),
        ("${gateway.8080.public_url}", json!("https://by-key")),
        ("${branch}", json!("main")),
    ]);
}

#[test]
fn indices_and_slices() {
    gives(&[
        ("${body.list[0]}", json!(10)),
        ("${body.list[-1]}", json!(40)),
        ("${body.list[-4]}", json!(10)),
        ("${body.list[4]}", Value::Null),
        ("${body.list[-5]}", Value::Null),
        ("${body.users[0].tags[1]}", json!("y")),
        ("${body.list[1:3]}", json!([20, 30])),
        ("${body.list[ 1 : 3 ]}", json!([20, 30])),
        ("${body.list[:2]}", json!([10, 20])),
        ("${body.list[2:]}", json!([30, 40])),
        ("${body.list[:]}", json!([10, 20, 30, 40])),
        ("${body.list[-2:]}", json!([30, 40])),
        ("${body.list[:-1]}", json!([10, 20, 30])),
        ("${body.list[3:1]}", json!([])),
        ("${body.list[-99:99]}", json!([10, 20, 30, 40])),
        ("${body.list[9:]}", json!([])),
        ("${body.list[-9223372036854775808:9223372036854775807][0]}", json!(10)),
        ("${body.list[-9223372036854775808]}", Value::Null),
        ("${body.list[1:][1]}", json!(30)),
        ("${body.list[1:][1:]}", json!([30, 40])),
        ("${body.text[1:3]}", json!("él")),
        ("${body.text[-2:]}", json!("lo")),
        ("${body.text[1:][1:]}", json!("llo")),
    ]);
}

#[test]
fn each_maps_the_rest_of_the_path() {
    gives(&[
        ("${body.users[*].name}", json!(["ann", "bob", null])),
        ("${body.users[*].tags[0]}", json!(["x", null, null])),
        ("${body.users[*].tags[*]}", json!([["x", "y"], null, null])),
        ("${body.by_id[*].v}", json!([1, 2])),
        ("${body.by_id[*]}", json!([{"v": 1}, {"v": 2}])),
        ("${body.users[:2][*].name}", json!(["ann", "bob"])),
        ("${body.none[*].x}", json!([])),
        ("${body.n[*]}", Value::Null),
        ("${body.text[*]}", Value::Null),
    ]);
}

#[test]
fn what_is_not_there_is_null() {
    gives(&[
        ("${absent}", Value::Null),
        ("${absent.deeply[3].nested}", Value::Null),
        ("${body.absent.deeply}", Value::Null),
        ("${body.n.x}", Value::Null),
        ("${body.text[0]}", Value::Null),
        ("${body.list.name}", Value::Null),
        ("${body.list['0']}", Value::Null),
        ("${body.by_id[0]}", Value::Null),
        ("${body.by_id[0:1]}", Value::Null),
        ("${body.nothing.x}", Value::Null),
        ("${body.list[1:].x}", Value::Null),
        ("${body.text[1:].x}", Value::Null),
    ]);
    let known = Template::parse("${item.x}", Sources::Known(&["item"])).unwrap();
    assert_eq!(known.render(&Scope::new()), Ok(Value::Null));
}

#[test]
fn a_qualified_source_is_one_source_or_a_key_of_another() {
    gives(&[
        ("${gateway:8090.public_url}", json!("https://by-name")),
        ("${gateway:8090.port}", json!(8090)),
        ("${gateway:8080.public_url}", json!("https://by-key")),
        ("${gateway:9999.public_url}", Value::Null),
        ("${gateway:8080}", json!({"public_url": "https://by-key"})),
        ("${absent:8080.x}", Value::Null),
        ("${branch:x}", Value::Null),
    ]);
}

#[test]
fn header_names_match_in_any_case() {
    gives(&[
        ("${header.X-Signature}", json!("sha256=abc")),
        ("${header.x-signature}", json!("sha256=abc")),
        ("${header['Content-Type'][:4]}", json!("text")),
        ("${header.absent}", Value::Null),
        ("${body.TEXT}", Value::Null),
        ("${jobs.header.x}", Value::Null),
    ]);
    let both = json!({"X-A": 1, "x-a": 2});
    let template = Template::parse("${header.x-a}", Sources::Any).unwrap();
    assert_eq!(template.render(&Scope::new().with("header", &both)), Ok(json!(2)));
}

#[test]
fn an_expression_in_brackets_has_parts_too() {
    gives(&[
        ("${(body.payload as json).user.name}", json!("zoe")),
        ("${(body.payload as json).user.roles[-1]}", json!("dev")),
        ("${(body.absent | ${body.by_id}).b.v}", json!(2)),
        ("${${body.absent | ${body.users}}[0].name}", json!("ann")),
        ("${(body).n}", json!(5)),
        ("${(body.n + 1).x}", Value::Null),
    ]);
}

proptest! {
    #[test]
    fn slices_are_pythons(length in 0_usize..6, from in prop::option::of(-8_i64..8), to in prop::option::of(-8_i64..8)) {
        let list: Vec<i64> = (0..i64::try_from(length).unwrap()).collect();
        let absolute = |bound: i64| if bound < 0 { bound + i64::try_from(length).unwrap() } else { bound };
        let within = |i: &i64| *i >= from.map_or(0, absolute) && *i < to.map_or(i64::MAX, absolute);
        let expected: Vec<i64> = list.iter().copied().filter(within).collect();
        let step = crate::expr::path::Step::Slice(from, to);
        prop_assert_eq!(select(&json!(list), &[step]).into_owned(), json!(expected));
    }
}
