//! Sees every write that reached the table, and what must hold between one and the next.

mod endpoints;
mod reminders;
mod slots;

use super::state::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::delivery::Delivery;
use domain::run::{JobError, JobState, Run};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use zstd::bulk::Decompressor;

/// RFC 8878 section 3.1.1: how a compressed frame begins.
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// What the service and callers of a scenario can bring about.
const EXPLAINED: [&str; 6] = ["unreachable", "http_status", "timeout", "callback_failed", "cancelled", "output_failed"];
/// No state of a scenario is larger.
const LARGEST: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Watch {
    /// As they were written last, and their versions.
    pub(super) runs: BTreeMap<String, (Run, u64)>,
    pub(super) deliveries: BTreeMap<String, (Delivery, u64)>,
    /// Endpoints that get nothing any more, and since when.
    pub(super) disabled: BTreeMap<String, Timestamp>,
    /// Callbacks that each wait has taken from its present waiter.
    arrivals: BTreeMap<String, u32>,
    events: BTreeMap<String, u32>,
    /// Tokens of the transactions that have taken effect.
    transactions: BTreeSet<String>,
    slots: slots::Slots,
    reminders: reminders::Reminders,
}

impl State {
    /// A write has reached the table, and has taken effect, or lost its condition.
    pub(super) fn wrote(&mut self, operation: &str, body: &[u8], took_effect: bool) {
        *self.writes.entry(self.current).or_default() += 1;
        if took_effect {
            self.saw_request(operation, body);
        }
    }

    fn saw_request(&mut self, operation: &str, body: &[u8]) {
        let request: Value = serde_json::from_slice(body).expect("JSON");
        let Some(writes) = request["TransactItems"].as_array() else {
            return self.saw_write(operation, &request);
        };
        // A repetition of a transaction that has taken effect is answered like it, and does nothing.
        let token = request["ClientRequestToken"].as_str().unwrap_or_default();
        if !self.watch.transactions.insert(token.to_owned()) {
            return;
        }
        for (kind, write) in writes.iter().filter_map(Value::as_object).flatten() {
            if kind != "ConditionCheck" {
                self.saw_write(&format!("{operation}'s {kind}"), write);
            }
        }
    }

    fn saw_write(&mut self, operation: &str, request: &Value) {
        let (item, values) = (&request["Item"], &request["ExpressionAttributeValues"]);
        let keys = if item.is_null() { &request["Key"] } else { item };
        let text = |of: &Value, name: &str| of[name]["S"].as_str().unwrap_or_default().to_owned();
        let (pk, sk) = (text(keys, "pk"), text(keys, "sk"));
        self.note(format_args!("{operation} {pk} {sk}"));
        self.saw_reminder(&format!("{pk} {sk}"), request);
        match (pk.split('#').next().unwrap_or_default(), sk.split('#').next().unwrap_or_default()) {
            ("run", _) => {
                let (run, version) =
                    (blob(&item["run"]).or_else(|| blob(&values[":run"])), version(item, values, ":next"));
                if let (Some(run), Some(version)) = (run, version) {
                    self.saw_run(run, version);
                }
            }
            ("event", "delivery") => {
                if let (Some(delivery), Some(version)) = (blob(&item["delivery"]), version(item, values, ":next")) {
                    self.saw_delivery(delivery, version);
                }
            }
            ("event", _) => {
                self.saw_event(&pk);
                let written = self.watch.events.entry(pk.clone()).or_default();
                *written += 1;
                if *written > 1 {
                    self.violation(format!("{pk} was written over"));
                }
            }
            ("customer", "endpoint") => {
                if let Some(endpoint) = blob(&item["endpoint"]) {
                    self.saw_endpoint(&endpoint);
                }
            }
            ("wait" | "longwait", _) => self.saw_wait(&pk, values),
            ("timer", _) => self.saw_timer(&sk),
            _ => {}
        }
    }

