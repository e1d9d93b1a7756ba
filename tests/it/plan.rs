//! `emulator plan`: what infrastructure reads instead of `ringback.yml`.

use crate::EMULATOR;
use ringback_tests::{Finished, run};
use serde_json::Value;
use std::path::Path;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

async fn plan(file: &str) -> Finished {
    run(EMULATOR, Path::new(EXAMPLES), &["plan", "-f", file], "").await
}

#[tokio::test]
async fn every_example_has_a_plan_with_all_its_routes() {
    let mut seen = 0;
    for entry in std::fs::read_dir(EXAMPLES).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        seen += 1;
        let (name, text) = (path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        let done = plan(&name).await;
        assert_eq!(done.code, Some(0), "{name}: {}", done.err);
        let planned: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(planned["format"], 3);
        let loaded = domain::config::load(&text, &name);
        let config = loaded.config.as_ref().unwrap();
        let sources: Vec<&String> = config.sources.keys().collect();
        assert_eq!(planned["sources"], serde_json::json!(sources), "{name}");
        let programs: Vec<&str> =
            planned["programs"].as_array().unwrap().iter().map(|program| program["name"].as_str().unwrap()).collect();
        assert_eq!(programs, config.programs.keys().collect::<Vec<_>>(), "{name}");
        let lines: Vec<&str> = text.lines().collect();
        for part in ["programs", "environment"] {
            for one in planned[part].as_array().unwrap() {
                let line = usize::try_from(one["line"].as_u64().unwrap()).unwrap();
                let (called, there) = (one["name"].as_str().unwrap(), lines[line - 1]);
                let wanted = if part == "programs" { "command function" } else { called };
                assert!(wanted.split(' ').any(|word| there.contains(word)), "{name}:{line}: {called}");
            }
        }
        let routes = planned["routes"].as_array().unwrap();
        assert_eq!(routes.len(), loaded.routes.len(), "{name}");
        for (route, place) in routes.iter().zip(&loaded.routes) {
            let [method, path] = ["method", "path"].map(|key| route[key].as_str().unwrap());
            assert_eq!((format!("{method} {path}"), &route["line"]), (place.id.to_string(), &place.line.into()));
        }
    }
    assert!(seen > 3, "only {seen} examples were looked at");
}

#[tokio::test]
async fn what_aws_can_not_have_is_refused_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ringback.yml");
    let text = "listeners:\n  - {port: 8090, path: /in}\n  - {port: 8091, path: /in, workflow: w}\n  - {port: 1, path: /health}\n\
                workflows: [{id: w, jobs: [{component: c}]}]\ncomponents: {c: {type: logger}}\n";
    std::fs::write(&file, text).unwrap();
    let done = plan(&file.display().to_string()).await;
    assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{}", done.err);
    assert!(done.err.contains("ringback.yml:3:24: error[route_conflict]: POST /in is also a route of"), "{}", done.err);
    assert!(done.err.contains("ringback.yml:4:21: error[route_conflict]: `/health` is Ringback's own"), "{}", done.err);
    assert!(done.err.contains("can't be deployed"), "{}", done.err);
}

#[tokio::test]
async fn names_and_numbers_that_aws_does_not_have_are_refused_with_their_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ringback.yml");
    let text = "listeners:\n  - port: 1\n    workflow: default\n    path: /{tenant}/{hook}\n\
                workflow: {jobs: [{component: c, input: '${env[\"a b\"]}'}]}\n\
                components: {c: {type: logger}}\nprograms:\n  p:\n    function: 'f*'\n";
    std::fs::write(&file, text).unwrap();
    let done = plan(&file.display().to_string()).await;
    assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{}", done.err);
    for said in [
        "ringback.yml:4:11: error[route_conflict]: `/{tenant}/{hook}` also matches `POST /api/tokens`",
        "ringback.yml:5:41: error[bad_value]: the variable `a b` is an SSM parameter",
        "ringback.yml:9:5: error[bad_value]: the program `p` is the function `f*`",
    ] {
        assert!(done.err.contains(said), "{said}: {}", done.err);
    }
    std::fs::write(&file, "listeners:\n  - path: /a\n  - path: /b\n    port: 2\n").unwrap();
    let file = file.display().to_string();
    let done = run(EMULATOR, Path::new(EXAMPLES), &["plan", "-f", &file, "--route-quota", "9"], "").await;
    assert!(done.err.contains("ringback.yml:3:11: error[too_large]: the file has 2 routes"), "{}", done.err);
}

#[tokio::test]
async fn a_variable_that_is_not_set_here_does_not_keep_a_file_from_the_cloud() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ringback.yml");
    let text = "workflow: {jobs: [{component: c, input: \"${env.RINGBACK_TEST_NOT_SET}\"}]}\ncomponents: {c: {type: \
        logger}}\n";
    std::fs::write(&file, text).unwrap();
    let done = plan(&file.display().to_string()).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    let planned: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(
        planned["environment"],
        serde_json::json!([{"name": "RINGBACK_TEST_NOT_SET", "required": true, "line": 1}])
    );
}
