//! Sources behind a tunnel, and the addresses that are printed.

use super::stand_in::StandIn;
use crate::EMULATOR;
use ringback_tests::{File, Process, Service, run};
use serde_json::{Value, json};
use std::fs::write;

/// The README's tunnel, for a file that has nothing but sources.
#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_leads_to_the_sources_of_a_template_and_not_to_the_api() {
    let cloudflared = StandIn::cloudflared(&["good"]);
    let made = run(EMULATOR, &cloudflared.path(""), &["init", "github"], "").await;
    assert_eq!(made.code, Some(0), "{}", made.err);
    let path = std::env::join_paths([cloudflared.path(""), "/usr/bin".into(), "/bin".into()]).unwrap();
    let (file, data) = (cloudflared.path("ringback.yml"), cloudflared.path("data"));
    let env = [("PATH", path.as_os_str()), ("GITHUB_SECRET", "a long secret".as_ref())];
    let process = Process::up_in(EMULATOR, &file, &data, &["--tunnel", "cloudflare"], &env).await;
    let addresses = process.ready["addresses"].as_array().unwrap();
    let [source] = addresses.as_slice() else { panic!("{addresses:?}") };
    let url = source["public_url"].as_str().unwrap();
    assert!(url.starts_with("https://words-") && url.ends_with(".trycloudflare.com/hooks/github"), "{url}");
    let base = cloudflared.reach(url.strip_suffix("/hooks/github").unwrap());
    let client = platform::tls::client().build().unwrap();
    for (path, wanted) in [
        ("/hooks/github", 401),
        ("/api/webhooks/github", 401),
        ("/hooks/gitlab", 404),
        ("/api/tasks", 404),
        ("/health", 404),
        ("/metrics", 404),
    ] {
        let answer = client.post(format!("{base}{path}")).body("{}").send().await.unwrap();
        assert_eq!(answer.status(), wanted, "{path}");
    }
    // The API's port goes on serving them, for what reaches this machine otherwise.
    let api = process.ready["api"].as_str().unwrap();
    let answer = client.post(format!("{api}/api/webhooks/github")).body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    process.terminate();
    process.ended().await;
}

const FILE: &str = "
listeners:
  - {port: 8090, path: /done, identify_by: '${body.id}', result: '${body.id}'}
  - {type: http-source, port: 8092, base_path: /in}
component:
  id: service
  endpoint: https://service.test/jobs
  body: {gateway: '${gateway:8090.public_url}/done', listener: '${listener.url}', job: '${context.callback_url}', id: k}
sources:
  signed:
    scheme: {header: x-signature, algorithm: hmac-sha256, encoding: hex, signed: '{url}'}
    secret: the-secret-of-the-provider
    rules: {'*': w}
workflow: {id: w, jobs: [{component: service}]}
";

/// The addresses that a service is told, by where the public one comes from.
async fn told(file: File, service: &Service) -> Value {
    let gateway = file.run().await;
    gateway.start("w", json!({})).await;
    let body = service.next_request().await.body;
    gateway.stop().await;
    body
}

#[tokio::test]
async fn templates_know_the_public_address_that_was_given() {
    let service = Service::answering(json!({})).await;
    let file = || File::new(FILE).calling("https://service.test", &service);
    let with_option = |file: File, option: &str| {
        let option = option.to_owned();
        file.with(move |options| options.reach.public.option = Some(option))
    };
    let written = "controller: {public_url: 'https://written.example.com'}";
    let variable =
        file().and(written).with(|options| options.reach.public.variable = Some("https://set.example.com".to_owned()));
    for (file, wanted) in [
        (with_option(file(), "https://given.example.com"), "https://given.example.com"),
        (with_option(file().and(written), "https://given.example.com"), "https://given.example.com"),
        (variable, "https://set.example.com"),
        (file().and(written), "https://written.example.com"),
    ] {
        let body = told(file, &service).await;
        assert_eq!(body["gateway"], format!("{wanted}/done"));
        assert_eq!(body["listener"], format!("{wanted}/done"));
        let job = body["job"].as_str().unwrap();
        assert!(job.starts_with(&format!("{wanted}/done?")), "{job}");
    }
    let local = told(file(), &service).await;
    assert!(local["gateway"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{local}");
}

#[tokio::test]
async fn the_option_and_the_variable_are_checked_before_anything_starts() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path().join("ringback.yml"), "workflow: {id: w, jobs: [{component: logger}]}").unwrap();
    let ended = run(EMULATOR, directory.path(), &["up", "--public-url", "hooks.example.com"], "").await;
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    let wanted = "--public-url: `hooks.example.com` is not a scheme and a host, as `https://hooks.example.com`";
    assert!(ended.err.contains(wanted), "{}", ended.err);
    assert!(!directory.path().join(".ringback").exists());
}
