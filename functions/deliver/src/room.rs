//! Runs that grow larger than an item of the table may be: what is moved beside them, and what they forget at last.

use domain::run::{Brought, Input, JobError, JobPath, JobState, Keep, Run};
use jiff::Timestamp;
use platform::store::{Store, StoreError};
use serde_json::Value;

/// Moves everything that callbacks and answers brought out of the run into items of its own.
pub(crate) async fn move_beside(store: &Store, run: &mut Run) -> Result<(), StoreError> {
    let id = run.id.clone();
    for (path, job) in &mut run.jobs {
        if let Some(Brought::Here(value)) = &job.brought {
            store.keep_result(&id, path, job.attempt, value).await?;
            job.brought = Some(Brought::Beside { attempt: job.attempt });
        }
    }
    Ok(())
}

/// Keeps the value of an input in an item of its own, if the run has use for it. Says how it is kept in the end: one that no
/// item can hold is not.
pub(crate) async fn keep_beside(store: &Store, run: &Run, input: &Input, keep: Keep) -> Result<Keep, StoreError> {
    let Some((path, attempt, value)) = run.value_of(input) else { return Ok(keep) };
    match store.keep_result(&run.id, path, attempt, &value).await {
        Ok(()) => Ok(keep),
        Err(StoreError::TooLarge { size, .. }) => Ok(Keep::Nowhere { bytes: size }),
        Err(error) => Err(error),
    }
}

/// Fails a run whose jobs together have no room.
pub(crate) fn too_large(bytes: usize) -> JobError {
    let message = format!(
        "the run has become too large to be stored ({bytes} bytes after compression) and has forgotten the outputs of its jobs; what \
         callbacks brought is kept as the jobs' results: make `output` smaller, or start a workflow for each part"
    );
    JobError::new("too_large", message)
}

/// Takes from a run that has ended what its jobs came to; where nothing of that is left and it is still too large, the jobs.
pub(crate) async fn strip(store: &Store, run: &mut Run, now: Timestamp) -> Result<(), StoreError> {
    move_beside(store, run).await?;
    if run.jobs.values().all(is_bare) {
        run.jobs.clear();
        return Ok(());
    }
    let paths: Vec<JobPath> = run.jobs.keys().cloned().collect();
    for path in paths {
        let Some(job) = run.jobs.get_mut(&path) else { continue };
        job.state = match std::mem::replace(&mut job.state, JobState::Cancelled { at: now }) {
            JobState::Completed { at, .. } => JobState::Completed { at, output: Value::Null },
            JobState::Failed { at, error } => JobState::Failed { at, error: JobError { detail: Value::Null, ..error } },
            _ => JobState::Cancelled { at: now },
        };
    }
    Ok(())
}

fn is_bare(job: &domain::run::JobRun) -> bool {
    match &job.state {
        JobState::Completed { output, .. } => output.is_null(),
        JobState::Failed { error, .. } => error.detail.is_null(),
        JobState::Cancelled { .. } => true,
        _ => false,
    }
}
