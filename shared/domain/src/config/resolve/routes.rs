//! Routes that no router could tell apart, and ports that can't be bound twice.

use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Problem};
use crate::config::path;

/// Reports them.
pub(super) fn check(cx: &mut Cx) {
    let mut problems = Vec::new();
    for (index, route) in cx.draft.routes.iter().enumerate() {
        let others = cx.draft.routes.iter().take(index).filter(|other| other.port == route.port);
        for other in others.filter(|other| path::shape(&other.path) == path::shape(&route.path)) {
            let message = if other.path != route.path {
                // Even with different methods: a router has one name for a parameter in one place.
                format!(
                    "`{}` and `{}` match the same requests: name the parameters alike",
                    route.path, other.path
                )
            } else if other.method == route.method {
                format!(
                    "there is another route for {} {} on port {}",
                    route.method, route.path, route.port
                )
            } else {
                continue;
            };
            problems.push(Problem::new(Code::RouteConflict, route.span, message));
            break;
        }
    }
    for (index, (host, port, span)) in cx.draft.binds.iter().enumerate() {
        let before = cx
            .draft
            .binds
            .iter()
            .take(index)
            .find(|(other, taken, _)| taken == port && other != host);
        if let Some((other, _, _)) = before {
            let message = format!(
                "port {port} is on {host} here and on {other} above: listeners share a port on one host only"
            );
            problems.push(Problem::new(Code::PortConflict, *span, message));
        }
    }
    cx.problems.extend(problems);
}
