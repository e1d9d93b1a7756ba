use super::*;
use domain::config::{Severity, load};
use proptest::prelude::*;
use serde_json::json;

fn converted(value: &Value) -> Imported {
    let imported = convert(&value.to_string(), "hooks.json", None).unwrap_or_else(|error| panic!("{error}"));
    accepted(&imported);
    imported
}

#[track_caller]
fn accepted(imported: &Imported) {
    let loaded = load(&imported.yaml, "ringback.yml");
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
    assert!(loaded.config.is_some(), "{errors:#?}\n{}", imported.yaml);
}

fn notes(imported: &Imported) -> String {
    imported.notes.iter().map(|note| format!("{note}\n")).collect()
}

#[test]
fn a_signed_hook_becomes_a_source_and_a_program() {
    let text = r#"[
  {
    "id": "deploy",
    "execute-command": "/opt/it's here.sh",
    "command-working-directory": "/srv",
    "response-message": "ok",
    "pass-arguments-to-command": [
      {"source": "string", "name": "--now"},
      {"source": "payload", "name": "head_commit.id"}
    ],
    "pass-environment-to-command": [{"source": "payload", "name": "pusher.name", "envname": "WHO"}],
    "trigger-rule": {"and": [
      {"match": {"type": "payload-hmac-sha256", "secret": "{{ getenv "GH" | js }}",
                 "parameter": {"source": "header", "name": "X-Hub-Signature-256"}}},
      {"match": {"type": "value", "value": "refs/heads/main", "parameter": {"source": "payload", "name": "ref"}}}
    ]}
  }
]"#;
    let imported = convert(text, "hooks.json", None).unwrap();
    accepted(&imported);
    let value = Tree::parse(&imported.yaml, "f").unwrap().value();
    let source = &value["sources"]["deploy"];
    assert_eq!((&source["scheme"], &source["secret"]), (&json!("github"), &json!("${env.GH}")));
    let rule = &source["rules"]["*"][0];
    assert_eq!(rule["when"], "body.ref == \"refs/heads/main\"");
    assert_eq!(rule["input"], json!({"arg2": "${body.head_commit.id}", "env1": "${body.pusher.name}"}));
    let line = "export WHO=\"$RINGBACK_PARAM_ENV1\"; exec '/opt/it'\\''s here.sh' '--now' \"$RINGBACK_PARAM_ARG2\"";
    assert_eq!(
        value["programs"]["deploy"],
        json!({"command": ["sh", "-c", line, "sh"], "params": ["arg2", "env1"], "cwd": "/srv"})
    );
    assert!(notes(&imported).contains("line 6: hooks[0].response-message: not carried over"), "{}", notes(&imported));
}

#[test]
fn secrets_go_to_the_environment_and_are_in_neither_output() {
    let imported = converted(&json!([
        {"id": "a", "execute-command": "/a", "trigger-rule": {"match": {"type": "payload-hmac-sha1", "secret": "s3cret",
            "parameter": {"source": "header", "name": "X-Sign"}}}},
        {"id": "b", "execute-command": "/b", "trigger-rule": {"or": [
            {"match": {"type": "value", "value": "s3cret", "parameter": {"source": "header", "name": "X-Token"}}},
            {"match": {"type": "value", "value": "s3cret2", "parameter": {"source": "header", "name": "X-Token"}}}]}},
    ]));
    let told = notes(&imported);
    assert!(!imported.yaml.contains("s3cret") && !told.contains("s3cret"), "{}{told}", imported.yaml);
    for variable in ["HOOK_A_SECRET", "HOOK_B_TOKEN", "HOOK_B_TOKEN_2"] {
        assert!(imported.yaml.contains(variable) && told.contains(variable), "{variable}: {}{told}", imported.yaml);
    }
}

