//! Routes that a router can't have together, routes with one identity, and ports that can't be bound twice.
//!
//! All listeners of a port share one router. The paths of each port are put into a `matchit` router here, which is what
//! axum's router keeps its paths in (<https://docs.rs/axum/0.8/axum/struct.Router.html#method.route>), so whatever makes that
//! one panic is an error of the file.

use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Problem, Span};
use crate::config::draft::RouteDraft;
use crate::config::{Method, RouteId, Routes, SourceRoutes};
use matchit::{InsertError, Router};
use std::collections::{BTreeMap, HashMap};

/// A path of one port, and what is served there.
struct Taken {
    methods: Vec<Method>,
    path: String,
    span: Span,
    /// For messages.
    what: &'static str,
}

/// Reports them.
pub(super) fn check(cx: &mut Cx) {
    let mut problems = Vec::new();
    for (port, taken) in by_port(cx) {
        of_port(port, &taken, &mut problems);
    }
    shadowed(cx, &mut problems);
    if !cx.stored {
        twins(&cx.draft.routes, &mut problems);
    }
    let mut hosts: HashMap<u16, (&str, Span)> = HashMap::new();
    for (host, port, span) in &cx.draft.binds {
        let (other, place) = *hosts.entry(*port).or_insert((host, *span));
        if other != host {
            let message = format!(
                "port {port} is on {host} here and on {other} elsewhere: listeners share a port on one host only"
            );
            problems.push(Problem::new(Code::PortConflict, *span, message).beside(place));
        }
    }
    if let Some(controller) = &cx.draft.controller {
        let same = cx.draft.binds.iter().filter(|(_, port, _)| *port == controller.port);
        problems.extend(same.map(|(_, port, span)| {
            let message = format!("port {port} is that of the API (`controller.port`): give the listener another one");
            Problem::new(Code::PortConflict, *span, message)
        }));
    }
    cx.problems.extend(problems);
    tell_triggers_apart(cx);
}

fn by_port(cx: &Cx) -> BTreeMap<u16, Vec<Taken>> {
    let mut ports: BTreeMap<u16, Vec<Taken>> = BTreeMap::new();
    for RouteDraft { port, method, path, span, .. } in &cx.draft.routes {
        let taken = Taken { methods: vec![*method], path: path.clone(), span: *span, what: "route" };
        ports.entry(*port).or_default().push(taken);
    }
    for (port, base, span) in &cx.draft.source_routes {
        for (path, method, others) in SourceRoutes::PATHS {
            let methods = [&[method], others].concat();
            let taken = Taken { methods, path: format!("{base}{path}"), span: *span, what: "route of the sources" };
            ports.entry(*port).or_default().push(taken);
        }
    }
    ports
}

/// What one router can't have together.
fn of_port(port: u16, all: &[Taken], problems: &mut Vec<Problem>) {
    let mut router: Router<()> = Router::new();
    let mut known: HashMap<&str, Vec<&Taken>> = HashMap::new();
    for one in all {
        let alike = known.entry(&one.path).or_default();
        let other = alike.iter().find(|other| other.methods.iter().any(|method| one.methods.contains(method)));
        if let Some(other) = other {
            let method =
                one.methods.iter().find(|method| other.methods.contains(method)).map_or("", |method| method.as_str());
            let message = format!("there is another {} for {method} {} on port {port}", other.what, one.path);
            problems.push(Problem::new(Code::RouteConflict, one.span, message).beside(other.span));
            continue;
        }
        let is_new = alike.is_empty();
        alike.push(one);
        if !is_new {
            continue;
        }
        match router.insert(&one.path, ()) {
            Ok(()) => {}
            Err(InsertError::Conflict { with }) => {
                // Even with different methods: a router has one name for a parameter in one place.
                let message = format!(
                    "`{}` and `{with}` on port {port} differ only in the names of parameters: name these alike",
                    one.path
                );
                let problem = Problem::new(Code::RouteConflict, one.span, message);
                let place = known.get(with.as_str()).and_then(|alike| alike.first());
                problems.push(match place {
                    Some(other) => problem.beside(other.span),
                    None => problem,
                });
            }
            Err(error) => {
                problems.push(Problem::new(Code::BadPath, one.span, format!("`{}`: {error}", one.path)));
            }
        }
    }
}

/// Routes that stand in the place of a source's own address: the source would get nothing of what is sent there.
fn shadowed(cx: &Cx, problems: &mut Vec<Problem>) {
    for (port, base, span) in &cx.draft.source_routes {
        for route in cx.draft.routes.iter().filter(|route| route.port == *port) {
            let source = SourceRoutes::PATHS.iter().find_map(|(path, method, others)| {
                let name = route.path.strip_prefix(base.as_str())?.strip_prefix(path.strip_suffix("{id}")?)?;
                cx.draft.sources.get(name).filter(|_| route.method == *method || others.contains(&route.method))
            });
            if let Some(source) = source {
                let message = format!(
                    "{} {} on port {port} is the address of the source `{}`: choose another path",
                    route.method, route.path, source.name
                );
                problems.push(Problem::new(Code::RouteConflict, route.span, message).beside(*span));
            }
        }
    }
}

/// Callback routes on several ports that are one route by their identity: a callback by one of them would complete the waits
/// of the other.
fn twins(routes: &[RouteDraft], problems: &mut Vec<Problem>) {
    let mut known: HashMap<&RouteId, &RouteDraft> = HashMap::new();
    for route in routes.iter().filter(|route| route.identify_by.is_some()) {
        let first = *known.entry(&route.id).or_insert(route);
        if first.port != route.port {
            let message = format!(
                "{} {} is a callback route of port {} too, and a route is known by its method and path alone, whatever its \
                 parameters are called: give one of them another path, or leave it out",
                route.method, route.path, first.port
            );
            problems.push(Problem::new(Code::RouteConflict, route.span, message).beside(first.span));
        }
    }
}

/// Triggers of one method and path on several ports keep apart what they started: all but that of the lowest port have
/// their port in their id.
fn tell_triggers_apart(cx: &mut Cx) {
    let mut lowest: HashMap<RouteId, u16> = HashMap::new();
    for route in cx.draft.routes.iter().filter(|route| route.identify_by.is_none()) {
        let port = lowest.entry(route.id.clone()).or_insert(route.port);
        *port = route.port.min(*port);
    }
    let apart = |id: &RouteId, port: u16| {
        let is_other = lowest.get(id).is_some_and(|lowest| *lowest != port);
        if is_other { RouteId(format!("{id} :{port}")) } else { id.clone() }
    };
    for route in cx.draft.routes.iter_mut().filter(|route| route.identify_by.is_none()) {
        route.id = apart(&route.id, route.port);
    }
    for listener in &mut cx.draft.listeners {
        if let Routes::Triggers(triggers) = &mut listener.routes {
            triggers.iter_mut().for_each(|trigger| trigger.route.id = apart(&trigger.route.id, listener.port));
        }
    }
}
