//! What could drift apart silently, held together.

use edge::problem::Code;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_error_code_has_its_paragraph_and_no_paragraph_is_left_over() {
    let documented: BTreeSet<String> =
        read("docs/errors.md").lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect();
    let known: BTreeSet<String> = Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(documented, known);
    for code in Code::ALL {
        let paragraph = format!("## {}\n{}.", code.as_str(), code.status());
        let start = &paragraph[..paragraph.len() - 1];
        assert!(read("docs/errors.md").contains(start), "the paragraph of {} doesn't name its status", code.as_str());
    }
}

#[test]
fn every_warning_about_waiting_is_in_the_manual() {
    use domain::config::Code as Warning;
    for code in [Warning::ForeignAddress, Warning::UncertainKey, Warning::SharedKey, Warning::UnjudgedStatus] {
        assert!(read("docs/configuration.md").contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn every_way_in_which_waiting_fails_has_its_paragraph() {
    let errors = read("docs/errors.md");
    for code in ["no_correlation_key", "no_status", "callback_failed", "key_taken"] {
        assert!(errors.contains(&format!("\n### {code}\n")), "{code}");
    }
}

#[test]
fn the_heart_depends_on_nothing_from_the_outside_world() {
    let manifest = read("shared/domain/Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).expect("dependencies");
    let dependencies = dependencies.split("[dev-dependencies]").next().expect("dependencies");
    for outside in ["tokio", "axum", "aws", "reqwest", "rand", "hyper", "lambda", "platform"] {
        assert!(!dependencies.contains(outside), "shared/domain depends on {outside}");
    }
}

/// The folders of the workspace, in the order in which they may depend on each other, and what each depends on of ours.
fn crates() -> Vec<(String, String, Vec<String>)> {
    let root = read("Cargo.toml");
    let members = root.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).expect("members");
    let folders = members.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
    let each = folders.map(|folder| {
        let manifest = read(&format!("{folder}/Cargo.toml"));
        let name = manifest.lines().find_map(|line| line.strip_prefix("name = ")).expect("a name").trim_matches('"');
        let needed = manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next());
        let names = needed.expect("dependencies").lines().filter_map(|line| line.split_once(['.', ' ']));
        (folder.to_owned(), name.to_owned(), names.map(|(name, _)| name.to_owned()).collect())
    });
    each.collect()
}

#[test]
fn crates_depend_only_on_those_that_stand_before_them_in_the_workspace() {
    let crates = crates();
    let names: Vec<&str> = crates.iter().map(|(_, name, _)| name.as_str()).collect();
    assert!(names.len() > 15, "{names:?}");
    for (at, (folder, _, needed)) in crates.iter().enumerate() {
        for name in needed {
            let place = names.iter().position(|other| other == name);
            assert!(place.is_none_or(|place| place < at), "{folder} depends on {name}, which stands after it");
        }
    }
}

#[test]
fn only_the_edges_know_http_servers_and_lambda() {
    for (folder, _, needed) in crates() {
        let has = |name: &str| needed.iter().any(|needed| needed == name);
        let is_inner =
            ["shared/domain", "shared/contract", "shared/platform", "shared/application"].contains(&&*folder);
        for server in ["axum", "lambda_http", "lambda_runtime", "tower"] {
            assert!(!is_inner || !has(server), "{folder} depends on {server}");
        }
    }
}

#[test]
fn functions_do_not_know_each_other() {
    let functions = ["trigger", "callback", "api", "relay", "deliver", "sweep"];
    for function in functions {
        let manifest = read(&format!("functions/{function}/Cargo.toml"));
        for other in functions.iter().filter(|other| **other != function) {
            assert!(!manifest.contains(&format!("\n{other}.workspace")), "{function} depends on {other}");
        }
        let main = read(&format!("functions/{function}/src/main.rs"));
        assert!(main.lines().count() <= 20, "the bootstrap of {function} is more than a bootstrap");
    }
}

#[test]
fn no_source_file_is_longer_than_500_lines_or_named_after_nothing() {
    let mut folders: Vec<PathBuf> =
        ["shared", "functions", "emulator", "tests"].iter().map(|folder| root().join(folder)).collect();
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                seen += 1;
                let lines = std::fs::read_to_string(&entry).expect("text").lines().count();
                assert!(lines <= 500, "{} has {lines} lines", entry.display());
                let stem = entry.file_stem().and_then(|stem| stem.to_str()).expect("a name");
                let empty = ["utils", "util", "helpers", "helper", "common", "types", "manager", "misc", "mod"];
                assert!(!empty.contains(&stem), "{} says nothing about what is in it", entry.display());
            }
        }
    }
    assert!(seen > 50, "only {seen} files were looked at");
}
