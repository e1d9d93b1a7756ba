//! Keys under which jobs would wait for each other's callbacks, and keys that may never come.
//!
//! ```text
//! job ─ symbols ─► its key in one run, in another run, for another item of its loop
//!                  ├─ the same in another run           ─► shared by all runs: the second fails with `key_taken`
//!                  ├─ the same for another item         ─► shared by the items of a loop
//!                  ├─ that of another job of the run    ─► a repeated callback of one completes the other
//!                  └─ none, and no output reads it      ─► only the service's answer can bring it
//! ```

use super::symbol::{FIRST, Instance, Key, Place, places};
use super::waits::label;
use crate::config::diagnostic::{Code, Problem, Span};
use crate::config::draft::Draft;
use crate::config::{CallbackCompletion, Completion, Component, HttpClient, RouteId, Workflow};
use crate::expr::Template;
use indexmap::IndexMap;
use std::collections::HashMap;

/// The most jobs of one component that are looked at: it bounds the time that a large file takes.
const MOST: usize = 128;

/// The jobs that call each component, in the file's order.
pub(super) struct Callers<'a>(HashMap<&'a str, Vec<Place<'a>>>);

impl<'a> Callers<'a> {
    /// Collects the jobs of these workflows.
    pub(super) fn of(workflows: impl Iterator<Item = &'a Workflow>) -> Self {
        let mut callers: HashMap<&str, Vec<Place<'a>>> = HashMap::new();
        for place in places(workflows) {
            let of_component = callers.entry(place.component).or_default();
            if of_component.len() < MOST {
                of_component.push(place);
            }
        }
        Self(callers)
    }

    fn of_component(&self, id: &str) -> &[Place<'a>] {
        self.0.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// True if the component's request has the run's id in it for every job that calls it.
    pub(super) fn all_carry_run_id(&self, id: &str, client: &HttpClient) -> bool {
        match self.of_component(id) {
            [] => Place::outside(id).carries_run_id(client),
            places => places.iter().all(|place| place.carries_run_id(client)),
        }
    }
}

/// Gives the warnings about the keys of all components that wait; `spans` are the places of the components.
pub(super) fn problems(
    draft: &Draft,
    components: &IndexMap<String, Component>,
    spans: &[Span],
    callers: &Callers<'_>,
    key_is_inferred: &dyn Fn(&str) -> bool,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen: HashMap<(&str, &RouteId, String), Vec<&Place<'_>>> = HashMap::new();
    for ((id, component), span) in components.iter().zip(spans) {
        let Component::HttpClient(client) = component else { continue };
        let Some(Completion::Callback(wait)) = &client.completion else { continue };
        let route = draft.routes.iter().find(|route| route.id == wait.route).map(label).unwrap_or_default();
        let (told, inferred) = (wait.wait_for.to_string(), key_is_inferred(id));
        if inferred && is_uncertain(id, client, wait, callers) {
            let message = format!(
                "`{id}` waits on {route} by {told}: its request has no such field, and nothing here reads it from the \
                 service's answer. Where the answer has none, the job fails with `no_correlation_key`; write \
                 `completion: {{type: callback, wait_for: …}}`"
            );
            problems.push(Problem::new(Code::UncertainKey, *span, message));
        }
        // Of a key that the file reads from the answer, the author knows what stands there.
        if !inferred && wait.reads_response() {
            continue;
        }
        for place in callers.of_component(id) {
            let key = |instance| place.key(client, &wait.wait_for, instance);
            let Key::Text(text) = key(FIRST) else { continue };
            let is = |other: Key| other == Key::Text(text.clone());
            let shared = |who: &str, then: &str| {
                let message = format!("{who} on {route} under one key, `{told}`: {then}");
                Problem::new(Code::SharedKey, *span, message)
            };
            if is(key(Instance { run: 1, ..FIRST })) {
                let who = format!("all runs of `{}` wait", place.workflow);
                problems.push(shared(
                    &who,
                    "a second one fails with `key_taken` while the first waits; give the route an `identify_by`",
                ));
                continue;
            }
            if place.looped && is(key(Instance { item: 1, ..FIRST })) {
                let who = format!("all items of the loop around `{}` wait", place.path);
                problems.push(shared(&who, "a second one fails with `key_taken`; make the key of the item"));
            }
            let before = seen.entry((place.workflow, &wait.route, text.clone())).or_default();
            if let Some(other) = before.iter().take(MOST).find(|other| !other.excludes(place)) {
                let who = format!("`{}` and `{}` wait", other.path, place.path);
                problems.push(shared(
                    &who,
                    "a callback of one that comes again can complete the other; give each its own key, such as \
                     `${context.callback_url}`",
                ));
            }
            before.push(place);
        }
    }
    problems
}

/// True for an inferred key that only the service's answer can bring, and that no output reads there.
fn is_uncertain(id: &str, client: &HttpClient, wait: &CallbackCompletion, callers: &Callers<'_>) -> bool {
    let outside = [Place::outside(id)];
    let places = match callers.of_component(id) {
        [] => &outside[..],
        places => places,
    };
    let keys = wait.wait_for.references();
    let read = |template: Option<&Template>, source: &str| {
        let reads = template.map(Template::references).unwrap_or_default();
        keys.iter()
            .filter(|key| key.source == "response")
            .any(|key| reads.iter().any(|read| read.source == source && read.path.starts_with(&key.path)))
    };
    let of_component = read(client.output.as_ref(), "response");
    places.iter().any(|place| {
        let output = place.job.and_then(|job| job.output.as_ref());
        let is_read = of_component || read(output, "response") || client.output.is_none() && read(output, "output");
        !is_read && place.key(client, &wait.wait_for, FIRST) == Key::Nothing
    })
}
