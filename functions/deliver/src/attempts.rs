//! An attempt of a delivery.
//!
//! **Flow.** The event comes with the message, or is read; the endpoint is remembered for seconds. The endpoint's breaker
//! may put the attempt off. Its rate limit gives the attempt a slot in time, once; its lane gives a place as soon as the
//! attempts before it have one, or a slot too where very many wait ([`platform::lanes`]). A slot that lies ahead is stored
//! with the delivery by one write, and when it has come the attempt is made. The outcome is one conditional write, with the
//! promise of what comes next. **Guarantees.** A message for an attempt that isn't owed any more does nothing. A first
//! attempt that succeeds costs one write and no read; only what may have been tried by a process that died is looked up
//! first, so that few are sent twice. How the endpoint is doing is written only where it changes.

mod health;

use crate::{notices, put_off};
use application::App;
use application::attempt;
use application::directory::Endpoints;
use domain::delivery::{Attempt, Delivery, DeliveryId, GaveUp, Held, Next, State};
use domain::endpoint::{DisabledBy, Health, May, SPREAD};
use domain::event::Event;
use health::Probe;
use jiff::{SignedDuration, Timestamp};
use platform::lanes::{End, Entry, Place};
use platform::queue::{DeliverMessage, MAX_DELAY, Message};
use platform::store::{Saved, StoreError, StoredDelivery, StoredEndpoint, StoredHealth, Timer};
use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

/// How long an attempt is put off that waits for others under way to end, in seconds, at least and at most.
const SOON: (f64, f64) = (2.0, 10.0);

/// How long before its time the timer of an attempt fires: less than a queue can delay.
const AHEAD: Duration = Duration::from_secs(10 * 60);

