//! docs/signatures.md says of each preset how it is known to be right; here that is held against the vectors.

use super::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../../../../docs/signatures.md");
const VECTORS: &str = include_str!("../../../../../tests/fixtures/signature/vectors.jsonl");

/// How a preset is known to be right, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Proof {
    Documented,
    Computed,
    Vector,
}

impl Proof {
    /// What the source of a vector proves.
    fn of(source: &str) -> Self {
        if source.starts_with("made with OpenSSL") || source.starts_with("written for this test") {
            Self::Documented
        } else if source.contains("'s own ") {
            Self::Computed
        } else {
            Self::Vector
        }
    }

    fn named(text: &str) -> Option<Self> {
        Some(match text {
            "documented" => Self::Documented,
            "computed" => Self::Computed,
            "vector" => Self::Vector,
            _ => return None,
        })
    }
}

/// The cells of the table's rows, by the preset's name.
fn rows() -> BTreeMap<String, Vec<String>> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| ")).filter_map(|line| {
        let line = line.replace("\\|", "\u{0}");
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\0', "|")).collect();
        Proof::named(cells.get(2)?)?;
        Some((cells[0].clone(), cells))
    });
    rows.collect()
}

/// The sources of the genuine requests of each preset.
fn sources() -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut sources = BTreeMap::<_, BTreeSet<String>>::new();
    for line in VECTORS.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        if let (Some(provider), Some(true)) = (vector["provider"].as_str(), vector["expected"].as_bool()) {
            let source = vector["source"].as_str().unwrap().split(';').next().unwrap();
            sources.entry(preset(provider).name()).or_default().insert(source.to_owned());
        }
    }
    sources
}

#[test]
fn each_preset_has_a_row_and_a_genuine_request_and_nothing_else_has() {
    let presets: BTreeSet<&str> = Preset::all().iter().map(Preset::name).collect();
    assert_eq!(rows().keys().map(String::as_str).collect::<BTreeSet<_>>(), presets);
    assert_eq!(sources().into_keys().collect::<BTreeSet<_>>(), presets);
}

#[test]
fn a_row_claims_what_the_vectors_show_and_no_more() {
    let sources = sources();
    for (name, cells) in rows() {
        let sources = &sources[name.as_str()];
        let best = sources.iter().map(|source| Proof::of(source)).max();
        assert_eq!(Proof::named(&cells[2]), best, "{name}: {sources:?}");
        for source in sources.iter().filter(|source| Proof::of(source) > Proof::Documented) {
            assert!(cells[3].contains(source.as_str()), "{name}: {source}");
        }
        let shown = cells[3].split("; ").filter(|shown| *shown != "–").all(|shown| sources.contains(shown));
        assert!(shown, "{name}: {}", cells[3]);
    }
}

#[test]
fn a_row_shows_the_page_and_the_headers_of_its_preset() {
    for (name, cells) in rows() {
        let preset = preset(&name);
        assert_eq!(cells[4], format!("[page]({})", preset.source()), "{name}");
        for header in preset.schemes().iter().flat_map(|scheme| &scheme.spec().header.0) {
            let shown = if header == "*" { "any header" } else { header };
            assert!(cells[1].contains(shown), "{name}: {header}");
        }
    }
}

#[test]
fn enough_is_known_from_others_than_ourselves() {
    let of = |proof| rows().values().filter(|cells| Proof::named(&cells[2]) == Some(proof)).count();
    assert!(of(Proof::Vector) >= 31, "{}", of(Proof::Vector));
    assert!(of(Proof::Vector) + of(Proof::Computed) >= 43);
}
