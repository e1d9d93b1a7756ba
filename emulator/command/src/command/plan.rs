//! `emulator plan`: what infrastructure must know of a file, as JSON, so that nothing else has to read `ringback.yml`.
//!
//! ```text
//! ringback.yml ── loader ──► routes, environment, limits, programs ──► refusals of AWS ──► JSON on standard output
//! ```
//!
//! In the cloud all listeners share one address, so what is fine on two ports may collide there: that, what API Gateway
//! can't express or hold, and names that AWS can't have, are refused here, with their line in the file.

mod names;
mod own;
mod place;
mod routes;

use super::{Failure, file, output};
use clap::Args;
use domain::config::{Code, Config, Listener, Routes};
use platform::environment::Environment;
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
    /// The account's quota "Routes per API" of API Gateway, if AWS has raised it.
    #[arg(long, value_name = "N", default_value_t = routes::QUOTA)]
    route_quota: usize,
}

/// The form of the output; raised with every change that a reader must know of.
const FORMAT: u32 = 3;

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
    environment: Vec<names::Variable>,
    /// Requests handled at once, by function: the sum over its listeners, where each has a limit.
    max_concurrent: BTreeMap<&'static str, u32>,
    /// In file order.
    programs: Vec<names::Program>,
    /// Names of the providers that call us, in file order.
    sources: Vec<String>,
}

impl Plan {
    pub(crate) fn run(self, environment: &Environment) -> Result<(), Failure> {
        let mut read = file::read(&self.file, environment)?;
        // What this machine's environment lacks says nothing about the cloud's.
        read.diagnostics.retain(|diagnostic| diagnostic.code != Code::UnsetEnv);
        let name = self.file.display().to_string();
        if let Some(config) = &read.loaded.config {
            let mut refusals = routes::refusals(config, &read.loaded.routes, self.route_quota, &name);
            refusals.extend(names::refusals(&read.loaded, config, read.text(), &name));
            read.diagnostics.extend(refusals);
            read.diagnostics.sort_by_key(|diagnostic| diagnostic.span.offset);
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
            environment: names::environment(&read.loaded, read.text()),
            max_concurrent: max_concurrent(config),
            programs: names::programs(config, read.text()),
            sources: config.sources.keys().cloned().collect(),
        };
        output::say(serde_json::to_string_pretty(&planned)?)
    }
}

/// One function serves all listeners of a kind. Where one of them has no limit, neither has the function.
fn max_concurrent(config: &Config) -> BTreeMap<&'static str, u32> {
    let of = |function: &'static str| {
        // A listener that the file doesn't write says nothing of a limit either.
        let is_written =
            |listener: &&Listener| !matches!(&listener.routes, Routes::Sources(sources) if sources.implied);
        let written = config.listeners.iter().filter(is_written);
        let listeners = written.filter(|listener| routes::function(&listener.routes) == function);
        let mut limits = listeners.map(|listener| listener.max_concurrent_count);
        let first = limits.next()??;
        Some((function, limits.try_fold(first, |sum, limit| Some(sum.saturating_add(limit?)))?))
    };
    [routes::TRIGGER, routes::CALLBACK].into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests;
