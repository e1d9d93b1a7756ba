//! Which form the state in a data directory has: a number in a file, so that a version that doesn't know it leaves it alone.

use super::OpenError;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Name of the file inside the data directory.
const FORMAT_FILE: &str = "format";
/// The form that this version reads and writes. A directory without the file has it too: the first had none.
const FORMAT: u32 = 1;

/// Refuses a directory of a newer form, and what is none. Touches nothing.
///
/// # Errors
/// For those, in words.
pub fn check(directory: &Path) -> Result<(), OpenError> {
    if directory.is_file() {
        return Err(OpenError::NotADirectory { path: directory.to_owned() });
    }
    let path = directory.join(FORMAT_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        // Where there is no directory, whoever makes it says so.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        Err(source) => return Err(OpenError::Directory { path, source }),
    };
    let found = text.trim();
    match found.parse::<u32>() {
        Ok(format) if format <= FORMAT => Ok(()),
        Ok(_) | Err(_) => {
            let found = found.chars().take(20).collect();
            Err(OpenError::Newer { path: directory.to_owned(), found, known: FORMAT })
        }
    }
}

/// Notes the form of a directory where it isn't noted yet.
pub(super) fn note(directory: &Path) -> Result<(), OpenError> {
    let path = directory.join(FORMAT_FILE);
    if path.exists() {
        return Ok(());
    }
    // Whole or not at all: a crash in between leaves the directory as it was.
    let written = tempfile::NamedTempFile::new_in(directory).and_then(|mut file| {
        writeln!(file, "{FORMAT}")?;
        file.as_file().sync_all()?;
        file.persist(&path).map(|_| ()).map_err(|error| error.error)
    });
    written.map_err(|source| OpenError::Directory { path, source })
}
