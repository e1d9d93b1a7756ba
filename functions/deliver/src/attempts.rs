//! An attempt of a delivery.
//!
//! **Flow.** The event comes with the message, or is read; the endpoint is remembered for seconds. The endpoint's breaker,
//! its rate limit and its lane may each put the attempt off; else it is made, and its outcome is one conditional write,
//! with the promise of what comes next. **Guarantees.** A message for an attempt that isn't owed any more does nothing. A
//! first attempt that succeeds costs one write and no read; only what may have been tried by a process that died is looked
//! up first, so that few are sent twice. How the endpoint is doing is written only where it changes.

mod health;

use crate::notices;
use domain::delivery::{Attempt, Delivery, DeliveryId, GaveUp, Next, State};
use domain::endpoint::{DisabledBy, Health, May, SPREAD};
use domain::event::Event;
use jiff::{SignedDuration, Timestamp};
use platform::App;
use platform::attempt;
use platform::queue::{DeliverMessage, MAX_DELAY, Message};
use platform::store::{Saved, StoreError, StoredDelivery, StoredEndpoint, StoredHealth, Timer};

/// How long an attempt is put off that waits for others under way to end, in seconds, at least and at most.
const SOON: (f64, f64) = (2.0, 10.0);

/// Makes the attempt that the message names, if it is owed. `again`: the message has come before, so its attempt may have
/// been made.
pub(crate) async fn handle(app: &App, message: DeliverMessage, again: bool) -> Result<(), StoreError> {
    let DeliverMessage { delivery: id, attempt, event, due } = message;
    // What this process has seen come into being, and for the first time, nobody has tried.
    let untried = attempt == 1 && !again && event.as_ref().is_some_and(|event| event.accepted_at > app.started_at);
    let stored = if untried { None } else { app.store.delivery(&id).await? };
    if stored.as_ref().is_some_and(|stored| is_outdated(&stored.delivery, attempt, due)) {
        return Ok(());
    }
    let event = match event {
        Some(mut event) => {
            // It came from the table by way of `relay`, which opens nothing.
            app.store.open_event(&mut event);
            Some(*event)
        }
        None => app.store.event(&id.customer, &id.event).await?,
    };
    let Some(event) = event else { return without_event(app, stored).await };
    let (delivery, version) = match stored {
        Some(StoredDelivery { delivery, version }) => (delivery, version),
        None => (Delivery::new(id.clone(), event.event_type.clone(), event.accepted_at), 0),
    };
    let owed = Owed { app, event, delivery, version };
    // What a probe says must be written over how the endpoint is doing now.
    let endpoints = match owed.delivery.asked {
        true => app.directory.fresh(&app.store, &id.customer, app.now()).await?,
        false => app.directory.recent(&app.store, &id.customer, app.now()).await?,
    };
    match endpoints.get(&id.endpoint) {
        Some((endpoint, health)) if endpoint.endpoint.disabled.is_none() => owed.to(endpoint, health).await,
        // An endpoint that was taken away before the first attempt never had this delivery.
        None if version == 0 => Ok(()),
        // For one that was disabled without anybody's wish this is how its events are kept.
        Some(_) | None => {
            let now = app.now();
            let given_up = owed.delivery.clone().give_up(GaveUp::NoEndpoint, now);
            owed.save(given_up, &[]).await
        }
    }
}

/// Whether a message isn't the one that the delivery has promised. Of one attempt there may be several: each time that it
/// is put off promises another, and so does who asks for it sooner. Did an older one put it off too, each repetition would
/// go on for ever beside the others; did a later one, what was asked for would be made twice.
fn is_outdated(delivery: &Delivery, attempt: u32, due: Option<Timestamp>) -> bool {
    let promised = if let State::Pending { due } = delivery.state { due } else { Timestamp::MIN };
    delivery.owed() != Some(attempt) || due.unwrap_or(delivery.created_at) != promised
}

/// The event has expired: there is nothing to deliver.
async fn without_event(app: &App, stored: Option<StoredDelivery>) -> Result<(), StoreError> {
    let Some(StoredDelivery { delivery, version }) = stored else { return Ok(()) };
    let now = app.now();
    let given_up = delivery.give_up(GaveUp::NoEvent, now);
    if let Saved::Written(_) = app.store.save_delivery(&given_up, version, &[], now).await? {
        tell_if_given_up(&given_up);
    }
    Ok(())
}

