//! Jobs that publish an event.
//!
//! The event's id is the one that the component gives, or is made of the run and the job; so it is the same event however
//! often it is stored.

use super::apply::Turn;
use super::call::render;
use super::path::locate;
use super::settle::success;
use super::{JobError, JobPath, Outcome, Plan, Run};
use crate::config::{Component, Publisher, Step};
use crate::event::catalogue::Refusal;
use crate::event::{Event, EventId, Origin, PublishError, Published};
use crate::expr::Template;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// What publishing answers where it went well: 202 Accepted (RFC 9110, section 15.3.3), delivery is still to come.
const ACCEPTED: u16 = 202;

impl Outcome {
    /// The event is stored.
    pub fn published(event: &Event) -> Self {
        let body = json!({"event_id": event.id, "event": event.event_type, "customer_id": event.customer});
        Self::Answered { status: ACCEPTED, body }
    }
}

impl Run {
    /// The event that a job owes.
    ///
    /// # Errors
    /// A template that has no value; `bad_event` where its values make no event; `reserved_event` where
    /// they make one that only Ringback may publish; what the catalogue has against it.
    pub fn publication(&self, path: &JobPath, plan: Plan<'_>, now: Timestamp) -> Result<Event, JobError> {
        let publisher = self.publisher(path, plan)?;
        let input = self.step_input(path, plan, now)?;
        let scope = self.scope(path, &[], plan, now).with("input", &input);
        let mut fields = Map::new();
        let mut put = |name: &str, template: Option<&Template>| {
            let value = template.map(|template| render(template, &scope)).transpose()?;
            fields.extend(value.map(|value| (name.to_owned(), value)));
            Ok::<_, JobError>(())
        };
        put("event", Some(&publisher.event))?;
        put("data", publisher.data.as_ref())?;
        put("customer_id", publisher.customer_id.as_ref())?;
        put("id", publisher.event_id.as_ref())?;
        put("source", publisher.source.as_ref())?;
        fields.entry("data").or_insert_with(|| input.clone().into_owned());
        let bad = |error: PublishError| JobError::new(error.code(), format!("`{path}` publishes no event: {error}"));
        let mut published = Published::read(fields).map_err(bad)?;
        let derived = || EventId::keyed(&["job", self.id.as_str(), path.as_str()]).to_string();
        published.id.get_or_insert_with(derived);
        let customer = published.customer.take().unwrap_or_default();
        let origin = Origin::Run { run: self.id.to_string(), job: path.to_string() };
        // It has an id, so nothing random goes into it.
        let event = published.accept(customer, None, origin, [0; 16], now);
        let refused =
            |refusal: Refusal| JobError::new(refusal.code(), format!("`{path}` publishes no event: {refusal}"));
        plan.config.delivery.catalogue.check(&event).map_err(refused)?;
        Ok(event)
    }

    /// The event is stored, or could not be.
    pub(super) fn published(&mut self, path: &JobPath, outcome: Outcome, turn: &mut Turn<'_>) {
        if self.publisher(path, turn.plan).is_err() {
            return self.fail(path, JobError::gone(path), turn);
        }
        match success(outcome) {
            Ok(response) => self.finish_call(path, response, &Value::Null, turn),
            Err(error) => self.fail(path, error, turn),
        }
    }

    fn publisher<'a>(&self, path: &JobPath, plan: Plan<'a>) -> Result<&'a Publisher, JobError> {
        let gone =
            || JobError::new("unknown_component", format!("`{path}` publishes nothing in the file as it is now"));
        let found = plan.config.workflow(&self.workflow).and_then(|workflow| locate(workflow, path));
        let Step::Call { component } = &found.ok_or_else(gone)?.0.step else { return Err(gone()) };
        match plan.config.component(component) {
            Some(Component::Event(publisher)) => Ok(publisher),
            _ => Err(gone()),
        }
    }
}
