//! Routes that no router could tell apart, and ports that can't be bound twice.

use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Problem};
use crate::config::draft::RouteDraft;
use crate::config::path;
use std::collections::HashMap;

/// Reports them.
pub(super) fn check(cx: &mut Cx) {
    let mut problems = Vec::new();
    let mut seen: HashMap<(u16, String), Vec<&RouteDraft>> = HashMap::new();
    for route in &cx.draft.routes {
        let alike = seen.entry((route.port, path::shape(&route.path))).or_default();
        for other in alike.iter() {
            let message = if other.path != route.path {
                // Even with different methods: a router has one name for a parameter in one place.
                format!("`{}` and `{}` match the same requests: name the parameters alike", route.path, other.path)
            } else if other.method == route.method {
                format!("there is another route for {} {} on port {}", route.method, route.path, route.port)
            } else {
                continue;
            };
            problems.push(Problem::new(Code::RouteConflict, route.span, message));
            break;
        }
        alike.push(route);
    }
    let mut hosts: HashMap<u16, &str> = HashMap::new();
    for (host, port, span) in &cx.draft.binds {
        let other = *hosts.entry(*port).or_insert(host);
        if other != host {
            let message =
                format!("port {port} is on {host} here and on {other} above: listeners share a port on one host only");
            problems.push(Problem::new(Code::PortConflict, *span, message));
        }
    }
    cx.problems.extend(problems);
}
