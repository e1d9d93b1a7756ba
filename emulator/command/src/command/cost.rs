//! `emulator cost`: what the operations of a file cost in AWS.
//!
//! ```text
//! ringback.yml ── loader ──► its routes and workflows ── estimate ──► units ── prices ──► a table, or JSON
//! ```

mod report;

use super::{Failure, file, output};
use crate::cost::estimate::{self, Estimate};
use crate::cost::price::Architecture;
use crate::cost::units::{CALL, DELIVERY, EVENT, RATED, REFUSED, REQUEST, Units, WAIT};
use crate::cost::{Assumptions, units};
use clap::Args;
use domain::config::program::PREFIX;
use domain::config::{Code, Config, Routes};
use platform::environment::Environment;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// Prints what a file costs.
#[derive(Debug, Args)]
#[command(after_help = "The file is not run: its services and secrets aren't here. Each operation is put together of \
pieces whose counts were measured over the real handlers (tests/it/cost.rs holds them), at list prices.")]
pub struct Cost {
    /// The file.
    #[arg(short, long, default_value = "ringback.yml")]
    file: PathBuf,
    /// Records and messages that are handled together: 1 where little happens, 10 where much does.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10))]
    batch: u32,
    /// How long the called services take to answer.
    #[arg(long, default_value = "100ms", value_parser = domain::config::duration::parse)]
    answer_in: Duration,
    /// What the functions are built for.
    #[arg(long, value_enum, default_value_t = Architecture::Arm64)]
    architecture: Architecture,
    /// The stack's `shards`.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    shards: u32,
    /// Print JSON, with dollars by service, all prices and their pages.
    #[arg(long)]
    json: bool,
}

/// One line: a million of these.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Operation {
    /// In words.
    operation: String,
    /// Of the file, or one that every file has.
    of_the_file: bool,
    /// For one of them.
    units: Units,
    /// What was assumed.
    notes: BTreeSet<&'static str>,
}

impl Cost {
    pub(crate) fn run(self, environment: &Environment) -> Result<(), Failure> {
        let mut read = file::read(&self.file, environment)?;
        // What this machine's environment lacks says nothing about the cloud's.
        read.diagnostics.retain(|diagnostic| diagnostic.code != Code::UnsetEnv);
        let Some(config) = &read.loaded.config else {
            read.print_diagnostics();
            return Err(format!("{}: not read, see above", self.file.display()).into());
        };
        let assumed = Assumptions {
            batch: self.batch,
            answer: self.answer_in,
            architecture: self.architecture,
            shards: self.shards,
        };
        let name = self.file.display().to_string();
        let operations = operations(config);
        if self.json {
            let report = report::json(&name, &operations, &assumed);
            return output::say(serde_json::to_string_pretty(&report)?);
        }
        output::print(report::words(&name, &operations, &assumed))
    }
}

/// What can be had of the file, and then what every gateway does.
fn operations(config: &Config) -> Vec<Operation> {
    let mut all = Vec::new();
    for listener in &config.listeners {
        let Routes::Triggers(triggers) = &listener.routes else { continue };
        for trigger in triggers {
            let operation = format!("{} {} -> {}", trigger.route.method, trigger.route.path, trigger.workflow);
            all.push(started(config, operation, &trigger.workflow, REQUEST));
        }
    }
    for source in config.sources.values() {
        let mut targets: Vec<&str> = source.rules.targets().collect();
        targets.sort_unstable();
        targets.dedup();
        let request = if source.rate_limit.is_some() { REQUEST + RATED } else { REQUEST };
        for target in targets {
            let workflow =
                if config.workflows.contains_key(target) { target.to_owned() } else { format!("{PREFIX}{target}") };
            all.push(started(config, format!("POST /api/webhooks/{} -> {target}", source.name), &workflow, request));
        }
    }
    for id in config.workflows.keys() {
        let ends = format!("-> {id}");
        if !all.iter().any(|operation: &Operation| operation.operation.ends_with(&ends)) {
            all.push(started(config, format!("the API -> {id}"), id, REQUEST));
        }
    }
    let always = |operation: &str, units| Operation {
        operation: operation.to_owned(),
        of_the_file: false,
        units,
        notes: BTreeSet::new(),
    };
    all.push(always("a run of one job that calls a service, from its request on", REQUEST + units::ACCEPTED + CALL));
    all.push(always("a wait and its callback, beside its run", WAIT));
    all.push(always("an event with one delivery", EVENT + DELIVERY));
    all.push(always("each further delivery of it", DELIVERY));
    all.push(always("a program's run, from its request on", REQUEST + units::ACCEPTED + units::BEGUN + units::PROGRAM));
    all.push(always("a request that is not genuine", REFUSED));
    all
}

fn started(config: &Config, operation: String, workflow: &str, request: Units) -> Operation {
    let estimate = estimate::run(config, workflow).unwrap_or_else(|| Estimate {
        units: units::ACCEPTED,
        notes: BTreeSet::from(["the file doesn't define what it starts: only its start is counted"]),
    });
    Operation { operation, of_the_file: true, units: request + estimate.units, notes: estimate.notes }
}
