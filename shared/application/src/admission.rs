//! Admission: whether a request starts a run, or repeats one that it started before.
//!
//! ```text
//! put the run under the identity's own id ─┬─ stored ─► Started: one write, no read
//!                                          └─ there already ─► the newest run of the identity
//!                                                ├─ a repetition ─► Repeated
//!                                                └─ again ─► the next run and the count of them, in one transaction
//! ```

use crate::app::App;
use domain::id::RunId;
use domain::run::{Run, Status};
use domain::source::{Earlier, Recognition, Recurrence};
use platform::contention::Rounds;
use platform::store::{Known, NewRun, StoreError};
use serde_json::Value;

/// Outcome of an admission.
#[derive(Debug, Clone)]
pub enum Admitted {
    /// This run was stored and will start.
    Started(RunId),
    /// Nothing was stored: the request is a repetition.
    Repeated {
        /// The newest run that a request of this identity started.
        id: RunId,
        /// The first one, where the table has told.
        first: Option<Box<Known>>,
    },
}

impl Admitted {
    /// The run that the request started, or started before.
    pub fn id(&self) -> &RunId {
        match self {
            Self::Started(id) | Self::Repeated { id, .. } => id,
        }
    }

    /// Whether nothing new has started.
    pub fn is_repeated(&self) -> bool {
        matches!(self, Self::Repeated { .. })
    }
}

/// Stores a new run, whose id is made of the request's identity, unless the request repeats an earlier one.
///
/// # Errors
/// If the run is too large, or the table is unavailable.
pub async fn admit(
    app: &App,
    run: &Run,
    request: &Value,
    recognition: &Recognition<'_>,
) -> Result<Admitted, StoreError> {
    let mut first = match app.store.add_run(run, Some(request)).await? {
        NewRun::Accepted => return Ok(Admitted::Started(run.id.clone())),
        NewRun::Duplicate(Some(first)) => first,
        NewRun::Duplicate(None) => return Ok(Admitted::Repeated { id: run.id.clone(), first: None }),
    };
    let mut rounds = Rounds::over("what a repeated request has started");
    loop {
        rounds.begin()?;
        let accepted_at = first.accepted_at.as_millisecond();
        let newest = match first.later {
            0 => None,
            number => app.store.known_run(&first.id.again(accepted_at, number)).await?,
        };
        if recognition.judge(&earlier(newest.as_ref().unwrap_or(&first))) == Recurrence::Repetition {
            let id = newest.map_or_else(|| first.id.clone(), |newest| newest.id);
            return Ok(Admitted::Repeated { id, first: Some(first) });
        }
        let mut next = run.clone();
        next.id = first.id.again(accepted_at, first.later.saturating_add(1));
        if app.store.add_later_run(&first, &next, request, recognition.now).await? {
            return Ok(Admitted::Started(next.id));
        }
        // The first run may have expired in between; then its id is free again.
        first = match app.store.known_run(&run.id).await? {
            Some(known) => Box::new(known),
            None => match app.store.add_run(run, Some(request)).await? {
                NewRun::Accepted => return Ok(Admitted::Started(run.id.clone())),
                NewRun::Duplicate(Some(known)) => known,
                NewRun::Duplicate(None) => return Ok(Admitted::Repeated { id: run.id.clone(), first: None }),
            },
        };
    }
}

/// Facts about a run that recognition needs.
fn earlier(known: &Known) -> Earlier<'_> {
    Earlier {
        accepted_at: known.accepted_at,
        failed: known.status == Status::Failed,
        delivery: known.delivery.as_deref(),
    }
}
