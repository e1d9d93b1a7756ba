use super::{max_concurrent, routes};
use domain::config::{Loaded, load};

fn loaded(listeners: &str) -> Loaded {
    let text =
        format!("listeners:\n{listeners}workflow:\n  jobs:\n    - component: c\ncomponents:\n  c: {{type: logger}}\n");
    let loaded = load(&text, "ringback.yml");
    assert!(loaded.config.is_some(), "{:?}", loaded.diagnostics);
    loaded
}

fn refusals(listeners: &str) -> Vec<String> {
    let loaded = loaded(listeners);
    let refusals = routes::refusals(loaded.config.as_ref().unwrap(), &loaded.routes, routes::QUOTA, "ringback.yml");
    assert!(refusals.iter().all(|refusal| refusal.code.refuses_start()));
    refusals.iter().map(ToString::to_string).collect()
}

const TRIGGER: &str = "  - {port: 8091, path: /in, workflow: default}\n";

#[test]
fn routes_are_in_file_order_with_their_lines() {
    let loaded =
        loaded(&format!("{TRIGGER}  - {{id: back, port: 8090, base_path: /b, path: \"/{{x}}\", method: PUT}}\n"));
    let planned = routes::of(loaded.config.as_ref().unwrap(), &loaded.routes);
    let line = |p: &routes::Planned| format!("{} {} {} {} {}", p.function, p.method, p.path, p.listener, p.line);
    let lines: Vec<String> = planned.iter().map(line).collect();
    assert_eq!(lines, ["trigger POST /in listener-8091 2", "callback PUT /b/{x} back 3"]);
}

#[test]
fn what_is_apart_on_two_ports_collides_on_one_address() {
    assert_eq!(refusals(&format!("{TRIGGER}  - {{port: 8090, path: /in, method: PUT}}\n")), Vec::<String>::new());
    let refused = refusals(&format!("{TRIGGER}  - {{port: 8090, path: /in}}\n"));
    assert_eq!(refused.len(), 1);
    assert!(refused[0].starts_with("ringback.yml:3:") && refused[0].contains("route_conflict"), "{refused:?}");
    let parameters =
        "  - {port: 1, path: \"/a/{x}\", workflow: default}\n  - {port: 2, path: \"/a/{y}\", method: GET}\n";
    assert!(refusals(parameters)[0].contains("name these alike"));
}

#[test]
fn addresses_of_our_own_are_taken() {
    for path in ["/api", "/api/webhooks/x", "/health", "/ready", "/metrics", "/openapi.json", "/console", "/console/x"]
    {
        let refused = refusals(&format!("  - {{path: {path}}}\n"));
        assert!(refused.len() == 1 && refused[0].contains("Ringback's own"), "{path}: {refused:?}");
    }
    for path in ["/apis", "/healthy", "/hooks/health", "/"] {
        assert_eq!(refusals(&format!("  - {{path: {path}}}\n")), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn paths_that_api_gateway_does_not_have_are_refused() {
    for path in ["/hooks/", "/a%20b", "/a|b"] {
        let refused = refusals(&format!("  - {{path: \"{path}\"}}\n"));
        assert!(refused.len() == 1 && refused[0].contains("bad_path"), "{path}: {refused:?}");
    }
    assert_eq!(refusals("  - {path: \"/v1/jobs:done/{id}/~x\"}\n"), Vec::<String>::new());
}

#[test]
fn a_function_has_a_limit_where_each_of_its_listeners_has_one() {
    let limits = |listeners: &str| max_concurrent(loaded(listeners).config.as_ref().unwrap());
    let callback =
        |port: u16, limit: u32| format!("  - {{port: {port}, path: /{port}, max_concurrent_count: {limit}}}\n");
    assert_eq!(limits(&(callback(1, 5) + &callback(2, 7) + TRIGGER)), [("callback", 12)].into());
    assert_eq!(limits(&(callback(1, 5) + &callback(2, 0))), [].into());
    assert_eq!(limits(TRIGGER), [].into());
}

#[test]
fn the_first_route_too_many_is_refused() {
    let listeners = |count: usize| {
        let routes: String = (0..count).map(|n| format!("  - {{path: /in/{n}}}\n")).collect();
        loaded(&routes)
    };
    let refused = |loaded: &Loaded, quota| {
        let refusals = routes::refusals(loaded.config.as_ref().unwrap(), &loaded.routes, quota, "ringback.yml");
        refusals.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(refused(&listeners(292), routes::QUOTA), Vec::<String>::new());
    let many = listeners(400);
    let [only] = refused(&many, routes::QUOTA).try_into().unwrap();
    // The first route stands in the second line.
    assert!(only.starts_with("ringback.yml:294:") && only.contains("room for 292 of 300"), "{only}");
    assert_eq!(refused(&many, 408), Vec::<String>::new());
}
