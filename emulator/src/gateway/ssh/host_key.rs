//! Whether the server is who it says: its host key must be the one that the file pins, or one that is known.
//!
//! There is no first use on trust: nobody is there to be asked. The refusal says what to compare and how to accept it.

use russh::Preferred;
use russh::keys::known_hosts::known_host_keys_path;
use russh::keys::{Algorithm, HashAlg, PublicKey};
use std::path::PathBuf;

/// What the user trusts.
#[derive(Debug, Clone)]
pub(in crate::gateway) struct Trust {
    /// The fingerprint of the only key that counts.
    pub(in crate::gateway) pinned: Option<String>,
    /// The file of known keys.
    pub(in crate::gateway) known_hosts: PathBuf,
}

/// What is known of one server.
#[derive(Debug)]
pub(super) struct HostKey {
    host: String,
    port: u16,
    trust: Trust,
    /// Lines and keys.
    known: Vec<(usize, PublicKey)>,
}

impl HostKey {
    /// Looks it up.
    ///
    /// # Errors
    /// If the file can't be read as one of known keys.
    pub(super) fn of(host: &str, port: u16, trust: &Trust) -> Result<Self, String> {
        let known = match trust.pinned {
            Some(_) => Vec::new(),
            None => known_host_keys_path(host, port, &trust.known_hosts)
                .map_err(|error| format!("{} can't be read: {error}", trust.known_hosts.display()))?,
        };
        Ok(Self { host: host.to_owned(), port, trust: trust.clone(), known })
    }

    /// The kinds of key to ask for, those that are known first: a server has several, and shows the one that we like best.
    pub(super) fn preference(&self) -> Vec<Algorithm> {
        let is_known = |algorithm: &Algorithm| {
            self.known.iter().any(|(_, key)| match (key.algorithm(), algorithm) {
                // The hash is that of the signature, not of the key.
                (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
                (known, algorithm) => known == *algorithm,
            })
        };
        let (mut first, rest): (Vec<_>, Vec<_>) = Preferred::default().key.iter().cloned().partition(is_known);
        first.extend(rest);
        first
    }

    /// Whether this key may be the server's.
    ///
    /// # Errors
    /// In words, if not: what it is, and how to accept it.
    pub(super) fn judge(&self, key: &PublicKey) -> Result<(), String> {
        let print = key.fingerprint(HashAlg::Sha256).to_string();
        let shown = format!("{} {print}", key.algorithm());
        let (host, port) = (&self.host, self.port);
        if let Some(pinned) = &self.trust.pinned {
            return match *pinned == print {
                true => Ok(()),
                false => Err(format!(
                    "the SSH server {host}:{port} shows the host key {shown}, and the file says `host_key: {pinned}`: \
                     somebody may stand in between. Ask whoever runs the server before you change it"
                )),
            };
        }
        if self.known.iter().any(|(_, known)| known.key_data() == key.key_data()) {
            return Ok(());
        }
        let file = self.trust.known_hosts.display();
        match self.known.first() {
            Some((line, other)) => Err(format!(
                "the SSH server {host}:{port} shows the host key {shown}, and {file}, line {line}, has another one ({} {}): \
                 somebody may stand in between. If the server's key was changed, `ssh-keygen -R '{}' -f {file}` forgets \
                 the old one",
                other.algorithm(),
                other.fingerprint(HashAlg::Sha256),
                if port == 22 { host.clone() } else { format!("[{host}]:{port}") },
            )),
            None => Err(format!(
                "the SSH server {host}:{port} isn't known; it shows the host key {shown}. If that is what `ssh-keygen -lf` \
                 prints on the server, accept it by `host_key: {print}` in the gateway's `connection`, or by \
                 `ssh-keyscan -p {port} {host} >> {file}`"
            )),
        }
    }
}
