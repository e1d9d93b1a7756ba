//! A run, as the API shows it: without secrets, as [`domain::redact`] knows them.

use crate::room;
use crate::shown::Shown;
use crate::waits::shown_key;
use application::request::Came;
use contract::TaskStatus;
use contract::answer::{Dropped, Failure, Job, JobResult, JobStatus, Parent, Task, TaskInList, WaitingFor, Worker};
use domain::id::RunId;
use domain::redact::{KnownSecrets, hide_fields};
use domain::run::{Brought, JobError, JobPath, JobRun, JobState, Phase, Run, Status};
use serde_json::{Value, json};

/// What of a task, and what of a job, may be long.
const LONG: [&str; 4] = ["input", "result", "error.detail", "error.message"];
const LONG_OF_JOB: [&str; 5] = ["output", "response", "result", "error.detail", "error.message"];

/// A task with its jobs. What is too large for an answer is cut.
pub(crate) fn whole(run: &Run, secrets: &KnownSecrets) -> Shown<Task> {
    let task = Task {
        task: in_list(run, None),
        input: Value::clone(&run.input),
        parent: run
            .parent
            .as_ref()
            .map(|parent| Parent { task_id: parent.run.to_string(), job: parent.job.to_string() }),
        jobs: run.jobs().iter().map(|(path, record)| job(&run.id, path, record)).collect(),
    };
    Shown::of(&task).but(|task| {
        // What is cut need not be looked through.
        if room::is_too_large(task) {
            room::shorten(task, &LONG);
            jobs(task).for_each(|job| room::shorten(job, &LONG_OF_JOB));
        }
        for name in ["input", "error"] {
            task.get_mut(name).into_iter().for_each(hide_fields);
        }
        // Only the workflow's result is shown as it is: the workflow's author chose what is in it.
        jobs(task).for_each(hide_fields);
        hide_secrets(task, run, secrets);
    })
}

fn jobs(task: &mut Value) -> impl Iterator<Item = &mut Value> {
    task.get_mut("jobs").and_then(Value::as_array_mut).into_iter().flatten()
}

/// What came for a job, and nothing else.
pub(crate) fn result(run: &Run, job: &JobPath, value: &Value, secrets: &KnownSecrets) -> Shown<JobResult> {
    let result = JobResult { task_id: run.id.to_string(), job: job.to_string(), result: value.clone() };
    Shown::of(&result).but(|result| hide_secrets(result, run, secrets))
}

/// As in a list: in brief, without what is long, and with the source whose request started it, if one did.
pub(crate) fn listed(run: &Run, request: Option<&Value>, secrets: &KnownSecrets) -> Shown<TaskInList> {
    Shown::of(&in_list(run, request)).but(|task| {
        room::shorten(task, &LONG);
        task.get_mut("error").into_iter().for_each(hide_fields);
        hide_secrets(task, run, secrets);
    })
}

fn hide_secrets(task: &mut Value, run: &Run, secrets: &KnownSecrets) {
    secrets.hide(task);
    KnownSecrets::of_input(&run.input).hide(task);
}

fn in_list(run: &Run, request: Option<&Value>) -> TaskInList {
    let (mut started_at, mut ended_at, mut result, mut error) = (None, None, Value::Null, None);
    match run.phase() {
        Phase::Queued => {}
        Phase::Active { started_at: at } => started_at = Some(*at),
        Phase::Completed { started_at: from, ended_at: to, output } => {
            (started_at, ended_at, result) = (Some(*from), Some(*to), output.clone());
        }
        Phase::Failed { started_at: from, ended_at: to, error: why } => {
            (started_at, ended_at, error) = (Some(*from), Some(*to), Some(failure(why)));
        }
        Phase::Cancelled { started_at: from, ended_at: to } => (started_at, ended_at) = (*from, Some(*to)),
    }
    let source = match request.and_then(Came::of) {
        Some(Came::Source(source)) => Some(source),
        Some(Came::Route { .. }) | None => None,
    };
    TaskInList {
        task_id: run.id.to_string(),
        workflow: run.workflow.clone(),
        status: status(run.status()),
        accepted_at: run.accepted_at,
        started_at,
        ended_at,
        result,
        error,
        source,
        truncated: Vec::new(),
    }
}

