//! Ringback as it is deployed: the stack of infra/ in a stand-in for AWS, whose functions run the real bootstraps.
//!
//! ```text
//! caller ──► front ──► HTTP API ──► functions ──► table, queues        all of it but the front in `ministack`
//! ```

use crate::Caller;
use crate::front::Front;
use crate::stand_in::{ACCOUNT, KEY, REGION, StandIn};
use crate::worker::WorkPlace;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

const INFRA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra");
const TOKEN: &str = "a token of the tests";
/// The keys of secrets: 32 bytes in Base64.
const KEYS: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// A deployment on a machine with other things to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is deployed.
#[derive(Debug)]
pub struct Source<'a> {
    /// The text of the `ringback.yml`, for the address that it will have.
    pub file: &'a str,
    /// What the file reads as `${env.…}`.
    pub env: &'a [(&'a str, &'a str)],
    /// The `emulator`, which makes the plan.
    pub emulator: &'a str,
    /// The program that is each of the functions.
    pub bootstraps: &'a str,
}

/// The programs that it is deployed with.
#[derive(Debug)]
pub struct Tools {
    python: String,
    node: String,
}

/// A deployment, and a caller who knows where it is.
pub struct Deployed {
    /// What it is deployed to.
    pub aws: StandIn,
    /// The file.
    pub file: PathBuf,
    outputs: Value,
    caller: Caller,
    _directory: TempDir,
}

impl Tools {
    /// Python and Node.js with what is needed. None if the test is to be skipped.
    pub fn find() -> Option<Self> {
        Some(Self { python: crate::skip::python_with_stand_ins()?, node: crate::skip::node()? })
    }
}

impl Deployed {
    /// Deploys it to a stand-in of its own.
    ///
    /// # Panics
    /// If it can't be deployed.
    pub async fn deploy(tools: &Tools, source: &Source<'_>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path();
        let (aws, front) = tokio::join!(StandIn::ministack(&tools.python), Front::open());
        let file = place.join("ringback.yml");
        std::fs::write(&file, source.file).expect("the file");
        package(source.bootstraps, place).await;
        // Before the stack: a function doesn't start without them.
        let values = source.env.iter().map(|(name, value)| (format!("/ringback/env/{name}"), *value));
        for (name, value) in values.chain([("/ringback/key".to_owned(), KEYS)]) {
            aws.call("AmazonSSM.PutParameter", &json!({"Name": name, "Value": value, "Type": "SecureString"})).await;
        }
        let cdk = Cdk { tools, aws: &aws, place, source, front: &front };
        cdk.run(place, &["bootstrap", &format!("aws://{ACCOUNT}/{REGION}")]).await;
        let outputs = cdk.deploy(&file).await;
        front.lead_to(&aws.url, &host(&aws).await);
        let listeners = ["http-trigger", "http-callback"].map(|kind| (kind.to_owned(), front.url.clone()));
        let caller = Caller::new(front.url, TOKEN.to_owned(), listeners.to_vec());
        Self { aws, file, outputs, caller, _directory: directory }
    }

    /// Where workers find their work.
    ///
    /// # Panics
    /// If the stack doesn't say.
    pub fn work_place(&self) -> WorkPlace {
        let output = |name: &str| self.outputs[name].as_str().expect("an output").to_owned();
        WorkPlace {
            aws: self.aws.url.clone(),
            region: REGION.to_owned(),
            key: KEY.to_owned(),
            queue_url: output("ProgramsQueue"),
            table: output("TableName"),
        }
    }
}

impl Deref for Deployed {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// The bootstraps where infra/ looks for them, without what only a debugger reads.
async fn package(bootstraps: &str, place: &Path) {
    let stripped = place.join("bootstraps");
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(&stripped).arg(bootstraps);
    assert!(strip.status().await.expect("strip, which belongs to the linker").success());
    for name in ["trigger", "callback", "api", "relay", "deliver", "sweep"] {
        let folder = place.join("lambda").join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::hard_link(&stripped, folder.join("bootstrap")).expect("a link");
    }
}

/// The host by which the stand-in knows the API.
async fn host(aws: &StandIn) -> String {
    let answer = crate::send(crate::caller::client().get(format!("{}/v2/apis", aws.url))).await;
    let apis = answer.body["items"].as_array().unwrap_or_else(|| panic!("no APIs: {}", answer.body));
    let api = apis.iter().find(|api| api["name"] == "ringback").expect("the API");
    format!("{}.execute-api.localhost", api["apiId"].as_str().expect("its id"))
}

/// The CDK's command line.
struct Cdk<'a> {
    tools: &'a Tools,
    aws: &'a StandIn,
    place: &'a Path,
    source: &'a Source<'a>,
    front: &'a Front,
}

impl Cdk<'_> {
    async fn deploy(&self, file: &Path) -> Value {
        let path = |name: &str| self.place.join(name).display().to_string();
        let (out, outputs) = (path("cdk.out"), path("outputs.json"));
        let context = [
            format!("config={}", file.display()),
            format!("binaries={}", path("lambda")),
            format!("architecture={}", if cfg!(target_arch = "aarch64") { "arm64" } else { "x86-64" }),
            format!("url={}", self.front.url),
            format!("endpoint={}", self.aws.url),
            format!("tokenSha256={}", hex::encode(Sha256::digest(TOKEN))),
            "throwAway=true".to_owned(),
        ];
        let mut arguments = vec!["deploy", "--require-approval", "never", "--output", &out, "--outputs-file", &outputs];
        arguments.extend(context.iter().flat_map(|setting| ["-c", setting]));
        self.run(Path::new(INFRA), &arguments).await;
        let written = std::fs::read(&outputs).expect("outputs");
        serde_json::from_slice::<Value>(&written).expect("outputs")["ringback"].take()
    }

    async fn run(&self, directory: &Path, arguments: &[&str]) {
        let mut command = Command::new(&self.tools.node);
        command.arg(Path::new(INFRA).join("node_modules/aws-cdk/bin/cdk")).args(arguments).current_dir(directory);
        command.env("HOME", self.place).env("NODE_NO_WARNINGS", "1").env("CI", "1");
        command.env("CDK_DISABLE_VERSION_CHECK", "1").env("CDK_DISABLE_CLI_TELEMETRY", "true");
        command.env("CDK_DEFAULT_ACCOUNT", ACCOUNT).env("CDK_DEFAULT_REGION", REGION);
        command.env("AWS_ENDPOINT_URL", &self.aws.url).env("AWS_REGION", REGION);
        command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", KEY).env("NO_PROXY", "*");
        command.env("RINGBACK_EMULATOR", self.source.emulator);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let output = timeout(PATIENCE, command.output()).await.expect("it ends in time").expect("it starts");
        let said = || String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
        assert!(output.status.success(), "cdk {}: {}", arguments[0], said());
    }
}
