use super::{API, taken};

const ROUTERS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../functions/api/src/lib.rs"));

/// The path and the methods of each `.route(…)` of functions/api.
fn routes() -> Vec<(String, String)> {
    let each = ROUTERS.split(".route(\"").skip(1).filter_map(|rest| {
        let (path, handlers) = rest.split_once('"')?;
        let handlers = handlers.split('\n').next()?;
        let method = |name: &&str| handlers.contains(&format!("{}(", name.to_lowercase()));
        let methods: Vec<&str> = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().filter(method).collect();
        let unnamed: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
        Some((methods.join(" "), unnamed.join("/")))
    });
    each.filter(|(methods, path)| path.starts_with("/api/") && !methods.is_empty()).collect()
}

#[test]
fn the_api_is_as_its_function_has_it() {
    let listed: Vec<(String, String)> = API.iter().map(|(m, p)| ((*m).to_owned(), (*p).to_owned())).collect();
    let (sources, api) = listed.split_last().unwrap();
    assert_eq!(api, routes());
    assert_eq!(*sources, ("POST".to_owned(), "/api/webhooks/{}".to_owned()));
}

#[test]
fn a_variable_in_front_may_not_take_the_apis_addresses() {
    for (methods, path) in API {
        let caught = path.replacen("/api", "/{tenant}", 1).replace("{}", "{x}");
        for method in methods.split(' ') {
            assert!(taken(method, &caught).is_some(), "{method} {caught}");
        }
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
