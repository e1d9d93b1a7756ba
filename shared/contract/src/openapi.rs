//! The OpenAPI document of the table (<https://spec.openapis.org/oas/v3.1.0>).
//!
//! Only the schemas of types come from a library; what there is to say of an operation is in the table.

use crate::operation::{Access, Anything, Nothing, Operation};
use crate::query::{Form, Parameter};
use crate::{Code, answer};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// Schemas by name.
pub(crate) type Schemas = Map<String, Value>;

/// A body that the document describes.
pub(crate) trait Described {
    /// Its schema, or a reference to it among all; `None` where there is no body.
    fn described(all: &mut Schemas) -> Option<Value>;
}

impl Described for Nothing {
    fn described(_: &mut Schemas) -> Option<Value> {
        None
    }
}

impl Described for Anything {
    fn described(_: &mut Schemas) -> Option<Value> {
        Some(json!({}))
    }
}

impl<T: ToSchema> Described for T {
    fn described(all: &mut Schemas) -> Option<Value> {
        let mut others = Vec::new();
        T::schemas(&mut others);
        all.extend(others.into_iter().map(|(name, schema)| (name, written(&schema))));
        Some(named::<T>(all))
    }
}

/// A reference to a type's schema, which is put among all.
fn named<T: ToSchema>(all: &mut Schemas) -> Value {
    let name = T::name().into_owned();
    all.insert(name.clone(), written(&T::schema()));
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn written(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

/// The whole document.
pub fn document() -> Value {
    let (mut schemas, mut paths) = (Schemas::new(), Map::new());
    for operation in Operation::ALL.iter().copied() {
        let method = operation.method().as_str().to_ascii_lowercase();
        let described = described(operation, &mut schemas);
        if let Value::Object(at) = paths.entry(operation.path()).or_insert_with(|| json!({})) {
            at.insert(method, described);
        }
    }
    named::<answer::Problem>(&mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ringback",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "The API of a webhook gateway: tasks, waits, sources, and the delivery of events.",
        },
        "servers": [{"url": "http://127.0.0.1:8080", "description": "`emulator up`, as it is without settings"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The operator's token, or one of a \
                 customer."},
            },
            "schemas": schemas,
        },
    })
}

fn described(operation: Operation, all: &mut Schemas) -> Value {
    let [body, answer] = operation.schemas(all);
    let mut responses = Map::new();
    for status in operation.statuses() {
        responses.insert(status.to_string(), success(operation, *status, answer.as_ref()));
    }
    for (status, codes) in by_status(&operation.codes()) {
        let codes: Vec<String> = codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
        let problem = json!({
            "description": codes.join(", "),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        });
        responses.insert(status.to_string(), problem);
    }
    let shown = json!({
        "operationId": operation.id(),
        "summary": operation.summary(),
        "tags": [tag(operation)],
        "parameters": parameters(operation),
        "responses": responses,
    });
    let body = body.map(|schema| json!({"required": required(operation), "content": bodies(operation, &schema)}));
    let open = (operation.access() == Access::Public).then(|| json!([]));
    let more = [("security", open), ("requestBody", body)];
    let more = more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    match shown {
        Value::Object(shown) => shown.into_iter().chain(more).collect(),
        other => other,
    }
}

fn success(operation: Operation, status: u16, answer: Option<&Value>) -> Value {
    let what = match (status, operation) {
        (200, Operation::RecoverEndpoint) => "What would be done",
        (201, _) => "It was made",
        (202, Operation::ReceiveWebhook) => "It was taken, and starts nothing",
        (202, _) => "It was stored, and is being done",
        (204, _) => "It is gone",
        _ => "It was done",
    };
    let Some(schema) = answer else { return json!({"description": what}) };
    json!({"description": what, "content": {"application/json": {"schema": schema}}})
}

