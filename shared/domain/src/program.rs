//! What a program is given, and what is made of its end.
//!
//! A value reaches a program three times: as an argument, as an environment variable, and in the JSON on its standard
//! input. Nothing of it ever reaches a shell, and none can be taken for an option: see [`prepare`].

mod lookup;
mod prepare;

pub use prepare::{LONGEST_ARGUMENT, MOST_ARGUMENTS, Prepared, prepare};

use crate::id::RunId;
use crate::json;
use crate::run::JobError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One attempt of one job, in the hands of a worker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assignment<'a> {
    /// The run.
    pub run: &'a RunId,
    /// Its workflow.
    pub workflow: &'a str,
    /// The job.
    pub job: &'a str,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Which program.
    pub program: &'a str,
    /// Its arguments, where the job gives them itself: an object.
    pub params: Option<&'a Value>,
    /// Its input.
    pub input: &'a Value,
}

/// How a program's process has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Its exit code; none if a signal ended it.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// We ended it, after this many milliseconds, because its time was up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timed_out_ms: Option<u64>,
    /// Its standard output: text, of a long one the beginning and the end; or all of it as bytes ([`crate::bytes`]) where it
    /// is not UTF-8.
    pub stdout: Value,
    /// The beginning and the end of its standard error; what is not UTF-8 in it is replaced.
    pub stderr: String,
    /// How long it ran.
    pub duration_ms: u64,
    /// Something of its outputs was left out.
    pub truncated: bool,
}

impl Ended {
    /// What a job has of it: `{exit_code, stdout, stderr, duration_ms, truncated}`, and `json` where the standard output
    /// is JSON.
    pub fn result(&self) -> Value {
        let Self { exit_code, signal, stdout, stderr, duration_ms, truncated, .. } = self;
        let mut result = json!({
            "exit_code": exit_code, "stdout": stdout, "stderr": stderr,
            "duration_ms": duration_ms, "truncated": truncated,
        });
        if let Value::Object(fields) = &mut result {
            if let Some(signal) = signal {
                fields.insert("signal".to_owned(), json!(signal));
            }
            if let (false, Some(Ok(read))) = (truncated, stdout.as_str().map(json::read)) {
                fields.insert("json".to_owned(), read);
            }
        }
        result
    }

    /// Why it is a failure; `None` if it ended well: with exit code 0, by itself.
    pub fn failure(&self, program: &str) -> Option<JobError> {
        let error = match (self.timed_out_ms, self.exit_code, self.signal) {
            (Some(after), ..) => {
                JobError::new("timeout", format!("the program `{program}` was ended after {after} ms: its time was up"))
            }
            (None, Some(0), _) => return None,
            (None, Some(code), _) => {
                JobError::new("exit_code", format!("the program `{program}` ended with exit code {code}"))
            }
            (None, None, Some(signal)) => {
                JobError::new("signal", format!("the program `{program}` was ended by signal {signal}"))
            }
            (None, None, None) => {
                JobError::new("signal", format!("the program `{program}` ended without an exit code"))
            }
        };
        Some(error.with_detail(self.result()))
    }

    /// Whether its outputs have been left out.
    pub fn is_without_outputs(&self) -> bool {
        self.stdout.as_str() == Some("") && self.stderr.is_empty()
    }

    /// Without its outputs, where they don't fit into the run.
    #[must_use]
    pub fn without_outputs(self) -> Self {
        Self { stdout: "".into(), stderr: String::new(), truncated: true, ..self }
    }
}

#[cfg(test)]
mod tests;
