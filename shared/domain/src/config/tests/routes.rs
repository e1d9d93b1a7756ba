//! Paths and routes that no request could reach or no router could tell apart.

use super::check;

#[test]
fn routes_that_the_same_request_matches_collide() {
    check(&[
        (
            "listener: {callbacks: [{path: /a}, {path: /a}]}",
            "f:1:43: error[route_conflict]: there is another route for POST /a on port 8090",
        ),
        ("listener: {callbacks: [{path: /a}, {path: /a, method: PUT}]}", ""),
        (
            "listeners: [{path: /a}, {port: 8090, workflow: default, path: /a}]
workflow: {jobs: [{component: logger}]}
",
            "f:1:63: error[route_conflict]: there is another route for POST /a on port 8090",
        ),
        ("listeners: [{path: /a}, {port: 8092, path: /a}]", ""),
        (
            "listener: {callbacks: [{path: '/a/{x}'}, {path: '/a/{y}'}]}",
            "f:1:49: error[route_conflict]: `/a/{y}` and `/a/{x}` match the same requests: name the parameters alike",
        ),
        (
            "listener: {callbacks: [{path: '/a/{x}'}, {path: '/a/{y}', method: PUT}]}",
            "f:1:49: error[route_conflict]: `/a/{y}` and `/a/{x}` match the same requests: name the parameters alike",
        ),
        ("listener: {callbacks: [{path: '/a/{x}'}, {path: /a/b}, {path: '/a/{x}/c'}]}", ""),
        ("listener: {callbacks: [{path: '/{x}/b'}, {path: '/a/{y}'}]}", ""),
        (
            "listeners: [{path: /a, host: 0.0.0.0}, {path: /b}]",
            "f:1:40: error[port_conflict]: port 8090 is on 127.0.0.1 here and on 0.0.0.0 above: listeners share a port on one host only",
        ),
        ("listener: {base_path: /w, callbacks: [{path: /a/b}, {path: /a/b/}]}", ""),
    ]);
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
            "f:1:18: error[bad_path]: `/웹훅`: a path is ASCII: other letters arrive percent-encoded; did you mean `/%EC%9B%B9%ED%9B%85`?",
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
            "f:1:20: error[expression_not_allowed]: an expression isn't possible here: this is needed before any request",
        ),
        ("listener: {path: /}", ""),
    ]);
}
