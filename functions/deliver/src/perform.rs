//! One thing that a run owes, done: a call, a wait opened, a child run started, an event published.

use application::App;
use domain::event::Event;
use domain::run::{Call, Input, Invocation, JobError, JobPath, Outcome, Owed, Plan, Run};
use domain::wait::{Opening, WaitKey, Waiter};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use platform::store::{Deadline, NewEvent, StoreError, Timer};

type Performed<'a> = BoxFuture<'a, Result<Vec<Input>, StoreError>>;

/// A wait to open: where, for whom, until when.
struct Opener {
    wait: WaitKey,
    waiter: Waiter,
    deadline: Timestamp,
}

/// Does it; what came of it are inputs for the run. All that depends on the run is settled before the first await.
pub(crate) fn perform<'a>(app: &'a App, plan: Plan<'_>, run: &Run, owed: Owed) -> Performed<'a> {
    match owed {
        Owed::Call(job, attempt) => match prepare_call(app, plan, run, &job, attempt) {
            Ok((call, opener)) => Box::pin(make_call(app, job, attempt, call, opener)),
            Err(error) => done(Input::Refused(job, attempt, error)),
        },
        Owed::OpenWait(job, attempt) => match run.open_wait_of(&job) {
            Some((wait, deadline)) => {
                let waiter = Waiter { run: run.id.clone(), job, attempt };
                Box::pin(async move { open(app, Opener { wait, waiter, deadline }).await })
            }
            None => Box::pin(async { Ok(Vec::new()) }),
        },
        Owed::GiveUpWait(job, attempt) => match run.open_wait_of(&job) {
            Some((wait, _)) => {
                let waiter = Waiter { run: run.id.clone(), job, attempt };
                Box::pin(async move { give_up(app, &wait, waiter).await })
            }
            None => Box::pin(async { Ok(Vec::new()) }),
        },
        Owed::StartChild(job, attempt) => match run.child_run(&job, plan, app.now()) {
            Ok(child) => Box::pin(start_child(app, job, attempt, child)),
            Err(error) => done(Input::Refused(job, attempt, error)),
        },
        Owed::Publish(job, attempt) => match run.publication(&job, plan, app.now()) {
            Ok(event) => Box::pin(publish(app, job, attempt, event)),
            Err(error) => done(Input::Refused(job, attempt, error)),
        },
        Owed::Invoke(job, attempt) => match run.invocation(&job, plan, app.now()) {
            Ok(invocation) => Box::pin(invoke(app, job, attempt, invocation)),
            Err(error) => done(Input::Refused(job, attempt, error)),
        },
    }
}

fn done<'a>(input: Input) -> Performed<'a> {
    Box::pin(async move { Ok(vec![input]) })
}

fn prepare_call(
    app: &App,
    plan: Plan<'_>,
    run: &Run,
    job: &JobPath,
    attempt: u32,
) -> Result<(Call, Option<Opener>), JobError> {
    let now = app.now();
    let call = run.call(job, plan, now)?;
    let before = run.wait_before(job, plan, now)?;
    let opener = before.map(|(wait, deadline)| {
        let waiter = Waiter { run: run.id.clone(), job: job.clone(), attempt };
        Opener { wait, waiter, deadline }
    });
    Ok((call, opener))
}

async fn make_call(
    app: &App,
    job: JobPath,
    attempt: u32,
    call: Call,
    opener: Option<Opener>,
) -> Result<Vec<Input>, StoreError> {
    let mut inputs = match opener {
        Some(opener) => open(app, opener).await?,
        None => Vec::new(),
    };
    if !inputs.iter().any(|input| matches!(input, Input::Refused(..) | Input::TimedOut(..))) {
        let outcome = app.sender.send(&call).await;
        inputs.push(Input::Answered(job, attempt, outcome));
    }
    Ok(inputs)
}

