//! The steps that scenes are made of: each waits for what must come, checks it, and draws its line.

use super::paint::Tone;
use super::stage::Stage;
use super::studio::{Seen, What, sizes};
use super::timeline::Who::{Gateway, Service, You};
use super::{Unmet, tally};
use serde_json::Value;
use std::time::Instant;

/// What a callback in its time is answered. A task is shown to wait a moment before the place where it waits is open;
/// what comes in that moment is kept, and met.
pub(super) const IN_TIME: &[&str] = &["resumed", "stored"];
/// What a callback before its time is answered.
pub(super) const EARLY: &[&str] = &["stored"];
/// What a second callback is answered.
pub(super) const AGAIN: &[&str] = &["duplicate"];

/// You ask for an image; the answer's task.
pub(super) async fn order(stage: &mut Stage, prompt: &str) -> Result<String, Unmet> {
    let expected = "the trigger answers 200 triggered, with a task_id";
    let at = Instant::now();
    let answer = stage.you.ask_for(prompt).await.map_err(|reason| Unmet::new(expected, reason))?;
    let task = answer.text("/task_id").to_owned();
    stage.expect(expected, answer.is_ok() && answer.word() == "triggered" && !task.is_empty(), &answer)?;
    stage.tally.runs += 1;
    let short = task.get(..8).unwrap_or(&task);
    stage.says(at, You, Gateway, Tone::Plain, &format!("POST /images \"{prompt}\" → 200, task {short}"));
    Ok(task)
}

/// The gateway calls the service for the first time; the image's name.
pub(super) async fn called(stage: &mut Stage) -> Result<String, Unmet> {
    let expected = "the service is called, once";
    let seen = stage.hear(expected, |what| matches!(what, What::Called { .. })).await?;
    stage.expect(expected, seen.what == What::Called { again: false }, &seen)?;
    tell_called(stage, &seen);
    Ok(seen.image)
}

/// The task waits for that image.
pub(super) async fn waits(stage: &mut Stage, task: &str, image: &str) -> Result<(), Unmet> {
    let shown = stage.you.task_when(task, &["waiting", "completed", "failed"]).await?;
    let at = Instant::now();
    let key = shown.pointer("/jobs/0/waiting_for/key").and_then(Value::as_str);
    stage.expect(&format!("the task waits for {image}"), key == Some(image), &shown)?;
    stage.within(at, &format!("the task waits for {image}: no thread, a row in a table"));
    Ok(())
}

/// The service calls back, and is answered with one of these statuses.
pub(super) async fn called_back(stage: &mut Stage, image: &str, words: &[&str]) -> Result<(), Unmet> {
    let seen = hear_called_back(stage, image).await?;
    tell_called_back(stage, &seen, words)
}

/// The second job calls the service, with what the callback brought.
pub(super) async fn optimized(stage: &mut Stage, image: &str) -> Result<(), Unmet> {
    let seen = hear_optimized(stage, image).await?;
    tell_optimized(stage, &seen);
    Ok(())
}

pub(super) async fn hear_called_back(stage: &mut Stage, image: &str) -> Result<Seen, Unmet> {
    let expected = format!("the service calls back about {image}");
    let seen = stage.hear(&expected, |what| matches!(what, What::CalledBack(_))).await?;
    stage.expect(&expected, seen.image == image, &seen)?;
    Ok(seen)
}

pub(super) async fn hear_optimized(stage: &mut Stage, image: &str) -> Result<Seen, Unmet> {
    let expected = format!("the second job asks, once, for {image} to be made smaller");
    let seen = stage.hear(&expected, |what| matches!(what, What::Optimized { .. })).await?;
    stage.expect(&expected, seen.what == What::Optimized { again: false } && seen.image == image, &seen)?;
    Ok(seen)
}

/// The task has ended well, with the result of its own image.
pub(super) async fn completed(stage: &mut Stage, task: &str, image: &str) -> Result<(), Unmet> {
    let shown = stage.you.task_when(task, &["completed", "failed", "cancelled"]).await?;
    let (at, (original, compressed)) = (Instant::now(), sizes(image));
    let field = |name: &str| shown.pointer(&format!("/result/{name}"));
    let right = shown.pointer("/jobs/0/output/service_id").and_then(Value::as_str) == Some(image)
        && field("savings").and_then(Value::as_u64) == Some(original - compressed)
        && field("final_url").and_then(Value::as_str).is_some_and(|url| url.contains(&format!("/{image}.")));
    let (original, savings) = (tally::grouped(original), tally::grouped(original - compressed));
    stage.expect(&format!("the task is completed with {image}'s savings of {savings} bytes"), right, &shown)?;
    stage.tally.completed += 1;
    stage.says(at, Gateway, You, Tone::Good, &format!("completed: savings {savings} of {original} bytes"));
    Ok(())
}

pub(super) fn tell_called(stage: &mut Stage, seen: &Seen) {
    let again = if seen.what == (What::Called { again: true }) { " once more, same key" } else { "" };
    let text = format!("POST /v1/generate{again} → 202, task_id {}", seen.image);
    stage.says(seen.at, Gateway, Service, Tone::Plain, &text);
}

pub(super) fn tell_optimized(stage: &mut Stage, seen: &Seen) {
    let again = if seen.what == (What::Optimized { again: true }) { " once more, same key" } else { "" };
    stage.says(seen.at, Gateway, Service, Tone::Plain, &format!("second job: POST /optimize{again} → 200"));
}

pub(super) fn tell_called_back(stage: &mut Stage, seen: &Seen, words: &[&str]) -> Result<(), Unmet> {
    let word = match &seen.what {
        What::CalledBack(Ok(answer)) if answer.is_ok() => answer.word(),
        What::CalledBack(_) | What::Called { .. } | What::Answered | What::Optimized { .. } => "",
    };
    let expected = format!("the callback is answered 200 {}", words.join(" or "));
    stage.expect(&expected, words.contains(&word), seen)?;
    stage.tally.called_back(word);
    let (tone, note) = match word {
        "stored" => (Tone::Odd, ": early, and kept"),
        "duplicate" => (Tone::Odd, ""),
        _ => (Tone::Good, ""),
    };
    let text = format!("callback: {} is completed → 200 {word}{note}", seen.image);
    stage.says(seen.at, Service, Gateway, tone, &text);
    Ok(())
}
