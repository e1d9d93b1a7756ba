//! The rendezvous in the table: two halves in one item, each one conditional `UpdateItem`.
//!
//! The waiter's half is `run`, `job`, `attempt`, `deadline`, `owes` and `waiting = true`. The callback's half is in
//! [`arrive`](super::arrive). `closed` ends a wait without a callback. `seen` holds the identities of the callbacks that the
//! waiters before have taken: a repetition of one of them is none for the present waiter.

use super::item::{Item, damaged, expiry, millis, n, number, s, text, yes};
use super::run::owes_value;
use super::{Store, StoreError, unavailable};
use crate::contention::Rounds;
use crate::dispatch::Dispatch;
use crate::queue::RunMessage;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::id::RunId;
use domain::run::{JobPath, Stretch};
use domain::wait::identity::remembered;
use domain::wait::{Arrival, ArrivalId, Opening, Verdict, WaitKey, Waiter};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// A partition key has at most 2,048 bytes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>); a longer correlation key is
/// kept as its digest.
const LONGEST_KEY: usize = 1024;
/// Nothing has decided a wait.
pub(super) const OPEN: &str = "attribute_not_exists(arrived) AND attribute_not_exists(closed)";
/// The name of a wait in the error that its writers get when they contend for too long.
pub(super) const A_WAIT: &str = "the wait";

/// How a conditional write of a wait ended.
pub(super) enum Written {
    /// As asked; what the item is now.
    Done(Box<Item>),
    /// The condition did not hold; what the item is.
    Refused(Box<Item>),
}