/// The timer first, so that no wait is without a deadline; and never in the past, where nobody sweeps any more.
async fn open(app: &App, Opener { wait, waiter, deadline }: Opener) -> Result<Vec<Input>, StoreError> {
    let deadline = deadline.max(app.now());
    let timer = Timer::Wait(Deadline { wait: wait.clone(), waiter: Some(waiter.clone()) });
    let placed = app.store.put_timer(deadline, &timer).await?;
    let mut opening = app.store.open_wait(&wait, &waiter, deadline).await?;
    if let Opening::Taken(before) = &opening
        && !still_awaits(app, before).await?
    {
        opening = app.store.replace_wait(&wait, &waiter, deadline, before).await?;
    }
    if opening == Opening::Waits {
        // Only now: a sweep whose clock is ahead may have looked at the timer before there was a wait to close.
        app.store.keep_cursor_behind(&placed).await?;
        app.meet_callback(&wait, app.now()).await?;
    }
    let Waiter { job, attempt, .. } = waiter;
    Ok(match opening {
        Opening::Waits => Vec::new(),
        Opening::Met(arrival) => vec![Input::Arrived(job, attempt, arrival)],
        Opening::Closed => vec![Input::TimedOut(job, attempt)],
        Opening::Taken(by) => {
            let message = format!("the run {} waits for `{}` already", by.run, wait.key);
            vec![Input::Refused(job, attempt, JobError::new("key_taken", message))]
        }
    })
}

/// Whoever comes first decides: this write, or the callback's.
async fn give_up(app: &App, wait: &WaitKey, waiter: Waiter) -> Result<Vec<Input>, StoreError> {
    let mut arrived = app.store.give_up_wait(wait, &waiter).await?;
    if arrived.is_none() {
        arrived = app.came_elsewhere(wait, &waiter).await?;
    }
    let Waiter { job, attempt, .. } = waiter;
    Ok(vec![match arrived {
        Some(arrival) => Input::Arrived(job, attempt, arrival),
        None => Input::TimedOut(job, attempt),
    }])
}

/// A key stays its waiter's while news from there may still matter to it, even after a callback or the deadline.
async fn still_awaits(app: &App, waiter: &Waiter) -> Result<bool, StoreError> {
    let stored = app.store.run(&waiter.run).await?;
    Ok(stored.is_some_and(|stored| stored.run.awaits(&waiter.job, waiter.attempt)))
}

async fn start_child(app: &App, job: JobPath, attempt: u32, child: Run) -> Result<Vec<Input>, StoreError> {
    match app.store.add_run(&child, None).await {
        Ok(_) => Ok(Vec::new()),
        Err(StoreError::TooLarge { size, .. }) => {
            let message = format!("the input of `{}` is too large to be stored: {size} bytes", child.workflow);
            Ok(vec![Input::Refused(job, attempt, JobError::new("too_large", message))])
        }
        Err(error) => Err(error),
    }
}

async fn invoke(app: &App, job: JobPath, attempt: u32, invocation: Invocation) -> Result<Vec<Input>, StoreError> {
    let outcome = match &app.functions {
        Some(functions) => functions.invoke(&invocation).await,
        None => {
            let text = format!("the function `{}` is in AWS Lambda, and here is no AWS", invocation.function);
            return Ok(vec![Input::Refused(job, attempt, JobError::new("no_aws", text))]);
        }
    };
    Ok(vec![Input::Answered(job, attempt, outcome)])
}

/// The event is delivered because it is stored. The catalogue has agreed to it before.
async fn publish(app: &App, job: JobPath, attempt: u32, event: Event) -> Result<Vec<Input>, StoreError> {
    let outcome = match app.store.add_event(&event).await {
        Ok(NewEvent::Accepted | NewEvent::Duplicate) => Ok(Outcome::published(&event)),
        Ok(NewEvent::Taken) => {
            Err(JobError::new("event_id_taken", format!("another event of the customer has the id `{}`", event.id)))
        }
        Err(StoreError::TooLarge { size, .. }) => {
            Err(JobError::new("too_large", format!("the event `{}` is too large to be stored: {size} bytes", event.id)))
        }
        Err(error) => return Err(error),
    };
    Ok(vec![match outcome {
        Ok(outcome) => Input::Answered(job, attempt, outcome),
        Err(error) => Input::Refused(job, attempt, error),
    }])
}