    fn saw_run(&mut self, run: Run, version: u64) {
        self.tally.count("writes of runs");
        let before = self.watch.runs.get(run.id.as_str()).map(|(before, _)| before.jobs().clone()).unwrap_or_default();
        for (path, job) in run.jobs() {
            // A repeated message may write the run again as it is.
            if before.get(path) == Some(job) {
                continue;
            }
            // Also one that is tried again afterwards, and of which nothing is left at the end.
            if let JobState::Resting { error, .. } = job.state() {
                if error.code == "output_failed" {
                    self.violation(format!(
                        "{path} of {} is tried again, though its service has done its part: {error}",
                        run.id
                    ));
                } else if is_reported(error) {
                    self.service.reported(&format!("{}/{path}", run.id), job.attempt());
                }
            }
            if let Some(error) = error_of(job.state()).filter(|error| !EXPLAINED.contains(&error.code.as_str())) {
                self.violation(format!("{path} of {} has failed by {error}, which nothing explains", run.id));
            }
        }
        self.note(format_args!("run {} is {} in version {version}", run.id, run.status().as_str()));
        let id = run.id.to_string();
        if let Some((before, last)) = self.watch.runs.get(&id) {
            let mut wrong = Vec::new();
            if version != last + 1 {
                wrong.push(format!("version {last} of {id} was followed by {version}"));
            }
            if before.has_ended() {
                wrong.push(format!("{id} was changed after its end"));
            }
            for (path, job) in before.jobs() {
                let top_level = !path.as_str().contains(['/', '~']);
                let over = matches!(job.state(), JobState::Completed { .. } | JobState::Failed { .. });
                let after = run.jobs().get(path);
                if top_level && over && after != Some(job) {
                    wrong.push(format!("the outcome of {path} of {id} was recorded twice: {job:?}, then {after:?}"));
                }
                if top_level && after.is_none_or(|after| after.attempt() < job.attempt()) {
                    wrong.push(format!("{path} of {id} went back from attempt {}", job.attempt()));
                }
            }
            wrong.into_iter().for_each(|what| self.violation(what));
        } else if version != 1 {
            self.violation(format!("{id} began with version {version}"));
        }
        self.watch.runs.insert(id, (run, version));
    }

    fn saw_delivery(&mut self, delivery: Delivery, version: u64) {
        let id = delivery.id.to_string();
        self.note(format_args!("delivery {id} is {:?} in version {version}", delivery.state));
        let last = self.watch.deliveries.get(&id).map_or(0, |(_, last)| *last);
        if version != last + 1 {
            self.violation(format!("version {last} of {id} was followed by {version}"));
        }
        self.saw_slot(&delivery);
        self.watch.deliveries.insert(id, (delivery, version));
    }

    fn saw_wait(&mut self, pk: &str, values: &Value) {
        let arrivals = self.watch.arrivals.entry(pk.to_owned()).or_default();
        // Another job waits here now, or what was here went to a wait under another key.
        if !values[":old_run"].is_null() || !values[":given"].is_null() {
            *arrivals = 0;
        }
        if !values[":verdict"].is_null() {
            *arrivals += 1;
            if *arrivals > 1 {
                self.violation(format!("a second callback was taken for {pk}"));
            }
        }
    }

    /// Timers are looked at each minute; sometimes no sweep runs for a while.
    fn saw_timer(&mut self, sk: &str) {
        let due = sk.split('#').next().and_then(|due| due.parse().ok()).expect("a time");
        let due = Timestamp::from_millisecond(due).expect("a time");
        let late = if self.strikes(0.05) { self.dice.between(60, 7_200) } else { self.dice.between(0, 60) };
        let late = SignedDuration::from_secs(late);
        self.sweeps.insert(due.max(self.now) + late);
        if self.weather.jump > 0.0 {
            // A sweep with a wrong clock may take it for another time: one more follows when all clocks are right.
            self.sweeps.insert(due.max(self.weather.ends) + late);
        }
    }
}

/// Whether the service has said itself that the work has failed, and not only that it can't be done now.
fn is_reported(error: &JobError) -> bool {
    let status = error.detail["status"].as_u64().unwrap_or_default();
    let refused =
        error.code == "http_status" && (400..500).contains(&status) && ![408, 409, 425, 429].contains(&status);
    refused || error.code == "callback_failed"
}

fn error_of(state: &JobState) -> Option<&JobError> {
    match state {
        JobState::Resting { error, .. } | JobState::Recovering { error } | JobState::Failed { error, .. } => {
            Some(error)
        }
        JobState::Waiting { failed, .. } => failed.as_ref(),
        _ => None,
    }
}

fn version(item: &Value, values: &Value, name: &str) -> Option<u64> {
    let number = if item["v"].is_null() { &values[name] } else { &item["v"] };
    number["N"].as_str()?.parse().ok()
}

/// State as the table holds it: JSON, or compressed JSON.
fn blob<T: DeserializeOwned>(attribute: &Value) -> Option<T> {
    let bytes = STANDARD.decode(attribute["B"].as_str()?).expect("base64");
    let json = if bytes.starts_with(&ZSTD) {
        let size = Decompressor::upper_bound(&bytes).unwrap_or(LARGEST).min(LARGEST);
        zstd::bulk::decompress(&bytes, size).expect("zstd")
    } else {
        bytes
    };
    Some(serde_json::from_slice(&json).expect("state"))
}
