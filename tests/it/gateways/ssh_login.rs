//! Logging in to an SSH server without a key file: by what an agent holds, and by a password.
//!
//! The agent is OpenSSH's, and so is its server. A password would have to be that of an account of this machine, so its server
//! is one in Python, `tests/fixtures/ssh/password_server.py`.

use super::ssh::{gateway, here, refusal};
use super::{exchange, file};
use ringback_tests::{Service, SshServer, eventually, skip};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const PASSWORD: &str = "the right password";

/// OpenSSH's agent, until it is dropped.
struct Agent {
    socket: PathBuf,
    _agent: Child,
}

impl Agent {
    async fn start(directory: &Path) -> Self {
        let socket = directory.join("agent");
        let mut agent = Command::new("ssh-agent");
        let agent = agent.arg("-D").arg("-a").arg(&socket).kill_on_drop(true).stdout(Stdio::null());
        let agent = Self { _agent: agent.spawn().expect("ssh-agent, which belongs to ssh-keygen"), socket };
        eventually("the agent answers", async || agent.ssh_add(&["-L"]).await).await;
        agent
    }

    /// Ends with 1 where the agent holds no key, with 2 where none answers.
    async fn ssh_add(&self, arguments: &[&str]) -> Result<(), String> {
        let mut add = Command::new("ssh-add");
        let told = add.args(arguments).env("SSH_AUTH_SOCK", &self.socket).output().await.expect("ssh-add");
        if told.status.code() == Some(2) { Err(String::from_utf8_lossy(&told.stderr).into_owned()) } else { Ok(()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_logs_in_with_whichever_of_its_keys_is_accepted() {
    let Some(server) = SshServer::start() else { return };
    let agent = Agent::start(&server.path("")).await;
    let connection = server.connection(&format!("host_key: '{}'", server.fingerprint("host")), "type: agent");
    let with_agent = |service: &Service, socket: Option<PathBuf>| {
        file(&gateway(&connection), service).with(|options| options.reach.gateways.ssh_agent = socket)
    };
    let service = Service::answering(json!({})).await;
    let refused = async |socket: Option<&Path>| {
        let started = with_agent(&service, socket.map(Path::to_owned)).start().await;
        started.err().expect("a refusal").to_string()
    };
    let told = refused(None).await;
    assert!(told.contains("no SSH agent is there: the variable SSH_AUTH_SOCK is not set"), "{told}");
    let told = refused(Some(&server.path("nobody"))).await;
    assert!(told.contains(&format!("the SSH agent at {} fails", server.path("nobody").display())), "{told}");
    let told = refused(Some(&agent.socket)).await;
    assert!(told.contains("the SSH agent holds no key: `ssh-add` gives it one"), "{told}");
    agent.ssh_add(&[&server.path("another").display().to_string()]).await.unwrap();
    let told = refused(Some(&agent.socket)).await;
    assert!(told.contains("does not accept any key of `"), "{told}");

    agent.ssh_add(&[&server.path("user").display().to_string()]).await.unwrap();
    let gateway = with_agent(&service, Some(agent.socket.clone())).run().await;
    exchange(&gateway, &service, here).await;
}

/// A server that lets in whoever knows the password, until it is dropped.
struct PasswordServer {
    /// What stands in `ringback.yml` as `connection`, but for the password, `IT`.
    connection: String,
    _process: Child,
}

impl PasswordServer {
    /// One that asks for the password in that way.
    async fn start(python: &str, way: &str) -> Self {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/ssh/password_server.py");
        let mut process = Command::new(python);
        process.args([program, way]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = process.spawn().expect("the server");
        let mut said = BufReader::new(process.stdout.take().expect("its words")).lines();
        let said = said.next_line().await.expect("its words").expect("its port");
        let (port, print) = said.split_once(' ').expect("its port and its host key");
        let auth = "auth: {username: u, type: password, password: IT}";
        let connection = format!("{{host: 127.0.0.1, port: {port}, host_key: '{print}', {auth}}}");
        Self { connection, _process: process }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_logs_in_however_the_server_asks_for_it() {
    let (Some(python), Some(_)) = (skip::python_with_stand_ins(), skip::ssh()) else { return };
    for way in ["password", "keyboard-interactive"] {
        let server = PasswordServer::start(&python, way).await;
        let told = refusal(&server.connection.replace("IT", "a wrong password")).await;
        assert!(told.contains("does not accept the password of `u`") && !told.contains("a wrong"), "{way}: {told}");
        let service = Service::answering(json!({})).await;
        let gateway = file(&gateway(&server.connection.replace("IT", PASSWORD)), &service).run().await;
        exchange(&gateway, &service, here).await;
    }
}
