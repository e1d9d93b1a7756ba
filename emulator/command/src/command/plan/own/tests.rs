use super::taken;
use contract::Operation;

#[test]
fn a_variable_in_front_may_not_take_the_apis_addresses() {
    for operation in Operation::ALL.iter().filter(|operation| operation.path().starts_with("/api/")) {
        let caught = operation.path().replacen("/api", "/{tenant}", 1);
        assert!(taken(operation.method().as_str(), &caught).is_some(), "{operation:?} {caught}");
    }
    for (method, path) in [("POST", "/{tenant}/{hook}"), ("GET", "/{a}/{b}/{c}"), ("POST", "/{a}/webhooks/{b}")] {
        let why = taken(method, path).unwrap_or_else(|| panic!("{method} {path}"));
        assert!(why.contains("begin the path with a word"), "{why}");
    }
}

#[test]
fn a_route_may_not_take_the_addresses_of_the_sources() {
    let why = taken("POST", "/hooks/{tenant}").unwrap();
    assert!(why.contains("is where the sources are"), "{why}");
}

#[test]
fn a_route_may_not_take_what_everyone_may_ask() {
    for path in ["/health", "/ready", "/metrics", "/openapi.json", "/console", "/console/x", "/api/x"] {
        assert!(taken("GET", path).is_some_and(|why| why.contains("Ringback's own address")), "{path}");
    }
}

#[test]
fn what_meets_none_of_them_is_free() {
    let free = [
        // Addresses of one segment are routes of their own, and come first.
        ("GET", "/{tenant}"),
        ("POST", "/{tenant}"),
        // No such word, no such method, no such depth.
        ("POST", "/{tenant}/hook"),
        ("PUT", "/{tenant}/{hook}"),
        ("POST", "/{a}/{b}/{c}/{d}/{e}"),
        ("POST", "/hooks/{tenant}/{hook}"),
        ("POST", "/apis/{hook}"),
    ];
    for (method, path) in free {
        assert_eq!(taken(method, path), None, "{method} {path}");
    }
}
