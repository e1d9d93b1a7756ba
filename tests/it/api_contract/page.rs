//! docs/api.md, from the contract and its OpenAPI document.

use contract::{Access, Code, Operation, openapi};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

const HEAD: &str = "# The API

Every operation, from the table that the gateway's router is made of (`shared/contract`); the same as an OpenAPI document is
[openapi.json](openapi.json), which every gateway serves at `/openapi.json`.

Who may call an operation: everyone (public), the holder of a customer's token as far as it is about that customer, and the operator,
who may call all. Tokens are sent as `Authorization: Bearer …`. In the examples `$RINGBACK` is the address of the API, such as
`http://127.0.0.1:8080`, and `$TOKEN` a token.

A parameter of a query that an operation doesn't have, one that is given twice, and one whose value can't be meant are refused: 400
[`unusable_request`](errors.md#unusable_request); public operations take any, for load balancers add some. One that is there and
empty counts as left out. A page of a list may be short, or even empty, before the last: there is more as long as `next` is not null. A
cursor (`next`, given as `before` or `after`) belongs to its list: another is 400 [`bad_cursor`](errors.md#bad_cursor).

A field of an answer that may be missing has a `?` behind its name, as has a field of a body that may be left out. Texts under secret
names are hidden as `********` wherever they stand. Why a job fails is told by the codes at the end of
[errors.md](errors.md#why-a-job-fails).
";

/// The page.
pub(super) fn page() -> String {
    let document = openapi::document();
    let mut by_tag: BTreeMap<&str, Vec<(Operation, &Value)>> = BTreeMap::new();
    for operation in Operation::ALL {
        let method = operation.method().as_str().to_ascii_lowercase();
        let described = &document["paths"][operation.path()][method];
        by_tag.entry(described["tags"][0].as_str().unwrap()).or_default().push((*operation, described));
    }
    let mut page = HEAD.to_owned();
    for (tag, operations) in &by_tag {
        write!(page, "\n## {tag}\n").unwrap();
        for (operation, described) in operations {
            section(&mut page, *operation, described);
        }
    }
    page.push_str("\n## Types\n");
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        write!(page, "\n### {name}\n\n{}\n", text(schema)).unwrap();
        fields(&mut page, schema);
    }
    page
}

fn section(page: &mut String, operation: Operation, described: &Value) {
    let who = match operation.access() {
        Access::Public => "everyone",
        Access::Customer => "a customer's token, for that customer",
        Access::Operator => "the operator",
    };
    let (method, path) = (operation.method().as_str(), operation.path());
    write!(page, "\n### {method} {path}\n\n{} Who may call it: {who}.\n", operation.summary()).unwrap();
    write!(page, "\n```sh\n{}\n```\n", curl(operation)).unwrap();
    if !operation.parameters().is_empty() {
        page.push_str("\nParameters:\n\n");
    }
    for parameter in operation.parameters() {
        let also = parameter.also.map_or_else(String::new, |also| format!(" (or `{also}`)"));
        let optional = if parameter.required { "" } else { "?" };
        writeln!(page, "- `{}`{optional}{also}: {}", parameter.name, parameter.meaning).unwrap();
    }
    let content = &described["requestBody"]["content"]["application/json"]["schema"];
    if content.is_object() {
        write!(page, "\nBody: {}.\n", kind(content)).unwrap();
    }
    page.push_str("\nAnswers:\n\n");
    for status in operation.statuses() {
        let answer = &described["responses"][status.to_string()];
        let schema = &answer["content"]["application/json"]["schema"];
        let shown = if schema.is_object() { format!(": {}", kind(schema)) } else { String::new() };
        writeln!(page, "- {status}, {}{shown}", answer["description"].as_str().unwrap().to_lowercase()).unwrap();
    }
    let mut codes: Vec<Code> = Vec::new();
    for code in operation.codes() {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes.sort_by_key(|code| (code.status(), code.as_str()));
    for code in codes {
        writeln!(page, "- {}, [`{}`](errors.md#{})", code.status(), code.as_str(), code.as_str()).unwrap();
    }
}

/// The command that calls the operation.
fn curl(operation: Operation) -> String {
    let path = operation.path().replace("{id}", "$ID").replace("{name}", "$NAME");
    let query = match operation {
        Operation::ShowResult => "?job=generate",
        Operation::ListTasks => "?status=failed",
        Operation::ListWaits => "?state=unclaimed",
        Operation::ListDeliveries => "?status=exhausted",
        Operation::ReplayTask => "?dry_run=true",
        _ => "",
    };
    let mut words = String::from("curl");
    match operation.method().as_str() {
        "GET" => {}
        method if operation.takes_body() && method == "POST" => {}
        method => write!(words, " -X {method}").unwrap(),
    }
    if operation.access() != Access::Public {
        words.push_str(" -H \"Authorization: Bearer $TOKEN\"");
    }
    write!(words, " \"$RINGBACK{path}{query}\"").unwrap();
    if let Some(example) = operation.example() {
        write!(words, " \\\n  -H 'Content-Type: application/json' -d '{example}'").unwrap();
    }
    words
}

fn text(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or("Any of these.")
}

/// The fields of a type, or what it may be.
fn fields(page: &mut String, schema: &Value) {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_str().unwrap())).collect();
        write!(page, "\nOne of {}.\n", words.join(", ")).unwrap();
    }
    for alternative in ["oneOf", "anyOf"].iter().filter_map(|word| schema[word].as_array()).flatten() {
        write!(page, "\n- {}\n", kind(alternative)).unwrap();
    }
    let parts = schema["allOf"].as_array().map_or_else(|| vec![schema], |parts| parts.iter().collect());
    for part in parts {
        if part["$ref"].is_string() {
            write!(page, "\nAll fields of {}, and:\n", kind(part)).unwrap();
        }
        let required: Vec<&str> = part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let fields = part["properties"].as_object();
        if fields.is_some() {
            page.push('\n');
        }
        for (name, field) in fields.into_iter().flatten() {
            let optional = if required.contains(&name.as_str()) { "" } else { "?" };
            // Of a field that may be null, it stands at the other type.
            let others = ["oneOf", "anyOf"].iter().filter_map(|word| field[word].as_array()).flatten();
            let mut meanings = std::iter::once(field).chain(others).filter_map(|field| field["description"].as_str());
            let meaning = meanings.next().unwrap_or_default().replace('\n', " ");
            writeln!(page, "- `{name}`{optional} ({}): {meaning}", kind(field)).unwrap();
        }
    }
}

/// A schema in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    for word in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema[word].as_array() {
            return parts.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    let one = |word: &str| match (word, schema["format"].as_str()) {
        ("string", Some("date-time")) => "time".to_owned(),
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("object of {}", kind(&schema["additionalProperties"]))
        }
        (word, _) => word.to_owned(),
    };
    match &schema["type"] {
        Value::String(word) => one(word),
        Value::Array(words) => words.iter().filter_map(Value::as_str).map(one).collect::<Vec<_>>().join(" or "),
        _ => "any JSON".to_owned(),
    }
}
