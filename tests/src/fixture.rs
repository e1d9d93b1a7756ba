//! The YAML blocks of the two chapters, as they stand there; and text of any length.

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

/// Text of so many bytes, a multiple of 16, that compression makes no shorter than half; the same each time.
pub fn noise(length: usize) -> String {
    let mut seed = 1_u64;
    let next = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:016x}", seed.rotate_left(17) ^ (seed >> 31))
    });
    next.take(length / 16).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/chapters")
}
