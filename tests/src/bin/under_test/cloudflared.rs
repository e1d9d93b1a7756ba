//! A stand-in for `cloudflared`: not Cloudflare's program, but what one sees of it. It takes the same arguments, says the
//! same things on standard error, and really passes connections on, from a port on loopback that stands for the public
//! side; `start.rs` says how a test directs it. Its behaviours: `good`, `fails`, `silent` (never a URL), `late` (a URL once
//! the gate is closed), `unregistered` (a URL and no more).

use super::start::{Start, stay};

pub(crate) fn main() {
    let start = Start::noted("TUNNEL_TOKEN");
    let say = |line: &str| eprintln!("2026-01-01T00:00:00Z INF {line}");
    say(
        "Thank you for trying Cloudflare Tunnel. Doing so, without a Cloudflare account, is a quick way to experiment.",
    );
    let named = start.arguments.last().is_some_and(|last| last == "run");
    if !named {
        say("Requesting new quick Tunnel on trycloudflare.com...");
    }
    match start.behaviour.as_str() {
        "fails" => {
            eprintln!("failed to request quick Tunnel: Post \"https://api.trycloudflare.com/tunnel\": EOF");
            std::process::exit(1);
        }
        "silent" => stay(),
        "late" => start.wait_at_the_gate(),
        _ => {}
    }
    let to = if named && start.config.contains("ingress") {
        start.configuration()["ingress"][0]["service"].as_str().expect("a service").to_owned()
    } else {
        start.after("--url").unwrap_or_default()
    };
    let host = if named { "named.example.com".to_owned() } else { format!("words-{}.trycloudflare.com", start.number) };
    start.publish(&host, &to);
    if !named {
        say("+--------------------------------------------------------------------------------------------+");
        say("|  Your quick Tunnel has been created! Visit it at (it may take some time to be reachable):  |");
        say(&format!("|  https://{host}                                              |"));
        say("+--------------------------------------------------------------------------------------------+");
    }
    if start.behaviour != "unregistered" {
        say("Registered tunnel connection connIndex=0 event=0 ip=198.41.200.1 location=test protocol=quic");
    }
    stay()
}
