//! Callbacks in the table: the other half of a wait, and what comes before the next job waits under a key that was used.
//!
//! The callback's half is `arrived`, `verdict`, `result` and `arrival` (its identity). Where a job waits, `owed` stands with
//! them, which brings the run its message; where none does, a place in the list of callbacks that no job has claimed. One
//! write can't do either as the case may be, for an index takes whatever has its keys. So the write is tried as if a job
//! waited, which is the usual case and costs one; an early callback costs that and one more.
//!
//! A callback that finds another one in its place came for the next job under that key. It is stored in an item of its own
//! beside the wait (`next#<identity>`), and then the place is tried once more: either this try finds the next job waiting, or
//! that job, once it waits, finds the item. So none is passed over, whichever comes first.
//!
//! A callback that was given to a wait under another key leaves its place to the next one, and only its identity stays there.

use super::adopt::GIVEN;
use super::item::{Item, b, damaged, expiry, millis, number, s, text, yes};
use super::wait::{A_WAIT, OPEN, Written, conditional, seen, verdict, wait_pk, word};
use super::{Store, StoreError, unavailable};
use crate::contention::Rounds;
use crate::dispatch::Dispatch;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::wait::identity::remembered;
use domain::wait::{Arrival, ArrivalId, Opening, Reception, WaitKey, Waiter};
use jiff::Timestamp;
use serde_json::Value;

/// Before the identity in the sort key of a callback for the next job.
const NEXT: &str = "next#";

/// A callback that came before its job waited.
struct Next {
    id: ArrivalId,
    at: Timestamp,
    arrival: Arrival,
}

/// What became of a callback that is to be kept.
enum KeptNext {
    /// It is kept.
    Now,
    /// It is kept since before.
    Before,
    /// A job has it.
    Taken,
}

/// What a callback finds in its place.
enum Place {
    /// It was here before.
    Repeated,
    /// The wait was over without a callback.
    Over,
    /// Another callback.
    Decided,
    /// Another callback, which went to a wait under another key.
    Given,
    /// No job has waited here yet.
    Free,
    /// A job waits.
    Awaited,
}

impl Place {
    fn of(item: &Item, id: &ArrivalId) -> Self {
        let (has_arrived, is_closed) = (item.contains_key("arrived"), item.contains_key("closed"));
        let is_known = match text(item, "arrival") {
            Some(taken) => taken == id.as_str(),
            // Of callbacks of the version before no identity is known.
            None => has_arrived,
        };
        if is_known || seen(item).contains(id) {
            Self::Repeated
        } else if has_arrived && !is_closed {
            Self::Decided
        } else if has_arrived {
            Self::Given
        } else if is_closed {
            Self::Over
        } else if item.contains_key("waiting") {
            Self::Awaited
        } else {
            Self::Free
        }
    }
}

impl Store {
    /// The callback's half.
    ///
    /// # Errors
    /// If its result is too large, or the table is unavailable.
    pub async fn receive_callback(
        &self,
        wait: &WaitKey,
        arrival: &Arrival,
        id: &ArrivalId,
        now: Timestamp,
    ) -> Result<Reception, StoreError> {
        // What the callback is called once it is kept for the next job.
        let mut kept = None;
        let mut rounds = Rounds::over(A_WAIT);
        loop {
            if let Err(contended) = rounds.begin() {
                return kept.ok_or(contended.into());
            }
            let awaited = format!(
                "attribute_exists(waiting) AND {OPEN} AND (attribute_not_exists(seen) OR NOT contains(seen, :id))"
            );
            let half = self.callback_half(wait, arrival, id, now, "owed = :owed", "")?;
            let half = half.condition_expression(awaited).expression_attribute_values(":owed", yes());
            let item = match conditional(half).await? {
                Written::Done(_) => {
                    if kept.is_some() {
                        self.mark_taken(wait, id).await?;
                    }
                    return Ok(Reception::Resumed);
                }
                Written::Refused(item) => item,
            };
            // Its job may have found it meanwhile.
            if let Some(kept) = kept {
                return Ok(kept);
            }
            match Place::of(&item, id) {
                Place::Repeated => return Ok(Reception::Duplicate),
                Place::Over => return Ok(Reception::Late),
                // The place is tried once more, also where another copy has kept it, which may have died before it tried.
                Place::Decided => match self.keep_next(wait, arrival, id, now).await? {
                    KeptNext::Now => kept = Some(Reception::Stored),
                    KeptNext::Before => kept = Some(Reception::Duplicate),
                    KeptNext::Taken => return Ok(Reception::Duplicate),
                },
                Place::Free => {
                    let half = self.unclaimed_half(wait, arrival, id, now, "", "")?;
                    let nobody = format!("attribute_not_exists(waiting) AND {OPEN}");
                    if let Written::Done(_) = conditional(half.condition_expression(nobody)).await? {
                        return Ok(Reception::Stored);
                    }
                }
                Place::Given => {
                    let Some(arrived) = item.get("arrived").cloned() else { continue };
                    let before = remembered(seen(&item), text(&item, "arrival").map(ArrivalId::read));
                    let before = before.iter().map(|id| s(id.as_str())).collect();
                    let gone = ", closed, given, run, job, attempt";
                    let half = self
                        .unclaimed_half(wait, arrival, id, now, ", seen = :seen", gone)?
                        .expression_attribute_values(":seen", AttributeValue::L(before))
                        .expression_attribute_values(":given", s(GIVEN))
                        .expression_attribute_values(":before", arrived)
                        .condition_expression(
                            "closed = :given AND arrived = :before AND attribute_not_exists(waiting)",
                        );
                    if let Written::Done(_) = conditional(half).await? {
                        return Ok(Reception::Stored);
                    }
                }
                // A job has begun to wait in between.
                Place::Awaited => {}
            }
        }
    }

