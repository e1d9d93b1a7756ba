//! Waits and callbacks that version 0.1 stored: it named routes by listener, method and path, so that an edit of the file
//! gave a route another name. Now a route is its method and path ([`RouteId`]). It wrote numbers as keys in another way, too
//! ([`former_keys`]).
//!
//! ```text
//!  callback ─► stored under the present id ─┬─ a job waits there: done, no more is read
//!                                           └─ none does ─► one read for each former id ─► given to the job that waits there
//!  a wait that is opened under a former id ─► one read of the present id ─► takes what is there
//!  callbacks kept under former ids ─► stored again under the present one, once, before `deliver`'s first message
//!  the deadline of a wait under the present id ─► nothing came there: one read for each former id
//!  the deadline of a wait under a former id ─► the sweep reminds the run, and `deliver` looks for a callback before it ends the wait
//! ```
//!
//! Each side writes its own half before it reads the other's, so whichever comes second sees the first. A gift is one
//! transaction (`Store::give_callback`), and repeating any step changes nothing. Only a callback that no job waits for pays
//! for this. It can go once no run is left that version 0.1 stored.

use crate::app::App;
use domain::config::{Config, RouteId};
use domain::run::Stretch;
use domain::wait::{Arrival, ArrivalId, Reception, Standing, WaitKey, Waiter, former_keys, present_keys};
use jiff::Timestamp;
use platform::contention::Rounds;
use platform::queue::RunMessage;
use platform::store::{Deadline, StoreError, Unclaimed};
use std::collections::HashMap;
use tokio::sync::OnceCell;

/// What an app knows of version 0.1.
#[derive(Debug, Default)]
pub(crate) struct Former {
    /// The former ids of callback routes, by their present one; read when they are needed first.
    ids: OnceCell<HashMap<RouteId, Vec<RouteId>>>,
    /// Set once the callbacks that version 0.1 kept are stored anew.
    refiled: OnceCell<()>,
}

