//! Paths and routes that no request could reach or no router could tell apart.

use super::{check, config};
use crate::config::{Listener, Routes};

#[test]
fn routes_that_the_same_request_matches_collide() {
    check(&[
        (
            "listener: {callbacks: [{path: /a}, {path: /a}]}",
            "f:1:43: error[route_conflict]: there is another route for POST /a on port 8090 (the other one is at 1:31)",
        ),
        ("listener: {callbacks: [{path: /a}, {path: /a, method: PUT}]}", ""),
        (
            "listeners: [{path: /a}, {port: 8090, workflow: default, path: /a}]
workflow: {jobs: [{component: logger}]}
",
            "f:1:63: error[route_conflict]: there is another route for POST /a on port 8090 (the other one is at 1:20)",
        ),
        ("listeners: [{path: /a, method: GET}, {path: /a, method: POST}]", ""),
        (
            "listener: {callbacks: [{path: '/a/{x}'}, {path: '/a/{y}'}]}",
            "f:1:49: error[route_conflict]: `/a/{y}` and `/a/{x}` on port 8090 differ only in the names of parameters: \
             name these alike (the other one is at 1:31)",
        ),
        (
            "listeners: [{path: '/a/{x}'}, {path: '/a/{y}', method: PUT}]",
            "f:1:38: error[route_conflict]: `/a/{y}` and `/a/{x}` on port 8090 differ only in the names of parameters: \
             name these alike (the other one is at 1:20)",
        ),
        ("listener: {callbacks: [{path: '/a/{x}'}, {path: /a/b}, {path: '/a/{x}/c'}]}", ""),
        ("listener: {callbacks: [{path: '/{x}/b'}, {path: '/a/{y}'}]}", ""),
        (
            "listeners: [{path: /a, host: 0.0.0.0}, {path: /b}]",
            "f:1:40: error[port_conflict]: port 8090 is on 127.0.0.1 here and on 0.0.0.0 elsewhere: listeners share a \
             port on one host only (the other one is at 1:13)",
        ),
        (
            "controller: {port: 9000}
listeners: [{path: /a}, {path: /b, port: 9000}]",
            "f:2:42: error[port_conflict]: port 9000 is that of the API (`controller.port`): give the listener another \
             one",
        ),
        ("listener: {base_path: /w, callbacks: [{path: /a/b}, {path: /a/b/}]}", ""),
        (
            "listener: {base_path: '/{x}', path: '/a/{x}'}",
            "f:1:41: error[bad_path]: `/a/{x}`: the parameter `{x}` stands in `base_path` too: name one of them \
             otherwise",
        ),
    ]);
}

/// A wait knows its route by method and path alone.
#[test]
fn callback_routes_of_two_ports_must_differ_in_method_or_path() {
    check(&[
        (
            "listeners: [{path: /a}, {port: 8092, path: /a}]",
            "f:1:44: error[route_conflict]: POST /a is a callback route of port 8090 too, and a route is known by its \
             method and path alone, whatever its parameters are called: give one of them another path, or leave it \
             out (the other one is at 1:20)",
        ),
        (
            "listeners: [{path: /b/a}, {port: 8092, base_path: /b, path: /a}]",
            "f:1:61: error[route_conflict]: POST /b/a is a callback route of port 8090 too, and a route is known by \
             its method and path alone, whatever its parameters are called: give one of them another path, or leave \
             it out (the other one is at 1:20)",
        ),
        (
            "listeners: [{path: '/{x}'}, {port: 8092, path: '/{y}'}]",
            "f:1:48: error[route_conflict]: POST /{y} is a callback route of port 8090 too, and a route is known by \
             its method and path alone, whatever its parameters are called: give one of them another path, or leave \
             it out (the other one is at 1:20)",
        ),
        ("listeners: [{path: /a}, {port: 8092, path: /a, method: PUT}]", ""),
        (
            "listeners: [{path: /a}, {port: 8092, workflow: w, path: /a}]\nworkflow: {id: w, jobs: [{component: \
             logger}]}",
            "",
        ),
    ]);
}

#[test]
fn the_routes_of_sources_are_routes_too() {
    let source = "\nsources: {github: {auth_type: token, token: x, rules: {push: w}}}\nworkflow: {id: w, jobs: \
        [{component: logger}]}";
    let listeners = |listeners: &str| format!("listeners: [{listeners}]{source}");
    let at_source = "{type: http-source, port: 1}";
    check(&[
        (&listeners(at_source), ""),
        (&listeners("{type: source, port: 1, base_path: /in}, {port: 1, path: '/hooks/{x}'}"), ""),
        (
            &listeners(&format!("{at_source}, {{port: 1, path: '/hooks/{{x}}'}}")),
            "f:1:13: error[route_conflict]: `/hooks/{id}` and `/hooks/{x}` on port 1 differ only in the names of \
             parameters: name these alike (the other one is at 1:59)",
        ),
        (
            &listeners(&format!("{at_source}, {{port: 1, path: '/hooks/{{id}}'}}")),
            "f:1:13: error[route_conflict]: there is another route for POST /hooks/{id} on port 1 (the other one is at \
             1:59)",
        ),
        (&listeners(&format!("{at_source}, {{port: 1, method: PUT, path: '/hooks/{{id}}'}}")), ""),
        (
            &listeners(&format!("{at_source}, {at_source}")),
            "f:1:43: error[route_conflict]: there is another route of the sources for GET /hooks/{id} on port 1 (the other one is at 1:13)\n\
             f:1:43: error[route_conflict]: there is another route of the sources for POST /api/webhooks/{id} on port 1 (the other one is at 1:13)",
        ),
        (
            &listeners("{type: http-source, base_path: '/{tenant}'}"),
            "f:1:44: error[bad_path]: `/{tenant}`: the paths of sources have no other parameter",
        ),
        (
            &listeners(&format!("{at_source}, {{port: 1, path: /hooks/github}}")),
            "f:1:59: error[route_conflict]: POST /hooks/github on port 1 is the address of the source `github`: choose \
             another path (the other one is at 1:13)",
        ),
    ]);
}