impl Store {
    /// The waiter's half. The deadline's timer must have been stored before.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn open_wait(&self, wait: &WaitKey, waiter: &Waiter, deadline: Timestamp) -> Result<Opening, StoreError> {
        let ours = "(run = :run AND job = :job)";
        let free = format!(
            "attribute_not_exists(run) OR ({ours} AND attempt <= :attempt AND attribute_not_exists(arrived) AND \
             attribute_not_exists(closed))"
        );
        match conditional(self.waiter_half(wait, waiter, deadline, "", "")?.condition_expression(free)).await? {
            Written::Done(item) => self.opened(wait, waiter, &item).await,
            Written::Refused(item) => {
                let (before, arrived) = (waiter_of(&item)?, self.arrival(&item)?);
                let same_job = before.run == waiter.run && before.job == waiter.job;
                match arrived {
                    arrived if before == *waiter => Ok(arrived.map_or(Opening::Closed, Opening::Met)),
                    // An attempt that we gave up as unanswered was answered after all.
                    Some(arrival) if same_job && arrival.verdict.is_done() => Ok(Opening::Met(arrival)),
                    _ if same_job && before.attempt < waiter.attempt => {
                        self.replace_wait(wait, waiter, deadline, &before).await
                    }
                    _ => Ok(Opening::Taken(before)),
                }
            }
        }
    }

    /// What a wait that was just opened finds.
    async fn opened(&self, wait: &WaitKey, waiter: &Waiter, item: &Item) -> Result<Opening, StoreError> {
        match self.arrival(item)? {
            Some(arrival) => Ok(Opening::Met(arrival)),
            // Another waited here before: something may have come for this one meanwhile.
            None if item.contains_key("seen") => self.meet_next(wait, waiter, &seen(item), false).await,
            None => Ok(Opening::Waits),
        }
    }

    /// The waiter's half in the place of another's who needs no news from there any more. What came for that one is gone, but
    /// the key remembers its identity; a callback that has come for the new waiter since is met.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn replace_wait(
        &self,
        wait: &WaitKey,
        waiter: &Waiter,
        deadline: Timestamp,
        before: &Waiter,
    ) -> Result<Opening, StoreError> {
        let mut rounds = Rounds::over(A_WAIT);
        loop {
            rounds.begin()?;
            // What the key is to remember hangs on what is there now.
            let Some(item) = self.wait_as_it_is(wait).await? else { continue };
            if !item.contains_key("run") {
                // What stood there was given away, and another callback has come since: no job waits there.
                let free =
                    self.waiter_half(wait, waiter, deadline, "", "")?.condition_expression("attribute_not_exists(run)");
                match conditional(free).await? {
                    Written::Done(item) => return self.opened(wait, waiter, &item).await,
                    Written::Refused(_) => continue,
                }
            }
            let (now, arrived) = (waiter_of(&item)?, self.arrival(&item)?);
            match arrived {
                // A repeated message was here before, or this very write, whose answer got lost.
                Some(arrival) if now == *waiter => return Ok(Opening::Met(arrival)),
                None if now == *waiter && item.contains_key("closed") => return Ok(Opening::Closed),
                None if now == *waiter => return self.meet_next(wait, waiter, &seen(&item), false).await,
                _ if now != *before => return Ok(Opening::Taken(now)),
                _ => {}
            }
            let seen = remembered(seen(&item), text(&item, "arrival").map(ArrivalId::read));
            let gone = ", arrived, verdict, #result, closed, owed, progress, given, arrival";
            let list = AttributeValue::L(seen.iter().map(|id| s(id.as_str())).collect());
            let same = "run = :old_run AND job = :old_job AND attempt = :old_attempt";
            let update = self
                .waiter_half(wait, waiter, deadline, ", seen = :seen", gone)?
                .expression_attribute_names("#result", "result")
                .expression_attribute_values(":seen", list)
                .expression_attribute_values(":old_run", s(before.run.as_str()))
                .expression_attribute_values(":old_job", s(before.job.as_str()))
                .expression_attribute_values(":old_attempt", n(before.attempt));
            let update = match item.get("arrived") {
                Some(at) => update
                    .condition_expression(format!("{same} AND arrived = :arrived"))
                    .expression_attribute_values(":arrived", at.clone()),
                None => update.condition_expression(format!("{same} AND attribute_not_exists(arrived)")),
            };
            if let Written::Done(_) = conditional(update).await? {
                return self.meet_next(wait, waiter, &seen, false).await;
            }
        }
    }

    fn waiter_half(
        &self,
        wait: &WaitKey,
        waiter: &Waiter,
        deadline: Timestamp,
        more: &str,
        remove: &str,
    ) -> Result<UpdateItemFluentBuilder, StoreError> {
        let stretch = Stretch::wait(wait, &waiter.job, waiter.attempt);
        let message = RunMessage { run: waiter.run.clone(), stretch, due: None, again: 0 };
        let set = "SET run = :run, job = :job, attempt = :attempt, deadline = :deadline, waiting = :yes, owes = :owes, \
            expires = :expires";
        Ok(self
            .wait_item(wait)
            // It is no longer listed as unclaimed.
            .update_expression(format!("{set}{more} REMOVE #list, #at{remove}"))
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":run", s(waiter.run.as_str()))
            .expression_attribute_values(":job", s(waiter.job.as_str()))
            .expression_attribute_values(":attempt", n(waiter.attempt))
            .expression_attribute_values(":deadline", millis(deadline))
            .expression_attribute_values(":yes", yes())
            .expression_attribute_values(":owes", owes_value(&[message.into()])?)
            .expression_attribute_values(":expires", expiry(deadline, self.retention)))
    }

    /// Ends a wait whose deadline has passed and owes its run the news; nothing if a callback came, or the deadline
    /// is another by now. Says whether it did.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn expire_wait(&self, wait: &WaitKey, now: Timestamp) -> Result<bool, StoreError> {
        let expiring = |more: &str| {
            let is_due = "waiting = :yes AND deadline <= :now AND attribute_not_exists(arrived) AND \
                attribute_not_exists(closed)";
            self.wait_item(wait)
                .update_expression("SET closed = :why, owed = :yes")
                .condition_expression(format!("{is_due}{more}"))
                .expression_attribute_values(":why", s("deadline"))
                .expression_attribute_values(":yes", yes())
                .expression_attribute_values(":now", millis(now))
        };
        // Only under a key that was used before may a callback be kept for this job.
        let item = match conditional(expiring(" AND attribute_not_exists(seen)")).await? {
            Written::Done(_) => return Ok(true),
            Written::Refused(item) => item,
        };
        let is_open = item.contains_key("waiting") && !item.contains_key("arrived") && !item.contains_key("closed");
        if !is_open || !item.contains_key("seen") {
            return Ok(false);
        }
        // The process that opened the wait may have died before it looked for what was kept.
        if let Opening::Met(_) = self.meet_next(wait, &waiter_of(&item)?, &seen(&item), true).await? {
            return Ok(true);
        }
        Ok(matches!(conditional(expiring("")).await?, Written::Done(_)))
    }

    /// Ends the wait of a job that has ended without it.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn close_wait(&self, wait: &WaitKey, run: &RunId, job: &JobPath) -> Result<(), StoreError> {
        conditional(self.closing(wait, run, job)).await.map(|_| ())
    }

    /// Ends the wait of an attempt whose call has failed, unless a callback has come there before: that is what counts then.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn give_up_wait(&self, wait: &WaitKey, waiter: &Waiter) -> Result<Option<Arrival>, StoreError> {
        let Written::Refused(item) = conditional(self.closing(wait, &waiter.run, &waiter.job)).await? else {
            return Ok(None);
        };
        if !item.contains_key("waiting") {
            return Ok(None);
        }
        let before = waiter_of(&item)?;
        let is_ours = before.run == waiter.run && before.job == waiter.job;
        let counts = |arrival: &Arrival| before.attempt == waiter.attempt || arrival.verdict.is_done();
        Ok(self.arrival(&item)?.filter(|arrival| is_ours && counts(arrival)))
    }

    fn closing(&self, wait: &WaitKey, run: &RunId, job: &JobPath) -> UpdateItemFluentBuilder {
        self.wait_item(wait)
            .update_expression("SET closed = :why")
            .condition_expression(
                "run = :run AND job = :job AND attribute_not_exists(arrived) AND attribute_not_exists(closed)",
            )
            .expression_attribute_values(":why", s("job ended"))
            .expression_attribute_values(":run", s(run.as_str()))
            .expression_attribute_values(":job", s(job.as_str()))
    }

    /// How a wait ended: its waiter, and what arrived, or nothing where the deadline passed first. `None` while it has
    /// not ended.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn ended_wait(&self, wait: &WaitKey) -> Result<Option<(Waiter, Option<Arrival>)>, StoreError> {
        let Some(item) = self.wait_as_it_is(wait).await? else { return Ok(None) };
        let ended = item.contains_key("waiting") && (item.contains_key("arrived") || item.contains_key("closed"));
        if ended { Ok(Some((waiter_of(&item)?, self.arrival(&item)?))) } else { Ok(None) }
    }

    /// The callback's half, if it is there.
    pub(super) fn arrival(&self, item: &Item) -> Result<Option<Arrival>, StoreError> {
        if !item.contains_key("arrived") {
            return Ok(None);
        }
        let verdict = verdict(item).ok_or_else(|| damaged(item))?;
        let result = self.vault.unpack(item, "result")?;
        Ok(Some(Arrival { verdict, result }))
    }

    pub(super) async fn wait_as_it_is(&self, wait: &WaitKey) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(wait_pk(wait))).key("sk", s("wait"));
        Ok(get.dispatch().await.map_err(unavailable)?.item)
    }

    pub(super) fn wait_item(&self, wait: &WaitKey) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.table).return_values(ReturnValue::AllNew);
        let update = update.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        update.key("pk", s(wait_pk(wait))).key("sk", s("wait"))
    }
}

