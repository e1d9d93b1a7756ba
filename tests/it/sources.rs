//! Sources from outside: who proves who they are, and what that starts.

mod addresses;
mod answers;
mod demands;
mod hostile;
mod providers;
mod repeats;

use ringback_tests::{File, Gateway, ManualClock, Provider};
use std::time::Duration;

/// GitHub's and others' secrets in these tests; nothing that is said or answered may hold one.
pub(crate) const GITHUB_SECRET: &str = "It's a Secret to Everybody 4711";
const SLACK_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const STRIPE_SECRET: &str = "whsec_stripe_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";
const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TOKEN: &str = "custom-token-90210";

pub(crate) const PUSH: &[u8] = include_bytes!("../fixtures/payload/github_push.json");

const FILE: &str = r#"
controller: {trusted_proxies: [127.0.0.0/8]}
sources:
  github:
    secret: ${env.GITHUB_SECRET}
    rules:
      push:
        "branch == 'main'": deploy
        "branch == 'dev'": test
        "branch + 1 == 2": test
      ping: [deploy, test]
  slack:
    auth_type: signature
    secret: ${env.SLACK_SECRET}
    rules: {app_mention: deploy, event_callback: deploy}
  stripe: {secret: "${env.STRIPE_SECRET}", rules: {invoice.paid: [{target: deploy, input: {paid: "${body.data.object.amount_paid}"}}]}}
  standard: {scheme: standard-webhooks, secret: ["${env.STANDARD_SECRET}", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"], rules: {"*": deploy}}
  custom:
    auth_type: token
    token: ${env.TOKEN}
    rules: {data_update: deploy}
  inside: {auth_type: [ip, token], token: "${env.TOKEN}", allow_ips: [10.0.0.0/8, "2001:db8::/32"], rules: {"*": deploy}}
  limited: {token: "${env.TOKEN}", rate_limit: {limit: 2, period: 1m}, rules: {"*": deploy}}
  large: {token: "${env.TOKEN}", max_body: 16000000, rules: {"*": [{target: deploy, input: {length: 1}}]}}
  meta: {scheme: meta, secret: "${env.GITHUB_SECRET}", verify_token: "${env.TOKEN}", rules: {"*": deploy}}
  notion: {scheme: notion, rules: {"*": deploy}}
workflows:
  deploy: {jobs: [{component: say}], output: "${input}"}
  test: {jobs: [{component: say}], output: test}
component: {id: say, type: logger, message: "${input.branch}"}
listeners:
  - {path: /signed, workflow: deploy, verify: github}
  - {path: /signed-done, identify_by: "${body.id}", verify: {token: "${env.TOKEN}", header: X-Done}}
"#;

/// A gateway with all these sources, by a clock that stands still.
async fn gateway() -> (Gateway, ManualClock) {
    let clock = ManualClock::new();
    let file = [
        ("GITHUB_SECRET", GITHUB_SECRET),
        ("SLACK_SECRET", SLACK_SECRET),
        ("STRIPE_SECRET", STRIPE_SECRET),
        ("STANDARD_SECRET", STANDARD_SECRET),
        ("TOKEN", TOKEN),
    ];
    let file = file.iter().fold(File::new(FILE), |file, (name, value)| file.env(name, value));
    let quiet = |options: &mut instance::Options| options.pace.sweep_every = Duration::from_secs(3600);
    (file.clock(&clock).with(quiet).run().await, clock)
}

fn github(clock: &ManualClock) -> Provider {
    Provider::new("github", GITHUB_SECRET, clock, "/api/webhooks/github")
}

const PUSHED: [(&str, &str); 2] =
    [("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")];
