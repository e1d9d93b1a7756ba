use super::{Program, Variable, environment, is_function, programs, refusals};
use domain::config::load;

fn with_env(templates: &[&str]) -> String {
    let inputs: String = templates.iter().map(|template| format!("      - '{template}'\n")).collect();
    format!("components:\n  c: {{type: logger}}\nworkflow:\n  jobs:\n  - component: c\n    input:\n{inputs}")
}

fn refused(text: &str) -> Vec<String> {
    let loaded = load(text, "ringback.yml");
    let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let refusals = refusals(&loaded, config, text, "ringback.yml");
    assert!(refusals.iter().all(|refusal| refusal.code.refuses_start()));
    refusals.iter().map(ToString::to_string).collect()
}

#[test]
fn a_variable_is_required_if_anything_reads_it_without_a_default_and_has_the_line_of_that() {
    let text = with_env(&["${env.A | x}", "${env.B | x}", "${env.A}", "${env.B | y}", "${env.A}"]);
    let variable = |name: &str, required, line| Variable { name: name.to_owned(), required, line };
    assert_eq!(environment(&load(&text, "f"), &text), [variable("A", true, 9), variable("B", false, 8)]);
}

#[test]
fn names_that_no_parameter_can_have_are_refused_once_with_their_line() {
    let longest = "x".repeat(1011 - "/ringback/env/".len());
    let deepest = ["x"; 13].join("/");
    let named = |name: &str| format!("${{env[\"{name}\"]}}");
    for (name, why) in [
        ("a b".to_owned(), "can't have ` `"),
        ("k\u{e9}y".to_owned(), "can't have `\u{e9}`"),
        ("a:b".to_owned(), "can't have `:`"),
        ("a//b".to_owned(), "between any two"),
        ("a/".to_owned(), "between any two"),
        (format!("{deepest}/x"), "at most 15 levels, and this would have 16"),
        (format!("{longest}x"), "at most 1011 characters, and this would have 1012"),
    ] {
        let read = named(&name);
        let [only] = refused(&with_env(&["plain", &read, &read])).try_into().unwrap();
        assert!(only.starts_with("ringback.yml:8:") && only.contains(why), "{name}: {only}");
        // The functions ask for it all the same.
        assert_eq!(refused(&with_env(&[&read.replace('}', " | x}")])).len(), 1, "{name}");
    }
    for name in ["key", "KEY_2", "a.b-c", "a/b", &longest, &deepest] {
        assert_eq!(refused(&with_env(&[&named(name)])), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_program_that_is_a_function_says_which_and_where() {
    let program = |name: &str, function: Option<&str>, line| Program {
        name: name.to_owned(),
        function: function.map(str::to_owned),
        line,
    };
    let planned = |text: &str| programs(load(text, "f").config.as_ref().unwrap(), text);
    let by_name = "programs:\n  deploy:\n    command: [make, deploy]\n  shrink:\n    function: thumbnails:live\n";
    assert_eq!(planned(by_name), [program("deploy", None, 3), program("shrink", Some("thumbnails:live"), 5)]);
    let listed = "programs:\n  - id: deploy\n    command: [make]\n  - id: shrink\n    timeout: 1m\n    function: f\n";
    assert_eq!(planned(listed), [program("deploy", None, 3), program("shrink", Some("f"), 6)]);
    assert_eq!(planned("program:\n  id: a\n  function: f\n"), [program("a", Some("f"), 3)]);
}

/// The same names as in infra/test/refusals.test.ts.
#[test]
fn only_names_and_arns_of_functions_are_such() {
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:";
    let bad = ["*", "a*", "a b", "a:b:c", "arn:aws:s3:::bucket", "1:function:f", "f:", ":f", "function:"];
    for named in bad.map(str::to_owned).into_iter().chain([format!("{arn}*"), format!("{arn}a:*"), "x".repeat(65)]) {
        assert!(!is_function(&named), "{named}");
    }
    let good =
        ["f", "f:live", "f:$LATEST", "function:f", "123456789012:function:f:7", "123456789012:f", "123456789012"];
    let gov = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f";
    for named in good.map(str::to_owned).into_iter().chain([format!("{arn}f:7"), gov.to_owned(), "x".repeat(64)]) {
        assert!(is_function(&named), "{named}");
    }
}

#[test]
fn a_name_that_no_function_has_is_refused_with_its_line() {
    let [only] = refused("programs:\n  a: {function: f}\n  b:\n    function: 'f*'\n").try_into().unwrap();
    assert!(only.starts_with("ringback.yml:4:5: error[bad_value]: the program `b` is the function `f*`"), "{only}");
}