    /// The callback's half where no job waits: it is in the list of those that no job has claimed.
    fn unclaimed_half(
        &self,
        wait: &WaitKey,
        arrival: &Arrival,
        id: &ArrivalId,
        at: Timestamp,
        more: &str,
        gone: &str,
    ) -> Result<UpdateItemFluentBuilder, StoreError> {
        let listed = format!("owed = :owed, #list = :list, #at = :at, #route = :route, #key = :key{more}");
        let half = self.callback_half(wait, arrival, id, at, &listed, gone)?;
        let half = self.unclaimed_place(half, wait, at);
        Ok(half.expression_attribute_values(":owed", AttributeValue::Bool(false)))
    }

    fn callback_half(
        &self,
        wait: &WaitKey,
        arrival: &Arrival,
        id: &ArrivalId,
        at: Timestamp,
        more: &str,
        gone: &str,
    ) -> Result<UpdateItemFluentBuilder, StoreError> {
        let set = "SET arrived = :now, verdict = :verdict, #result = :result, arrival = :id, \
                   expires = if_not_exists(expires, :expires)";
        Ok(self
            .wait_item(wait)
            .update_expression(format!("{set}, {more} REMOVE progress{gone}"))
            .expression_attribute_names("#result", "result")
            .expression_attribute_values(":now", millis(at))
            .expression_attribute_values(":verdict", s(word(arrival.verdict)))
            .expression_attribute_values(":result", b(self.vault.pack(&arrival.result, &wait_pk(wait))?))
            .expression_attribute_values(":id", s(id.as_str()))
            .expression_attribute_values(":expires", expiry(at, self.retention)))
    }

    /// A callback that decides nothing yet: the newest is kept.
    ///
    /// # Errors
    /// If it is too large, or the table is unavailable.
    pub async fn record_progress(
        &self,
        wait: &WaitKey,
        result: &Value,
        now: Timestamp,
    ) -> Result<Reception, StoreError> {
        let update = self
            .wait_item(wait)
            .update_expression("SET progress = :progress, expires = if_not_exists(expires, :expires)")
            .condition_expression(OPEN)
            .expression_attribute_values(":progress", b(self.vault.pack(result, &wait_pk(wait))?))
            .expression_attribute_values(":expires", expiry(now, self.retention));
        Ok(match conditional(update).await? {
            Written::Done(_) => Reception::Stored,
            Written::Refused(item) if item.contains_key("arrived") => Reception::Duplicate,
            Written::Refused(_) => Reception::Late,
        })
    }