#[test]
fn a_rule_that_can_t_be_carried_over_takes_its_hook_with_it() {
    let hmac = json!({"match": {"type": "payload-hmac-sha256", "secret": "s", "parameter": {"source": "header", "name": "X-S"}}});
    let value = json!({"match": {"type": "value", "value": "a", "parameter": {"source": "payload", "name": "b"}}});
    let address =
        json!({"match": {"type": "value", "value": "1", "parameter": {"source": "request", "name": "remote-addr"}}});
    let rules = [
        json!({"or": [hmac, value]}),
        json!({"not": hmac}),
        json!({"and": [hmac, hmac]}),
        json!({"match": {"type": "scalr-signature", "secret": "s"}}),
        json!({"match": {"type": "payload-hmac-sha256", "secret": "", "parameter": {"source": "header", "name": "X-S"}}}),
        json!({"or": [address, value]}),
        json!({"match": {"type": "regex", "regex": "(", "parameter": {"source": "payload", "name": "b"}}}),
        json!({"match": {"type": "regex", "regex": "(?=x)", "parameter": {"source": "payload", "name": "b"}}}),
        json!({"whatever": 1}),
        json!({"or": []}),
        json!({"match": {"type": "value", "value": "a", "parameter": {"source": "string", "name": "a"}}}),
        json!({"match": {"type": "value", "value": "a-{{ getenv \"B\" }}", "parameter": {"source": "payload", "name": "b"}}}),
        json!({"not": {"and": []}}),
    ];
    for rule in rules {
        let hooks = json!([
            {"id": "lost", "execute-command": "/a", "trigger-rule": rule},
            {"id": "kept", "execute-command": "/b"},
        ]);
        let imported = converted(&hooks);
        let value = Tree::parse(&imported.yaml, "f").unwrap().value();
        assert!(value["sources"]["lost"].is_null() && value["programs"]["lost"].is_null(), "{rule}\n{}", imported.yaml);
        assert!(value["sources"]["kept"].is_object());
        assert!(notes(&imported).contains("left out"), "{rule}: {}", notes(&imported));
    }
}

#[test]
fn a_file_without_a_usable_hook_is_refused_in_words() {
    for (text, words) in
        [("[]", "no hook"), ("[{\"id\": \"a\"}]", "execute-command"), ("5", "neither"), ("[", "hooks.json:")]
    {
        let error = convert(text, "hooks.json", None).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn a_model_compose_file_that_loads_stays_as_it_is() {
    let text = "# Mine\nlistener: {path: /hook, workflow: w}\nworkflow: {id: w, jobs: [{component: c}]}\n";
    let imported = convert(text, "model-compose.yml", None).unwrap();
    assert_eq!((imported.yaml.as_str(), imported.notes.len()), (text, 0));
}

#[test]
fn what_model_compose_has_and_we_do_not_is_left_out_with_its_place() {
    let text = "\
controller:
  type: http-server
  port: 8080
  webui: {driver: gradio, port: 8081}
components:
  - id: chat
    type: http-client
    endpoint: https://api.example.com/chat
    action: {method: POST}
  - id: local
    type: model
    task: text-generation
workflow:
  id: w
  jobs: [{id: ask, component: chat}]
";
    let imported = convert(text, "model-compose.yml", None).unwrap();
    accepted(&imported);
    let told = notes(&imported);
    for place in ["line 4: controller.webui", "components"] {
        assert!(told.contains(place), "{place}: {told}");
    }
    let value = Tree::parse(&imported.yaml, "f").unwrap().value();
    assert_eq!(value["components"][0]["endpoint"], "https://api.example.com/chat", "{}", imported.yaml);
    assert_eq!(value["controller"]["port"], 8080);
}

fn parameter() -> impl Strategy<Value = Value> {
    let sources =
        ["payload", "header", "url", "query", "string", "request", "entire-payload", "raw-request-body", "odd"];
    (prop::sample::select(sources.to_vec()), "[ -~]{0,10}|[a-z]{1,4}(\\.[a-z0-9]{1,3}){0,3}")
        .prop_map(|(source, name)| json!({"source": source, "name": name, "envname": name}))
}

fn rule() -> impl Strategy<Value = Value> {
    let kinds =
        ["value", "regex", "payload-hmac-sha1", "payload-hash-sha256", "payload-hmac-sha512", "ip-whitelist", "x"];
    let one = (prop::sample::select(kinds.to_vec()), "[ -~]{0,8}", parameter()).prop_map(|(kind, text, parameter)| {
        json!({"match": {"type": kind, "value": text, "regex": text, "secret": text, "ip-range": "10.0.0.0/8",
            "parameter": parameter}})
    });
    one.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|all| json!({"and": all})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|any| json!({"or": any})),
            inner.prop_map(|one| json!({"not": one})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_hooks_are_the_file_is_accepted(
        rules in prop::collection::vec(prop::option::of(rule()), 1..4),
        arguments in prop::collection::vec(parameter(), 0..3),
        command in "[ -~]{1,12}",
    ) {
        let hooks: Vec<Value> = rules.iter().enumerate().map(|(n, rule)| json!({
            "id": format!("hook {n}"), "execute-command": command, "pass-arguments-to-command": arguments,
            "pass-environment-to-command": arguments, "trigger-rule": rule,
        })).collect();
        let text = json!(hooks).to_string();
        if let Ok(imported) = convert(&text, "hooks.json", None) {
            let loaded = load(&imported.yaml, "ringback.yml");
            prop_assert!(loaded.config.is_some(), "{:#?}\n{}", loaded.diagnostics, imported.yaml);
        }
    }
}