/// The state of a run, in the contract's words.
pub(crate) fn status(status: Status) -> TaskStatus {
    match status {
        Status::Queued => TaskStatus::Queued,
        Status::Running => TaskStatus::Running,
        Status::Waiting => TaskStatus::Waiting,
        Status::Completed => TaskStatus::Completed,
        Status::Failed => TaskStatus::Failed,
        Status::Cancelled => TaskStatus::Cancelled,
    }
}

fn failure(error: &JobError) -> Failure {
    let JobError { code, message, detail } = error;
    let detail = (!detail.is_null()).then(|| detail.clone());
    Failure { code: code.clone(), message: Some(message.clone()), detail }
}

/// The state of a job, in the contract's words.
fn job_status(status: domain::run::JobStatus) -> JobStatus {
    use domain::run::JobStatus as Known;
    match status {
        Known::Queued => JobStatus::Queued,
        Known::Running => JobStatus::Running,
        Known::Retrying => JobStatus::Retrying,
        Known::Waiting => JobStatus::Waiting,
        Known::Completed => JobStatus::Completed,
        Known::Failed => JobStatus::Failed,
        Known::Cancelled => JobStatus::Cancelled,
    }
}

/// A job, with all that is known of it.
fn job(run: &RunId, path: &JobPath, record: &JobRun) -> Job {
    let mut job = Job {
        id: path.to_string(),
        status: job_status(record.state().status()),
        attempt: record.attempt(),
        started_at: record.started_at(),
        ended_at: record.ended_at(),
        result: None,
        result_at: None,
        result_dropped: None,
        output: None,
        error: None,
        next_attempt_at: None,
        waiting_for: None,
        response: None,
        until: None,
        task_id: None,
        branch: None,
        items: None,
        program: None,
        worker: None,
        truncated: Vec::new(),
    };
    match record.brought() {
        Some(Brought::Here(value)) => job.result = Some(value.clone()),
        Some(Brought::Beside { .. }) => job.result_at = Some(format!("/api/tasks/{run}/result?job={path}")),
        Some(Brought::Dropped { bytes }) => job.result_dropped = Some(Dropped { bytes: *bytes }),
        None => {}
    }
    match record.state() {
        JobState::Completed { output, .. } => job.output = Some(output.clone()),
        JobState::Failed { error, .. } | JobState::Recovering { error } => job.error = Some(failure(error)),
        JobState::Resting { until, error } => {
            (job.error, job.next_attempt_at) = (Some(failure(error)), Some(*until));
        }
        JobState::Waiting { wait, deadline, response, .. } => {
            let (route, key) = (Some(wait.route.to_string()), Some(shown_key(&wait.key).to_owned()));
            job.waiting_for = Some(WaitingFor { route, key, asked: None, deadline: *deadline });
            job.response = Some(response.clone());
        }
        JobState::Polling { response, asked, deadline, .. } => {
            job.waiting_for = Some(WaitingFor { route: None, key: None, asked: Some(*asked), deadline: *deadline });
            job.response = Some(response.clone());
        }
        JobState::Sleeping { until } => job.until = Some(*until),
        JobState::Child { child, .. } => job.task_id = Some(child.to_string()),
        JobState::Branching { branch } => job.branch = Some(json!(branch)),
        JobState::Looping { items } => job.items = Some(items.len()),
        JobState::Program { errand, claim, .. } => {
            job.program = Some(errand.program.clone());
            job.worker = claim.as_ref().map(|claim| Worker { id: claim.by.to_string(), until: claim.until });
        }
        // The others hold nothing that is shown.
        _ => {}
    }
    job
}
