//! The keys of secrets: made at the first start, kept beside the state, readable by their owner alone.
//!
//! The file is only ever replaced as a whole: written beside it, on disk, then renamed. So there is no moment at which a
//! crash leaves half a key, or none.

use platform::secret::{KeyError, KeyRing};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Its name in the data directory.
const FILE: &str = "key";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It can't be read or written.
    #[error("the key file {} can't be used: {source}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody else may have read it.
    #[error("the key file {} can be read by others (mode {mode:03o}): `chmod 600` it, and rotate the key", path.display())]
    Open {
        /// Where.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What is in it is no key.
    #[error("the key file {} is damaged: {source}; restore it, for what was sealed with it can't be read otherwise", path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
    /// The file is gone, and the table is not.
    #[error(
        "the key file {} is gone, and what the table beside it holds was sealed with it: restore the file, or choose \
         another directory",
        path.display()
    )]
    Gone {
        /// Its place.
        path: PathBuf,
    },
    /// There is no file to rotate.
    #[error("there is no key in {}: it is made at the first start", path.display())]
    Missing {
        /// The data directory.
        path: PathBuf,
    },
}

/// The keys of a data directory; made now if there are none and the table is empty. Without a directory, keys that end with the
/// process. The directory must be locked.
pub(super) fn load(data: Option<&Path>, table_is_empty: bool) -> Result<KeyRing, KeyFileError> {
    let Some(data) = data else { return Ok(KeyRing::generate()) };
    match read(data)? {
        Some(keys) => Ok(keys),
        // With other keys nothing that is sealed could be read: every delivery would be given up at once.
        None if !table_is_empty => Err(KeyFileError::Gone { path: data.join(FILE) }),
        None => {
            let keys = KeyRing::generate();
            write(data, &keys)?;
            Ok(keys)
        }
    }
}

/// Puts a new current key in front of those of a data directory, which must be locked.
///
/// # Errors
/// If there are none, or they can't be read or written.
pub fn rotate(data: &Path) -> Result<KeyRing, KeyFileError> {
    let keys = read(data)?.ok_or_else(|| KeyFileError::Missing { path: data.to_owned() })?;
    let rotated = keys.rotated_at_random();
    write(data, &rotated)?;
    Ok(rotated)
}

/// Keeps the current key alone. The directory must be locked, and nothing be sealed with an older key any more.
///
/// # Errors
/// If there are none, or they can't be read or written.
pub fn drop_older(data: &Path) -> Result<(), KeyFileError> {
    let keys = read(data)?.ok_or_else(|| KeyFileError::Missing { path: data.to_owned() })?;
    write(data, &keys.current_alone())
}

fn read(data: &Path) -> Result<Option<KeyRing>, KeyFileError> {
    let path = data.join(FILE);
    let text = match File::open(&path) {
        Ok(file) => {
            refuse_open(&path, &file)?;
            io::read_to_string(file).map_err(|source| KeyFileError::File { path: path.clone(), source })?
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeyFileError::File { path, source }),
    };
    let text = Zeroizing::new(text);
    KeyRing::parse(&text).map(Some).map_err(|source| KeyFileError::Damaged { path, source })
}

#[cfg(unix)]
fn refuse_open(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata().map_err(|source| KeyFileError::File { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyFileError::Open { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn refuse_open(_: &Path, _: &File) -> Result<(), KeyFileError> {
    Ok(())
}

fn write(data: &Path, keys: &KeyRing) -> Result<(), KeyFileError> {
    let path = data.join(FILE);
    replace(data, &path, keys).map_err(|source| KeyFileError::File { path, source })
}

fn replace(data: &Path, path: &Path, keys: &KeyRing) -> io::Result<()> {
    let new = path.with_extension("new");
    // What a crash left is nobody's: the directory is locked.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(keys.to_text().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    // The rename is on disk when its directory is.
    #[cfg(unix)]
    File::open(data)?.sync_all()?;
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::{KeyFileError, rotate};
    use platform::secret::KeyRing;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn load(data: Option<&Path>) -> Result<KeyRing, KeyFileError> {
        super::load(data, true)
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_key_is_made_once_and_for_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        let sealed = load(Some(data.path())).unwrap().seal(b"x", "a");
        let path = data.path().join("key");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(*load(Some(data.path())).unwrap().open(&sealed, "a").unwrap(), b"x");
        assert!(load(None).unwrap().open(&sealed, "a").is_err());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_and_so_is_a_damaged_one() {
        let data = tempfile::tempdir().unwrap();
        load(Some(data.path())).unwrap();
        let path = data.path().join("key");
        for open in [0o644, 0o640, 0o660, 0o604] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(open)).unwrap();
            for error in [load(Some(data.path())).unwrap_err(), rotate(data.path()).unwrap_err()] {
                assert!(matches!(error, KeyFileError::Open { mode, .. } if mode == open), "{error}");
                assert!(error.to_string().contains("can be read by others"), "{error}");
            }
        }
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        for damaged in ["", "short", "\u{e9}"] {
            std::fs::write(&path, damaged).unwrap();
            assert!(matches!(load(Some(data.path())), Err(KeyFileError::Damaged { .. })), "{damaged:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged, "it is never written over");
        }
    }

    #[test]
    fn beside_a_table_that_holds_something_no_other_key_is_made() {
        let data = tempfile::tempdir().unwrap();
        let gone = super::load(Some(data.path()), false).unwrap_err();
        assert!(matches!(gone, KeyFileError::Gone { .. }) && gone.to_string().contains("restore the file"), "{gone}");
        assert!(!data.path().join("key").exists());
        load(Some(data.path())).unwrap();
        assert!(super::load(Some(data.path()), false).is_ok());
        assert!(super::load(None, false).is_ok());
    }

    #[test]
    fn a_rotation_keeps_the_older_keys_and_survives_what_a_crash_left() {
        let data = tempfile::tempdir().unwrap();
        assert!(matches!(rotate(data.path()), Err(KeyFileError::Missing { .. })));
        let old = load(Some(data.path())).unwrap();
        let sealed = old.seal(b"x", "a");
        let left = data.path().join("key.new");
        std::fs::write(&left, "half a ke").unwrap();
        let rotated = rotate(data.path()).unwrap();
        assert!(!left.exists());
        assert_eq!(mode(&data.path().join("key")), 0o600);
        let read = load(Some(data.path())).unwrap();
        assert!(read.ids().eq(rotated.ids()) && read.ids().skip(1).eq(old.ids()));
        assert!(read.needs_resealing(&sealed));
        assert_eq!(*read.open(&sealed, "a").unwrap(), b"x");
    }
}
