//! Callbacks that nobody waits for: their list, and giving one to a wait under another key.
//!
//! Only such a callback is in the list index; a job that claims it takes it out by the write of its own half. Giving it away
//! is one transaction over both items, so that there is no moment in which a crash could lose or double it.

use super::item::{Item, b, damaged, expiry, millis, n, number, s, sortable, text, yes};
use super::list::Place;
use super::run::{PAGE_WEIGHT, page};
use super::wait::{OPEN, Written, conditional, wait_pk, waiter_of, word};
use super::{Store, StoreError, config, unavailable};
use crate::dispatch::Dispatch;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::config::RouteId;
use domain::wait::{Arrival, ArrivalId, Standing, WaitKey, Waiter};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The list that they are in.
const LIST: &str = "unclaimed";
/// Why a callback is closed that went to a wait under another key.
pub(super) const GIVEN: &str = "given away";

/// A callback that nobody waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Unclaimed {
    /// Where it came, and under which key.
    pub wait: WaitKey,
    /// When.
    pub at: Timestamp,
    /// What it brought.
    pub arrival: Arrival,
    /// The cursor from which a list goes on after it.
    pub place: String,
}

/// Where a callback stands that version 0.1 has stored and that no job has claimed.
#[derive(Debug)]
pub struct FormerPlace(Place);

