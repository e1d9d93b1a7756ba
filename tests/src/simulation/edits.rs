//! Edits of the file, and an upgrade of Ringback, while runs wait: all around the callback route changes, but neither its
//! method nor its path, and so every callback must find its job as if nothing had happened.
//!
//! An edit is taken over as by a reload: what is under way ends by the file that it began with. An upgrade is a restart of
//! every process; before it, routes have the ids that version 0.1 gave them.

use super::dice::Dice;
use super::scenario::start;
use domain::config::{Completion, Component, Config, RouteId, Routes, load};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// A callback listener as the scenarios' file has it, and how it may be written otherwise.
const LISTENER: &str = "    id: back\n    port: 8090\n";
const EDITS: [&str; 4] = [
    // Without a name.
    "    port: 8090\n",
    // With another name, on another port.
    "    id: images\n    port: 8094\n",
    // Below another listener, which takes the name that it would have.
    "    port: 8090\n    triggers: [{path: /unused, workflow: image}]\n  - type: http-callback\n    port: 8090\n",
    // As it was.
    LISTENER,
];
/// What the third edit makes of the listener's first line.
const ABOVE: (usize, &str, &str) = (2, "  - type: http-callback\n    port", "  - type: http-trigger\n    port");

/// What happens to the file in one scenario.
#[derive(Debug, Default)]
pub(super) struct Edits {
    /// Before this, routes are named as by version 0.1.
    pub(super) upgrade: Option<Timestamp>,
    /// When which text is taken over; the next one first.
    pub(super) edits: Vec<(Timestamp, usize)>,
}

impl Edits {
    /// Rolled by dice of their own, so that what else happens stays as it is without edits.
    pub(super) fn roll(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x5eed_0fed_1700);
        let mut later = |minutes: i64| start() + SignedDuration::from_millis(dice.between(0, minutes * 60_000));
        let (upgrade, first, second) = (later(60), later(60), later(120));
        let upgrade = dice.happens(0.3).then_some(upgrade);
        let mut edits = Vec::new();
        for at in [first, second] {
            if dice.happens(0.4) {
                // Version 0.1 lost waits by an edit; what comes before the upgrade comes with it.
                edits.push((upgrade.map_or(at, |upgrade| at.max(upgrade)), dice.below(EDITS.len())));
            }
        }
        edits.sort_unstable();
        Self { upgrade, edits }
    }
}

/// The texts that edits make of the scenarios' file, the file itself first.
///
/// # Panics
/// If the file has no such listener, or an edited one doesn't load.
pub(super) fn editions(text: &str) -> Vec<(String, Arc<Config>)> {
    assert!(text.contains(LISTENER), "the callback listener is written in another way");
    let mut texts = vec![text.to_owned()];
    texts.extend(EDITS.iter().enumerate().map(|(number, edit)| {
        let edited = text.replace(LISTENER, edit);
        if number == ABOVE.0 { edited.replacen(ABOVE.1, ABOVE.2, 1) } else { edited }
    }));
    let loaded = |text: String| {
        let loaded = load(&text, "ringback.yml");
        (text, Arc::new(loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))))
    };
    texts.into_iter().map(loaded).collect()
}

/// The same file with the ids that version 0.1 gave its callback routes.
pub(super) fn as_by_version_0_1(config: &Config) -> Config {
    let mut config = config.clone();
    let mut former = Vec::new();
    for listener in &mut config.listeners {
        if let Routes::Callbacks(callbacks) = &mut listener.routes {
            for route in callbacks.iter_mut().map(|callback| &mut callback.route) {
                let id = RouteId::former(&listener.id, route.method, &route.path);
                former.push((std::mem::replace(&mut route.id, id.clone()), id));
            }
        }
    }
    for component in config.components.values_mut() {
        if let Component::HttpClient(client) = component
            && let Some(Completion::Callback(completion)) = &mut client.completion
            && let Some((_, id)) = former.iter().find(|(present, _)| *present == completion.route)
        {
            completion.route = id.clone();
        }
    }
    config
}
