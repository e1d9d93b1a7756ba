//! A stretch of work on one run.
//!
//! **Cast.** A [`session`](Session) holds the run while the stretch lasts. **Flow.** The run is read and taken through
//! the input; the calls that this makes due are made side by side; each outcome is one conditional write, and what it
//! makes due at once is made in the same stretch, with no hop through the stream. **Guarantees.** The message covers the
//! whole stretch: whatever dies, it comes again, and the run says what is still owed. A call is repeated if its outcome
//! was not written, with the same idempotency key.

use crate::session::Session;
use crate::{perform, put_off};
use application::App;
use domain::run::{Input, Stretch};
use domain::wait::{WaitKey, Waiter};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use platform::queue::RunMessage;
use platform::store::StoreError;
use std::collections::HashSet;

/// Brings a run the stretch that the message names.
///
/// # Errors
/// If the table failed; the message must come again.
pub(crate) async fn handle(app: &App, message: &RunMessage) -> Result<(), StoreError> {
    let Some(mut session) = Session::open(app, message).await? else {
        if let Stretch::Wait { route, key, .. } = &message.stretch {
            app.close_former_wait(&WaitKey { route: route.clone(), key: key.clone() }, due_or_now(app, message))
                .await?;
        }
        return Ok(());
    };
    if put_off::if_before(app, session.run(), message).await? {
        return Ok(());
    }
    // Where there is none, what the stretch was to begin may still not be done, whatever has become of what it brought.
    if let Some(input) = input(app, message).await? {
        session.take(input);
    }
    session.save_unless_quiet().await?;
    let mut begun = HashSet::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        for owed in session.owed() {
            if begun.insert(owed.clone()) {
                under_way.push(perform::perform(app, session.plan(), session.run(), owed));
            }
        }
        if under_way.is_empty() {
            break;
        }
        let Some(inputs) = session.wait_for(under_way.next()).await? else { break };
        for input in inputs? {
            session.take(input);
        }
        session.save().await?;
    }
    session.save().await?;
    Ok(())
}

/// The message's time has come, though a clock may have been set back since.
fn due_or_now(app: &App, message: &RunMessage) -> Timestamp {
    app.now().max(message.due.unwrap_or(Timestamp::MIN))
}

/// What a message brings its run; nothing where there is only what the run owes already.
async fn input(app: &App, message: &RunMessage) -> Result<Option<Input>, StoreError> {
    Ok(match &message.stretch {
        Stretch::Start => Some(Input::Start),
        Stretch::Stop => Some(Input::Cancel),
        Stretch::Continue { .. } => None,
        Stretch::Wake { job, attempt, .. } => Some(Input::Woke(job.clone(), *attempt)),
        Stretch::Program { job, attempt } => Some(Input::Ran(job.clone(), *attempt)),
        Stretch::Deadline { job, attempt } => Some(Input::TimedOut(job.clone(), *attempt)),
        Stretch::Wait { route, key, job: waited, .. } => {
            let wait = WaitKey { route: route.clone(), key: key.clone() };
            app.end_former_wait(&wait, due_or_now(app, message)).await?;
            let mut ended = app.store.ended_wait(&wait).await?;
            if let Some((waiter, None)) = &ended
                && app.waits_elsewhere(&wait, waiter).await?
            {
                ended = None;
            }
            // Where the key has been used again since, the run had its answer long ago.
            let ended = ended.filter(|(waiter, _)| {
                waiter.run == message.run && waited.as_ref().is_none_or(|waited| *waited == waiter.job)
            });
            let Some((waiter, mut arrival)) = ended else { return Ok(None) };
            if arrival.is_none() {
                arrival = app.came_elsewhere(&wait, &waiter).await?;
            }
            let Waiter { job, attempt, .. } = waiter;
            Some(match arrival {
                Some(arrival) => Input::Arrived(job, attempt, arrival),
                None => Input::TimedOut(job, attempt),
            })
        }
        Stretch::Child { job, attempt, child } => {
            let ending = app.store.run(child).await?.and_then(|stored| stored.run.ending());
            ending.map(|ending| Input::ChildEnded(job.clone(), *attempt, ending))
        }
    })
}
