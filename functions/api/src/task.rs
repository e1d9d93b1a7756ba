//! A run, as the API shows it: without secrets, as [`domain::redact`] knows them.

use crate::room;
use crate::waits::shown_key;
use domain::id::RunId;
use domain::redact::{KnownSecrets, hide_fields};
use domain::run::{Brought, JobPath, JobRun, JobState, Phase, Run};
use jiff::Timestamp;
use platform::request::Came;
use serde_json::{Map, Value, json};

/// What of a task, and what of a job, may be long.
const LONG: [&str; 4] = ["input", "result", "error.detail", "error.message"];
const LONG_OF_JOB: [&str; 5] = ["output", "response", "result", "error.detail", "error.message"];

/// `{task_id, workflow, status, input, result, error, started_at, ended_at, jobs}`; without `input` and `jobs` in lists. What
/// is too large for an answer is cut.
pub(crate) fn whole(run: &Run, secrets: &KnownSecrets) -> Value {
    let mut task = fields(run);
    task.insert("input".to_owned(), Value::clone(&run.input));
    if let Some(parent) = &run.parent {
        task.insert("parent".to_owned(), json!({"task_id": parent.run, "job": parent.job}));
    }
    task.insert("jobs".to_owned(), run.jobs.iter().map(|(path, record)| job(&run.id, path, record)).collect());
    let mut task = Value::Object(task);
    // What is cut need not be looked through.
    if room::is_too_large(&task) {
        room::shorten(&mut task, &LONG);
        let jobs = task.get_mut("jobs").and_then(Value::as_array_mut);
        jobs.into_iter().flatten().for_each(|job| room::shorten(job, &LONG_OF_JOB));
    }
    for name in ["input", "error"] {
        task.get_mut(name).into_iter().for_each(hide_fields);
    }
    without_secrets(task, run, secrets)
}

/// What came for a job, and nothing else.
pub(crate) fn result(run: &Run, job: &JobPath, value: &Value, secrets: &KnownSecrets) -> Value {
    without_secrets(json!({"task_id": run.id, "job": job, "result": value}), run, secrets)
}

/// As in a list: in brief, without what is long, and with the source whose request started it, if one did.
pub(crate) fn listed(run: &Run, request: Option<&Value>, secrets: &KnownSecrets) -> Value {
    let mut task = fields(run);
    if let Some(Came::Source(source)) = request.and_then(Came::of) {
        task.insert("source".to_owned(), source.into());
    }
    let mut task = Value::Object(task);
    room::shorten(&mut task, &LONG);
    task.get_mut("error").into_iter().for_each(hide_fields);
    without_secrets(task, run, secrets)
}

fn without_secrets(mut task: Value, run: &Run, secrets: &KnownSecrets) -> Value {
    secrets.hide(&mut task);
    KnownSecrets::of_input(&run.input).hide(&mut task);
    task
}

fn fields(run: &Run) -> Map<String, Value> {
    let (mut started, mut ended, mut result, mut error) = (None, None, Value::Null, Value::Null);
    match &run.phase {
        Phase::Queued => {}
        Phase::Active { started_at } => started = Some(*started_at),
        Phase::Completed { started_at, ended_at, output } => {
            (started, ended, result) = (Some(*started_at), Some(*ended_at), output.clone());
        }
        Phase::Failed { started_at, ended_at, error: why } => {
            (started, ended, error) = (Some(*started_at), Some(*ended_at), json!(why));
        }
        Phase::Cancelled { started_at, ended_at } => (started, ended) = (*started_at, Some(*ended_at)),
    }
    let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let task = json!({
        "task_id": run.id, "workflow": run.workflow, "status": run.status(),
        "accepted_at": run.accepted_at.to_string(), "started_at": text(started), "ended_at": text(ended),
        "result": result, "error": error,
    });
    match task {
        Value::Object(task) => task,
        _ => Map::new(),
    }
}

/// What is known of a job. `result` is what a callback, or the last answer, brought; `result_at` where that is, if the task has
/// no room for it; `result_dropped` says that no item of the table could hold it.
fn job(run: &RunId, path: &JobPath, record: &JobRun) -> Value {
    let mut shown = json!({
        "id": path, "status": record.state.as_str(), "attempt": record.attempt,
        "started_at": record.started_at.to_string(), "ended_at": record.ended_at().map(|time| time.to_string()),
    });
    // Only the workflow's result is shown as it is: the workflow's author chose what is in it.
    let mut more = |key: &str, mut value: Value| {
        hide_fields(&mut value);
        if let Value::Object(shown) = &mut shown {
            shown.insert(key.to_owned(), value);
        }
    };
    match &record.brought {
        Some(Brought::Here(value)) => more("result", value.clone()),
        Some(Brought::Beside { .. }) => more("result_at", format!("/api/tasks/{run}/result?job={path}").into()),
        Some(Brought::Dropped { bytes }) => more("result_dropped", json!({"bytes": bytes})),
        None => {}
    }
    match &record.state {
        JobState::Completed { output, .. } => more("output", output.clone()),
        JobState::Failed { error, .. } | JobState::Recovering { error } => more("error", json!(error)),
        JobState::Resting { until, error } => {
            more("error", json!(error));
            more("next_attempt_at", json!(until.to_string()));
        }
        JobState::Waiting { wait, deadline, response, .. } => {
            more(
                "waiting_for",
                json!({"route": wait.route, "key": shown_key(&wait.key), "deadline": deadline.to_string()}),
            );
            more("response", response.clone());
        }
        JobState::Polling { response, asked, deadline, .. } => {
            more("waiting_for", json!({"asked": asked, "deadline": deadline.to_string()}));
            more("response", response.clone());
        }
        JobState::Sleeping { until } => more("until", json!(until.to_string())),
        JobState::Child { child, .. } => more("task_id", json!(child)),
        JobState::Branching { branch } => more("branch", json!(branch)),
        JobState::Looping { items } => more("items", json!(items.len())),
        JobState::Program { errand, claim, .. } => {
            more("program", json!(errand.program));
            if let Some(claim) = claim {
                more("worker", json!({"id": claim.by, "until": claim.until.to_string()}));
            }
        }
        JobState::Calling { .. }
        | JobState::Publishing { .. }
        | JobState::Invoking { .. }
        | JobState::Cancelled { .. } => {}
    }
    shown
}
