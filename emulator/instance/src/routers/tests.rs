use super::{Limits, before, serving};
use application::App;
use application::app::Outside;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use domain::address::Guard;
use domain::config::{Config, load};
use domain::run::Surroundings;
use local_aws::{Aws, AwsOptions};
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use tower::ServiceExt;

fn app(config: Config) -> App {
    let aws = Aws::open(AwsOptions::in_memory("ringback")).expect("a table in memory");
    let settings = Settings { shards: 1, ..Settings::default() };
    let sender = Sender::new(settings.max_response, Guard::allowing([])).expect("TLS");
    let outside = Outside::through(aws.dynamodb(), aws.sqs(), settings, sender, Some(Arc::new(KeyRing::generate())));
    App::new(outside, Arc::new(config), Surroundings::default()).expect("no secret is missing")
}

fn routers(app: &App, config: Config) -> BTreeMap<u16, Router> {
    let app =
        app.with_file(Arc::new(config), Surroundings::default(), app.sender.clone()).expect("no secret is missing");
    serving(Arc::new(app), &[], &mut Limits::default()).listeners
}

/// A listener as a line of YAML.
fn listener() -> impl Strategy<Value = String> {
    let word = || select(vec!["a", "b", "{x}", "{y}", "{id}", "hooks", "api", "webhooks", "github"]);
    let path = move || vec(word(), 0..3).prop_map(|words| format!("/{}", words.join("/")));
    let base = prop_oneof![3 => Just(None), 1 => path().prop_map(Some)];
    let route = (path(), select(vec!["GET", "POST", "PUT", "DELETE"]));
    let limit = prop_oneof![Just(0), Just(3)];
    (0..5, 1..3, base, vec(route, 1..4), limit).prop_map(|(kind, port, base, routes, limit)| {
        let base = base.map(|base| format!(", base_path: '{base}'")).unwrap_or_default();
        let of = |more: &str| {
            let each = routes.iter().map(|(path, method)| format!("{{path: '{path}', method: {method}{more}}}"));
            each.collect::<Vec<_>>().join(", ")
        };
        let what = match kind {
            0 => "type: http-source".to_owned(),
            1 | 2 => format!("triggers: [{}]", of(", workflow: w")),
            _ => format!("callbacks: [{}]", of("")),
        };
        format!("{{port: {port}, max_concurrent_count: {limit}, {what}{base}}}")
    })
}

fn file(listeners: &[String]) -> String {
    format!(
        "listeners: [{}]\nsources: {{github: {{auth_type: token, token: x, rules: {{push: w}}}}}}\n\
         workflow: {{id: w, jobs: [{{component: logger}}]}}",
        listeners.join(", ")
    )
}

/// A router panics on what it can't have together, so the loader has to know it all.
#[test]
fn the_router_of_every_file_that_loads_can_be_made() {
    let app = app(load("controller: {port: 1}", "f").config.expect("a good file"));
    let (loaded, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    runner
        .run(&vec(listener(), 1..5), |listeners| {
            match load(&file(&listeners), "f").config {
                Some(config) => {
                    loaded.set(loaded.get() + 1);
                    routers(&app, config);
                }
                None => refused.set(refused.get() + 1),
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let (loaded, refused) = (loaded.get(), refused.get());
    assert!(loaded > 30 && refused > 30, "{loaded} files were tried, and {refused} refused");
}

#[tokio::test]
async fn one_path_has_routes_of_several_listeners_by_method() {
    let listeners = [
        "{port: 1, path: /a, method: GET, max_concurrent_count: 1}",
        "{port: 1, path: /a, method: POST, workflow: w}",
        "{port: 1, path: /b}",
        "{port: 1, type: http-source, max_concurrent_count: 1}",
    ];
    let config = load(&file(&listeners.map(str::to_owned)), "f").config.expect("a good file");
    let app = app(config.clone());
    let router = routers(&app, config).remove(&1).expect("the port's router");
    for (method, path, wanted) in [
        ("GET", "/a", StatusCode::OK),
        ("POST", "/a", StatusCode::OK),
        ("PUT", "/a", StatusCode::METHOD_NOT_ALLOWED),
        ("POST", "/b", StatusCode::OK),
        ("GET", "/b", StatusCode::METHOD_NOT_ALLOWED),
        ("POST", "/hooks/github", StatusCode::UNAUTHORIZED),
        ("POST", "/api/webhooks/github", StatusCode::UNAUTHORIZED),
        ("PUT", "/hooks/github", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/api/webhooks/github", StatusCode::METHOD_NOT_ALLOWED),
        ("POST", "/hooks/gitlab", StatusCode::NOT_FOUND),
        ("GET", "/api/tasks", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(asked(&router, method, path).await, wanted, "{method} {path}");
    }
}

/// A route of an older file is not hidden by another method's route of the file in charge.
#[tokio::test]
async fn the_router_behind_answers_what_the_one_before_it_does_not_know() {
    let old =
        Router::new().route("/a", post(async || StatusCode::CREATED)).route("/b", get(async || StatusCode::CREATED));
    let new =
        Router::new().route("/a", get(async || StatusCode::ACCEPTED)).route("/c", get(async || StatusCode::ACCEPTED));
    let router = before(new, Some(before(old, None)));
    for (method, path, wanted) in [
        ("GET", "/a", StatusCode::ACCEPTED),
        ("POST", "/a", StatusCode::CREATED),
        ("PUT", "/a", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/b", StatusCode::CREATED),
        ("POST", "/c", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/d", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(asked(&router, method, path).await, wanted, "{method} {path}");
    }
}

/// Each source has its own limit, which the handler knows: the slot is taken after the body, and has to take as much.
#[tokio::test]
async fn a_listener_with_slots_takes_bodies_as_long_as_its_source_does() {
    let file = "
        listener: {port: 1, type: http-source, max_concurrent_count: 1}
        sources:
          large: {auth_type: token, token: x, max_body: 3000000, rules: {push: w}}
          small: {auth_type: token, token: x, rules: {push: w}}
        workflow: {id: w, jobs: [{component: logger}]}
    ";
    let config = load(file, "f").config.expect("a good file");
    let app = app(config.clone());
    let router = routers(&app, config).remove(&1).expect("the port's router");
    for (path, length, wanted) in [
        ("/hooks/large", 2_000_000, StatusCode::UNAUTHORIZED),
        ("/hooks/large", 4_000_000, StatusCode::PAYLOAD_TOO_LARGE),
        ("/hooks/small", 2_000_000, StatusCode::PAYLOAD_TOO_LARGE),
        ("/hooks/unknown", 2_000_000, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let body = format!("{{{}}}", " ".repeat(length));
        assert_eq!(sent(&router, "POST", path, body).await, wanted, "{length} bytes to {path}");
    }
}

async fn asked(router: &Router, method: &str, path: &str) -> StatusCode {
    sent(router, method, path, "{}".to_owned()).await
}

async fn sent(router: &Router, method: &str, path: &str, body: String) -> StatusCode {
    let request = Request::builder().method(method).uri(path).body(Body::from(body)).expect("a request");
    router.clone().oneshot(request).await.expect("routers don't fail").status()
}
