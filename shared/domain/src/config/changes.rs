//! What is different in another version of a file, for people.

use super::{Config, Listener, Route, Routes};
use indexmap::IndexMap;

/// Says what was added, removed and changed, each in a few words: `added workflow paint`. Empty where nothing that matters
/// differs.
pub fn changes(old: &Config, new: &Config) -> Vec<String> {
    let mut changes = Vec::new();
    compare("route", &routes(old), &routes(new), &mut changes);
    compare("workflow", &old.workflows, &new.workflows, &mut changes);
    compare("component", &old.components, &new.components, &mut changes);
    compare("program", &old.programs, &new.programs, &mut changes);
    compare("source", &old.sources, &new.sources, &mut changes);
    let gateways = |config: &Config| config.gateways.iter().map(|one| (one.id.clone(), one.clone())).collect();
    compare("gateway", &gateways(old), &gateways(new), &mut changes);
    if old.delivery != new.delivery {
        changes.push("changed delivery".to_owned());
    }
    if old.controller != new.controller {
        changes.push("changed controller".to_owned());
    }
    changes
}

/// A route with all that its requests meet: its listener's settings too.
#[derive(PartialEq)]
struct Reached<'a> {
    route: Either<'a>,
    listener: (&'a str, Option<u32>, super::Runtime),
}

#[derive(PartialEq)]
enum Either<'a> {
    Trigger(&'a super::Trigger),
    Callback(&'a super::Callback),
    Sources(&'a super::SourceRoutes),
}

fn routes(config: &Config) -> IndexMap<String, Reached<'_>> {
    let name = |listener: &Listener, route: &Route| format!("{} :{}{}", route.method, listener.port, route.path);
    let mut routes = IndexMap::new();
    for listener in &config.listeners {
        let of = (listener.host.as_str(), listener.max_concurrent_count, listener.runtime);
        match &listener.routes {
            Routes::Triggers(all) => routes.extend(
                all.iter()
                    .map(|one| (name(listener, &one.route), Reached { route: Either::Trigger(one), listener: of })),
            ),
            Routes::Callbacks(all) => routes.extend(
                all.iter()
                    .map(|one| (name(listener, &one.route), Reached { route: Either::Callback(one), listener: of })),
            ),
            Routes::Sources(sources) if sources.implied => {}
            Routes::Sources(sources) => {
                let place = format!("POST :{}{}", listener.port, sources.path_of("{source}"));
                routes.insert(place, Reached { route: Either::Sources(sources), listener: of });
            }
        }
    }
    routes
}

fn compare<T: PartialEq>(what: &str, old: &IndexMap<String, T>, new: &IndexMap<String, T>, changes: &mut Vec<String>) {
    let named = |name: &str| format!("{what} {name}");
    changes.extend(new.keys().filter(|name| !old.contains_key(*name)).map(|name| format!("added {}", named(name))));
    changes.extend(old.keys().filter(|name| !new.contains_key(*name)).map(|name| format!("removed {}", named(name))));
    let differs = |(name, thing): &(&String, &T)| old.get(*name).is_some_and(|before| before != *thing);
    changes.extend(new.iter().filter(differs).map(|(name, _)| format!("changed {}", named(name))));
}

#[cfg(test)]
mod tests {
    use super::changes;
    use crate::config::{Config, load};

    fn config(text: &str) -> Config {
        let loaded = load(text, "f");
        loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    #[test]
    fn each_thing_that_differs_is_named() {
        let old = config(
            "
listeners: [{path: /a, workflow: w}, {path: /b, identify_by: '${body.id}'}]
sources: {github: {auth_type: token, token: x, rules: {push: w}}}
workflows: {w: {jobs: [{component: pause}]}, gone: {jobs: [{component: pause}]}}
components: {pause: {type: delay, duration: 0}}
",
        );
        let new = config(
            "
listeners: [{path: /a, workflow: w, input: 1}, {path: /c, identify_by: '${body.id}'}]
workflows: {w: {jobs: [{component: pause}]}, more: {jobs: [{component: pause}]}}
components: {pause: {type: delay, duration: 1}}
controller: {type: http-server, port: 9000}
",
        );
        assert_eq!(
            changes(&old, &new),
            [
                "added route POST :8090/c",
                "removed route POST :8090/b",
                "changed route POST :8091/a",
                "added workflow more",
                "removed workflow gone",
                "changed component pause",
                "removed source github",
                "changed controller",
            ]
        );
        assert!(changes(&old, &old).is_empty());
    }
}
