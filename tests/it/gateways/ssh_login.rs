//! Logging in to an SSH server without a key file: by what an agent holds, and by a password.
//!
//! The agent is OpenSSH's, and so is its server. A password would have to be that of an account of this machine, so its server
//! is a stand-in made of `russh`: it takes one password, in either of the two ways in which servers ask for it (RFC 4252,
//! section 8; RFC 4256), and says of any port that it listens there.

use super::ssh::{gateway, here, refusal};
use super::{exchange, file};
use ringback_tests::{Service, SshServer, eventually};
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{HashAlg, PrivateKey};
use russh::server::{Auth, Config, Handler, Response, Session, run_stream};
use russh::{MethodKind, MethodSet};
use serde_json::json;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
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
        let agent = agent.arg("-D").arg("-a").arg(&socket).kill_on_drop(true).stdout(std::process::Stdio::null());
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
        file(&gateway(&connection), service).with(|options| options.gateways.ssh_agent = socket)
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
    assert!(told.contains("does not accept any key of the SSH agent"), "{told}");

    agent.ssh_add(&[&server.path("user").display().to_string()]).await.unwrap();
    let gateway = with_agent(&service, Some(agent.socket.clone())).run().await;
    exchange(&gateway, &service, here).await;
}

/// Asks for the password as one question among others if `asks`, as PAM does.
struct Doorman {
    asks: bool,
    ports: u32,
}

impl Handler for Doorman {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(if !self.asks && password == PASSWORD { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        answers: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let question = Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Borrowed(""),
            prompts: Cow::Borrowed(const { &[(Cow::Borrowed("Password: "), false)] }),
        };
        let Some(mut answers) = answers else { return Ok(question) };
        let right = answers.next().is_some_and(|answer| *answer == *PASSWORD.as_bytes());
        Ok(if right { Auth::Accept } else { Auth::reject() })
    }

    async fn tcpip_forward(&mut self, _: &str, port: &mut u32, _: &mut Session) -> Result<bool, Self::Error> {
        self.ports += 1;
        *port = self.ports;
        Ok(true)
    }
}

/// A server that lets in whoever knows the password; what stands in `ringback.yml` as `connection`, but for the password.
async fn stand_in(asks: bool) -> String {
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32]));
    let print = key.public_key().fingerprint(HashAlg::Sha256);
    let methods = if asks { MethodKind::KeyboardInteractive } else { MethodKind::Password };
    let config = Arc::new(Config {
        keys: vec![key],
        methods: MethodSet::from([methods].as_slice()),
        auth_rejection_time: Duration::ZERO,
        ..Config::default()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    #[expect(clippy::disallowed_methods, reason = "a double that outlives a request")]
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let _ = run_stream(config.clone(), socket, Doorman { asks, ports: 0 }).await;
        }
    });
    format!(
        "{{host: 127.0.0.1, port: {port}, host_key: '{print}', auth: {{username: u, type: password, password: IT}}}}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_logs_in_however_the_server_asks_for_it() {
    for asks in [false, true] {
        let connection = stand_in(asks).await;
        let told = refusal(&connection.replace("IT", "a wrong password")).await;
        assert!(told.contains("does not accept the password of `u`") && !told.contains("a wrong"), "{asks}: {told}");
        let service = Service::answering(json!({})).await;
        let gateway = file(&gateway(&connection.replace("IT", PASSWORD)), &service).run().await;
        assert_eq!(gateway.public_url(8090), "http://127.0.0.1:1");
    }
}
