//! One process per data directory.

use super::private;
use std::{
    fs::{File, TryLockError},
    io::{self, Write},
    path::Path,
};

/// Name of the lock file inside the data directory. The file stays; the lock goes with the process,
/// however it dies.
const LOCK_FILE: &str = "lock";

/// The exclusive hold on a data directory; released when dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// The process that has the lock, if it has said so; to be asked by whoever did not get it.
    pub fn holder(directory: &Path) -> Option<u32> {
        std::fs::read_to_string(directory.join(LOCK_FILE)).ok()?.trim().parse().ok()
    }

    /// Takes the lock, or answers `None` where another process holds it.
    ///
    /// # Errors
    /// The directory or the lock file can't be created or opened.
    pub fn acquire(directory: &Path) -> io::Result<Option<Self>> {
        private::directory(directory)?;
        let mut file = private::file(&directory.join(LOCK_FILE))?;
        match file.try_lock() {
            Ok(()) => {
                // For whoever finds it locked.
                file.set_len(0)?;
                writeln!(file, "{}", std::process::id())?;
                Ok(Some(Self { _file: file }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
