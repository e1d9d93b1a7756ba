//! A stand-in for ngrok's agent: not ngrok's program, but what one sees of it. It takes the same arguments and the same
//! configuration, says the same things on standard error, knows one authtoken, and really passes connections on, from a port
//! on loopback that stands for the public side; `start.rs` says how a test directs it. Its behaviours: `good`,
//! `talkative` (quotes its authtoken and ends), `unreachable` (ngrok's servers never answer), `moves` (other URLs once the gate
//! is closed).

use super::start::{Start, stay};

/// The one that it takes.
const AUTHTOKEN: &str = "an-authtoken-of-the-tests";

pub(crate) fn main() {
    let start = Start::noted("NGROK_AUTHTOKEN");
    let say = |line: &str| eprintln!("t=2026-01-01T00:00:00+0000 {line}");
    say("lvl=info msg=\"open config file\" path=ringback.yml err=nil");
    let authtoken = std::env::var("NGROK_AUTHTOKEN").unwrap_or_default();
    if authtoken != AUTHTOKEN {
        say(&format!(
            "lvl=eror msg=\"session closing\" obj=tunnels.session err=\"authentication failed: The authtoken is not one of \
             ours.\\nYour authtoken: {authtoken}\\r\\n\\r\\nERR_NGROK_105\\r\\n\""
        ));
        eprintln!("ERROR:  authentication failed: The authtoken is not one of ours.");
        eprintln!("ERROR:  Your authtoken: {authtoken}");
        eprintln!("ERROR:  ERR_NGROK_105");
        std::process::exit(1);
    }
    if start.behaviour == "talkative" {
        say(&format!("lvl=crit msg=\"can't go on\" authtoken={authtoken}"));
        std::process::exit(1);
    }
    if start.behaviour == "unreachable" {
        say(
            "lvl=eror msg=\"failed to reconnect session\" obj=csess err=\"dial tcp 192.0.2.1:443: connect: no route to \
             host\"",
        );
        stay();
    }
    say("lvl=info msg=\"client session established\" obj=csess id=1");
    open(&start, "words", &say);
    if start.behaviour == "moves" {
        start.wait_at_the_gate();
        open(&start, "moved", &say);
    }
    stay()
}

fn open(start: &Start, words: &str, say: &dyn Fn(&str)) {
    let configuration = start.configuration();
    for (name, tunnel) in configuration["tunnels"].as_object().expect("tunnels") {
        let to = tunnel["addr"].as_str().expect("an address");
        let host =
            tunnel["domain"].as_str().map_or(format!("{words}-{}-{name}.ngrok.app", start.number), str::to_owned);
        start.publish(&host, to);
        say(&format!("lvl=info msg=\"started tunnel\" obj=tunnels name={name} addr={to} url=https://{host}"));
    }
}
