//! What can only be judged once the whole file is read: whether routes are distinct, names defined, waits settled.

mod address;
mod key;
mod names;
mod origin;
mod routes;
mod shared;
mod symbol;
mod waits;

use super::cx::Cx;
use super::draft::Draft;
use super::inference::Inference;
use super::section::check_dedupe;
use super::{Component, Config};
use indexmap::IndexMap;

/// Turns the draft into a configuration and says what was understood without being written.
pub(super) fn resolve(cx: &mut Cx) -> (Config, Vec<Inference>) {
    routes::check(cx);
    names::check(cx);
    deduped(cx);
    let mut draft = std::mem::take(&mut cx.draft);
    let (components, inferred) = waits::settle(cx, &mut draft);
    (config(draft, components), inferred)
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
