//! From an assignment to what a process is started with.

use super::Assignment;
use super::lookup::lookup;
use crate::config::Program;
use crate::config::program::{Command, variable};
use crate::expr::{Scope, to_text};
use crate::run::JobError;
use serde_json::Value;

/// The longest argument or environment variable, in bytes.
///
/// Linux takes 32 pages less the final NUL
/// (<https://man7.org/linux/man-pages/man2/execve.2.html>, `MAX_ARG_STRLEN`); of a variable, its name counts too.
pub const LONGEST_ARGUMENT: usize = 131_071;
/// All arguments and variables together, in bytes.
///
/// Linux takes a quarter of the stack's limit, usually 2 MiB of 8, pointers
/// included (the page above); other systems take 1 MiB.
pub const MOST_ARGUMENTS: usize = 768 * 1024;

/// What a process is started with. No part of it is for a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
    /// What it may read: the whole input as JSON.
    pub stdin: Vec<u8>,
}

/// What the program is started with for that assignment. `env` is what its templates see; `inherited` knows the worker's
/// environment.
///
/// Each parameter that has a value becomes `--name value`. A value that begins with `-` would be taken for an option: it
/// becomes `--name=value`. Texts are as they are, numbers and booleans as JSON prints them, lists and objects are JSON.
///
/// # Errors
/// `bad_argument` where a value holds a NUL character, which neither arguments nor variables can; `argument_too_large`
/// where the system would refuse it; `template` where an environment template has no value.
pub fn prepare(
    program: &Program,
    command: &Command,
    assignment: &Assignment<'_>,
    env: &Value,
    inherited: &dyn Fn(&str) -> Option<String>,
) -> Result<Prepared, JobError> {
    let mut argv = command.argv.clone();
    let mut variables: Vec<(String, String)> = Vec::new();
    for name in &command.pass_env {
        variables.extend(inherited(name).map(|value| (name.clone(), value)));
    }
    for (name, template) in &command.env {
        let value = template.render(&Scope::new().with("env", env)).map_err(|error| JobError::template(&error))?;
        if !value.is_null() {
            put(&mut variables, name, fit(name, to_text(&value).into_owned())?);
        }
    }
    for (name, value) in values(program, assignment) {
        let text = fit(&name, to_text(value).into_owned())?;
        put(&mut variables, &variable(&name), text.clone());
        if text.starts_with('-') {
            argv.push(format!("--{name}={text}"));
        } else {
            argv.extend([format!("--{name}"), text]);
        }
    }
    for (name, value) in about(assignment) {
        put(&mut variables, name, fit(name, value)?);
    }
    let pairs = variables.iter().map(|(name, value)| name.len() + 1 + value.len());
    let size: usize = argv.iter().map(String::len).chain(pairs).map(|bytes| bytes + 1).sum();
    if size > MOST_ARGUMENTS {
        let message = format!(
            "the arguments and the environment of `{}` have {size} bytes, at most {MOST_ARGUMENTS} are possible: let it \
             read its standard input",
            assignment.program
        );
        return Err(JobError::new("argument_too_large", message));
    }
    let stdin = serde_json::to_vec(assignment.input).unwrap_or_default();
    Ok(Prepared { argv, env: variables, stdin })
}

/// The parameters that have a value: those that the job gives, or those of the program that the input has.
fn values<'a>(program: &'a Program, assignment: &Assignment<'a>) -> Vec<(String, &'a Value)> {
    match assignment.params {
        Some(given) => {
            let given = given.as_object().into_iter().flatten();
            given.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value)).collect()
        }
        None => {
            let found = |name: &'a String| Some((name.clone(), lookup(assignment.input, name)?));
            program.params.iter().filter_map(found).collect()
        }
    }
}

/// What a program may want to know of its run.
fn about(assignment: &Assignment<'_>) -> Vec<(&'static str, String)> {
    let mut about = vec![
        ("RINGBACK_TASK_ID", assignment.run.to_string()),
        ("RINGBACK_WORKFLOW", assignment.workflow.to_owned()),
        ("RINGBACK_JOB", assignment.job.to_owned()),
        ("RINGBACK_ATTEMPT", assignment.attempt.to_string()),
        ("RINGBACK_PROGRAM", assignment.program.to_owned()),
        ("RINGBACK_IDEMPOTENCY_KEY", format!("{}/{}", assignment.run, assignment.job)),
    ];
    for (name, field) in [
        ("RINGBACK_SOURCE", "source"),
        ("RINGBACK_EVENT", "event"),
        ("RINGBACK_ACTION", "action"),
        ("RINGBACK_DELIVERY_ID", "delivery_id"),
    ] {
        about.extend(assignment.input.get(field).and_then(Value::as_str).map(|text| (name, text.to_owned())));
    }
    about
}

fn put(variables: &mut Vec<(String, String)>, name: &str, value: String) {
    variables.retain(|(known, _)| known != name);
    variables.push((name.to_owned(), value));
}

/// A value that arguments and variables can hold.
fn fit(name: &str, value: String) -> Result<String, JobError> {
    if let Some(at) = value.find('\0') {
        let message =
            format!("`{name}` holds a NUL character at byte {at}: neither an argument nor an environment variable can");
        return Err(JobError::new("bad_argument", message));
    }
    // `--name=value`, or `RINGBACK_PARAM_NAME=value`.
    let size = variable(name).len() + 1 + value.len();
    if size > LONGEST_ARGUMENT {
        let message = format!(
            "`{name}` has {} bytes, and an argument may have {LONGEST_ARGUMENT}: let the program read it from its \
             standard input",
            value.len()
        );
        return Err(JobError::new("argument_too_large", message));
    }
    Ok(value)
}