/// Says that a delivery was given up, once that is written.
pub(crate) fn tell_if_given_up(delivery: &Delivery) {
    let State::Exhausted { why, .. } = delivery.state else { return };
    let reason = match why {
        GaveUp::Tries => "its tries are used up",
        GaveUp::Permanent => "trying again can't help",
        GaveUp::Gone => "the endpoint wants nothing any more",
        GaveUp::NoEndpoint => "the endpoint is disabled or deleted",
        GaveUp::NoEvent => "the event has expired",
        GaveUp::FilterFailed => "the endpoint's filter can't be evaluated on its data",
        GaveUp::FilterTooCostly => "the endpoint's filter takes too many steps on its data",
    };
    let (event, attempts) = (delivery.event_type.as_str(), delivery.attempts);
    let error = delivery.log.last().and_then(Attempt::failure);
    tracing::warn!(
        target: "ringback::delivery", delivery_id = %delivery.id, event, attempts, error, "a delivery was given up: {reason}"
    );
}

/// A delivery in the hands of one message.
struct Owed<'a> {
    app: &'a App,
    event: Event,
    delivery: Delivery,
    version: u64,
}

impl Owed<'_> {
    async fn to(self, endpoint: &StoredEndpoint, health: &StoredHealth) -> Result<(), StoreError> {
        let (app, now, settings) = (self.app, self.app.now(), &endpoint.endpoint.settings);
        let name = (&endpoint.endpoint.customer, &endpoint.endpoint.id);
        let Some(place) = app.lanes.enter(name.1).await else {
            return self.hold(soon(app, now)).await;
        };
        let mut health = health.clone();
        let may = if self.delivery.asked { Health::may_if_asked } else { Health::may };
        match may(health.health.as_ref(), now) {
            May::Try => {}
            May::Hold(until) => return self.hold_until(until).await,
            May::Probe(probing) => match health::probe(app, name, (probing, health.version), may, now).await? {
                Ok(probing) => health = probing,
                Err(until) => return self.hold_until(until).await,
            },
        }
        if let Some(rate) = settings.rate_limit
            && !app.store.count_delivery(name, rate, now).await?
        {
            let period = i64::from(rate.period.max(1));
            let next = Timestamp::from_second((now.as_second() / period + 1) * period).unwrap_or(now);
            return self.hold(next).await;
        }
        let attempt = attempt::make(app, &endpoint.endpoint, &self.event, &self.delivery.id).await;
        drop(place);
        let now = app.now();
        let (delivery, next) = self.delivery.clone().record(attempt.clone(), settings, now, app.jitter());
        // First what concerns the endpoint as a whole: should this die in between, the attempt is made again.
        let gone = (next == Next::GiveUp(GaveUp::Gone)).then_some(DisabledBy::Gone);
        health::record(app, endpoint, &health, &attempt, gone, now).await?;
        let mut owes = Vec::new();
        if let Next::GiveUp(why) = next {
            owes.extend(notices::exhausted(&self.event, &delivery, &endpoint.endpoint, why, now));
        }
        self.save(delivery, &owes).await
    }

    async fn hold_until(self, until: Timestamp) -> Result<(), StoreError> {
        if self.delivery.asked {
            // A probe is under way, and may be over soon: somebody waits for this one.
            let due = soon(self.app, self.app.now());
            return self.hold(due).await;
        }
        let due = after(until, SPREAD.as_secs_f64() * self.app.jitter());
        self.hold(due).await
    }

    async fn hold(self, due: Timestamp) -> Result<(), StoreError> {
        let held = self.delivery.clone().hold(due);
        self.save(held, &[]).await
    }

    /// Writes the delivery, with the message of its next attempt. Where another has written it meanwhile, that stands.
    async fn save(&self, delivery: Delivery, more: &[Message]) -> Result<(), StoreError> {
        let now = self.app.now();
        let mut owes = more.to_vec();
        if let (State::Pending { due }, Some(attempt)) = (&delivery.state, delivery.owed()) {
            let message = next_message(&delivery.id, attempt, *due);
            if *due <= after(now, MAX_DELAY.as_secs_f64()) {
                owes.push(message.into());
            } else {
                // First the timer: one that points at nothing does no harm.
                self.app.store.add_timer(*due, &Timer::Deliver(message)).await?;
            }
        }
        match self.app.store.save_delivery(&delivery, self.version, &owes, now).await? {
            Saved::Written(_) => {
                tell_if_given_up(&delivery);
                Ok(())
            }
            Saved::Conflict => {
                tracing::debug!(delivery.id = %delivery.id, "another message has brought the delivery further");
                Ok(())
            }
        }
    }
}

/// A while from now.
fn soon(app: &App, now: Timestamp) -> Timestamp {
    after(now, SOON.0 + (SOON.1 - SOON.0) * app.jitter())
}

fn next_message(id: &DeliveryId, attempt: u32, due: Timestamp) -> DeliverMessage {
    DeliverMessage { delivery: id.clone(), attempt, event: None, due: Some(due) }
}

fn after(time: Timestamp, seconds: f64) -> Timestamp {
    let duration = SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::ZERO);
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}
