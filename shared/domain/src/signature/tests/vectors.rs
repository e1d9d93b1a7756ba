//! Literal vectors of the providers' documentation and libraries; each line of the file names its source.

use super::*;
use serde_json::Value;

const VECTORS: &str = include_str!("../../../../../tests/fixtures/signature/vectors.jsonl");

#[test]
fn every_vector_is_judged_as_its_source_says() {
    let mut wrong = Vec::new();
    for line in VECTORS.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        // A vector without a time is of a scheme that judges none.
        let answer = batch::verify_line(line, at(4_000_000_000));
        if answer["valid"] != vector["expected"] {
            wrong.push(format!("{}: {answer}", vector["name"]));
        }
        assert_eq!(answer["reason"].is_string(), !answer["valid"].as_bool().unwrap(), "{answer}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(VECTORS.lines().count() > 100);
}

#[test]
fn refusals_of_vectors_quote_neither_secrets_nor_right_signatures() {
    let lines: Vec<Value> = VECTORS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (line, vector) in VECTORS.lines().zip(&lines) {
        let reason = batch::verify_line(line, at(4_000_000_000))["reason"].to_string();
        let secret = vector["secret"].as_str().unwrap();
        assert!(secret.len() < 8 || !reason.contains(secret), "{reason}");
        for other in lines.iter().filter(|other| other["expected"] == true) {
            for signature in other["headers"].as_object().unwrap().values().filter_map(Value::as_str) {
                assert!(signature.len() < 24 || !reason.contains(signature), "{reason}");
            }
        }
    }
}
