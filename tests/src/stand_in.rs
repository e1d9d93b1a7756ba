//! AWS by other people, on this machine: `ministack` and `moto`, each a process of its own with nothing in it yet.
//!
//! Their versions are those of tests/conformance-requirements.txt; what they do otherwise than AWS is in
//! docs/conformance.md.

use crate::group::{Group, free_port};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};
use serde_json::{Value, json};
use std::process::Command;
use tempfile::TempDir;

/// The only account that they know unless told otherwise.
pub const ACCOUNT: &str = "000000000000";
/// Where everything is.
pub const REGION: &str = "us-east-1";
/// Any will do.
pub const KEY: &str = "test";
/// Other ports are tried if one is taken between its choice and its use.
const PORTS: usize = 5;

/// A running stand-in.
#[derive(Debug)]
pub struct StandIn {
    /// Its address, without a path.
    pub url: String,
    python: String,
    _group: Group,
    _directory: TempDir,
}

impl StandIn {
    /// `ministack`: many services, functions among them, which run as processes of this machine.
    pub async fn ministack(python: &str) -> Self {
        Self::start("ministack", python, "/_ministack/ready", |port| {
            let mut command = Command::new(python);
            command.args(["-m", "ministack"]).env("GATEWAY_PORT", port.to_string());
            command.env("BIND_HOST", "127.0.0.1").env("LAMBDA_EXECUTOR", "local");
            // Without this it listens for MQTT on all addresses of the machine, at a fixed port.
            command.env("IOT_MTLS_ENABLED", "0");
            command
        })
        .await
    }

    /// `moto`: here for its table alone. It takes one request at a time: at its own several, two writes of one item at
    /// once may both find their conditions held.
    pub async fn moto(python: &str) -> Self {
        let code = "import sys; from moto.server import DomainDispatcherApplication, create_backend_app; \
            from werkzeug.serving import run_simple; \
            run_simple('127.0.0.1', int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False)";
        Self::start("moto", python, "/moto-api/", |port| {
            let mut command = Command::new(python);
            command.args(["-c", code, &port.to_string()]);
            command
        })
        .await
    }

    async fn start(what: &str, python: &str, ready: &str, command: impl Fn(u16) -> Command) -> Self {
        for _ in 0..PORTS {
            let directory = tempfile::tempdir().expect("a directory");
            let port = free_port();
            let mut command = command(port);
            command.env("TMPDIR", directory.path()).env("HOME", directory.path()).env_remove("AWS_ENDPOINT_URL");
            command.env("NO_PROXY", "*").env("no_proxy", "*");
            let mut group = Group::start(what, &command, directory.path());
            let url = format!("http://127.0.0.1:{port}");
            if group.answers(&format!("{url}{ready}")).await {
                return Self { url, python: python.to_owned(), _group: group, _directory: directory };
            }
        }
        panic!("{what} ends as soon as it is started");
    }

    /// A call of a service in the JSON protocol of AWS: `AmazonSSM.PutParameter`.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn call(&self, target: &str, request: &Value) -> Value {
        let service = target.split(['.', '_']).next().unwrap_or_default().trim_start_matches("Amazon").to_lowercase();
        let call = crate::caller::client()
            .post(&self.url)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", authorization(&service));
        let answer = crate::send(call.body(request.to_string())).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.body
    }

    /// Makes a function of this name that is Python: the `handler` of the text.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn make_function(&self, name: &str, text: &str) {
        let zip = "import base64, io, sys, zipfile; made = io.BytesIO(); archive = zipfile.ZipFile(made, 'w'); \
            archive.writestr('index.py', sys.argv[1]); archive.close(); print(base64.b64encode(made.getvalue()).decode())";
        let packed = Command::new(&self.python).args(["-c", zip, text]).output().expect("Python");
        let function = json!({
            "FunctionName": name, "Runtime": "python3.12", "Handler": "index.handler", "Timeout": 30,
            "Role": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "Code": {"ZipFile": String::from_utf8_lossy(&packed.stdout).trim()},
        });
        let request = crate::caller::client().post(format!("{}/2015-03-31/functions", self.url));
        let answer = crate::send(request.header("authorization", authorization("lambda")).json(&function)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    /// A client of its tables.
    pub fn dynamodb(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(platform::http_client())
            .endpoint_url(&self.url)
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new(KEY, KEY, None, None, "tests"));
        Client::from_conf(config.build())
    }

    /// Makes a table as infra/lib/table.ts does.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn make_table(&self, table: &str) {
        let key = |name: &str, kind: KeyType| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        let keys = |hash, range| vec![key(hash, KeyType::Hash).unwrap(), key(range, KeyType::Range).unwrap()];
        let text = |name: &str| {
            let definition = AttributeDefinition::builder().attribute_name(name);
            definition.attribute_type(ScalarAttributeType::S).build().unwrap()
        };
        let list = GlobalSecondaryIndex::builder()
            .index_name("list")
            .set_key_schema(Some(keys("list", "at")))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
        let made = self
            .dynamodb()
            .create_table()
            .table_name(table)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(keys("pk", "sk")))
            .set_attribute_definitions(Some(["pk", "sk", "list", "at"].map(text).to_vec()))
            .global_secondary_indexes(list.build().unwrap());
        made.send().await.expect("a table");
    }
}

/// Names the service; they look at no more of it.
fn authorization(service: &str) -> String {
    let scope = format!("Credential={KEY}/20260102/{REGION}/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0")
}
