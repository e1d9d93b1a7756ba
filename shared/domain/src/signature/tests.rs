//! Tests of signatures.

mod vectors;
mod proofs;
mod presets;
mod schemes;
mod requests;
mod hostile;
mod handshakes;
mod acknowledgements;
mod extracting;
mod diagnosing;
mod lines;

use super::*;
use jiff::Timestamp;

/// The headers of a test.
fn headers(list: &[(&str, &str)]) -> Headers {
    list.iter().map(|(name, value)| (*name, *value)).collect()
}

/// A POST without an address.
fn post<'r>(headers: &'r Headers, body: &'r [u8]) -> Request<'r> {
    Request { method: "POST", url: "https://hooks.test/in", headers, body, client_ip: None }
}

/// A time.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A preset that is there.
fn preset(name: &str) -> &'static Preset {
    Preset::find(name).unwrap()
}

/// A scheme from JSON.
fn scheme(value: serde_json::Value) -> Result<Scheme, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}
