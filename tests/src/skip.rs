//! Tests that need a program which may not be there.
//!
//! The program is the one that a variable of the environment names, else the one of the usual name; a [`Needed`] tries
//! whether it works. Where it doesn't, the test says `skipped: …` on standard error, where the test harness can't hide
//! it, and passes. With `RINGBACK_NO_SKIP` set it fails instead, and so it does where the variable names a program that
//! doesn't work.

use std::io::Write;
use std::net::{IpAddr, UdpSocket};
use std::process::{Command, Stdio};

/// A program that a test can't do without.
#[derive(Debug)]
pub struct Needed<'a> {
    /// For people: the program, and what it must have.
    pub what: &'a str,
    /// The variable that names it.
    pub variable: &'a str,
    /// Its name where the variable is not set.
    pub usual: &'a str,
    /// Arguments with which it exits with 0, soon, if it is as needed.
    pub trial: &'a [&'a str],
}

/// It isn't there.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    /// What, and how to name it.
    pub why: String,
    /// It has to be there: the test must fail.
    pub fails: bool,
}

/// Python with the packages of examples/langgraph: `RINGBACK_PYTHON` or `python3`. None if the test is to be skipped.
pub fn python() -> Option<String> {
    let what = "Python with the packages of examples/langgraph/requirements.txt";
    let trial = ["-c", "import fastapi, langgraph, standardwebhooks, uvicorn"];
    Needed { what, variable: "RINGBACK_PYTHON", usual: "python3", trial: &trial }.find()
}

/// Python with `ministack` and `moto`, in the versions of tests/conformance-requirements.txt: `RINGBACK_PYTHON` or
/// `python3`. None if the test is to be skipped.
pub fn python_with_stand_ins() -> Option<String> {
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance-requirements.txt");
    let trial = format!(
        "import importlib.metadata as m, sys\n\
         wanted = [line.strip().split('==') for line in open({list:?}) if '==' in line]\n\
         sys.exit(any(m.version(name.split('[')[0]) != version for name, version in wanted))"
    );
    let what = "Python with the packages of tests/conformance-requirements.txt";
    Needed { what, variable: "RINGBACK_PYTHON", usual: "python3", trial: &["-c", &trial] }.find()
}

/// OpenSSH's client: `RINGBACK_SSH` or `ssh`. None if the test is to be skipped.
pub fn ssh() -> Option<String> {
    let what = "OpenSSH's client, version 9 or newer";
    Needed { what, variable: "RINGBACK_SSH", usual: "ssh", trial: &["-V"] }.find()
}

/// Node.js with the packages of infra/: `RINGBACK_NODE` or `node`. None if the test is to be skipped.
pub fn node() -> Option<String> {
    let infra = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra");
    // The oldest and the newest of them: a folder that was filled before the list grew is not as needed.
    let has = format!(
        "require('node:module').createRequire('{infra}/package.json').resolve('aws-cdk-lib'); \
         require('node:fs').accessSync('{infra}/node_modules/@redocly/cli/bin/cli.js')"
    );
    let trial = format!("if (parseInt(process.versions.node) < 20) process.exit(1); {has}");
    let what = "Node.js 20 or newer with the packages of infra/ (`npm ci` there)";
    Needed { what, variable: "RINGBACK_NODE", usual: "node", trial: &["-e", &trial] }.find()
}

/// An address of this machine that isn't loopback, for services that a function in AWS may call: loopback is its own.
/// None if the test is to be skipped.
///
/// # Panics
/// If there is none and nothing may be skipped.
pub fn own_address() -> Option<IpAddr> {
    let chosen = || {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        // Nothing is sent: this only chooses where it would be sent from (RFC 5737 keeps that address for examples).
        socket.connect("198.51.100.1:9")?;
        socket.local_addr()
    };
    let found = chosen().ok().map(|own| own.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    if found.is_none() {
        let why = "this machine has no address but loopback, which functions may not call".to_owned();
        Missing { why, fails: nothing_may_be_skipped() }.say();
    }
    found
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn nothing_may_be_skipped() -> bool {
    set("RINGBACK_NO_SKIP").is_some()
}

impl Missing {
    /// Says that the test is skipped, or fails it.
    fn say(&self) {
        assert!(!self.fails, "{}", self.why);
        let thread = std::thread::current();
        let line = format!("skipped: {}: {}\n", thread.name().unwrap_or("a test"), self.why);
        // Not `eprintln!`, which the harness keeps to itself if the test passes.
        std::io::stderr().write_all(line.as_bytes()).expect("standard error");
    }
}

impl Needed<'_> {
    /// The program. None, said on standard error, if the test is to be skipped.
    ///
    /// # Panics
    /// If it isn't there and has to be.
    pub fn find(&self) -> Option<String> {
        self.search(set(self.variable), nothing_may_be_skipped()).map_err(|missing| missing.say()).ok()
    }

    /// The program, given what the environment says: its `named` path, and whether nothing may be skipped.
    ///
    /// # Errors
    /// If it doesn't pass its trial.
    pub fn search(&self, named: Option<String>, no_skip: bool) -> Result<String, Missing> {
        let fails = no_skip || named.is_some();
        let program = named.unwrap_or_else(|| self.usual.to_owned());
        let mut trial = Command::new(&program);
        trial.args(self.trial).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if trial.status().is_ok_and(|status| status.success()) {
            return Ok(program);
        }
        let why = format!("`{program}` is not {}; {} may name another", self.what, self.variable);
        Err(Missing { why, fails })
    }
}
