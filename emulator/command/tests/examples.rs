//! The files in examples/ run as they are; a secret that one needs stands in the command line that its comment gives.

use domain::config::load;

#[test]
fn every_example_loads_without_a_complaint_in_the_environment_that_it_names() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|file| file.extension().is_some_and(|extension| extension == "yml")).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let loaded = load(&text, &file.display().to_string());
        let told = |name: &str| text.lines().any(|line| line.starts_with('#') && line.contains(&format!("{name}=")));
        let unset = loaded.env_warnings(&told);
        let complaints: Vec<String> = loaded.diagnostics.iter().chain(&unset).map(ToString::to_string).collect();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
        assert!(loaded.config.is_some(), "{}", file.display());
    }
}
