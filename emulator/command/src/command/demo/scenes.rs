//! The scenes in which nothing dies, and the order of all of them.

use super::paint::Tone;
use super::stage::{Stage, say};
use super::steps::{
    AGAIN, EARLY, IN_TIME, called, called_back, completed, hear_called_back, hear_optimized, optimized, order,
    tell_called_back, tell_optimized, waits,
};
use super::studio::{Manner, What};
use super::timeline::Who::{Gateway, Service};
use super::{Unmet, crashes, tally};
use std::time::Instant;

/// Plays all of it.
pub(super) async fn play(stage: &mut Stage) -> Result<(), Unmet> {
    let began = Instant::now();
    say("Ringback, end to end: you ask a gateway for images, and it calls a service that takes its time.");
    say("Real sockets, real processes, and each line is checked against what it must be.");
    let ready = stage.gateway.start().await?;
    stage.you.use_token(ready.token);
    ordinary(stage).await?;
    impatient(stage).await?;
    stuttering(stage).await?;
    crashes::while_waiting(stage).await?;
    crashes::after_each_acknowledgement(stage).await?;
    let tasks = stage.you.tasks().await.map_err(|reason| Unmet::new("the API lists the tasks", reason))?;
    tally::check(stage, &tasks)?;
    say(&stage.tally.closing(stage.paint, began.elapsed()));
    Ok(())
}

async fn ordinary(stage: &mut Stage) -> Result<(), Unmet> {
    stage.enter("1. The ordinary way: a call, a pause, a callback", Manner::Ordinary);
    let task = order(stage, "a lighthouse at dawn").await?;
    let image = called(stage).await?;
    waits(stage, &task, &image).await?;
    stage.service.cue();
    called_back(stage, &image, IN_TIME).await?;
    optimized(stage, &image).await?;
    completed(stage, &task, &image).await?;
    stage.leave().await
}

async fn impatient(stage: &mut Stage) -> Result<(), Unmet> {
    stage.enter("2. The impatient service: calls back before it answers", Manner::Impatient);
    let task = order(stage, "a fox in a hurry").await?;
    let seen = stage.hear("the service is called", |what| matches!(what, What::Called { .. })).await?;
    let image = seen.image;
    stage.says(seen.at, Gateway, Service, Tone::Plain, "POST /v1/generate … and no answer yet");
    called_back(stage, &image, EARLY).await?;
    let seen = stage.hear("the service answers after it has called back", |what| *what == What::Answered).await?;
    stage.says(seen.at, Service, Gateway, Tone::Plain, &format!("202 accepted, at last: task_id {image}"));
    optimized(stage, &image).await?;
    completed(stage, &task, &image).await?;
    stage.remark("Kept, and met. Waiters in memory would have lost it.");
    stage.leave().await
}

async fn stuttering(stage: &mut Stage) -> Result<(), Unmet> {
    stage.enter("3. The stuttering service: calls back, and calls back", Manner::Stuttering);
    let task = order(stage, "a parrot, a parrot").await?;
    let image = called(stage).await?;
    waits(stage, &task, &image).await?;
    stage.service.cue();
    called_back(stage, &image, IN_TIME).await?;
    let job = hear_optimized(stage, &image).await?;
    let callback = hear_called_back(stage, &image).await?;
    // They are independent of each other, and so is their order.
    if job.at < callback.at {
        tell_optimized(stage, &job);
    }
    tell_called_back(stage, &callback, AGAIN)?;
    if job.at >= callback.at {
        tell_optimized(stage, &job);
    }
    completed(stage, &task, &image).await?;
    stage.leave().await?;
    stage.remark("The second job ran once.");
    Ok(())
}
