//! The scenes in which the gateway dies.
//!
//! Between an acknowledgement and the kill that follows it the gateway may have gone on by itself, a little or all the
//! way: then its calls stand before the kill, and what it could not write down it does again, with the same idempotency
//! key.

use super::Unmet;
use super::paint::Tone;
use super::stage::Stage;
use super::steps::{IN_TIME, called, called_back, completed, optimized, order, tell_called, tell_optimized, waits};
use super::studio::{Manner, Seen, What};
use super::timeline::Mark;
use std::time::{Duration, Instant};

/// How long the gateway stays dead: whatever it had sent has arrived by then.
const DOWN: Duration = Duration::from_millis(100);

/// How long a task waits in peace before the gateway dies.
const MOMENT: Duration = Duration::from_millis(50);

/// The gateway dies while the task waits.
pub(super) async fn while_waiting(stage: &mut Stage) -> Result<(), Unmet> {
    stage.enter("4. The crash: kill -9 while the task waits", Manner::Ordinary);
    let task = order(stage, "a phoenix").await?;
    let image = called(stage).await?;
    waits(stage, &task, &image).await?;
    tokio::time::sleep(MOMENT).await;
    let calls = kill(stage, "kill -9: no warning, no last words", tell_called).await?;
    stage.expect("a waiting task calls nobody", calls.is_empty(), format!("{} calls", calls.len()))?;
    restart(stage).await?;
    stage.service.cue();
    called_back(stage, &image, IN_TIME).await?;
    stage.tally.after_a_crash += 1;
    optimized(stage, &image).await?;
    completed(stage, &task, &image).await?;
    stage.leave().await
}

/// The gateway dies right after it has acknowledged the trigger, and again right after the callback.
pub(super) async fn after_each_acknowledgement(stage: &mut Stage) -> Result<(), Unmet> {
    stage.enter("5. Two more: kill -9 right after each acknowledgement", Manner::Ordinary);
    let task = order(stage, "a cat with nine lives").await?;
    let mut calls = kill(stage, "kill -9, right after that 200", tell_called).await?;
    restart(stage).await?;
    stage.you.task_when(&task, &["waiting", "completed", "failed"]).await?;
    calls.extend(tell_all(stage, tell_called));
    let image = calls.first().map(|seen| seen.image.clone()).unwrap_or_default();
    one_key(stage, &calls, &image, |again| What::Called { again })?;
    waits(stage, &task, &image).await?;
    stage.service.cue();
    called_back(stage, &image, IN_TIME).await?;
    stage.tally.after_a_crash += 1;
    let mut calls = kill(stage, "kill -9, right after that 200", tell_optimized).await?;
    restart(stage).await?;
    stage.you.task_when(&task, &["completed", "failed", "cancelled"]).await?;
    calls.extend(tell_all(stage, tell_optimized));
    one_key(stage, &calls, &image, |again| What::Optimized { again })?;
    completed(stage, &task, &image).await?;
    stage.leave().await
}

/// How something that the service saw is told.
type Tell = fn(&mut Stage, &Seen);

/// Kills the gateway; what it had done by then that nobody has told yet.
async fn kill(stage: &mut Stage, text: &str, tell: Tell) -> Result<Vec<Seen>, Unmet> {
    stage.gateway.kill().await?;
    let killed = Instant::now();
    tokio::time::sleep(DOWN).await;
    let seen = stage.unheard();
    let (before, after): (Vec<&Seen>, Vec<&Seen>) = seen.iter().partition(|seen| seen.at <= killed);
    before.into_iter().for_each(|seen| tell(stage, seen));
    stage.draw(Some(killed), Mark::Death, Tone::Bad, text);
    after.into_iter().for_each(|seen| tell(stage, seen));
    Ok(seen)
}

/// Starts it again. It begins with what it owes even before it says that it is ready, so the line has the time of the
/// start.
async fn restart(stage: &mut Stage) -> Result<(), Unmet> {
    let ready = stage.gateway.start().await?;
    let text = format!("started again, ready after {} ms", ready.after.as_millis());
    stage.draw(Some(ready.began), Mark::Return, Tone::Good, &text);
    stage.tally.restarts.push(ready.after);
    Ok(())
}

fn tell_all(stage: &mut Stage, tell: Tell) -> Vec<Seen> {
    let all = stage.unheard();
    all.iter().for_each(|seen| tell(stage, seen));
    all
}

/// The call was made at least once, and the service knew each repetition for one.
fn one_key(stage: &mut Stage, calls: &[Seen], image: &str, what: fn(bool) -> What) -> Result<(), Unmet> {
    stage.expect("the job's call is made although the gateway died", !calls.is_empty(), "no call")?;
    for (nth, seen) in calls.iter().enumerate() {
        let right = seen.what == what(nth > 0) && seen.image == image;
        stage.expect("a repeated call has the idempotency key of the first", right, seen)?;
    }
    Ok(())
}
