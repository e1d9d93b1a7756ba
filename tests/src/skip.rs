//! Tests that need a program which may not be there.
//!
//! The program is the one that a variable of the environment names, else the one of the usual name; a [`Needed`] tries
//! whether it works. Where it doesn't, the test says `skipped: …` on standard error, where the test harness can't hide
//! it, and passes. With `RINGBACK_NO_SKIP` set it fails instead, and so it does where the variable names a program that
//! doesn't work.

use std::io::Write;
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

impl Needed<'_> {
    /// The program. None, said on standard error, if the test is to be skipped.
    ///
    /// # Panics
    /// If it isn't there and has to be.
    pub fn find(&self) -> Option<String> {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        match self.search(set(self.variable), set("RINGBACK_NO_SKIP").is_some()) {
            Ok(program) => Some(program),
            Err(missing) if missing.fails => panic!("{}", missing.why),
            Err(missing) => {
                let thread = std::thread::current();
                let line = format!("skipped: {}: {}\n", thread.name().unwrap_or("a test"), missing.why);
                // Not `eprintln!`, which the harness keeps to itself if the test passes.
                std::io::stderr().write_all(line.as_bytes()).expect("standard error");
                None
            }
        }
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