/// A route holds no `#`, so no two waits share a key.
pub(super) fn wait_pk(wait: &WaitKey) -> String {
    if wait.key.len() <= LONGEST_KEY {
        format!("wait#{}#{}", wait.route, wait.key)
    } else {
        format!("longwait#{}#{}", wait.route, hex::encode(Sha256::digest(&wait.key)))
    }
}

/// The verdict of a callback's item, by the words of [`word`].
pub(super) fn verdict(item: &Item) -> Option<Verdict> {
    let all = [Verdict::Success, Verdict::Failure, Verdict::NoStatus, Verdict::Unmapped];
    let stored = text(item, "verdict")?;
    all.into_iter().find(|verdict| word(*verdict) == stored)
}

/// The word of the table for a verdict.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Success => "success",
        Verdict::Failure => "failure",
        Verdict::NoStatus => "no_status",
        Verdict::Unmapped => "unmapped",
    }
}

pub(super) async fn conditional(update: UpdateItemFluentBuilder) -> Result<Written, StoreError> {
    match update.dispatch().await {
        Ok(answer) => Ok(Written::Done(Box::new(answer.attributes.unwrap_or_default()))),
        Err(SdkError::ServiceError(error)) => match error.into_err() {
            UpdateItemError::ConditionalCheckFailedException(refused) => {
                Ok(Written::Refused(Box::new(refused.item.unwrap_or_default())))
            }
            other => Err(StoreError::Unavailable(aws_sdk_dynamodb::error::DisplayErrorContext(other).to_string())),
        },
        Err(error) => Err(unavailable(error)),
    }
}

/// The identities of what was taken under the key before its present waiter came.
pub(super) fn seen(item: &Item) -> Vec<ArrivalId> {
    let list = item.get("seen").and_then(|seen| seen.as_l().ok());
    list.into_iter().flatten().filter_map(|id| id.as_s().ok()).map(|id| ArrivalId::read(id)).collect()
}

pub(super) fn waiter_of(item: &Item) -> Result<Waiter, StoreError> {
    let found = || {
        Some(Waiter {
            run: RunId::parse(text(item, "run")?)?,
            job: JobPath::new(text(item, "job")?),
            attempt: number(item, "attempt")?,
        })
    };
    found().ok_or_else(|| damaged(item))
}
