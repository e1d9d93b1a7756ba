//! What a template reads.

use crate::expr::{Reference, Sources, Template};
use serde_json::json;

fn read_by(template: &serde_json::Value) -> Vec<(String, Option<String>, String)> {
    let references = Template::from_json(template, Sources::Any).unwrap().references();
    references.into_iter().map(|Reference { source, qualifier, path }| (source, qualifier, path.join("/"))).collect()
}

#[test]
fn every_place_is_seen_in_order() {
    let template = json!({
        "text": "a ${a.x} b ${b}",
        "list": ["${c + d}", {"deep": "${not e}"}],
        "more": "${f as text | ${g}}",
        "words": "${h | i ${i} j}",
        "part": "${(j as json).k}",
        "fixed": "${k matches 'x'}",
        "dynamic": "${l matches m}",
        "again": "${a.x}",
    });
    let sources: Vec<String> = read_by(&template).into_iter().map(|(source, ..)| source).collect();
    assert_eq!(sources, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "a"]);
    assert_eq!(read_by(&json!(["plain", 1, "$${x}", "${'x'}"])), []);
}

#[test]
fn a_path_counts_up_to_the_first_step_that_is_no_name() {
    for (template, source, qualifier, path) in [
        ("${jobs.generate.output.image_url}", "jobs", None, "generate/output/image_url"),
        ("${jobs['process-message'].output[0].x}", "jobs", None, "process-message/output"),
        ("${jobs.a[1:].x}", "jobs", None, "a"),
        ("${jobs.a[*].x}", "jobs", None, "a"),
        ("${body}", "body", None, ""),
        ("${gateway:8090.public_url}", "gateway", Some("8090"), "public_url"),
    ] {
        let expected = (source.to_owned(), qualifier.map(str::to_owned), path.to_owned());
        assert_eq!(read_by(&json!(template)), [expected], "{template}");
    }
}
