//! The part that the stand-ins for tunnel programs share. Each is run through a link in a directory of the test's, where it finds and
//! leaves files:
//!
//! - `behaviour`: how each start goes, one word a line, the last for all that follow;
//! - `gate`: the address of a port of the test's, which it connects to where its behaviour says so;
//! - `started`: each start's arguments and process id, one JSON line each;
//! - `<host>`: the port that stands for `https://<host>`.

use serde_json::{Value, json};
use std::fs::{OpenOptions, read_to_string, write};
use std::io::{Write, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

/// One start of a stand-in.
pub(crate) struct Start {
    directory: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// The text of the file behind `--config`.
    pub(crate) config: String,
    /// Its place among the starts, from 1.
    pub(crate) number: usize,
    pub(crate) behaviour: String,
}

impl Start {
    /// Notes it, with the secret that it was given.
    pub(crate) fn noted(secret: &str) -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let directory = Path::new(&arguments[0]).parent().expect("a directory").to_owned();
        let variable = |name: &str| std::env::var(name).ok();
        let config = after(&arguments, "--config").map(|path| read_to_string(path).expect("the configuration"));
        let started = json!({
            "pid": std::process::id(),
            "arguments": &arguments[1..],
            "config": config,
            "token": variable(secret),
            "key": variable("RINGBACK_KEY"),
        });
        let mut log = OpenOptions::new().create(true).append(true).open(directory.join("started")).expect("a log");
        log.write_all(format!("{started}\n").as_bytes()).expect("a log");
        // Others may start at the same time: our place is that of our line.
        let log = read_to_string(directory.join("started")).expect("the log");
        let ours = started.to_string();
        let number = log.lines().position(|line| line == ours).expect("our line") + 1;
        let script = read_to_string(directory.join("behaviour")).expect("what to do");
        let behaviour = script.lines().nth(number - 1).or(script.lines().last()).expect("what to do").to_owned();
        Self { directory, arguments, config: config.unwrap_or_default(), number, behaviour }
    }

    /// The argument behind that one.
    pub(crate) fn after(&self, name: &str) -> Option<String> {
        after(&self.arguments, name)
    }

    /// The configuration, which is JSON.
    pub(crate) fn configuration(&self) -> Value {
        serde_json::from_str(&self.config).expect("JSON")
    }

    /// Until the test's gate is closed.
    pub(crate) fn wait_at_the_gate(&self) {
        let gate = read_to_string(self.directory.join("gate")).expect("a gate");
        let mut opened = TcpStream::connect(gate).expect("the gate");
        // Until the other side closes it.
        let _ = copy(&mut opened, &mut std::io::sink());
    }

    /// Opens the public side of a host, whose connections go to `to` from now on.
    pub(crate) fn publish(&self, host: &str, to: &str) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        write(self.directory.join(host), address.to_string()).expect("the port");
        // An address, never a name: `localhost` may lead to where nobody listens.
        let to = to.trim_start_matches("http://").parse::<SocketAddr>().ok();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (Ok(from), Some(to)) = (socket, to) else { continue };
                thread::spawn(move || pass_on(&from, &TcpStream::connect(to).expect("a listener")));
            }
        });
    }
}

fn after(arguments: &[String], name: &str) -> Option<String> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1).cloned()
}

fn pass_on(from: &TcpStream, to: &TcpStream) {
    let (mut up, mut down) =
        ((from.try_clone().unwrap(), to.try_clone().unwrap()), (to.try_clone().unwrap(), from.try_clone().unwrap()));
    let back = thread::spawn(move || copy(&mut down.0, &mut down.1).map(|_| down.1.shutdown(Shutdown::Write)));
    let _ = copy(&mut up.0, &mut up.1);
    let _ = up.1.shutdown(Shutdown::Write);
    let _ = back.join();
}

/// For ever.
pub(crate) fn stay() -> ! {
    loop {
        thread::park();
    }
}
