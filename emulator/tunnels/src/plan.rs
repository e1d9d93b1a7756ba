//! Of the file's gateways, what is to be opened: which local address, with whose secrets. Nothing is opened yet.

use super::cloudflare::{Cloudflare, Which};
use super::ngrok::Ngrok;
use super::running::Tail;
use super::ssh::{Login, Proof, Server, Ssh, Target};
use super::{Driver, GatewayOptions};
use domain::config::{self, Config, Gateway, NamedTunnel, Runtime, SshAuth, SshTunnel, Tunnel};
use domain::expr::{Scope, Template};
use platform::environment::Environment;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A port of the file, and where it is on this machine.
#[derive(Debug, Clone)]
pub struct Local {
    /// Of the file.
    pub port: u16,
    /// Where it is; another port than the file's, perhaps.
    pub address: SocketAddr,
    /// The same as a URL, never with a name that could lead elsewhere.
    pub url: String,
}

/// A gateway of the file, and how to open it.
pub struct Planned {
    pub(crate) gateway: Gateway,
    pub(crate) driver: Box<dyn Driver>,
}

/// Gives all gateways another driver, as `--tunnel` asks; where the file has none, one to every listener.
///
/// # Errors
/// In words, if there is nothing to open a tunnel to.
pub fn through(config: &mut Config, driver: &str) -> Result<(), String> {
    let tunnel = || match driver {
        "ngrok" => Tunnel::Ngrok(config::Ngrok::default()),
        _ => Tunnel::Cloudflare(config::Cloudflare::default()),
    };
    for gateway in config.gateways.iter_mut().filter(|gateway| gateway.tunnel.driver() != driver) {
        gateway.tunnel = tunnel();
    }
    if config.gateways.is_empty() {
        let ports: BTreeSet<u16> = config.listeners.iter().map(|listener| listener.port).collect();
        if ports.is_empty() {
            return Err("`--tunnel` has nothing to open a tunnel to: the file has no listener and no source".to_owned());
        }
        config.gateways.push(Gateway::new(driver, ports.into_iter().collect(), tunnel()));
    }
    Ok(())
}

/// What is to be opened. `local` knows where the ports of the file are.
///
/// # Errors
/// In words, if a gateway would expose what it must not, or lacks what it needs.
pub fn plan(
    config: &Config,
    env: &Map<String, Value>,
    local: impl Fn(u16) -> Option<Local>,
    options: &GatewayOptions,
) -> Result<Vec<Planned>, String> {
    let env = Value::Object(env.clone());
    let mut planned = Vec::new();
    for gateway in &config.gateways {
        let words = |why: String| format!("the gateway `{}` can't be opened: {why}", gateway.id);
        let locals = locals(config, gateway, &local).map_err(words)?;
        let driver = driver(gateway, locals, &env, options).map_err(words)?;
        planned.push(Planned { gateway: gateway.clone(), driver });
    }
    Ok(planned)
}

/// Listeners are made for the internet; the API is not, and what else listens on this machine is nobody's business.
fn locals(config: &Config, gateway: &Gateway, local: impl Fn(u16) -> Option<Local>) -> Result<Vec<Local>, String> {
    let ports: BTreeSet<u16> = config.listeners.iter().map(|listener| listener.port).collect();
    let judged = gateway.ports.iter().map(|port| {
        let is_listener = ports.contains(port);
        if *port == config.controller.port && !is_listener && !gateway.expose_api {
            return Err(format!(
                "its port {port} is the API's, which is not for the internet: name a listener's port ({}), or say \
                 `expose_api: true`",
                list(&ports)
            ));
        }
        local(*port)
            .ok_or_else(|| format!("no listener of the file has the port {port}: its ports are {}", list(&ports)))
    });
    judged.collect()
}

