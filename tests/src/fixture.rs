//! The YAML blocks of the two chapters, as they stand there.

use std::path::PathBuf;

/// A chapter's block by language and file name: `zh/22-13.4.2.yml`.
///
/// # Panics
/// If there is none.
pub fn chapter(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The files of all blocks.
///
/// # Panics
/// If they can't be read.
pub fn chapters() -> Vec<PathBuf> {
    let languages = ["zh", "ko"].map(|language| std::fs::read_dir(folder().join(language)).expect("the fixtures"));
    let mut files: Vec<PathBuf> = languages.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/chapters")
}
