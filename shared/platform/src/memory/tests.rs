use super::{HEAVIEST, KIB, MIB, NotAdmitted, Pool, SMALLEST_LARGE, weight};
use futures_util::FutureExt;
use proptest::prelude::*;
use serde_json::Value;

/// A megabyte of one piece again and again, in brackets.
fn repeated(piece: &str) -> String {
    format!("[{}0]", piece.repeat(MIB / piece.len() - 1))
}

/// What a parsed value has in memory, by the types; lists and objects with the room that they keep.
fn measured(value: &Value) -> usize {
    let own = size_of::<Value>();
    own + match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(number) => number.to_string().len().max(16),
        Value::String(text) => text.capacity(),
        Value::Array(values) => {
            let spare = values.capacity() - values.len();
            values.iter().map(measured).sum::<usize>() + spare * own
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| 2 * (name.capacity() + 32) + measured(value)).sum::<usize>()
        }
    }
}

#[test]
fn no_text_weighs_more_parsed_than_estimated() {
    for piece in [
        "[],",
        "0,",
        "{},",
        "[0],",
        "\"\",",
        "{\"\":0},",
        "{\"a\":{}},",
        "[[0]],",
        "[[[[0]]]],",
        "null,",
        "[[],[]],",
        "1e9,",
        "{\"a\":1,\"b\":[]},",
        "\"a longer text of many words\",",
    ] {
        let text = repeated(piece);
        let value: Value = serde_json::from_str(&text).unwrap();
        let (estimated, measured) = (weight(text.as_bytes()), measured(&value));
        assert!(measured <= estimated, "{piece}: {measured} of {estimated}");
        assert!(estimated <= 8 * measured, "{piece}: {measured} of {estimated}");
    }
}

proptest! {
    #[test]
    fn no_json_weighs_more_parsed_than_estimated_whatever_it_is(text in "[\\[\\]{},:\"0a]{0,60}") {
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            // The estimate counts what stands before each comma: the last value and its digits come on top.
            prop_assert!(measured(&value) <= weight(text.as_bytes()) + size_of::<Value>() + 16, "{text}");
        }
    }
}

#[tokio::test]
async fn large_texts_wait_for_each_other_and_small_ones_do_not() {
    let pool = Pool::new(2 * MIB, 8 * MIB);
    let first = pool.hold(5 * MIB).await.unwrap();
    let second = pool.hold(5 * MIB);
    tokio::pin!(second);
    assert!(second.as_mut().now_or_never().is_none(), "there is room for one of them");
    assert!(pool.hold(SMALLEST_LARGE - 1).now_or_never().is_some(), "a small one waits for no large one");
    // The first come first: a lighter one does not overtake.
    assert!(pool.hold(2 * MIB).now_or_never().is_none() && pool.try_hold(2 * MIB).is_none());
    drop(first);
    assert!(second.now_or_never().is_some());
}

#[tokio::test]
async fn what_is_heavier_than_the_pool_goes_in_alone() {
    let pool = Pool::new(MIB, 8 * MIB);
    let heavy = pool.hold(100 * MIB).now_or_never().flatten().expect("nothing else is there");
    assert!(pool.hold(SMALLEST_LARGE).now_or_never().is_none());
    drop(heavy);
    assert!(pool.hold(SMALLEST_LARGE).now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_finds_no_room_in_time_is_told_to_come_again() {
    let pool = Pool::new(MIB, 8 * MIB);
    let all = pool.hold(8 * MIB).await.unwrap();
    let text = repeated("0,");
    assert_eq!(pool.admit(text.as_bytes()).await.unwrap_err(), NotAdmitted::Full);
    drop(all);
    assert!(pool.admit(text.as_bytes()).await.is_ok(), "500,000 numbers can be read");
}

#[tokio::test]
async fn a_body_of_brackets_alone_is_refused() {
    let pool = Pool::default();
    let nested = repeated(&format!("{}{},", "[".repeat(100), "]".repeat(100)));
    assert!(weight(nested.as_bytes()) > HEAVIEST);
    assert!(matches!(pool.admit(nested.as_bytes()).await, Err(NotAdmitted::TooHeavy { .. })));
    assert!(pool.admit(&vec![b'x'; 20 * KIB]).await.is_ok());
    // Where longer bodies are allowed, they are read if they are like others, alone if need be.
    let usual = repeated("{\"name\":\"a usual name\",\"number\":1234567890},").repeat(20);
    assert!(weight(usual.as_bytes()) > HEAVIEST);
    assert!(pool.admit(usual.as_bytes()).await.is_ok());
    assert!(pool.admit(nested.repeat(20).as_bytes()).await.is_err());
}
