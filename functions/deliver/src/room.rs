//! Runs that grow larger than an item of the table may be: what is moved into items of its own.

use domain::run::{Input, JobError, Keep, Run};
use platform::store::{Store, StoreError};

/// Moves everything that callbacks and answers brought out of the run into items of its own.
pub(crate) async fn move_beside(store: &Store, run: &mut Run) -> Result<(), StoreError> {
    for (path, attempt, value) in run.held_values() {
        store.keep_result(&run.id, path, attempt, value).await?;
    }
    run.move_values_beside();
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
