//! Files that are broken or made to break the loader: each is refused in words, at its place.

use super::{check, report};
use crate::config::load;
use crate::config::tests::chapters::blocks;
use proptest::prelude::*;

#[test]
fn what_is_no_configuration_is_refused_where_it_breaks() {
    check(&[
        ("", "f:1:1: error[empty_file]: there is nothing in the file"),
        ("# only a comment", "f:1:1: error[empty_file]: there is nothing in the file"),
        ("---", "f:1:1: error[empty_file]: there is nothing in the file"),
        ("null", "f:1:1: error[empty_file]: there is nothing in the file"),
        ("~", "f:1:1: error[empty_file]: there is nothing in the file"),
        ("[]", "f:1:1: error[wrong_type]: a configuration is a mapping, not a list"),
        (
            "- a
- b
",
            "f:1:1: error[wrong_type]: a configuration is a mapping, not a list",
        ),
        (
            "component: {id: a, endpoint: 'https://a.test', body: {$serde_json::private::Number: 1}}",
            "f:1:55: error[bad_key]: a key begins with `$serde_json::private::`, which is reserved; rename the key",
        ),
        ("text", "f:1:1: error[wrong_type]: a configuration is a mapping, not `text`"),
        ("42", "f:1:1: error[wrong_type]: a configuration is a mapping, not `42`"),
        (
            "\tlistener: {}",
            "f:1:2: warning[listener_without_routes]: this listener has no routes: it answers 404 to everything",
        ),
        (
            "listener:\n\tport: 1\n",
            "f:2:2: error[yaml_syntax]: not valid YAML: tabs disallowed within this context (block indentation)",
        ),
        ("listener: [", "f:1:11: error[yaml_syntax]: not valid YAML: unclosed bracket '['"),
        ("listener: {port: 1", "f:1:11: error[yaml_syntax]: not valid YAML: unclosed bracket '{'"),
        (
            "a: b: c",
            "f:1:5: error[yaml_syntax]: not valid YAML: mapping values are not allowed in this context; text with `: ` \
             in it needs quotes",
        ),
        ("listener: \"unclosed", "f:1:11: error[yaml_syntax]: not valid YAML: unclosed quote"),
        (
            "listener:
  path: /a
---
listener:
  path: /b
",
            "f:3:1: error[multiple_documents]: a second YAML document begins here; a configuration is one document",
        ),
        (
            "listener: &a
  path: *b
",
            "f:2:9: error[yaml_syntax]: not valid YAML: while parsing node, found unknown anchor",
        ),
        ("listener: &a [*a]", "f:1:15: error[yaml_syntax]: not valid YAML: an alias inside its own anchor"),
        ("listener: !custom {path: /x}", "f:1:19: error[unsupported_tag]: the tag `!custom` has no meaning here"),
        (
            "listener: {path: !!binary aGk=}",
            "f:1:27: error[unsupported_tag]: the tag `!!binary` has no meaning here
f:1:27: error[bad_path]: `aGk=`: a path begins with `/`; did you mean `/aGk=`?",
        ),
        ("listener: {path: /a, path: /b}", "f:1:22: error[duplicate_key]: the key `path` stands twice in this mapping"),
        (
            "listener:
  path: /a
listener:
  path: /b
",
            "f:3:1: error[duplicate_key]: the key `listener` stands twice in this mapping",
        ),
        (
            "? [a, b]
: 1
",
            "f:1:3: error[bad_key]: a key must be text, not a list",
        ),
        (
            "? {a: 1}
: 1
",
            "f:1:3: error[bad_key]: a key must be text, not a mapping",
        ),
        ("null: 1", "f:1:1: error[bad_key]: a key must be text, not nothing"),
        (": 1", "f:1:1: error[bad_key]: a key must be text, not nothing"),
        (
            "on: 1
200: 2
true: 3
",
            "f:1:1: error[unknown_key]: a configuration has no key `on`
f:2:1: error[unknown_key]: a configuration has no key `200`
f:3:1: error[unknown_key]: a configuration has no key `true`",
        ),
        (
            "%YAML 1.2
---
listener: {path: /a}
",
            "",
        ),
        (
            "listener: {path: /a, identify_by: ${body.id}}",
            "f:1:36: error[yaml_syntax]: not valid YAML: while parsing a flow mapping, did not find expected ',' or \
             '}'; text with `${…}` inside `{…}` or `[…]` needs quotes",
        ),
        (
            "component: {id: c, endpoint: 'https://h', body: {text: ${input.a}}}",
            "f:1:57: error[yaml_syntax]: not valid YAML: while parsing a flow mapping, did not find expected ',' or \
             '}'; text with `${…}` inside `{…}` or `[…]` needs quotes",
        ),
        (
            "component:
  id: c
  endpoint: https://h
  body: Processing: done
",
            "f:4:19: error[yaml_syntax]: not valid YAML: mapping values are not allowed in this context; text with `: \
             ` in it needs quotes",
        ),
        ("\0", "f:1:1: error[yaml_syntax]: not valid YAML: unexpected character: `\\u{0}'"),
        ("listener: \u{1}", "f:1:11: error[yaml_syntax]: not valid YAML: unexpected character: `\\u{1}'"),
        ("\u{feff}", "f:1:1: error[empty_file]: there is nothing in the file"),
        (
            "\u{feff}listner: {}",
            "f:1:1: error[unknown_key]: a configuration has no key `listner`; did you mean `listener`?",
        ),
        (
            "a: |
  x
 b: y
",
            "f:3:2: error[yaml_syntax]: not valid YAML: while parsing a block mapping, did not find expected key",
        ),
        ("{{{{", "f:1:4: error[yaml_syntax]: not valid YAML: unclosed bracket '{'"),
        ("&a &b x", "f:1:4: error[yaml_syntax]: not valid YAML: did not find expected <document start>"),
        ("*x", "f:1:1: error[yaml_syntax]: not valid YAML: while parsing node, found unknown anchor"),
        ("!!", "f:1:1: error[yaml_syntax]: not valid YAML: while parsing a tag, did not find expected tag URI"),
        ("@", "f:1:1: error[yaml_syntax]: not valid YAML: unexpected character: `@'"),
        ("`", "f:1:1: error[yaml_syntax]: not valid YAML: unexpected character: ``'"),
        ("- - - -", "f:1:1: error[wrong_type]: a configuration is a mapping, not a list"),
        (
            "? ? ?",
            "f:1:3: error[bad_key]: a key must be text, not a mapping
f:1:5: error[bad_key]: a key must be text, not a mapping
f:1:6: error[bad_key]: a key must be text, not nothing",
        ),
        ("}", "f:1:1: error[yaml_syntax]: not valid YAML: misplaced bracket"),
        (
            "%",
            "f:1:2: error[yaml_syntax]: not valid YAML: while scanning a directive, could not find expected directive \
             name",
        ),
        ("listener: {<<: 5, path: /a}", "f:1:16: error[wrong_type]: `<<` takes over a mapping"),
        (
            "x-base: &b {port: 9000}
listener: {<<: *b, path: /a}
",
            "f:1:1: error[unknown_key]: a configuration has no key `x-base`",
        ),
    ]);
}

