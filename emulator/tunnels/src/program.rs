//! A program that opens a tunnel: itself or in a container, with a configuration of its own.

use super::Reason;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// A program that opens a tunnel.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// Itself and its arguments; no secret is among them, since everybody on the machine may read them.
    pub(super) argv: Vec<String>,
    /// Variables besides those that we have.
    pub(super) env: Vec<(String, String)>,
    /// Secrets that the program gets and may print; `***` stands for them in all that is shown.
    pub(super) secrets: Vec<Zeroizing<String>>,
    /// Advice for the user if the program isn't installed.
    pub(super) missing: &'static str,
    /// Where programs are (`PATH`).
    pub(super) path: String,
    /// Ends it when we are gone.
    pub(super) guard: Option<PathBuf>,
    /// Time to connect after the URLs are known; after that the URLs are believed.
    pub(super) settle: Duration,
}

/// `docker run` of an image in this machine's own network, where our listeners are; variables go by name alone.
pub(super) fn docker_run(docker: &Path, mounts: &[String], passed: &[&str], image: &str) -> Vec<String> {
    let mut argv = vec![docker.display().to_string()];
    argv.extend(["run", "--rm", "--init", "--network", "host"].map(str::to_owned));
    // As ourselves, since the mounted files are for nobody else to read.
    let (user, group) = (rustix::process::getuid(), rustix::process::getgid());
    argv.push(format!("--user={}:{}", user.as_raw(), group.as_raw()));
    argv.extend(mounts.iter().flat_map(|mount| ["-v".to_owned(), mount.clone()]));
    argv.extend(passed.iter().flat_map(|name| ["-e".to_owned(), (*name).to_owned()]));
    argv.push(image.to_owned());
    argv
}

/// A configuration file of its own; JSON is YAML.
pub(super) fn configuration(content: &Value) -> Result<NamedTempFile, Reason> {
    let written = || {
        let mut file = tempfile::Builder::new().prefix("ringback-tunnel-").suffix(".yml").tempfile()?;
        file.write_all(content.to_string().as_bytes())?;
        file.flush()?;
        Ok(file)
    };
    written().map_err(|error: std::io::Error| Reason::passing(format!("no temporary file can be written: {error}")))
}
