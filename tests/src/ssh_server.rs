//! A real OpenSSH server, on loopback.
//!
//! It is started as inetd would, one `sshd -i` for each connection, so that it needs no free port and that a test can cut
//! the connections: the socket is the server's standard input. It lets this user in by one key, and listens for us on the
//! loopback interface alone.

use crate::skip::{self, Needed};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A server, its host key and a key that it accepts.
pub struct SshServer {
    /// Where it listens.
    pub address: SocketAddr,
    directory: TempDir,
    sshd: String,
    connections: Arc<Mutex<Vec<(TcpStream, Child)>>>,
}

impl SshServer {
    /// Starts it. None, said on standard error, where there is no `sshd` or no `ssh`.
    ///
    /// # Panics
    /// If there has to be one, or it doesn't start.
    pub fn start() -> Option<Self> {
        let needed = Needed {
            what: "OpenSSH's server, version 9 or newer",
            variable: "RINGBACK_SSHD",
            usual: "/usr/sbin/sshd",
            trial: &["-V"],
        };
        let sshd = needed.find()?;
        skip::ssh()?;
        // Where sshd, run by root, gives up its privileges; packages make it when the service starts.
        let _ = std::fs::create_dir_all("/run/sshd");
        let directory = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = Self { address, directory, sshd, connections: Arc::default() };
        for key in ["host", "user", "another"] {
            server.make_key(key, "ed25519", "");
        }
        server.accept_key("user");
        let at = |name: &str| server.path(name).display().to_string();
        let config = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nAllowTcpForwarding remote\nLogLevel ERROR\n",
            at("host"),
            at("authorized"),
        );
        std::fs::write(server.path("sshd_config"), config).expect("its configuration");
        server.serve(listener);
        Some(server)
    }

    /// What stands in `ringback.yml` as `connection`, with more keys and a way to log in.
    pub fn connection(&self, more: &str, auth: &str) -> String {
        let user = Command::new("id").arg("-un").output().expect("id");
        let user = String::from_utf8(user.stdout).expect("a name");
        let port = self.address.port();
        format!("{{host: 127.0.0.1, port: {port}, {more}, auth: {{username: {}, {auth}}}}}", user.trim())
    }

    /// The same, as it should be: the host key is known, and the key is the right one.
    pub fn good_connection(&self) -> String {
        self.know_host("known_hosts", "host");
        let known = self.path("known_hosts").display().to_string();
        let auth = format!("type: keyfile, keyfile: {}", self.path("user").display());
        self.connection(&format!("known_hosts: {known}"), &auth)
    }

    /// A file of its directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Makes a key pair of that name.
    pub fn make_key(&self, name: &str, kind: &str, passphrase: &str) {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", kind, "-N", passphrase, "-C", "", "-f"]).arg(self.path(name));
        assert!(keygen.status().expect("ssh-keygen").success(), "no key {name}");
    }

    /// Lets whoever has that key in.
    pub fn accept_key(&self, name: &str) {
        let key = std::fs::read_to_string(self.path(&format!("{name}.pub"))).expect("a public key");
        let file = self.path("authorized");
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(file, before + &key).expect("the accepted keys");
    }

    /// Writes a file of known hosts, in which the server has that key.
    pub fn know_host(&self, file: &str, key: &str) {
        let key = std::fs::read_to_string(self.path(&format!("{key}.pub"))).expect("a public key");
        let port = self.address.port();
        std::fs::write(self.path(file), format!("[127.0.0.1]:{port} {key}")).expect("known hosts");
    }

    /// The fingerprint of a key.
    pub fn fingerprint(&self, name: &str) -> String {
        let mut keygen = Command::new("ssh-keygen");
        let told = keygen.arg("-lf").arg(self.path(&format!("{name}.pub"))).output().expect("ssh-keygen");
        let told = String::from_utf8(told.stdout).expect("text");
        told.split_whitespace().nth(1).expect("a fingerprint").to_owned()
    }

    /// Cuts all connections, as a network does that is gone.
    pub fn cut(&self) {
        for (socket, mut child) in self.connections.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn serve(&self, listener: TcpListener) {
        let (sshd, config) = (self.sshd.clone(), self.path("sshd_config"));
        let connections = self.connections.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let Ok(socket) = socket else { return };
                let child = answer(&sshd, &config, &socket);
                connections.lock().unwrap().push((socket, child));
            }
        });
    }
}

fn answer(sshd: &str, config: &Path, socket: &TcpStream) -> Child {
    let end = || OwnedFd::from(socket.try_clone().expect("the socket"));
    let mut server = Command::new(sshd);
    server.args(["-i", "-f"]).arg(config).stdin(end()).stdout(end()).stderr(Stdio::null());
    server.spawn().expect("sshd")
}

impl Drop for SshServer {
    fn drop(&mut self) {
        self.cut();
    }
}