fn list(ports: &BTreeSet<u16>) -> String {
    match ports.is_empty() {
        true => "there is none".to_owned(),
        false => ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn driver(
    gateway: &Gateway,
    locals: Vec<Local>,
    env: &Value,
    options: &GatewayOptions,
) -> Result<Box<dyn Driver>, String> {
    let docker = gateway.runtime == Runtime::Docker;
    if docker {
        a_docker_engine_answers(options)?;
    }
    match &gateway.tunnel {
        Tunnel::Cloudflare(tunnel) => {
            let which = match &tunnel.named {
                None => Which::Quick,
                Some(NamedTunnel::Token(token)) => Which::Token(secret(token, env, "token")?),
                Some(NamedTunnel::Credentials(path)) => Which::Credentials(home(path, &options.environment)),
            };
            let hostnames = tunnel.hostnames.clone();
            let (options, tail) = (options.clone(), Tail::default());
            Ok(Box::new(Cloudflare { which, locals, hostnames, docker, options, tail }))
        }
        Tunnel::Ngrok(tunnel) => ngrok(tunnel, locals, docker, env, options),
        Tunnel::Ssh(_) if docker => {
            Err("an ssh-tunnel is opened by this machine's own `ssh`: use `runtime: native`".to_owned())
        }
        Tunnel::Ssh(tunnel) => ssh(tunnel, locals, env, options),
    }
}

fn ngrok(
    tunnel: &config::Ngrok,
    locals: Vec<Local>,
    docker: bool,
    env: &Value,
    options: &GatewayOptions,
) -> Result<Box<dyn Driver>, String> {
    let authtoken = match &tunnel.authtoken {
        Some(template) => secret(template, env, "authtoken")?,
        None => options.environment.text("NGROK_AUTHTOKEN").map(Zeroizing::new).ok_or_else(|| {
            "ngrok wants to know who you are: put your authtoken (https://dashboard.ngrok.com/get-started/your-authtoken) \
             into the variable NGROK_AUTHTOKEN, or say `authtoken: ${env.…}`"
                .to_owned()
        })?,
    };
    let (hostnames, options, tail) = (tunnel.hostnames.clone(), options.clone(), Tail::default());
    Ok(Box::new(Ngrok { authtoken, locals, hostnames, docker, options, tail }))
}

fn ssh(
    tunnel: &SshTunnel,
    locals: Vec<Local>,
    env: &Value,
    options: &GatewayOptions,
) -> Result<Box<dyn Driver>, String> {
    let connection = &tunnel.connection;
    let login = match &connection.auth {
        SshAuth::Keyfile { username, keyfile, passphrase } => {
            let passphrase = passphrase.as_ref().map(|text| secret(text, env, "passphrase")).transpose()?;
            Login {
                username: username.clone(),
                proof: Proof::Keyfile { path: home(keyfile, &options.environment), passphrase },
            }
        }
        SshAuth::Password { username, password } => {
            Login { username: username.clone(), proof: Proof::Password(secret(password, env, "password")?) }
        }
        SshAuth::Agent { username } => {
            Login { username: username.clone(), proof: Proof::Agent(options.ssh_agent.clone()) }
        }
    };
    let server = Server {
        host: connection.host.clone(),
        port: connection.port,
        pinned: connection.host_key.clone(),
        known_hosts: connection.known_hosts.as_deref().map(|path| home(path, &options.environment)),
    };
    let (remote_port, remote_host) = (tunnel.remote_port, tunnel.remote_host.clone());
    let target = Target { server, login, locals, remote_port, remote_host, public_url: tunnel.public_url.clone() };
    Ok(Box::new(Ssh { target: Arc::new(target), options: options.clone(), tail: Tail::default() }))
}

/// A secret of the file, which may come from the environment. An empty one is a variable that is not set.
fn secret(template: &Template, env: &Value, key: &str) -> Result<Zeroizing<String>, String> {
    let text = template.render_text(&Scope::new().with("env", env)).map(Zeroizing::new);
    match text {
        Ok(text) if text.is_empty() => Err(format!("`{key}` is empty: is the variable set?")),
        Ok(text) => Ok(text),
        Err(error) => Err(format!("`{key}`: {error}")),
    }
}

/// `~` is the home folder.
fn home(path: &str, environment: &Environment) -> PathBuf {
    match (path.strip_prefix("~/"), environment.get("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

fn a_docker_engine_answers(options: &GatewayOptions) -> Result<(), String> {
    let mut version = std::process::Command::new(&options.docker);
    version.args(["version", "--format", "{{.Server.Version}}"]);
    match version.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "`runtime: docker`, and no Docker engine answers here ({}): use `native`",
            String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("it doesn't say why").trim()
        )),
        Err(error) => Err(format!("`runtime: docker`, and no Docker engine answers here ({error}): use `native`")),
    }
}
