use super::RouteId;
use crate::config::{Config, Routes, load, load_stored};
use proptest::prelude::*;

fn config(text: &str) -> Config {
    let loaded = load(text, "f");
    loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn ids(text: &str) -> Vec<String> {
    let listeners = config(text).listeners;
    let of = |routes: &Routes| match routes {
        Routes::Triggers(all) => all.iter().map(|one| one.route.id.0.clone()).collect::<Vec<_>>(),
        Routes::Callbacks(all) => all.iter().map(|one| one.route.id.0.clone()).collect(),
        Routes::Sources(_) => Vec::new(),
    };
    listeners.iter().flat_map(|listener| of(&listener.routes)).collect()
}

#[test]
fn a_route_is_its_method_and_its_public_path_whatever_is_edited_around_it() {
    for text in [
        "listener: {port: 1, path: /w/done}",
        "listener: {port: 1, id: images, path: /w/done}",
        "listener: {port: 2, path: /w/done}",
        "listener: {port: 1, base_path: /w, path: /done}",
        "listener: {port: 1, base_path: /w/, callbacks: [{path: done}]}".replace("path: done", "path: /done").as_str(),
        "listener: {port: 1, method: post, path: /w/done}",
        "listeners: [{port: 1, path: /w/done, host: 0.0.0.0}]",
    ] {
        assert_eq!(ids(text), ["POST /w/done"], "{text}");
    }
    let above = "listeners: [{port: 1, path: /other}, {port: 1, path: /w/done}]";
    assert_eq!(ids(above), ["POST /other", "POST /w/done"]);
    assert_eq!(ids("listener: {path: /w/done, method: PUT}"), ["PUT /w/done"]);
}

#[test]
fn the_names_of_parameters_are_no_part_of_a_routes_identity() {
    for name in ["a", "b", "some_id"] {
        let text = format!("listener: {{path: '/p/{{{name}}}/done'}}");
        assert_eq!(ids(&text), ["POST /p/{}/done"]);
        assert_eq!(RouteId::named(&format!("POST /p/{{{name}}}/done")).0, "POST /p/{}/done");
        assert_eq!(RouteId::named(&format!("x:POST:/p/{{{name}}}/done")).0, "POST /p/{}/done");
    }
    assert_eq!(RouteId::new("GET", "/a/{*rest}").0, "GET /a/{*}");
    assert_eq!(RouteId::named("/p/{a}").0, "/p/{a}");
}

/// Their requests reach different ports, so one's `Idempotency-Key` must not be taken for the other's.
#[test]
fn triggers_that_share_method_and_path_on_two_ports_stay_two() {
    let workflow = "\nworkflow: {id: w, jobs: [{component: logger}]}";
    let text = |listeners: &str| format!("listeners: [{listeners}]{workflow}");
    let (one, two) = ("{port: 1, path: /a, workflow: w}", "{port: 2, path: /a, workflow: w}");
    assert_eq!(ids(&text(&format!("{one}, {two}"))), ["POST /a", "POST /a :2"]);
    assert_eq!(ids(&text(&format!("{two}, {one}"))), ["POST /a :2", "POST /a"]);
    assert_eq!(ids(&text("{port: 2, path: /a, workflow: w}, {port: 1, path: /a}")), ["POST /a", "POST /a"]);
}

#[test]
fn a_file_knows_what_its_routes_were_called() {
    let config = config(
        "listeners: [{port: 1, path: /a}, {port: 1, id: images, path: '/b/{id}'}, {port: 1, path: /c, method: PUT}]",
    );
    let former = |id: &str| config.former_ids(&RouteId(id.to_owned()));
    assert_eq!(former("POST /a"), [RouteId("listener-1:POST:/a".to_owned())]);
    assert_eq!(former("POST /b/{}"), [RouteId("images:POST:/b/{id}".to_owned())]);
    assert_eq!(former("PUT /c"), [RouteId("listener-1-2:PUT:/c".to_owned())]);
    assert!(former("POST /c").is_empty());
}

/// Such a file was loaded by version 0.1, and runs may follow it.
#[test]
fn a_stored_file_whose_ports_share_a_callback_route_is_still_read() {
    let text = "listeners: [{port: 1, path: /a}, {port: 2, path: /a}]";
    assert!(load(text, "f").config.is_none());
    let config = load_stored(text, "ringback.yml").config.expect("a file of version 0.1");
    let former = config.former_ids(&RouteId::new("POST", "/a"));
    assert_eq!(former, [RouteId("listener-1:POST:/a".to_owned()), RouteId("listener-2:POST:/a".to_owned())]);
    assert!(load_stored("listeners: [{port: 1, path: /a}, {port: 1, path: /a}]", "ringback.yml").config.is_none());
}

proptest! {
    #[test]
    fn former_and_present_ids_are_told_apart(
        listener in "[A-Za-z0-9_-]{1,12}",
        method in "GET|POST|PUT|PATCH|DELETE",
        path in "/[ -~&&[^#?\\\\ ]]{0,20}",
    ) {
        let present = RouteId::new(&method, &path);
        prop_assert_eq!(RouteId::former(&listener, &method, &path).present(), Some(present.clone()));
        prop_assert_eq!(present.present(), None);
    }
}
