//! `emulator plan`: what infrastructure must know of a file, as JSON, so that nothing else has to read `ringback.yml`.
//!
//! ```text
//! ringback.yml ── loader ──► routes, environment, limits, programs ──► refusals of AWS ──► JSON on standard output
//! ```
//!
//! In the cloud all listeners share one address, so what is fine on two ports may collide there: that, and what API
//! Gateway can't express, is refused here, with its line in the file.

mod routes;

use super::{Failure, file, output};
use clap::Args;
use domain::config::program::Action;
use domain::config::{Code, Config, Loaded};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Prints what infrastructure must know.
#[derive(Debug, Args)]
pub struct Plan {
    /// The file.
    #[arg(short, long, default_value = "ringback.yml")]
    file: PathBuf,
}

/// The form of the output; raised with every change that a reader must know of.
const FORMAT: u32 = 2;

#[derive(Debug, Serialize)]
struct Planned {
    format: u32,
    /// The file's name, for messages.
    file: String,
    /// SHA-256 of the file, in hexadecimal: a plan of another text is stale.
    sha256: String,
    /// In file order.
    routes: Vec<routes::Planned>,
    /// What `${env.…}` reads, by name.
    environment: Vec<Variable>,
    /// Requests handled at once, by function: the sum over its listeners, where each has a limit.
    max_concurrent: BTreeMap<&'static str, u32>,
    /// In file order.
    programs: Vec<Program>,
    /// Names of the providers that call us, in file order.
    sources: Vec<String>,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct Program {
    name: String,
    /// The function in AWS Lambda that it is, by name or ARN as the file has it. Absent for one that workers run.
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<String>,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct Variable {
    name: String,
    /// Somewhere it is read without a default.
    required: bool,
}

impl Plan {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut read = file::read(&self.file)?;
        // What this machine's environment lacks says nothing about the cloud's.
        read.diagnostics.retain(|diagnostic| diagnostic.code != Code::UnsetEnv);
        let name = self.file.display().to_string();
        if let Some(config) = &read.loaded.config {
            read.diagnostics.extend(routes::refusals(config, &read.loaded.routes, &name));
        }
        read.print_diagnostics();
        let refused = read.diagnostics.iter().any(|diagnostic| diagnostic.code.refuses_start());
        let config = match &read.loaded.config {
            Some(config) if !refused => config,
            _ => return Err(format!("{name}: can't be deployed, see above").into()),
        };
        let planned = Planned {
            format: FORMAT,
            file: name,
            sha256: hex::encode(Sha256::digest(read.text())),
            routes: routes::of(config, &read.loaded.routes),
            environment: environment(&read.loaded),
            max_concurrent: max_concurrent(config),
            programs: programs(config),
            sources: config.sources.keys().cloned().collect(),
        };
        output::say(serde_json::to_string_pretty(&planned)?)
    }
}

fn environment(loaded: &Loaded) -> Vec<Variable> {
    let mut variables: BTreeMap<&str, bool> = BTreeMap::new();
    for read in &loaded.env {
        *variables.entry(&read.name).or_default() |= !read.has_default;
    }
    variables.into_iter().map(|(name, required)| Variable { name: name.to_owned(), required }).collect()
}

fn programs(config: &Config) -> Vec<Program> {
    let function = |action: &Action| match action {
        Action::Invoke { function } => Some(function.clone()),
        Action::Run(_) => None,
    };
    let all = config.programs.iter();
    all.map(|(name, program)| Program { name: name.clone(), function: function(&program.action) }).collect()
}

/// One function serves all listeners of a kind. Where one of them has no limit, neither has the function.
fn max_concurrent(config: &Config) -> BTreeMap<&'static str, u32> {
    let of = |function: &'static str| {
        let listeners = config.listeners.iter().filter(|listener| routes::function(&listener.routes) == function);
        let mut limits = listeners.map(|listener| listener.max_concurrent_count);
        let first = limits.next()??;
        Some((function, limits.try_fold(first, |sum, limit| Some(sum.saturating_add(limit?)))?))
    };
    [routes::TRIGGER, routes::CALLBACK].into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests;