#[test]
fn aliases_do_not_multiply_without_end() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let row = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{row}]\n");
    }
    assert_eq!(report(&bomb), "f:5:45: error[too_large]: more than 100000 values, counting what aliases repeat");
}

#[test]
fn aliases_do_not_nest_without_end() {
    let mut tower = "a0: &a0 [x]\n".to_owned();
    for level in 1..100 {
        tower += &format!("a{level}: &a{level} [[[[*a{}]]]]\n", level - 1);
    }
    assert_eq!(report(&tower), "f:17:15: error[too_large]: nested deeper than 64 levels");
}

#[test]
fn depth_and_size_are_bounded() {
    for open in ["[", "{a: ", "- ", "? "] {
        for depth in [63, 65, 1_000, 100_000] {
            let told = report(&open.repeat(depth));
            assert!(told.contains("error"), "{depth} of {open}: {told}");
        }
    }
    let lists = format!("component: {{id: c, endpoint: 'https://h', body: {}1{}}}", "[".repeat(60), "]".repeat(60));
    assert_eq!(report(&lists), "");
    let lists = format!("component: {{id: c, endpoint: 'https://h', body: {}1{}}}", "[".repeat(63), "]".repeat(63));
    assert!(report(&lists).contains("nested deeper than 64 levels"), "{}", report(&lists));
    let long = "# comment\n".repeat(200_000);
    assert_eq!(report(&long), "f:1:1: error[too_large]: the file has 2000000 bytes; a configuration may have 1048576");
}

#[test]
fn a_long_file_takes_time_in_proportion() {
    let repeat = |part: &dyn Fn(usize) -> String, count: usize| (0..count).map(part).collect::<String>();
    let one_line = |inner: String| format!("component: {{id: c, endpoint: 'https://h', body: [{inner}]}}");
    let files = [
        one_line("{}, ".repeat(90_000)),
        one_line("'${env.A}', ".repeat(50_000)),
        format!("{{{}}}", repeat(&|n| format!("k{n}: 1, "), 90_000)),
        format!("listener: {{callbacks: [{}]}}", repeat(&|n| format!("{{path: '/p{n}'}}, "), 20_000)),
        format!("workflow: {{jobs: [{}]}}", "{component: logger}, ".repeat(20_000)),
    ];
    for text in files {
        sane(&text).expect("a sane answer");
    }
}

#[test]
fn an_anchor_that_is_used_twice_is_reported_once() {
    let text = "components:\n  a: &a\n    endpoint: https://h\n    timout: 5s\n  b: *a\n";
    assert_eq!(
        report(text),
        "f:4:5: error[unknown_key]: an http-client component has no key `timout`; did you mean `timeout`?"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        sane(&text)?;
    }

    #[test]
    fn no_yaml_like_text_makes_it_panic(text in r#"([\n ]{0,3}(listeners?|components?|workflow|jobs|id|path|[-:?&*!|>%@"'#{}\[\],]|\$\{[a-z.:|]{0,8}\}?| [a-z0-9]{1,3}|\t){1,2}){0,40}"#) {
        sane(&text)?;
    }

    #[test]
    fn no_change_of_a_good_file_makes_it_panic(
        block in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, "[-:?&*!|>{}\\[\\]\"'#, \n$a0é]{0,3}"), 1..6),
    ) {
        let blocks = blocks();
        let mut chars: Vec<char> = block.get(&blocks).1.chars().collect();
        for (at, removed, inserted) in edits {
            let at = at.index(chars.len() + 1);
            let end = (at + removed).min(chars.len());
            chars.splice(at..end, inserted.chars());
        }
        sane(&chars.into_iter().collect::<String>())?;
    }
}

/// What holds for every text: it is loaded or it is said why not, and every place is in the text.
fn sane(text: &str) -> Result<(), TestCaseError> {
    let loaded = load(text, "f");
    prop_assert_eq!(loaded.config.is_none(), loaded.has_errors());
    let lines = text.split('\n').count();
    for told in loaded.diagnostics.iter().chain(&loaded.env_warnings(&|_| false)) {
        let end = told.span.offset + told.span.length;
        prop_assert!(text.get(told.span.offset..end).is_some(), "{} at {:?}", told, told.span);
        prop_assert!((1..=lines).contains(&told.line) && told.column >= 1, "{}", told);
    }
    Ok(())
}