impl Store {
    /// The newest callbacks before a cursor that nobody waits for, newest first, and the cursor for those before them.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn list_unclaimed(
        &self,
        before: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Unclaimed>, Option<String>), StoreError> {
        let mut places = self.places(LIST, before, None, limit + 1).await?;
        let more = places.len() > limit;
        places.truncate(limit);
        let cursor = places.last().filter(|_| more).map(|place| place.at.clone());
        let mut items = self.items_at(&places).await?;
        // The index may still name what was claimed a moment ago.
        items.retain(|item| item.contains_key("at") && !item.contains_key("run"));
        items.sort_by(|a, b| text(b, "at").cmp(&text(a, "at")));
        let cursor = page(&mut items, PAGE_WEIGHT).or(cursor);
        let mut found: Vec<Unclaimed> =
            items.iter().filter_map(|item| self.unclaimed(item).transpose()).collect::<Result<_, _>>()?;
        found.sort_unstable_by(|a, b| b.place.cmp(&a.place));
        Ok((found, cursor))
    }

    /// The places before a cursor, newest first, of callbacks that no job has claimed and that version 0.1 has stored, and the
    /// cursor for those before them. No item is read.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn former_places(&self, before: Option<&str>) -> Result<(Vec<FormerPlace>, Option<String>), StoreError> {
        const AT_ONCE: usize = 500;
        let places = self.places(LIST, before, None, AT_ONCE).await?;
        let cursor = places.last().filter(|_| places.len() >= AT_ONCE).map(|place| place.at.clone());
        let is_former = |place: &Place| {
            let route = place.pk.split('#').nth(1).map(|route| RouteId(route.to_owned()));
            route.is_some_and(|route| route.present().is_some())
        };
        Ok((places.into_iter().filter(is_former).map(FormerPlace).collect(), cursor))
    }

    /// The callback at a place; `None` if a job has claimed it meanwhile.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn unclaimed_at(&self, place: &FormerPlace) -> Result<Option<Unclaimed>, StoreError> {
        let items = self.items_at(std::slice::from_ref(&place.0)).await?;
        items.first().map_or(Ok(None), |item| self.unclaimed(item))
    }

    /// Where a callback stands in that list; as short as an index's key must be
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
    pub(super) fn unclaimed_place(
        &self,
        update: UpdateItemFluentBuilder,
        wait: &WaitKey,
        now: Timestamp,
    ) -> UpdateItemFluentBuilder {
        let pk = wait_pk(wait);
        let digest = hex::encode(Sha256::digest(&pk));
        update
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#route", "route")
            .expression_attribute_names("#key", "key")
            .expression_attribute_values(":list", s(self.list_shard(LIST, &pk)))
            .expression_attribute_values(":at", s(format!("{}#{digest}", sortable(now))))
            .expression_attribute_values(":route", s(&wait.route.0))
            .expression_attribute_values(":key", s(&wait.key))
    }

    /// A wait as it stands, with all writes that were answered before; `None` where there is nothing.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn wait_standing(&self, wait: &WaitKey) -> Result<Option<Standing>, StoreError> {
        let Some(item) = self.wait_as_it_is(wait).await? else { return Ok(None) };
        let waiter = if item.contains_key("run") { Some(waiter_of(&item)?) } else { None };
        let arrived =
            self.arrival(&item)?.map(|arrival| Ok::<_, StoreError>((arrived_at(&item)?, arrival))).transpose()?;
        let (closed, given_to) = (item.contains_key("closed"), text(&item, "given").map(str::to_owned));
        let id = text(&item, "arrival").map(ArrivalId::read);
        Ok(Some(Standing { waiter, arrived, closed, id, given_to }))
    }

    /// Gives what arrived under one key at that time to the waiter under another, and owes its run the news; `false` if
    /// either is not as it was by now, and nothing has happened then.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn give_callback(
        &self,
        (from, at, arrival, id): (&WaitKey, Timestamp, &Arrival, Option<&ArrivalId>),
        (to, waiter): (&WaitKey, &Waiter),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let whose = |update: UpdateBuilder| {
            update
                .expression_attribute_values(":run", s(waiter.run.as_str()))
                .expression_attribute_values(":job", s(waiter.job.as_str()))
                .expression_attribute_values(":attempt", n(waiter.attempt))
        };
        // Whose it is now stands there too: it is claimed, and its repetitions are duplicates.
        let given = whose(self.wait_update(from))
            .update_expression(
                "SET run = :run, job = :job, attempt = :attempt, closed = :why, given = :to REMOVE #list, #at, owed",
            )
            .condition_expression("arrived = :arrived AND attribute_not_exists(run) AND attribute_not_exists(closed)")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":why", s(GIVEN))
            .expression_attribute_values(":to", s(&to.key))
            .expression_attribute_values(":arrived", millis(at));
        // With its identity, another callback under that key is told apart from it.
        let named = if id.is_some() { ", arrival = :id" } else { "" };
        let mut met = whose(self.wait_update(to))
            .update_expression(format!(
                "SET arrived = :now, verdict = :verdict, #result = :result, owed = :yes, \
                 expires = if_not_exists(expires, :expires){named} REMOVE progress"
            ))
            .condition_expression(format!(
                "run = :run AND job = :job AND attempt = :attempt AND waiting = :yes AND {OPEN}"
            ))
            .expression_attribute_names("#result", "result")
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":verdict", s(word(arrival.verdict)))
            .expression_attribute_values(":result", b(self.vault.pack(&arrival.result, &wait_pk(to))?))
            .expression_attribute_values(":yes", yes())
            .expression_attribute_values(":expires", expiry(now, self.retention));
        if let Some(id) = id {
            met = met.expression_attribute_values(":id", s(id.as_str()));
        }
        let built = |update: UpdateBuilder| {
            let update = update.build().map_err(|error| config::unbuilt(&error))?;
            Ok::<_, StoreError>(TransactWriteItem::builder().update(update).build())
        };
        let both = self.client.transact_write_items().transact_items(built(given)?).transact_items(built(met)?);
        match both.dispatch().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if config::lost(error.err()) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    fn unclaimed(&self, item: &Item) -> Result<Option<Unclaimed>, StoreError> {
        if item.contains_key("run") {
            return Ok(None);
        }
        let Some(arrival) = self.arrival(item)? else { return Ok(None) };
        let field = |name: &str| text(item, name).map(str::to_owned).ok_or_else(|| damaged(item));
        let wait = WaitKey { route: RouteId(field("route")?), key: field("key")? };
        // What is in no list any more was claimed a moment ago, too.
        let Some(place) = text(item, "at").map(str::to_owned) else { return Ok(None) };
        Ok(Some(Unclaimed { wait, at: arrived_at(item)?, arrival, place }))
    }

    /// Takes a callback that no job has claimed, and that arrived at that time, out of the list of those: it counts as one of
    /// the wait `to`, whose waiter is named where it has one. `false` if it is not as it was by now.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn withdraw_callback(
        &self,
        (from, at): (&WaitKey, Timestamp),
        (to, waiter): (&WaitKey, Option<&Waiter>),
    ) -> Result<bool, StoreError> {
        let set = match waiter {
            Some(_) => "SET closed = :why, given = :to, run = :run, job = :job, attempt = :attempt",
            None => "SET closed = :why, given = :to",
        };
        let mut update = self
            .wait_item(from)
            .update_expression(format!("{set} REMOVE #list, #at, owed"))
            .condition_expression("arrived = :arrived AND attribute_not_exists(run) AND attribute_not_exists(closed)")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":why", s(GIVEN))
            .expression_attribute_values(":to", s(&to.key))
            .expression_attribute_values(":arrived", millis(at));
        if let Some(waiter) = waiter {
            update = update
                .expression_attribute_values(":run", s(waiter.run.as_str()))
                .expression_attribute_values(":job", s(waiter.job.as_str()))
                .expression_attribute_values(":attempt", n(waiter.attempt));
        }
        Ok(match conditional(update).await? {
            Written::Done(_) => true,
            // This very write, whose answer got lost, finds itself.
            Written::Refused(item) => {
                item.get("arrived") == Some(&millis(at))
                    && text(&item, "closed") == Some(GIVEN)
                    && text(&item, "given") == Some(&to.key)
            }
        })
    }

    fn wait_update(&self, wait: &WaitKey) -> UpdateBuilder {
        Update::builder().table_name(&self.table).key("pk", s(wait_pk(wait))).key("sk", s("wait"))
    }
}

fn arrived_at(item: &Item) -> Result<Timestamp, StoreError> {
    let at = number(item, "arrived").and_then(|millis| Timestamp::from_millisecond(millis).ok());
    at.ok_or_else(|| damaged(item))
}
