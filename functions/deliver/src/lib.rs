//! Makes the calls that runs owe.
//!
//! **Cast.** A message names a run and what has come for it: its *stretch* of work. A [`session`](Session) holds the
//! run while the stretch lasts. **Flow.** The run is read and taken through the input; the calls that this makes due
//! are made side by side; each outcome is one conditional write, and what it makes due at once is made in the same
//! stretch, with no hop through the stream. **Guarantees.** The message covers the whole stretch: whatever dies, it
//! comes again, and the run says what is still owed. A call is repeated if its outcome was not written, with the same
//! idempotency key. A failed call is an outcome; an error means that *we* failed, and that the message comes again.

mod perform;
mod session;

use domain::run::{Input, Stretch};
use domain::wait::Waiter;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use platform::App;
use platform::queue::Message;
use platform::store::StoreError;
use session::Session;
use std::collections::HashSet;
use std::sync::Arc;

/// Why a message could not be processed; it comes again.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// It is not one of ours.
    #[error("the message can't be read: {0}")]
    Message(#[from] serde_json::Error),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Does all that one message owes.
///
/// # Errors
/// If the message must come again.
pub async fn handle(app: Arc<App>, body: String) -> Result<(), DeliverError> {
    let message: Message = serde_json::from_str(&body)?;
    // The queue delays by whole seconds, rounded down; the rest of the last one passes here.
    if let Some(due) = message.due.filter(|due| *due > app.now()) {
        app.clock.sleep_until(due).await;
    }
    let Some(mut session) = Session::open(&app, &message).await? else { return Ok(()) };
    match input(&app, &message).await? {
        News::Nothing => {}
        News::Stale => return Ok(()),
        News::Input(input) => session.take(input),
    }
    session.save_unless_quiet().await?;
    let mut begun = HashSet::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        for owed in session.owed() {
            if begun.insert(owed.clone()) {
                under_way.push(perform::perform(&app, session.run(), owed));
            }
        }
        let Some(inputs) = under_way.next().await else { break };
        for input in inputs? {
            session.take(input);
        }
        session.save().await?;
    }
    session.save().await?;
    Ok(())
}

/// What a message means for its run.
enum News {
    Input(Input),
    /// Only what the run owes already.
    Nothing,
    /// It has been overtaken.
    Stale,
}

async fn input(app: &App, message: &Message) -> Result<News, StoreError> {
    Ok(match &message.stretch {
        Stretch::Start => News::Input(Input::Start),
        Stretch::Stop => News::Input(Input::Cancel),
        Stretch::Continue { .. } => News::Nothing,
        Stretch::Wake { job, attempt, .. } => News::Input(Input::Woke(job.clone(), *attempt)),
        Stretch::Deadline { job, attempt } => News::Input(Input::TimedOut(job.clone(), *attempt)),
        Stretch::Wait(wait) => match app.store.ended_wait(wait).await? {
            Some((Waiter { run, job, attempt }, arrival)) if run == message.run => News::Input(match arrival {
                Some(arrival) => Input::Arrived(job, attempt, arrival),
                None => Input::TimedOut(job, attempt),
            }),
            // The key has been used again since: the run had its answer long ago.
            Some(_) | None => News::Stale,
        },
        Stretch::Child { job, attempt, child } => {
            match app.store.run(child).await?.and_then(|stored| stored.run.ending()) {
                Some(ending) => News::Input(Input::ChildEnded(job.clone(), *attempt, ending)),
                None => News::Stale,
            }
        }
    })
}