impl App {
    /// Stores a callback. Where no job waits under the route's present id, it goes to the one that waits under a former id.
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
        let reception = self.store.receive_callback(wait, arrival, id, now).await?;
        if matches!(reception, Reception::Resumed | Reception::Late) {
            return Ok(reception);
        }
        for former in self.former_waits(wait).await? {
            match self.hand_over(wait, &former, now).await? {
                // What was handed over is the callback that was stored before this one.
                Some(_) if reception == Reception::Duplicate => return Ok(reception),
                Some(handed_over) => return Ok(handed_over),
                None => {}
            }
        }
        Ok(reception)
    }

    /// Gives a wait that was just opened, or is about to end, what has come for it under the route's present id. Only waits of
    /// runs that version 0.1 stored are opened under another id; any other wait is left as it is.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn meet_callback(&self, wait: &WaitKey, now: Timestamp) -> Result<(), StoreError> {
        if let Some(route) = wait.route.present() {
            for key in present_keys(&wait.key) {
                if self.hand_over(&WaitKey { route: route.clone(), key }, wait, now).await?.is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether the waiter of a former wait has opened its wait under the route's present id, too: its call was begun by version
    /// 0.1, and again by this one, before the run was written. The present wait counts then.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn waits_elsewhere(&self, former: &WaitKey, waiter: &Waiter) -> Result<bool, StoreError> {
        let Some(route) = former.route.present() else { return Ok(false) };
        for key in present_keys(&former.key) {
            let standing = self.store.wait_standing(&WaitKey { route: route.clone(), key }).await?;
            if standing.is_some_and(|standing| standing.given_to.is_none() && standing.waiter.as_ref() == Some(waiter))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What came for a waiter under a former id of its route: version 0.1 has begun its call and opened its wait there, and this
    /// version has begun the call again, under the present id. Read where nothing has come under that.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn came_elsewhere(&self, wait: &WaitKey, waiter: &Waiter) -> Result<Option<Arrival>, StoreError> {
        for former in self.former_waits(wait).await? {
            if let Some(Standing { waiter: Some(of), arrived: Some((_, arrival)), .. }) =
                self.store.wait_standing(&former).await?
                && of == *waiter
            {
                return Ok(Some(arrival));
            }
        }
        Ok(None)
    }

    /// The key, as version 0.1 may have written it, under the former ids of its route, in this file and in those that
    /// unfinished runs follow.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn former_waits(&self, wait: &WaitKey) -> Result<Vec<WaitKey>, StoreError> {
        let former = self.former.ids.get_or_try_init(|| self.former_ids()).await?;
        let Some(ids) = former.get(&wait.route) else { return Ok(Vec::new()) };
        let keys = former_keys(&wait.key);
        Ok(ids.iter().flat_map(|id| keys.iter().map(|key| WaitKey { route: id.clone(), key: key.clone() })).collect())
    }

    async fn former_ids(&self) -> Result<HashMap<RouteId, Vec<RouteId>>, StoreError> {
        let mut former = HashMap::new();
        add(&mut former, &self.config);
        for stored in self.store.definitions().await?.iter().filter(|stored| !stored.over) {
            match self.open_definition(stored) {
                Ok(definition) => add(&mut former, &definition.config),
                Err(why) => {
                    tracing::warn!(definition = %stored.id, why, "an older file can't be read: waits at its routes may \
                        not be found");
                }
            }
        }
        Ok(former)
    }

    /// Gives what came under `from` to the job that waits under `to`; says what that makes of the callback, or `None` if no
    /// job has ever waited there, or nothing is there to be given.
    async fn hand_over(&self, from: &WaitKey, to: &WaitKey, now: Timestamp) -> Result<Option<Reception>, StoreError> {
        let mut rounds = Rounds::over("the wait");
        loop {
            rounds.begin()?;
            let Some(Standing { waiter: Some(waiter), arrived, closed, given_to: None, .. }) =
                self.store.wait_standing(to).await?
            else {
                return Ok(None);
            };
            let (at, arrival, id) = match self.store.wait_standing(from).await? {
                Some(Standing { waiter: None, arrived: Some((at, arrival)), closed: false, id, .. }) => {
                    (at, arrival, id)
                }
                // A repetition that came at the same time has been handed over already.
                Some(Standing { given_to: Some(key), .. }) if key == to.key => {
                    let is_late = closed && arrived.is_none();
                    return Ok(Some(if is_late { Reception::Late } else { Reception::Resumed }));
                }
                _ => return Ok(None),
            };
            // Version 0.1 stored no identity of what has arrived. Another callback than that is one for the job's next attempt,
            // or for the next job, which takes it once it waits.
            if !closed && arrived.as_ref().is_some_and(|(_, before)| *before != arrival) {
                return Ok(None);
            }
            if arrived.is_none() && !closed {
                if self.store.give_callback((from, at, &arrival, id.as_ref()), (to, &waiter), now).await? {
                    tracing::info!(target: "ringback::callback", from = %from.route, to = %to.route, run = %waiter.run, "a callback went to a wait of an earlier version");
                    return Ok(Some(Reception::Resumed));
                }
            } else if self.store.withdraw_callback((from, at), (to, Some(&waiter))).await? {
                return Ok(Some(if arrived.is_some() { Reception::Duplicate } else { Reception::Late }));
            }
        }
    }

    /// Stores callbacks of version 0.1 anew as [`App::refile_callbacks`] does, once for each app. Where that fails, the next
    /// call tries again.
    pub async fn refile_once(&self) {
        let refiled = self.former.refiled.get_or_try_init(|| async { self.refile_callbacks().await.map(|_| ()) });
        if let Err(error) = refiled.await {
            tracing::warn!(%error, "callbacks of an earlier version could not be stored anew; it is tried again");
        }
    }

    /// Has the deadline of a wait that version 0.1 has opened judged by `deliver`: it can open the secrets of a callback that
    /// came under the route's present id. Where the run has ended, the wait is closed at once. `at`: the deadline.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn remind_of_deadline(
        &self,
        deadline: &Deadline,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let wait = &deadline.wait;
        let waiter = match &deadline.waiter {
            Some(waiter) => Some(waiter.clone()),
            None => self.store.wait_standing(wait).await?.and_then(|standing| standing.waiter),
        };
        let Some(waiter) = waiter else { return Ok(()) };
        if self.store.known_run(&waiter.run).await?.is_none_or(|known| known.has_ended()) {
            return self.close_former_wait(wait, now).await;
        }
        let stretch = Stretch::wait(wait, &waiter.job, waiter.attempt);
        self.store.remind_run(&RunMessage { run: waiter.run, stretch, due: Some(at), again: 0 }).await
    }

    /// Ends a wait that version 0.1 has opened if its deadline has passed, unless a callback has come for it.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn end_former_wait(&self, wait: &WaitKey, now: Timestamp) -> Result<(), StoreError> {
        if wait.route.present().is_none() {
            return Ok(());
        }
        self.meet_callback(wait, now).await?;
        self.store.expire_wait(wait, now).await.map(|_| ())
    }

    /// Closes a wait that version 0.1 has opened, whose deadline has passed and whose run has ended without it. It takes no
    /// callback any more: that is for another job.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn close_former_wait(&self, wait: &WaitKey, now: Timestamp) -> Result<(), StoreError> {
        if wait.route.present().is_none() {
            return Ok(());
        }
        self.store.expire_wait(wait, now).await.map(|_| ())
    }

    /// Stores the callbacks again that no job has claimed and that are kept under a former id of their route: as if they had
    /// come now, though with their own time. Says how many there were.
    ///
    /// # Errors
    /// If the table is unavailable; what is left is done by the next call.
    pub async fn refile_callbacks(&self) -> Result<usize, StoreError> {
        let (mut refiled, mut before) = (0, None);
        loop {
            let (places, next) = self.store.former_places(before.as_deref()).await?;
            for place in places {
                let Some(Unclaimed { wait, at, arrival, .. }) = self.store.unclaimed_at(&place).await? else {
                    continue;
                };
                let Some(route) = wait.route.present() else { continue };
                // Version 0.1 stored no identity; this one is the same however often it is stored again.
                let id = ArrivalId::of_item(arrival.result.to_string().as_bytes());
                let present = WaitKey { route, key: wait.key.clone() };
                // It isn't known whether the key was a number or a text: a job may wait under either.
                for key in present_keys(&wait.key) {
                    let to = WaitKey { key, ..present.clone() };
                    let became = self.store.receive_callback(&to, &arrival, &id, at).await?;
                    tracing::info!(target: "ringback::callback", from = %wait.route, to = %to.route, ?became, "a callback of an earlier version was stored again");
                }
                self.store.withdraw_callback((&wait, at), (&present, None)).await?;
                refiled += 1;
            }
            before = next;
            if before.is_none() {
                return Ok(refiled);
            }
        }
    }
}

fn add(former: &mut HashMap<RouteId, Vec<RouteId>>, config: &Config) {
    for callback in config.callbacks() {
        let ids = former.entry(callback.route.id.clone()).or_default();
        for id in config.former_ids(&callback.route.id) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
}
