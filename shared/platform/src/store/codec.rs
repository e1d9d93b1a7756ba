//! How state is packed into a binary attribute: JSON, compressed where it is worth it.

use super::StoreError;
use crate::memory;
use domain::json::{DEEPEST_STORED, depth};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Read;
use zstd::bulk::{Compressor, Decompressor};

/// The largest packed state. An item may have 400 KB in all
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>); the rest is for the
/// other attributes.
pub const MAX_BLOB: usize = 380 * 1024;

/// Below this, compression costs more than the bytes it saves: what counts is the whole kilobyte.
const WORTH_IT: usize = 512;
/// RFC 8878 section 3.1.1: how a frame begins. No JSON text begins so.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// No state is larger than this unpacked: what a run may hold is bounded by its input and its answers.
const MAX_UNPACKED: usize = 256 << 20;

/// How much is unpacked at once to be weighed, in bytes.
const PIECE: usize = 64 * 1024;

thread_local! {
    /// Making a context costs more than compressing a kilobyte; each thread keeps one.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(1).ok());
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = RefCell::new(Decompressor::new().ok());
}

fn compress(json: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut()?.compress(json).ok())
}

fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let size = Decompressor::upper_bound(bytes).unwrap_or(MAX_UNPACKED).min(MAX_UNPACKED);
    DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.as_mut()?.decompress(bytes, size).ok())
}

/// A value in its binary form, with nothing in it sealed: what may hold secrets goes through the vault.
pub(super) fn pack_plain<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    pack_json(serde_json::to_vec(value).map_err(|error| StoreError::Damaged(error.to_string()))?)
}

/// Packs JSON that is written already.
pub(super) fn pack_json(json: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    // What could not be read again is not written: templates have put too much around it.
    if depth(&json) > DEEPEST_STORED {
        return Err(StoreError::TooLarge { size: json.len(), limit: MAX_BLOB });
    }
    let packed = if json.len() < WORTH_IT { json } else { compress(&json).unwrap_or(json) };
    if packed.len() > MAX_BLOB { Err(StoreError::TooLarge { size: packed.len(), limit: MAX_BLOB }) } else { Ok(packed) }
}

/// Reads what [`pack_plain`] has made; sealed texts stay sealed.
pub(super) fn unpack_plain<T: DeserializeOwned>(bytes: &[u8], whose: &str) -> Result<T, StoreError> {
    read(&json(bytes, whose)?, whose)
}

/// The JSON of what was packed.
pub(super) fn json<'b>(bytes: &'b [u8], whose: &str) -> Result<Cow<'b, [u8]>, StoreError> {
    match bytes.starts_with(&ZSTD_MAGIC) {
        true => decompress(bytes).map(Cow::Owned).ok_or_else(|| StoreError::Damaged(whose.to_owned())),
        false => Ok(Cow::Borrowed(bytes)),
    }
}

pub(super) fn read<T: DeserializeOwned>(json: &[u8], whose: &str) -> Result<T, StoreError> {
    serde_json::from_slice(json).map_err(|_| StoreError::Damaged(whose.to_owned()))
}

/// What unpacking takes in memory, in bytes: an estimate, for which nothing is unpacked as a whole.
pub(super) fn weight(bytes: &[u8]) -> usize {
    if !bytes.starts_with(&ZSTD_MAGIC) {
        return memory::weight(bytes);
    }
    let Ok(mut text) = zstd::stream::read::Decoder::new(bytes) else { return 0 };
    let (mut weight, mut piece) = (0, vec![0; PIECE]);
    loop {
        match text.read(&mut piece) {
            // What is damaged is told of where it is unpacked.
            Ok(0) | Err(_) => return weight,
            Ok(read) => weight += memory::weight(piece.get(..read).unwrap_or_default()),
        }
    }
}

/// A long text in a binary form that leaves room for its being sealed and written in base64.
///
/// # Errors
/// If it can't be stored, however it is packed.
pub fn pack_text(text: &str) -> Result<Vec<u8>, StoreError> {
    let (packed, limit) = (pack_plain(&text)?, MAX_BLOB / 4 * 3 - 1024);
    if packed.len() > limit { Err(StoreError::TooLarge { size: packed.len(), limit }) } else { Ok(packed) }
}

/// The text that [`pack_text`] was given.
///
/// # Errors
/// If the bytes are damaged.
pub fn unpack_text(bytes: &[u8]) -> Result<String, StoreError> {
    unpack_plain(bytes, "definition")
}

#[cfg(test)]
mod tests {
    use super::{
        MAX_BLOB, StoreError, json as unpacked, pack_json, pack_plain as pack, unpack_plain as unpack, weight,
    };
    use domain::run::Run;
    use serde_json::{Value, json};

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let nested = |levels: usize| (1..levels).fold(json!([]), |inner, _| json!([inner]));
        for levels in [1, 100, 127] {
            let packed = pack(&nested(levels)).unwrap();
            assert_eq!(unpack::<Value>(&packed, "x").unwrap(), nested(levels), "{levels}");
        }
        assert!(matches!(pack(&nested(128)), Err(StoreError::TooLarge { .. })));
    }

    #[test]
    fn small_state_stays_readable_and_large_state_shrinks() {
        let small = json!({"a": 1});
        assert_eq!(pack(&small).unwrap(), br#"{"a":1}"#);
        let large = json!({"text": "again and ".repeat(1000)});
        let packed = pack(&large).unwrap();
        assert!(packed.len() < 500, "{}", packed.len());
        assert_eq!(unpack::<Value>(&packed, "x").unwrap(), large);
        assert_eq!(unpack::<Value>(&pack(&small).unwrap(), "x").unwrap(), small);
    }

    /// Runs as this version stores them, in every state: one a line.
    const RUNS: &str = include_str!("../../../../tests/fixtures/stored/runs.jsonl");

    #[test]
    fn every_sample_of_a_run_is_packed_as_it_was_unpacked() {
        for line in RUNS.lines() {
            let packed = pack_json(line.as_bytes().to_vec()).unwrap();
            let run: Run = unpack(&packed, "x").unwrap();
            assert_eq!(pack(&run).unwrap(), packed, "{line}");
            assert_eq!(unpacked(&packed, "x").unwrap(), line.as_bytes());
        }
    }

    #[test]
    fn state_is_weighed_as_what_it_is_unpacked() {
        for text in [json!({"a": 1}), json!(vec![json!([]); 100_000]), json!("words, and more words ".repeat(10_000))] {
            let (whole, packed) = (crate::memory::weight(text.to_string().as_bytes()), weight(&pack(&text).unwrap()));
            assert!(packed.abs_diff(whole) <= whole / 100, "{packed} {whole}");
        }
    }

    #[test]
    fn what_does_not_compress_under_the_limit_is_refused() {
        let mut seed = 1_u64;
        let noise: String = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            format!("{seed:016x}")
        })
        .take(MAX_BLOB / 8)
        .collect();
        assert!(pack(&noise).is_err());
        assert!(unpack::<Value>(b"\x28\xB5\x2F\xFDrubbish", "x").is_err());
    }
}
