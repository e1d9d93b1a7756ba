//! The files in examples/ run as they are.

use domain::config::load;

#[test]
fn every_example_loads_without_a_complaint_in_an_empty_environment() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|file| file.extension().is_some_and(|extension| extension == "yml")).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let loaded = load(&std::fs::read_to_string(&file).unwrap(), &file.display().to_string());
        let unset = loaded.env_warnings(&|_| false);
        let complaints: Vec<String> = loaded.diagnostics.iter().chain(&unset).map(ToString::to_string).collect();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
        assert!(loaded.config.is_some(), "{}", file.display());
    }
}
