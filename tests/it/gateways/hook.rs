//! `on_url`: a command that is told of each new URL.

use super::cloudflare::QUICK;
use super::file;
use super::stand_in::{StandIn, kill};
use ringback_tests::{File, Service, eventually};
use serde_json::{Value, json};
use std::fs::read_to_string;
use std::path::Path;
use std::time::Duration;

/// Notes what it was told, one JSON line each time.
fn noting(notes: &Path) -> String {
    let script = format!(
        "import json, os, sys; told = json.load(sys.stdin); told['env'] = dict(os.environ); \
                          open('{}', 'a').write(json.dumps(told) + chr(10)); print('noted')",
        notes.display()
    );
    format!("[python3, -c, {}]", json!(script))
}

fn with_hook(hook: &str, cloudflared: &StandIn, service: &Service) -> File {
    let program = cloudflared.path("cloudflared");
    let file = file(&format!("{QUICK}, on_url: {hook}"), service);
    file.with(|options| options.reach.gateways.cloudflared = program)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hook_is_told_of_the_first_url_and_of_each_new_one() {
    let cloudflared = StandIn::cloudflared(&["good"]);
    let notes = cloudflared.path("notes");
    let service = Service::answering(json!({})).await;
    let gateway = with_hook(&noting(&notes), &cloudflared, &service).run().await;
    let told = async |times: usize| {
        eventually("the hook is told", async || {
            let text = read_to_string(&notes).unwrap_or_default();
            let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            if lines.len() == times { Ok(lines) } else { Err(text) }
        })
        .await
    };
    let first = told(1).await.remove(0);
    let (done, go) = (gateway.public_url(8090), gateway.public_url(8091));
    let host = |url: &str| url.replace("https://", "");
    let urls = json!([
        {"port": 8090, "public_url": done, "public_address": host(&done)},
        {"port": 8091, "public_url": go, "public_address": host(&go)},
    ]);
    assert_eq!(
        (&first["gateway"], &first["driver"], &first["urls"]),
        (&json!("gateway-1"), &json!("cloudflare"), &urls)
    );
    let env = &first["env"];
    assert_eq!(
        (&env["RINGBACK_GATEWAY"], &env["RINGBACK_GATEWAY_DRIVER"]),
        (&json!("gateway-1"), &json!("cloudflare"))
    );
    assert_eq!((&env["RINGBACK_PUBLIC_URL"], &env["RINGBACK_PUBLIC_URL_8091"]), (&json!(done), &json!(go)));

    kill(&cloudflared.started()[0]["pid"]);
    let new = gateway.public_url_after(8090, &done).await;
    assert_eq!(told(2).await[1]["env"]["RINGBACK_PUBLIC_URL"], new);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_fails_hangs_or_is_not_there_changes_nothing() {
    for hook in ["[python3, -c, 'raise SystemExit(3)']", "[sleep, '1000']", "[no-such-program]"] {
        let cloudflared = StandIn::cloudflared(&["good"]);
        let service = Service::answering(json!({})).await;
        let file = with_hook(hook, &cloudflared, &service);
        let gateway = file.with(|options| options.reach.gateways.hook_timeout = Duration::from_millis(50)).run().await;
        super::exchange(&gateway, &service, |url| cloudflared.reach(url)).await;
        gateway.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_failed_is_run_again_until_it_has_been_told() {
    let cloudflared = StandIn::cloudflared(&["good"]);
    let tries = cloudflared.path("tries");
    let script = format!(
        "import os, sys; open('{tries}', 'a').write('x'); sys.exit(os.stat('{tries}').st_size < 3)",
        tries = tries.display()
    );
    let service = Service::answering(json!({})).await;
    let gateway = with_hook(&format!("[python3, -c, {}]", json!(script)), &cloudflared, &service).run().await;
    let tried = async || {
        let text = read_to_string(&tries).unwrap_or_default();
        if text.len() >= 3 { Ok(()) } else { Err(text) }
    };
    eventually("the hook is run three times", tried).await;
    // All that was under way has ended then.
    gateway.stop().await;
    assert_eq!(read_to_string(&tries).unwrap(), "xxx");
}
