//! A component that publishes an event.

use super::Item;
use super::component::{ID, done};
use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Span};
use crate::config::draft::ComponentDraft;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::Map;
use crate::config::template::{COMPONENT, PUBLISHED};
use crate::config::{Component, Publisher};
use crate::event::{CustomerId, EventType, PublishError, is_own_source};

pub(super) static EVENT: Keys = Keys {
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

/// Reads it.
pub(super) fn event(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &EVENT)?;
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

/// A text that holds no expression, and its place.
fn plain<'n>(map: &Map<'n>, name: &str) -> Option<(Span, &'n str)> {
    let node = map.node(name)?;
    Some((node.span, node.text().filter(|text| !text.contains("${"))?))
}