    /// Keeps a callback for the job that waits next under the key.
    async fn keep_next(
        &self,
        wait: &WaitKey,
        arrival: &Arrival,
        id: &ArrivalId,
        now: Timestamp,
    ) -> Result<KeptNext, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", s(wait_pk(wait)))
            .item("sk", s(format!("{NEXT}{id}")))
            .item("arrived", millis(now))
            .item("verdict", s(word(arrival.verdict)))
            .item("result", b(self.vault.pack(&arrival.result, &wait_pk(wait))?))
            .item("expires", expiry(now, self.retention))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.dispatch().await {
            Ok(_) => Ok(KeptNext::Now),
            Err(SdkError::ServiceError(error)) => match error.into_err() {
                PutItemError::ConditionalCheckFailedException(refused) => {
                    let is_taken = refused.item.is_some_and(|item| item.contains_key("taken"));
                    Ok(if is_taken { KeptNext::Taken } else { KeptNext::Before })
                }
                other => Err(StoreError::Unavailable(DisplayErrorContext(other).to_string())),
            },
            Err(error) => Err(unavailable(error)),
        }
    }

    /// A callback that was kept has gone to a job. Its identity stays, so that its repetition is known.
    async fn mark_taken(&self, wait: &WaitKey, id: &ArrivalId) -> Result<(), StoreError> {
        let update = self.client.update_item().table_name(&self.table).key("pk", s(wait_pk(wait)));
        let update = update.key("sk", s(format!("{NEXT}{id}"))).update_expression("SET taken = :yes REMOVE #result");
        let update = update.expression_attribute_names("#result", "result");
        let update = update.condition_expression("attribute_exists(pk)").expression_attribute_values(":yes", yes());
        conditional(update).await.map(|_| ())
    }

    /// Gives a job that has begun to wait under a used key the oldest callback that came for it before, if there is one.
    /// `seen` are the identities that its key remembers; `owes`: its run is owed the news.
    pub(super) async fn meet_next(
        &self,
        wait: &WaitKey,
        waiter: &Waiter,
        seen: &[ArrivalId],
        owes: bool,
    ) -> Result<Opening, StoreError> {
        if let Some(next) = self.kept_next(wait, seen).await? {
            let half = self.callback_half(wait, &next.arrival, &next.id, next.at, "owed = :owed", "")?;
            let half = half
                .condition_expression(format!(
                    "run = :run AND job = :job AND attempt = :attempt AND attribute_exists(waiting) AND {OPEN}"
                ))
                .expression_attribute_values(":owed", AttributeValue::Bool(owes))
                .expression_attribute_values(":run", s(waiter.run.as_str()))
                .expression_attribute_values(":job", s(waiter.job.as_str()))
                .expression_attribute_values(":attempt", super::item::n(waiter.attempt));
            return Ok(match conditional(half).await? {
                Written::Done(_) => {
                    self.mark_taken(wait, &next.id).await?;
                    Opening::Met(next.arrival)
                }
                // A callback came for this job in between, or this very write's answer got lost: what is there counts.
                Written::Refused(item) => match self.arrival(&item)? {
                    Some(arrival) => Opening::Met(arrival),
                    None if item.contains_key("closed") => Opening::Closed,
                    None => Opening::Waits,
                },
            });
        }
        Ok(Opening::Waits)
    }

    /// The oldest callback that is kept for the next job under a key. Only that one is unpacked.
    async fn kept_next(&self, wait: &WaitKey, seen: &[ArrivalId]) -> Result<Option<Next>, StoreError> {
        let mut oldest: Option<Item> = None;
        let order = |item: &Item| (number::<i64>(item, "arrived"), text(item, "sk").map(str::to_owned));
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :next)")
            .expression_attribute_values(":pk", s(wait_pk(wait)))
            .expression_attribute_values(":next", s(NEXT));
        let mut items = query.into_paginator().items().send();
        while let Some(item) = items.next().await {
            let item = item.map_err(unavailable)?;
            if item.contains_key("taken") {
                continue;
            }
            let id = text(&item, "sk").and_then(|sk| sk.strip_prefix(NEXT)).map(ArrivalId::read);
            if let Some(id) = id.filter(|id| seen.contains(id)) {
                // It was taken, and the process that took it has died before it said so.
                self.mark_taken(wait, &id).await?;
            } else if oldest.as_ref().is_none_or(|oldest| order(&item) < order(oldest)) {
                oldest = Some(item);
            }
        }
        oldest.map(|item| self.next(&item)).transpose()
    }
}

impl Store {
    fn next(&self, item: &Item) -> Result<Next, StoreError> {
        let read = || {
            let id = ArrivalId::read(text(item, "sk")?.strip_prefix(NEXT)?);
            let at = Timestamp::from_millisecond(number(item, "arrived")?).ok()?;
            Some((id, at, verdict(item)?))
        };
        let (id, at, verdict) = read().ok_or_else(|| damaged(item))?;
        Ok(Next { id, at, arrival: Arrival { verdict, result: self.vault.unpack(item, "result")? } })
    }
}
