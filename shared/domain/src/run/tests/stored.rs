//! Stored runs: what is read of them is what was written, numbers in every state among it.

use crate::run::{JobState, Phase, Run};
use proptest::prelude::*;

/// Numbers as version 0.1 wrote them, and as they come since numbers are kept as they were written.
const NUMBERS: &str =
    "{\"a\":[7,18446744073709551615,-12,1.5,100.0,-0.0,1e+21,1e-7,1000000000000000000001,1.10,1e+400,-0]}";

const TIME: &str = "2026-01-02T03:04:05Z";

/// A run with `NUMBERS` (or another JSON) wherever a run holds what others gave it.
fn written(value: &str) -> String {
    let stretch = "\"stretch\":{\"stretch\":\"start\"}";
    let arrival = format!("{{\"verdict\":\"success\",\"result\":{value}}}");
    let error = format!("{{\"code\":\"c\",\"message\":\"m\",\"detail\":[{value}]}}");
    let wait = "\"wait\":{\"route\":\"r\",\"key\":\"7\"}";
    let states = [
        format!("\"calling\",\"since\":\"{TIME}\",{stretch},\"arrived\":{arrival}"),
        format!("\"resting\",\"until\":\"{TIME}\",\"error\":{error}"),
        format!("\"waiting\",{wait},\"response\":[{value}],\"deadline\":\"{TIME}\",\"failed\":{error}"),
        format!("\"polling\",\"response\":[{value}],\"asked\":4294967295,\"deadline\":\"{TIME}\""),
        format!("\"looping\",\"items\":[{value},[{value}]]"),
        format!("\"recovering\",\"error\":{error}"),
        format!("\"completed\",\"at\":\"{TIME}\",\"output\":{{\"n\":{value}}}"),
        format!("\"failed\",\"at\":\"{TIME}\",\"error\":{error}"),
    ];
    let job = |(at, state): (usize, &String)| {
        format!("\"job-{at}\":{{\"attempt\":1,\"started_at\":\"{TIME}\",\"state\":{{\"state\":{state}}}}}")
    };
    let jobs: Vec<String> = states.iter().enumerate().map(job).collect();
    let phase =
        format!("{{\"phase\":\"completed\",\"started_at\":\"{TIME}\",\"ended_at\":\"{TIME}\",\"output\":[{value}]}}");
    format!(
        "{{\"id\":\"run_27df15b6bb03986824f8cde139e16eb1\",\"workflow\":\"w\",\"input\":[{value}],\
         \"accepted_at\":\"{TIME}\",\"phase\":{phase},\"jobs\":{{{}}}}}",
        jobs.join(",")
    )
}

fn read_and_written(text: &str) -> String {
    let run: Run = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    serde_json::to_string(&run).expect("JSON")
}

#[test]
fn a_stored_run_is_read_with_its_numbers_in_every_state() {
    let text = written(NUMBERS);
    assert_eq!(read_and_written(&text), text);
}

proptest! {
    #[test]
    fn no_number_changes_in_a_stored_run(number in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?(e[+-][0-9]{1,9})?") {
        let text = written(&number);
        prop_assert_eq!(read_and_written(&text), text);
    }
}

/// Runs as this version stores them, one a line: every state of a job, with and without what it may leave out, and every
/// phase of a run.
const SAMPLES: &str = include_str!("../../../../../tests/fixtures/stored/runs.jsonl");

#[test]
fn every_sample_of_a_stored_run_is_written_as_it_was_read() {
    for line in SAMPLES.lines() {
        assert_eq!(read_and_written(line), line);
    }
}

/// The names of an enum's variants, as serde lists them to who gives it another.
fn variants<T: serde::de::DeserializeOwned + std::fmt::Debug>(tag: &str) -> Vec<String> {
    let error = serde_json::from_value::<T>(serde_json::json!({tag: "?"})).expect_err("no variant").to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_samples_have_every_state_and_every_phase() {
    for (tag, names, least) in [("state", variants::<JobState>("state"), 15), ("phase", variants::<Phase>("phase"), 5)]
    {
        assert!(names.len() >= least, "{names:?}");
        for name in names {
            assert!(SAMPLES.contains(&format!("\"{tag}\":\"{name}\"")), "no sample has the {tag} `{name}`");
        }
    }
}
