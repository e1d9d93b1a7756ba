//! Where the demo's gateway lives: a directory of its own, and ports that nobody uses.

use crate::command::Failure;
use rand::seq::SliceRandom;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The file that the story is played with.
pub(super) const EXAMPLE: &str = include_str!("../../../../../examples/image-callback.yml");

/// Below those that systems give to outgoing connections (RFC 6335, section 6, and Linux's 32768), so that none of those
/// takes a port while the gateway is down.
const PORTS: std::ops::Range<u16> = 20_000..28_000;

/// The directory; dropping it removes it.
pub(super) struct Place {
    directory: TempDir,
    pub(super) ports: Ports,
}

/// The gateway's ports: the same before and after a restart, as those who call back know them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) api: u16,
    pub(super) trigger: u16,
    pub(super) callback: u16,
}

impl Place {
    /// Makes it, and writes the file into it.
    pub(super) fn make() -> Result<Self, Failure> {
        let directory = tempfile::Builder::new().prefix("ringback-demo-").tempdir()?;
        let ports = Ports::free().ok_or("three free ports are needed, and there are none")?;
        let place = Self { directory, ports };
        std::fs::write(place.file(), ports.written_into(EXAMPLE))?;
        Ok(place)
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn file(&self) -> PathBuf {
        self.path().join("ringback.yml")
    }

    /// Lets it stay, and says where it is.
    pub(super) fn keep(self) -> String {
        let path = self.directory.keep();
        format!("{}: ringback.yml, gateway.log, and the state in data/", path.display())
    }
}

impl Ports {
    /// Three free ones, in no order that another demo would choose too.
    fn free() -> Option<Self> {
        let mut candidates: Vec<u16> = PORTS.collect();
        candidates.shuffle(&mut rand::rng());
        let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let mut free = candidates.into_iter().filter(free);
        Some(Self { api: free.next()?, trigger: free.next()?, callback: free.next()? })
    }

    /// The example with these ports, in its comments too. None of ours contains one of the example's.
    fn written_into(self, example: &str) -> String {
        let ports = [("8080", self.api), ("8091", self.trigger), ("8090", self.callback)];
        ports.iter().fold(example.to_owned(), |text, (theirs, ours)| text.replace(theirs, &ours.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::{EXAMPLE, PORTS, Ports};
    use domain::config::load;

    #[test]
    fn the_file_has_the_demos_ports_wherever_the_example_has_its_own() {
        let ports = Ports { api: 20_001, trigger: 20_002, callback: 20_003 };
        let config = load(&ports.written_into(EXAMPLE), "ringback.yml").config.unwrap();
        let listeners: Vec<u16> = config.listeners.iter().map(|listener| listener.port).collect();
        assert_eq!((config.controller.port, listeners), (20_001, vec![20_002, 20_003]));
    }

    #[test]
    fn no_port_of_ours_contains_one_of_the_examples() {
        let theirs = ["8080", "8091", "8090"];
        assert!(PORTS.map(|port| port.to_string()).all(|ours| !theirs.iter().any(|port| ours.contains(port))));
    }
}
