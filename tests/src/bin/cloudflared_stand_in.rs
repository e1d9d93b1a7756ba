//! A stand-in for `cloudflared`: not Cloudflare's program, but what one sees of it. It takes the same arguments, says the
//! same things on standard error, and really passes connections on, from a port on loopback that stands for the public
//! side. It is run through a link in a directory of the test's, where it finds and leaves files:
//!
//! - `behaviour`: how each start goes, one word a line, the last for all that follow: `good`, `fails`, `silent` (never a URL),
//!   `late` (a URL once somebody has connected to the port in the file `gate`), `unregistered` (a URL and no more);
//! - `started`: each start's arguments and process id, one JSON line each;
//! - `<host>`: the port that stands for `https://<host>`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a double that can't do its work has to fail, and talks on its standard streams"
)]

use serde_json::json;
use std::fs::{OpenOptions, read_to_string, write};
use std::io::{Write, copy};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let directory = Path::new(&arguments[0]).parent().expect("a directory").to_owned();
    let variable = |name: &str| std::env::var(name).ok();
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let config = after("--config").map(|path| read_to_string(path).expect("the configuration"));
    let started = json!({
        "pid": std::process::id(),
        "arguments": &arguments[1..],
        "config": config,
        "token": variable("TUNNEL_TOKEN"),
        "key": variable("RINGBACK_KEY"),
    });
    let mut log = OpenOptions::new().create(true).append(true).open(directory.join("started")).expect("a log");
    log.write_all(format!("{started}\n").as_bytes()).expect("a log");
    // Others may start at the same time: our place is that of our line.
    let log = read_to_string(directory.join("started")).expect("the log");
    let ours = started.to_string();
    let starts = log.lines().position(|line| line == ours).expect("our line") + 1;
    let script = read_to_string(directory.join("behaviour")).expect("what to do");
    let behaviour = script.lines().nth(starts - 1).or(script.lines().last()).expect("what to do").to_owned();

    let say = |line: &str| eprintln!("2026-01-01T00:00:00Z INF {line}");
    say(
        "Thank you for trying Cloudflare Tunnel. Doing so, without a Cloudflare account, is a quick way to experiment.",
    );
    let named = arguments.last().is_some_and(|last| last == "run");
    if !named {
        say("Requesting new quick Tunnel on trycloudflare.com...");
    }
    match behaviour.as_str() {
        "fails" => {
            eprintln!("failed to request quick Tunnel: Post \"https://api.trycloudflare.com/tunnel\": EOF");
            std::process::exit(1);
        }
        "silent" => loop {
            thread::park();
        },
        "late" => {
            let gate = read_to_string(directory.join("gate")).expect("a gate");
            let mut opened = TcpStream::connect(gate).expect("the gate");
            // Until the other side closes it.
            let _ = copy(&mut opened, &mut std::io::sink());
        }
        _ => {}
    }
    let to = match (&config, named) {
        (Some(config), true) if config.contains("ingress") => {
            let config: serde_json::Value = serde_json::from_str(config).expect("JSON");
            config["ingress"][0]["service"].as_str().expect("a service").to_owned()
        }
        _ => after("--url").unwrap_or_default(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let host = if named { "named.example.com".to_owned() } else { format!("words-{starts}.trycloudflare.com") };
    write(directory.join(&host), address.to_string()).expect("the port");
    if !named {
        say("+--------------------------------------------------------------------------------------------+");
        say("|  Your quick Tunnel has been created! Visit it at (it may take some time to be reachable):  |");
        say(&format!("|  https://{host}                                              |"));
        say("+--------------------------------------------------------------------------------------------+");
    }
    if behaviour != "unregistered" {
        say("Registered tunnel connection connIndex=0 event=0 ip=198.41.200.1 location=test protocol=quic");
    }
    // An address, never a name: `localhost` may lead to where nobody listens.
    let to = to.trim_start_matches("http://").parse::<std::net::SocketAddr>().ok();
    for socket in listener.incoming() {
        let (Ok(from), Some(to)) = (socket, to) else { continue };
        thread::spawn(move || {
            let to = TcpStream::connect(to).expect("a listener");
            let (mut up, mut down) = ((from.try_clone().unwrap(), to.try_clone().unwrap()), (to, from));
            let back = thread::spawn(move || {
                copy(&mut down.0, &mut down.1).map(|_| down.1.shutdown(std::net::Shutdown::Write))
            });
            let _ = copy(&mut up.0, &mut up.1);
            let _ = up.1.shutdown(std::net::Shutdown::Write);
            let _ = back.join();
        });
    }
}
