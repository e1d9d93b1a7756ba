//! Callbacks in the table: the other half of a wait, and what comes before the next job waits under a key that was used.
//!
//! The callback's half is `arrived`, `verdict`, `result` and `arrival` (its identity). Where a job waits, `owed` stands with
//! them, which brings the run its message; where none does, a place in the list of callbacks that nobody has claimed. One
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
use super::wait::{OPEN, Written, conditional, seen, verdict, wait_pk, word};
use super::{Store, StoreError, unavailable};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::wait::identity::remembered;
use domain::wait::{Arrival, ArrivalId, Opening, Reception, WaitKey, Waiter};
use jiff::Timestamp;
use serde_json::Value;

/// Tries of a callback against the writes of others: a job that begins to wait meanwhile is there for good, and another
/// callback is found at the next try.
const ROUNDS: usize = 5;
/// Before the identity in the sort key of a callback for the next job.
const NEXT: &str = "next#";

/// A callback that came before its job waited.
struct Next {
    id: ArrivalId,
    at: Timestamp,
    arrival: Arrival,
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
        let mut is_kept = false;
        for _ in 0..ROUNDS {
            let awaited = format!(
                "attribute_exists(waiting) AND {OPEN} AND (attribute_not_exists(seen) OR NOT contains(seen, :id))"
            );
            let half = self.callback_half(wait, arrival, id, now, "owed = :owed", "")?;
            let half = half.condition_expression(awaited).expression_attribute_values(":owed", yes());
            let item = match conditional(half).await? {
                Written::Done(_) => {
                    if is_kept {
                        self.mark_taken(wait, id).await?;
                    }
                    return Ok(Reception::Resumed);
                }
                Written::Refused(item) => item,
            };
            match Place::of(&item, id) {
                // Its job may have found it meanwhile.
                _ if is_kept => return Ok(Reception::Stored),
                Place::Repeated => return Ok(Reception::Duplicate),
                Place::Over => return Ok(Reception::Late),
                Place::Decided => {
                    if !self.keep_next(wait, arrival, id, now).await? {
                        return Ok(Reception::Duplicate);
                    }
                    is_kept = true;
                }
                Place::Free => {
                    let half = self.unclaimed_half(wait, arrival, id, now, "", "")?;
                    let nobody = format!("attribute_not_exists(waiting) AND {OPEN}");
                    if let Written::Done(_) = conditional(half.condition_expression(nobody)).await? {
                        return Ok(Reception::Stored);
                    }
                }
                Place::Given => {
                    let before = remembered(seen(&item), text(&item, "arrival").map(ArrivalId::read));
                    let before = before.iter().map(|id| s(id.as_str())).collect();
                    let gone = ", closed, given, run, job, attempt";
                    let half = self
                        .unclaimed_half(wait, arrival, id, now, ", seen = :seen", gone)?
                        .expression_attribute_values(":seen", AttributeValue::L(before))
                        .expression_attribute_values(":given", s(GIVEN))
                        .expression_attribute_values(":before", item["arrived"].clone())
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
        if is_kept { Ok(Reception::Stored) } else { Err(changes_too_quickly()) }
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

    /// Keeps a callback for the job that waits next under the key. False if it is kept already.
    async fn keep_next(
        &self,
        wait: &WaitKey,
        arrival: &Arrival,
        id: &ArrivalId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
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
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// A callback that was kept is in the place of a job's: it is nobody's any more, and its repetition finds it there.
    async fn mark_taken(&self, wait: &WaitKey, id: &ArrivalId) -> Result<(), StoreError> {
        let update = self.client.update_item().table_name(&self.table).key("pk", s(wait_pk(wait)));
        let update = update.key("sk", s(format!("{NEXT}{id}"))).update_expression("SET taken = :yes");
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
        for next in self.kept_next(wait).await? {
            if seen.contains(&next.id) {
                // It was taken, and the process that took it has died before it said so.
                self.mark_taken(wait, &next.id).await?;
                continue;
            }
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

    /// What is kept for the next job under a key, oldest first.
    async fn kept_next(&self, wait: &WaitKey) -> Result<Vec<Next>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :next)")
            .expression_attribute_values(":pk", s(wait_pk(wait)))
            .expression_attribute_values(":next", s(NEXT));
        let items = query.send().await.map_err(unavailable)?.items.unwrap_or_default();
        let mut kept = items
            .iter()
            .filter(|item| !item.contains_key("taken"))
            .map(|item| self.next(item))
            .collect::<Result<Vec<Next>, _>>()?;
        kept.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(kept)
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

fn changes_too_quickly() -> StoreError {
    StoreError::Unavailable("a wait changes too quickly".to_owned())
}
