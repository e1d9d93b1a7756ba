//! Ringback from outside, in one binary: HTTP in, HTTP out. One module for each subject.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what a test can't do has to fail it"
)]

mod adoption;
mod api;
mod api_contract;
mod bad_files;
mod bad_input;
mod binary;
mod budget;
mod canaries;
mod capabilities;
mod chapters;
mod check_url;
mod cli;
mod clocks;
mod closed_pipe;
mod cloud;
mod command_line;
mod config_api;
mod conditions;
mod conformance;
mod cost;
mod cost_command;
mod dashboard;
mod deep;
mod definitions;
mod deliveries;
mod delivery_budget;
mod delivery_log;
mod ended_waits;
mod endpoint_health;
mod endpoints;
mod forward;
mod filters;
mod found_by_simulation;
mod gateways;
mod guards;
mod held_deliveries;
mod head;
mod identity;
mod infra;
mod interleavings;
mod jobs;
mod kept_results;
mod keys;
mod kill;
mod killed_deliveries;
mod kubernetes;
mod lanes;
mod langgraph;
mod limits;
mod lost_answers;
mod memory;
mod mutations;
mod numbers;
mod outage;
mod openapi;
mod overlay;
mod pages;
mod plan;
mod program_config;
mod programs;
mod publishing;
mod publishing_rights;
mod reasons;
mod recovery;
mod recovery_steps;
mod redaction;
mod redrive;
mod relaying;
mod reload;
mod rendezvous;
mod replays;
mod routes;
mod scenarios;
mod silent_waits;
mod simulation;
mod skips;
mod slow_callers;
mod sockets;
mod sources;
mod steps;
mod stored_numbers;
mod sweeps;
mod switch;
mod ten_thousand;
mod triggers;
mod upgrades;
mod verify;
mod weather;
mod workers;

/// The emulator, for the tests that start real processes.
const EMULATOR: &str = env!("CARGO_BIN_EXE_under-test");
/// What the emulator runs there, as the beginning of a YAML list: a program that tells what it was given.
const PROGRAM: &str = concat!(env!("CARGO_BIN_EXE_under-test"), ", teller");
