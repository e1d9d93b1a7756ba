//! The API's bearer token: made at the first start, kept beside the state, readable by its owner alone.

use super::StartError;
use rand::RngCore;
use sha2::{Digest, Sha256};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// The token, and whether it was made just now.
pub(super) fn load(data: Option<&Path>) -> Result<(String, bool), StartError> {
    let Some(data) = data else { return Ok((generate(), true)) };
    let path = data.join("token");
    let failed = |source| StartError::Token { path: path.clone(), source };
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => Ok((text.trim().to_owned(), false)),
        Ok(_) => {
            std::fs::remove_file(&path).map_err(failed)?;
            write(&path).map_err(failed)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => write(&path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

pub(super) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn write(path: &Path) -> std::io::Result<(String, bool)> {
    let token = generate();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(token.as_bytes())?;
    file.sync_all()?;
    Ok((token, true))
}

fn generate() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    format!("rbk_{}", hex::encode(bytes))
}
