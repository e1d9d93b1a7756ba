use super::*;
use serde_json::json;

fn errors(schema: Value) -> (String, String) {
    let SchemaError { pointer, message } = Schema::compile(schema).expect_err("no schema");
    (pointer, message)
}

#[test]
fn a_schema_judges_data_and_tells_the_place_but_not_the_value() {
    let schema = json!({
        "type": "object", "required": ["id"], "additionalProperties": false,
        "properties": {"id": {"type": "integer"}, "tags": {"items": {"pattern": "^[a-z]+$"}}, "kind": {"enum": ["a", "b"]}},
    });
    let schema = Schema::compile(schema).expect("a schema");
    let told = |data: Value| schema.violations(&data, 10).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(json!({"id": 1, "tags": ["x"], "kind": "a"})), [""; 0]);
    assert_eq!(told(json!([])), ["the data: the value is not of type \"object\""]);
    assert_eq!(
        told(json!({"id": "s3cret", "tags": ["ok", "s3cret"], "kind": "s3cret"})),
        [
            "`/id`: the value is not of type \"integer\"",
            "`/tags/1`: the value does not match \"^[a-z]+$\"",
            "`/kind`: the value is not one of \"a\" or \"b\"",
        ]
    );
    assert_eq!(
        schema.violations(&json!({"id": "", "tags": [1, "A", "B"], "x": 1}), 2).len(),
        2,
        "no more than asked for"
    );
}

#[test]
fn numbers_are_judged_by_value_beyond_64_bits_too() {
    let value = |text: &str| crate::json::read(text).expect("JSON");
    let fits = |schema: &str, data: &str| {
        Schema::compile(value(schema)).expect("a schema").violations(&value(data), 9).is_empty()
    };
    for (schema, right, wrong) in [
        ("{\"type\":\"integer\"}", ["1000000000000000000001", "1.0"], ["1.10", "1e-400"]),
        ("{\"const\":1}", ["1.0", "1e0"], ["1000000000000000000001", "1.10"]),
        ("{\"enum\":[1.10]}", ["1.1", "11e-1"], ["1", "1.10000000000000000000000001"]),
        ("{\"maximum\":1000000000000000000000}", ["1e21", "-1e400"], ["1000000000000000000001", "1e400"]),
        ("{\"multipleOf\":0.01}", ["1.10", "-0"], ["1.101", "0.001"]),
        ("{\"uniqueItems\":true}", ["[1,2]", "[1,\"1\"]"], ["[1,1.0]", "[1e0,1]"]),
        ("{\"exclusiveMinimum\":0}", ["1e400", "1e999999999"], ["-0", "-1e400"]),
    ] {
        for data in right {
            assert!(fits(schema, data), "{schema} {data}");
        }
        for data in wrong {
            assert!(!fits(schema, data), "{schema} {data}");
        }
    }
}

#[test]
fn what_is_no_schema_is_refused_with_its_place() {
    assert_eq!(errors(json!({"type": "objekt"})).0, "/type");
    assert_eq!(errors(json!({"properties": {"a/b": {"minimum": "x"}}})).0, "/properties/a~1b/minimum");
    assert!(errors(json!({"pattern": "("})).1.contains("regex"), "{:?}", errors(json!({"pattern": "("})));
    // A pattern that can take time out of proportion to the text is none.
    assert!(Schema::compile(json!({"pattern": "^(?=a)b"})).is_err());
    assert!(Schema::compile(json!([])).is_err());
}

#[test]
fn nothing_is_ever_fetched() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener that can be asked");
    let remote = format!("http://{}/schema.json", listener.local_addr().expect("its address"));
    let file = format!("file://{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
    for address in [remote.as_str(), "https://example.com/schema.json", &file, "other.json"] {
        for schema in
            [json!({"$ref": address}), json!({"$schema": address}), json!({"properties": {"a": {"$ref": address}}})]
        {
            let (_, message) = errors(schema);
            assert!(message.contains(address) || address == "other.json", "{message}");
        }
    }
    assert!(listener.accept().is_err(), "somebody called");
    let inside = json!({"$defs": {"name": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/name"}}});
    let inside = Schema::compile(inside).expect("a schema");
    assert_eq!(inside.violations(&json!({"a": 1}), 9).len(), 1);
}

#[test]
fn a_schema_that_refers_to_itself_comes_to_an_end() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"properties": {"inner": {"$ref": "#"}}}),
    ] {
        if let Ok(schema) = Schema::compile(schema) {
            schema.violations(&json!({"inner": {"inner": {}}}), 5);
        }
    }
}

#[test]
fn a_long_message_is_cut() {
    let words: Vec<String> = (0..1000).map(|number| format!("wörd-{number}")).collect();
    let schema = Schema::compile(json!({"properties": {"a": {"minLength": 3, "enum": words}}})).expect("a schema");
    for violation in schema.violations(&json!({"a": "x"}), 9) {
        assert!(violation.message.chars().count() <= MAX_WORDS + 1, "{violation}");
    }
}
