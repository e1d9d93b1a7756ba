//! Every YAML block of the two chapters loads as it stands, and warns of no more than what it leaves out.

use crate::config::{Code, load};
use std::fs;
use std::path::{Path, PathBuf};

/// The warnings of each block that has any: their codes and lines.
const WARNINGS: &[(&str, &[(&str, usize)])] = &[
    ("ko/17-13.2.5.yml", &[("component_without_address", 7)]),
    ("ko/20-13.3.3.yml", &[("exposed_api", 4), ("listener_without_routes", 6)]),
    ("ko/21-13.3.3.yml", &[("listener_without_routes", 9), ("component_without_address", 14)]),
    ("ko/22-13.4.1.yml", &[("component_without_address", 2), ("undefined_listener", 6)]),
    ("ko/24-13.4.3.yml", &[("undefined_component", 4), ("undefined_component", 8)]),
    ("ko/26-13.4.4.yml", &[("undefined_component", 4)]),
    ("zh/11-13.3.2.yml", &[("undefined_workflow", 7)]),
    ("zh/12-13.3.3.yml", &[("undefined_workflow", 7)]),
    ("zh/13-13.3.3.yml", &[("undefined_workflow", 10), ("undefined_workflow", 19), ("undefined_workflow", 29)]),
    ("zh/14-13.3.5.yml", &[("undefined_workflow", 9)]),
    ("zh/15-13.3.6.yml", &[("undefined_workflow", 5)]),
    ("zh/16-13.3.7.yml", &[("undefined_workflow", 4)]),
    ("zh/17-13.3.7.yml", &[("undefined_workflow", 4)]),
    ("zh/18-13.3.7.yml", &[("undefined_workflow", 4)]),
    ("zh/19-13.3.8.yml", &[("undefined_component", 19), ("undefined_component", 25), ("undefined_component", 29)]),
    ("zh/20-13.3.8.yml", &[("undefined_component", 19), ("undefined_component", 24)]),
    ("zh/27-13.4.5.yml", &[("component_without_address", 7)]),
    ("zh/30-13.5.3.yml", &[("exposed_api", 4), ("listener_without_routes", 6)]),
    ("zh/31-13.5.3.yml", &[("listener_without_routes", 9), ("component_without_address", 14)]),
    ("zh/32-13.6.1.yml", &[("component_without_address", 2), ("undefined_gateway", 6)]),
    ("zh/34-13.6.3.yml", &[("undefined_component", 4), ("undefined_component", 8)]),
    ("zh/36-13.6.4.yml", &[("undefined_component", 4)]),
];

#[test]
fn every_block_loads_and_warns_of_what_it_leaves_out() {
    for (name, text) in blocks() {
        let loaded = load(&text, &name);
        assert!(loaded.config.is_some(), "{name}: {:#?}", loaded.diagnostics);
        let told = loaded.diagnostics.iter().map(|told| (told.code.as_str(), told.line));
        let expected = WARNINGS.iter().find(|(block, _)| *block == name).map_or(&[][..], |(_, warnings)| warnings);
        assert_eq!(told.collect::<Vec<_>>(), expected, "{name}");
    }
}

#[test]
fn the_fixtures_are_all_there() {
    let count = |language: &str| blocks().iter().filter(|(name, _)| name.starts_with(language)).count();
    assert_eq!((count("zh"), count("ko")), (37, 27));
}

#[test]
fn a_block_that_starts_only_lacks_what_does_not_matter() {
    // The production example of 13.5.3 calls no address, so it must not start.
    let (_, text) = blocks().into_iter().find(|(name, _)| name == "zh/31-13.5.3.yml").expect("the block");
    let refused: Vec<Code> =
        load(&text, "").diagnostics.iter().map(|told| told.code).filter(|code| code.refuses_start()).collect();
    assert_eq!(refused, [Code::ComponentWithoutAddress]);
}

/// Names and texts of the blocks.
pub(super) fn blocks() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/chapters");
    let folders = ["zh", "ko"].map(|language| fs::read_dir(root.join(language)).expect("the fixtures"));
    let mut files: Vec<PathBuf> = folders.into_iter().flatten().map(|entry| entry.expect("a fixture").path()).collect();
    files.sort();
    let name = |path: &Path| path.strip_prefix(&root).expect("below the root").display().to_string();
    files.iter().map(|path| (name(path), fs::read_to_string(path).expect("a readable fixture"))).collect()
}
