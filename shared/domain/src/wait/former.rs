//! How version 0.1 wrote numbers as keys. It read a number that is no integer of 64 bits as a 64-bit float and wrote that
//! again: `100.0` stayed `100.0`, and `1000000000000000000001` became `1e+21`. Now a number is its value: `100`.

use crate::number;
use serde_json::Number;

/// The keys that a wait of version 0.1 may stand under, for a callback with this key now: the same text, and the one that
/// version 0.1 made of a float of this value.
pub fn former_keys(key: &str) -> Vec<String> {
    let float = || {
        let value = number::parse(key).filter(|number| number::canonical(number) == key)?.as_f64()?;
        Number::from_f64(value).map(|number| number.to_string())
    };
    both(key, float())
}

/// The keys that a job of now may wait under, for a callback that version 0.1 kept under this key: the same text, and the
/// value of the number that it may have been.
pub fn present_keys(former: &str) -> Vec<String> {
    both(former, number::parse(former).map(|number| number::canonical(&number)))
}

fn both(key: &str, other: Option<String>) -> Vec<String> {
    let other = other.filter(|other| other != key);
    std::iter::once(key.to_owned()).chain(other).collect()
}

#[cfg(test)]
mod tests {
    use super::{former_keys, present_keys};

    #[test]
    fn a_number_is_found_under_the_text_of_then_and_of_now() {
        for (now, then) in [
            ("100", "100.0"),
            ("1000000000000000000001", "1e+21"),
            ("1000000000000000000000", "1e+21"),
            ("0.0000001", "1e-7"),
            ("-3", "-3.0"),
        ] {
            assert_eq!(former_keys(now), [now, then]);
        }
        for (then, now) in [("100.0", "100"), ("1e+21", "1000000000000000000000"), ("1e-7", "0.0000001"), ("-0.0", "0")]
        {
            assert_eq!(present_keys(then), [then, now]);
        }
    }

    #[test]
    fn what_is_no_number_or_was_written_so_before_has_one_key() {
        for key in ["job-1", "007", "1.5", "0.1", "true", "1e+21x", ""] {
            assert_eq!((former_keys(key), present_keys(key)), (vec![key.to_owned()], vec![key.to_owned()]));
        }
        // A text of a number is no number's key.
        assert_eq!(former_keys("100.0"), ["100.0"]);
    }
}
