//! What can only be judged once the whole file is read: whether routes are distinct, names defined, waits settled.

mod address;
mod key;
mod names;
mod origin;
mod routes;
mod shared;
mod sources;
mod symbol;
mod waits;

use super::cx::Cx;
use super::draft::{Draft, RouteDraft};
use super::inference::Inference;
use super::section::check_dedupe;
use super::{Component, Config};
use indexmap::IndexMap;

/// Turns the draft into a configuration, and returns with it what was understood without being written, and the routes with
/// their places.
pub(super) fn resolve(cx: &mut Cx) -> (Config, Vec<Inference>, Vec<RouteDraft>) {
    sources::imply(cx);
    routes::check(cx);
    names::check(cx);
    deduped(cx);
    let mut draft = std::mem::take(&mut cx.draft);
    let (components, inferred) = waits::settle(cx, &mut draft);
    let routes = std::mem::take(&mut draft.routes);
    (config(draft, components), inferred, routes)
}

/// Judges the repetitions of triggers that are verified as a source of the file is.
fn deduped(cx: &mut Cx) {
    for (name, deduped) in std::mem::take(&mut cx.draft.deduped) {
        if let Some(verification) = cx.draft.sources.get(&name).map(|source| source.verification.clone()) {
            check_dedupe(cx, &verification, &deduped);
        }
    }
}

fn config(draft: Draft, components: IndexMap<String, Component>) -> Config {
    Config {
        controller: draft.controller.unwrap_or_default(),
        listeners: draft.listeners,
        gateways: draft.gateways,
        workflows: draft.workflows,
        components,
        programs: draft.programs,
        delivery: draft.delivery,
        sources: draft.sources,
    }
}
