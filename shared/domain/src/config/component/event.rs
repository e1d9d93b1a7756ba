//! A component that publishes an event.
//!
//! The event's id is the one that the component gives, or is made of the run and the job; so it is the same event however
//! often it is stored.

use super::{Component, Effort, ID, Kind, Reader, done};
use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Span};
use crate::config::draft::ComponentDraft;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::Map;
use crate::config::section::Item;
use crate::config::template::{COMPONENT, PUBLISHED};
use crate::config::{Config, Job};
use crate::event::catalogue::Refusal;
use crate::event::{CustomerId, Event, EventId, EventType, Origin, PublishError, Published, is_own_source};
use crate::expr::Template;
use crate::run::{JobError, JobPath, JobState, Outcome, Plan, Run, Turn, render};
use jiff::Timestamp;
use serde_json::{Map as Fields, json};

/// What publishing answers where it went well: 202 Accepted (RFC 9110, section 15.3.3), delivery is still to come.
const ACCEPTED: u16 = 202;

/// An event to publish for delivery to a customer's endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Publisher {
    /// Its type, over `input`.
    pub event: Template,
    /// What happened, over `input`; `input` itself where absent.
    pub data: Option<Template>,
    /// Whose endpoints it goes to, over `input`; the customer `default` where absent or null.
    pub customer_id: Option<Template>,
    /// The event's id, over `input`; made of the run and the job where absent or null.
    pub event_id: Option<Template>,
    /// Who says so, over `input`; `ringback` where absent or null.
    pub source: Option<Template>,
    /// The component's output, over `response` (`event_id`, `event`, `customer_id`); that itself where absent.
    pub output: Option<Template>,
}

pub(super) const READER: Reader = Reader { name: "event", keys: &KEYS, read };

static KEYS: Keys = Keys {
    name: "an event component",
    doc: "Publishes an event for delivery to a customer's endpoints.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["event"]), "Publishes an event.").required(),
        ID,
        Key::new("event", Shape::TextTemplate, "Its type, over `input`: `job.completed`.").required(),
        Key::new("data", Shape::Template, "What happened, over `input`; `input` itself where absent."),
        Key::new("customer_id", Shape::TextTemplate, "Whose endpoints it goes to, over `input`.").default("default"),
        Key::new(
            "event_id",
            Shape::TextTemplate,
            "The event's id, over `input`; made of the run and the job where absent. The same id is the same event.",
        ),
        Key::new("source", Shape::TextTemplate, "Who says so, over `input`.").default("ringback"),
        Key::new(
            "output",
            Shape::Template,
            "Its output, over `response` (`event_id`, `event`, `customer_id`) and `input`; `response` where absent.",
        ),
    ]],
};

fn read(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &KEYS)?;
    let event = map.text_template(cx, "event", &COMPONENT);
    let data = map.template(cx, "data", &COMPONENT);
    let customer_id = map.text_template(cx, "customer_id", &COMPONENT);
    let event_id = map.text_template(cx, "event_id", &COMPONENT);
    let source = map.text_template(cx, "source", &COMPONENT);
    let output = map.template(cx, "output", &PUBLISHED);
    if let Some((span, name)) = plain(&map, "event") {
        match EventType::parse(name) {
            // Version 0.1 took such types, and such sources.
            Ok(name) if name.is_reserved() && !cx.stored => {
                cx.report(Code::BadValue, span, PublishError::ReservedType(name).to_string());
            }
            Ok(name) => cx.draft.published.push((name, span)),
            Err(error) => cx.report(Code::BadValue, span, error.to_string()),
        }
    }
    if let Some((span, name)) = plain(&map, "customer_id")
        && let Err(error) = CustomerId::parse(name)
    {
        cx.report(Code::BadValue, span, error.to_string());
    }
    if let Some((span, _)) = plain(&map, "source").filter(|(_, source)| is_own_source(source) && !cx.stored) {
        cx.report(Code::BadValue, span, PublishError::ReservedSource.to_string());
    }
    let publisher = Publisher { event: event?, data, customer_id, event_id, source, output };
    Some(done(map.at, Component::Event(Box::new(publisher))))
}

impl Kind for Publisher {
    fn does(&self) -> String {
        format!("publishes {}", self.event)
    }

    fn effort(&self, _config: &Config) -> Effort<'_> {
        Effort::Publication
    }

    fn begin(&self, run: &mut Run, path: &JobPath, _job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError> {
        run.put(path, JobState::Publishing { stretch: turn.stretch.clone() });
        Ok(())
    }

    fn answer(&self) -> Option<&Template> {
        self.output.as_ref()
    }
}

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
        let mut fields = Fields::new();
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
    pub(crate) fn published(&mut self, path: &JobPath, outcome: Outcome, turn: &mut Turn<'_>) {
        if self.publisher(path, turn.plan).is_err() {
            return self.fail(path, JobError::gone(path), turn);
        }
        self.done_outside(path, outcome, turn);
    }

    fn publisher<'a>(&self, path: &JobPath, plan: Plan<'a>) -> Result<&'a Publisher, JobError> {
        let message = || format!("`{path}` publishes nothing in the file as it is now");
        match self.component_of(path, plan) {
            Some((_, Component::Event(publisher))) => Ok(publisher),
            _ => Err(JobError::new("unknown_component", message())),
        }
    }
}

/// A text that holds no expression, and its place.
fn plain<'n>(map: &Map<'n>, name: &str) -> Option<(Span, &'n str)> {
    let node = map.node(name)?;
    Some((node.span, node.text().filter(|text| !text.contains("${"))?))
}
