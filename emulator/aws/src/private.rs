//! Places that hold what was received: their owner's alone, on Unix.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a directory where it is missing. One that is there stays as it is: whoever made it may have had reasons.
///
/// # Errors
/// Of the file system.
pub fn directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file for writing; makes it where it is missing.
///
/// # Errors
/// Of the file system.
pub fn file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    close(path);
    Ok(file)
}

/// Takes others' permissions off a file, where it is there; older versions left some.
pub fn close(path: &Path) {
    #[cfg(unix)]
    // A volume of a container may know no permissions, or another owner.
    let _ = std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600));
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Aws, AwsOptions};
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn the_state_is_its_owners_alone_also_where_an_older_version_left_it_open() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("new/data");
        let options = || AwsOptions { data: Some(data.clone()), ..AwsOptions::in_memory("ringback") };
        let open = |wanted: u32| {
            let entries: Vec<_> = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(entries.len() >= 3, "{entries:?}");
            entries.into_iter().filter(|path| mode(path) != wanted).collect::<Vec<_>>()
        };
        let aws = Aws::open(options()).unwrap();
        assert_eq!(mode(&data), 0o700);
        assert_eq!(open(0o600), Vec::<std::path::PathBuf>::new());
        drop(aws);
        for entry in std::fs::read_dir(&data).unwrap() {
            std::fs::set_permissions(entry.unwrap().path(), PermissionsExt::from_mode(0o644)).unwrap();
        }
        let _aws = Aws::open(options()).unwrap();
        let left = open(0o600);
        assert!(left.iter().all(|path| path.ends_with("format")), "{left:?}");
    }
}
