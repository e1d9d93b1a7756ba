//! The bugs that tests/mutations plants still apply to the code, and are all told of in its README. Whether the simulation
//! notices them is for tests/mutations/run to say, which builds each.

use ringback_tests::skip::Needed;
use std::path::{Path, PathBuf};
use std::process::Command;

fn patches() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mutations");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut patches: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "patch")).collect();
    patches.sort();
    patches
}

#[test]
fn each_still_applies() {
    let trial = ["rev-parse", "--is-inside-work-tree"];
    let needed = Needed { what: "git in a checkout", variable: "RINGBACK_GIT", usual: "git", trial: &trial };
    let Some(git) = needed.find() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for patch in patches() {
        let checked = Command::new(&git).args(["apply", "--check"]).arg(&patch).current_dir(root).output().unwrap();
        let why = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{} plants nothing any more: {why}", patch.display());
    }
}

#[test]
fn each_says_what_it_is_and_stands_in_the_readme() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mutations");
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let patches = patches();
    assert!(patches.len() >= 8, "{patches:?}");
    for patch in &patches {
        let text = std::fs::read_to_string(patch).unwrap();
        let first = text.lines().next().unwrap_or_default();
        assert!(first.ends_with('.') && !first.starts_with("diff "), "{}: {first}", patch.display());
        let name = patch.file_stem().unwrap().to_string_lossy();
        assert!(readme.contains(&format!("| `{name}` |")), "{name} is not in the README");
    }
    assert_eq!(readme.matches("\n| `").count(), patches.len(), "the README tells of a bug that is not there");
}