/// Makes the attempt that the message names, if it is owed. `again`: the message has come before, so its attempt may have
/// been made.
pub(crate) async fn handle(app: &App, message: DeliverMessage, again: bool) -> Result<(), StoreError> {
    let put_off = DeliverMessage { event: None, ..message.clone() };
    let DeliverMessage { delivery: id, attempt, event, due, .. } = message;
    // What this process has seen come into being, and for the first time, nobody has tried.
    let untried = attempt == 1 && !again && event.as_ref().is_some_and(|event| event.accepted_at > app.started_at);
    let stored = if untried { None } else { app.store.delivery(&id).await? };
    match stored.as_ref().map(|stored| standing(&stored.delivery, attempt, due)) {
        Some(Ordering::Less) => return Ok(()),
        Some(Ordering::Greater) => {
            return put_off::before_its_delivery(app, put_off).await;
        }
        Some(Ordering::Equal) | None => {}
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
    Owed { app, event, delivery, version }.handle().await
}

/// Whether the delivery has promised another message since this one.
pub(crate) async fn is_outdated(app: &App, message: &DeliverMessage) -> Result<bool, StoreError> {
    let stored = app.store.delivery(&message.delivery).await?;
    Ok(stored.is_some_and(|stored| standing(&stored.delivery, message.attempt, message.due) == Ordering::Less))
}

/// How a message stands to the one that the delivery has promised. Of one attempt there may be several: each time that it is
/// held promises another, and so does a person who asks for it sooner. Less: it is outdated. If such a one held the delivery
/// too, each repetition would go on for ever beside the others. Greater: its timer was stored, and came due by a clock that
/// is ahead before the delivery that promises it was stored.
fn standing(delivery: &Delivery, attempt: u32, due: Option<Timestamp>) -> Ordering {
    match (&delivery.state, delivery.owed()) {
        (State::Pending { due: promised, .. }, Some(owed)) => {
            (attempt, due.unwrap_or(delivery.created_at)).cmp(&(owed, *promised))
        }
        _ => Ordering::Less,
    }
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
        target: "ringback::delivery", delivery_id = %delivery.id, event, attempts, error, "a delivery was given up: \
            {reason}"
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
    async fn handle(self) -> Result<(), StoreError> {
        let endpoints = self.endpoints().await?;
        let Some((endpoint, health)) = self.receiving(&endpoints) else {
            return self.without_endpoint(&endpoints).await;
        };
        if let May::Hold(until) = self.may()(health.health.as_ref(), self.app.now()) {
            return self.hold_until(until).await;
        }
        let now = self.app.now();
        // An attempt that somebody asks for takes no slot: it would come after all that wait.
        if let Some(rate) = endpoint.endpoint.settings.rate_limit
            && !self.delivery.has_slot()
            && !self.delivery.asked
        {
            let name = (&self.delivery.id.customer, &self.delivery.id.endpoint);
            let slot = self.app.slots.reserve(&self.app.store, name, rate, now).await?;
            if slot > now {
                return self.hold(slot, Held::RateLimit).await;
            }
        }
        match self.app.lanes.enter(&self.delivery.id.endpoint, now, self.delivery.has_slot()).await {
            Entry::Later(slot) => self.hold(slot, Held::Lane).await,
            Entry::Place(place) if place.waited => {
                // Meanwhile the breaker may have opened, or the endpoint have been disabled.
                let endpoints = self.endpoints().await?;
                match self.receiving(&endpoints) {
                    Some((endpoint, health)) => self.attempt(endpoint, health, place).await,
                    None => self.without_endpoint(&endpoints).await,
                }
            }
            Entry::Place(place) => self.attempt(endpoint, health, place).await,
        }
    }

    /// The customer's endpoints. What a probe says must be written over how its endpoint is doing now.
    async fn endpoints(&self) -> Result<Arc<Endpoints>, StoreError> {
        let (app, customer) = (self.app, &self.delivery.id.customer);
        match self.delivery.asked {
            true => app.directory.fresh(&app.store, customer, app.now()).await,
            false => app.directory.recent(&app.store, customer, app.now()).await,
        }
    }

    /// The endpoint and how it is doing, unless it is disabled or deleted.
    fn receiving<'e>(&self, endpoints: &'e Endpoints) -> Option<(&'e StoredEndpoint, &'e StoredHealth)> {
        let (endpoint, health) = endpoints.get(&self.delivery.id.endpoint)?;
        endpoint.endpoint.disabled.is_none().then_some((endpoint, health))
    }

    async fn without_endpoint(self, endpoints: &Endpoints) -> Result<(), StoreError> {
        // An endpoint that was deleted before the first attempt never had this delivery.
        if self.version == 0 && endpoints.get(&self.delivery.id.endpoint).is_none() {
            return Ok(());
        }
        // The events of an endpoint that was disabled for failing are kept as deliveries that were given up.
        let given_up = self.delivery.clone().give_up(GaveUp::NoEndpoint, self.app.now());
        self.save(given_up, &[]).await
    }

    /// How the breaker judges this attempt.
    fn may(&self) -> fn(Option<&Health>, Timestamp) -> May {
        if self.delivery.asked { Health::may_if_asked } else { Health::may }
    }

    async fn attempt(self, endpoint: &StoredEndpoint, health: &StoredHealth, place: Place) -> Result<(), StoreError> {
        let (app, now, settings) = (self.app, self.app.now(), &endpoint.endpoint.settings);
        let name = (&endpoint.endpoint.customer, &endpoint.endpoint.id);
        let mut health = health.clone();
        match self.may()(health.health.as_ref(), now) {
            May::Try => {}
            May::Hold(until) => return self.hold_until(until).await,
            May::Probe(probing) => match health::probe(app, name, (probing, health.version), self.may(), now).await? {
                Probe::Granted(probing) => health = probing,
                Probe::RetryAt(until) => return self.hold_until(until).await,
            },
        }
        let attempt = attempt::make(app, &endpoint.endpoint, &self.event, &self.delivery.id).await;
        let now = app.now();
        // After a failure the next in line waits until the table has it: the endpoint may get nothing then.
        let place = match attempt.succeeded() {
            true => {
                place.ended(end(&attempt), now);
                None
            }
            false => Some(place),
        };
        let (delivery, next) = self.delivery.clone().record(attempt.clone(), settings, now, app.jitter());
        // First what concerns the endpoint as a whole: should this die in between, the attempt is made again.
        let gone = (next == Next::GiveUp(GaveUp::Gone)).then_some(DisabledBy::Gone);
        health::record(app, endpoint, &health, &attempt, gone, now).await?;
        if let Some(place) = place {
            place.ended(end(&attempt), now);
        }
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
            return self.hold(due, Held::Breaker).await;
        }
        let due = after(until, SPREAD.as_secs_f64() * self.app.jitter());
        self.hold(due, Held::Breaker).await
    }

    async fn hold(self, due: Timestamp, why: Held) -> Result<(), StoreError> {
        let held = self.delivery.clone().hold(due, why);
        self.save(held, &[]).await
    }

    /// Writes the delivery, with the message of its next attempt. Where another has written it meanwhile, that stands.
    async fn save(&self, delivery: Delivery, more: &[Message]) -> Result<(), StoreError> {
        let now = self.app.now();
        let mut owes = more.to_vec();
        let mut timer = None;
        if let (State::Pending { due, .. }, Some(attempt)) = (&delivery.state, delivery.owed()) {
            let message = next_message(&delivery.id, attempt, *due);
            if *due <= after(now, MAX_DELAY.as_secs_f64()) {
                owes.push(message.into());
            } else {
                // First the timer: one that points at nothing does no harm. It fires while the queue can still delay the
                // message, which then comes at its time: timers alone fire up to a minute late, and many at once.
                let fires = due.checked_sub(AHEAD).unwrap_or(*due);
                let placed = self.app.store.put_timer(fires, &Timer::Deliver(message)).await?;
                self.app.store.keep_cursor_behind(&placed).await?;
                timer = Some(placed);
            }
        }
        match self.app.store.save_delivery(&delivery, self.version, &owes, now).await? {
            Saved::Written(_) => {
                // Until a delivery is stored for the first time, a sweep whose clock is ahead finds nothing to remind, and passes
                // the timer.
                if let Some(placed) = timer.filter(|_| self.version == 0) {
                    self.app.store.keep_cursor_behind(&placed).await?;
                }
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

/// What the attempt says of its endpoint as a whole.
fn end(attempt: &Attempt) -> End {
    match attempt.succeeded() || !attempt.speaks_of_the_endpoint() {
        true => End::Answered(Duration::from_millis(attempt.took_ms)),
        false => End::Failed,
    }
}

/// A while from now.
fn soon(app: &App, now: Timestamp) -> Timestamp {
    after(now, SOON.0 + (SOON.1 - SOON.0) * app.jitter())
}

fn next_message(id: &DeliveryId, attempt: u32, due: Timestamp) -> DeliverMessage {
    DeliverMessage { delivery: id.clone(), attempt, event: None, due: Some(due), again: 0 }
}

fn after(time: Timestamp, seconds: f64) -> Timestamp {
    let duration = SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::ZERO);
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}