/// The heading under which readers of the document look for the operation.
fn tag(operation: Operation) -> &'static str {
    let path = operation.path();
    let known = [
        ("/api/tasks", "Tasks"),
        ("/api/waits", "Waits"),
        ("/api/workflows", "Workflows"),
        ("/api/requests", "Sources"),
        ("/api/config/programs", "Programs"),
        ("/api/config", "Sources"),
        ("/api/webhooks", "Endpoints"),
        ("/api/deliveries", "Deliveries"),
        ("/api/operations", "Endpoints"),
        ("/api/event", "Events"),
        ("/api/tokens", "Tokens"),
        ("/api/gateways", "Gateways"),
    ];
    match operation {
        Operation::ReceiveWebhook => "Sources",
        Operation::ListWebhookDeliveries => "Deliveries",
        _ => known.iter().find(|(prefix, _)| path.starts_with(prefix)).map_or("Health", |(_, tag)| tag),
    }
}

fn parameters(operation: Operation) -> Vec<Value> {
    let names = operation.path().split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let key = takes_key(operation).then(|| {
        json!({
            "name": "Idempotency-Key", "in": "header", "required": false, "schema": {"type": "string"},
            "description": "A repetition under the same key does the same once.",
        })
    });
    in_path.chain(key).chain(operation.parameters().iter().flat_map(in_query)).collect()
}

fn takes_key(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::RerunTask
            | Operation::ReplayTask
            | Operation::StartWorkflow
            | Operation::CreateEndpoint
            | Operation::RecoverEndpoint
            | Operation::PublishEvent
    )
}

/// A parameter, and once more under its other name.
fn in_query(parameter: &Parameter) -> Vec<Value> {
    let of = |name: &str, meaning: &str| {
        json!({
            "name": name, "in": "query", "required": parameter.required, "description": meaning,
            "schema": form(parameter.form),
        })
    };
    let also = parameter.also.map(|also| of(also, &format!("Another name of `{}`.", parameter.name)));
    [of(parameter.name, parameter.meaning)].into_iter().chain(also).collect()
}

fn form(form: Form) -> Value {
    match form {
        Form::Text | Form::Cursor => json!({"type": "string"}),
        // One that is empty counts as left out.
        Form::Time => json!({"anyOf": [
            {"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}, {"type": "string", "maxLength": 0},
        ]}),
        Form::Flag => json!({"type": "boolean", "default": false}),
        Form::Number { most, usual } => json!({"type": "integer", "minimum": 1, "maximum": most, "default": usual}),
        Form::Choice(words) => json!({"type": "string", "enum": words}),
    }
}

/// True if there must be a body: without one, all of its fields are left out.
fn required(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::StartWorkflow | Operation::RotateSecret | Operation::TestEndpoint | Operation::ReceiveWebhook
    )
}

/// The body by media type.
fn bodies(operation: Operation, schema: &Value) -> Value {
    let example = operation.example().and_then(|text| serde_json::from_str::<Value>(text).ok());
    match operation {
        Operation::PublishEvent => json!({
            "application/json": {"schema": schema, "example": example},
            "application/cloudevents+json": {"schema": cloud_event()},
        }),
        Operation::ReceiveWebhook => json!({"*/*": {"schema": {}}}),
        _ => json!({"application/json": {"schema": schema, "example": example}}),
    }
}

/// CloudEvents 1.0.2, section 3.1, in the structured mode of its JSON format.
fn cloud_event() -> Value {
    json!({
        "type": "object",
        "description": "CloudEvents 1.0.2, structured",
        "required": ["specversion", "type", "source", "id"],
        "properties": {
            "specversion": {"type": "string", "enum": ["1.0"]},
            "type": {"type": "string", "minLength": 1},
            "source": {"type": "string", "minLength": 1},
            "id": {"type": "string", "minLength": 1},
            "data": {},
        },
    })
}

fn by_status(codes: &[Code]) -> Vec<(u16, Vec<Code>)> {
    let mut all: Vec<(u16, Vec<Code>)> = Vec::new();
    for code in codes {
        match all.iter_mut().find(|(status, _)| *status == code.status()) {
            Some((_, there)) if there.contains(code) => {}
            Some((_, there)) => there.push(*code),
            None => all.push((code.status(), vec![*code])),
        }
    }
    all.sort_unstable_by_key(|(status, _)| *status);
    all
}
