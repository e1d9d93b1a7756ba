//! Hands OpenSSH's client a password or a passphrase without a terminal: the client runs the program that `SSH_ASKPASS` names
//! and reads the secret from its standard output (`ssh(1)`, section "environment").
//!
//! The program is a script of one line that prints a variable, so that the secret is in no file and on no command line.

use super::Reason;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use tempfile::TempDir;
use zeroize::Zeroizing;

const SCRIPT: &str = "#!/bin/sh\nprintf '%s\\n' \"$RINGBACK_ASKPASS\"\n";

/// The script and the secret. The script is gone when this is dropped.
pub(super) struct Askpass {
    folder: TempDir,
    secret: Zeroizing<String>,
}

impl Askpass {
    /// Writes the script.
    ///
    /// # Errors
    /// If it can't be written.
    pub(super) fn of(secret: &Zeroizing<String>) -> Result<Self, Reason> {
        let written = || {
            let folder = tempfile::Builder::new()
                .prefix("ringback-askpass-")
                .permissions(Permissions::from_mode(0o700))
                .tempdir()?;
            let mut options = std::fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o700).open(folder.path().join("askpass"))?;
            file.write_all(SCRIPT.as_bytes())?;
            Ok(Self { folder, secret: secret.clone() })
        };
        written().map_err(|error: std::io::Error| Reason::passing(format!("no temporary file can be written: {error}")))
    }

    /// Variables for the client. `SSH_ASKPASS_REQUIRE` makes it run the script even if there is a terminal.
    pub(super) fn env(&self) -> Vec<(String, String)> {
        let path = self.folder.path().join("askpass");
        let variable = |name: &str, value: String| (name.to_owned(), value);
        vec![
            variable("SSH_ASKPASS", path.display().to_string()),
            variable("SSH_ASKPASS_REQUIRE", "force".to_owned()),
            variable("RINGBACK_ASKPASS", self.secret.to_string()),
        ]
    }
}