/// Its port is the first from 8092 on that nothing else in the file has, so it never makes a file unusable.
#[test]
fn a_file_with_sources_has_a_listener_for_them() {
    let file = |rest: &str| {
        format!(
            "sources: {{github: {{auth_type: token, token: x, rules: {{push: w}}}}}}\nworkflow: {{id: w, jobs: \
             [{{component: logger}}]}}\n{rest}"
        )
    };
    let listeners = |rest: &str| {
        let listeners = config(&file(rest)).listeners.into_iter();
        let of_sources = |listener: &Listener| matches!(listener.routes, Routes::Sources(_));
        listeners.filter(of_sources).map(|one| (one.id, one.host, one.port)).collect::<Vec<_>>()
    };
    let one = |id: &str, host: &str, port| vec![(id.to_owned(), host.to_owned(), port)];
    assert_eq!(listeners(""), one("sources", "127.0.0.1", 8092));
    assert_eq!(
        listeners("listeners: [{port: 8092, path: /a}, {port: 8093, path: /b}]"),
        one("sources", "127.0.0.1", 8094)
    );
    assert_eq!(listeners("controller: {port: 8092}"), one("sources", "127.0.0.1", 8093));
    assert_eq!(listeners("listener: {id: sources, path: /a}"), one("sources-2", "127.0.0.1", 8092));
    assert_eq!(listeners("listener: {type: http-source, host: 0.0.0.0}"), one("listener-8092", "0.0.0.0", 8092));
    assert_eq!(listeners("listener: {type: http-source, id: in, port: 9000}"), one("in", "127.0.0.1", 9000));
    assert!(config("listener: {path: /a}").listeners.iter().all(|one| matches!(one.routes, Routes::Callbacks(_))));
    // A gateway may name its port, and templates may read its address.
    let gateway = "gateway: {type: http-tunnel, driver: cloudflare, port: 8092}\nlistener: {path: /a}\n\
                   component: {id: c, endpoint: 'https://h', body: '${gateway:8092.public_url}'}";
    check(&[(&file(gateway), "")]);
}

#[test]
fn a_path_that_no_request_reaches_is_refused() {
    check(&[
        ("listener: {path: a}", "f:1:18: error[bad_path]: `a`: a path begins with `/`; did you mean `/a`?"),
        (
            "listener: {path: /a?x=1}",
            "f:1:20: error[bad_path]: `/a?x=1`: a path has no query, fragment, backslash or space",
        ),
        (
            "listener: {path: '/a#b'}",
            "f:1:21: error[bad_path]: `/a#b`: a path has no query, fragment, backslash or space",
        ),
        (
            "listener: {path: /a b}",
            "f:1:20: error[bad_path]: `/a b`: a path has no query, fragment, backslash or space",
        ),
        (
            "listener: {path: '/a/:id'}",
            "f:1:22: error[bad_path]: `/a/:id`: a path parameter is written `{name}`; did you mean `{id}`?",
        ),
        (
            "listener: {path: '/a/*rest'}",
            "f:1:22: error[bad_path]: `/a/*rest`: a path parameter is written `{name}`; did you mean `{rest}`?",
        ),
        ("listener: {path: '/a/{*rest}'}", "f:1:22: error[bad_path]: `/a/{*rest}`: a path parameter is `{name}`"),
        (
            "listener: {path: '/a/x{id}'}",
            "f:1:22: error[bad_path]: `/a/x{id}`: a path parameter is a whole segment: `/{name}/`",
        ),
        ("listener: {path: '/{id}/{id}'}", "f:1:20: error[bad_path]: `/{id}/{id}`: this parameter stands twice"),
        ("listener: {path: '/{}'}", "f:1:20: error[bad_path]: `/{}`: a path parameter is `{name}`"),
        ("listener: {path: //a}", "f:1:18: error[bad_path]: `//a`: a path has no empty, `.` or `..` segments"),
        ("listener: {path: /a/../b}", "f:1:18: error[bad_path]: `/a/../b`: a path has no empty, `.` or `..` segments"),
        (
            "listener: {path: /웹훅}",
            "f:1:18: error[bad_path]: `/웹훅`: a path is ASCII: other letters arrive percent-encoded; did you mean \
             `/%EC%9B%B9%ED%9B%85`?",
        ),
        (
            "listener: {path: '/a\\b'}",
            "f:1:21: error[bad_path]: `/a\\b`: a path has no query, fragment, backslash or space",
        ),
        (
            "listener: {base_path: hooks, path: /a}",
            "f:1:23: error[bad_path]: `hooks`: a path begins with `/`; did you mean `/hooks`?",
        ),
        (
            "listener: {path: '/${env.X}'}",
            "f:1:20: error[expression_not_allowed]: an expression isn't possible here: this is needed before any \
             request",
        ),
        ("listener: {path: /}", ""),
    ]);
}
