//! Cursors: the ends of pages, from which lists go on.
//!
//! A cursor is the place in the table after which the list goes on, in the alphabet of base64url, so that it can stand in a URL
//! as it is. Its first letter says of which list it is: the cursor of one list means nothing to another.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The longest place, in bytes: a sort key of DynamoDB
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const LONGEST: usize = 1_024;

/// Every place begins with a time: milliseconds since 1970, in so many digits.
const DIGITS: usize = 15;

/// The lists that come in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Tasks, and the waits of tasks, and their requests.
    Tasks,
    /// Callbacks that no job waits for.
    Unclaimed,
    /// Deliveries.
    Deliveries,
    /// Endpoints.
    Endpoints,
    /// Changes of what is configured by the API.
    History,
}

impl List {
    fn letter(self) -> char {
        match self {
            Self::Tasks => 't',
            Self::Unclaimed => 'u',
            Self::Deliveries => 'd',
            Self::Endpoints => 'e',
            Self::History => 'h',
        }
    }
}

/// A caller's text for a cursor, not read yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cursor(String);

/// The text is no cursor of that list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoCursor;

impl Cursor {
    /// The cursor of a place.
    pub fn of(list: List, place: &str) -> Self {
        Self(format!("{}{}", list.letter(), URL_SAFE_NO_PAD.encode(place)))
    }

    /// The place.
    ///
    /// # Errors
    /// If the text is no cursor of that list.
    pub fn place(&self, list: List) -> Result<String, NoCursor> {
        let encoded = self.0.strip_prefix(list.letter()).ok_or(NoCursor)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| NoCursor)?;
        let place = String::from_utf8(bytes).map_err(|_| NoCursor)?;
        let (time, rest) = place.split_at_checked(DIGITS).ok_or(NoCursor)?;
        let is_time = time.bytes().all(|byte| byte.is_ascii_digit());
        let is_place = is_time && (rest.is_empty() || rest.starts_with('#')) && place.len() <= LONGEST;
        if is_place { Ok(place) } else { Err(NoCursor) }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(from).map(|text| Self(text.into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTS: [List; 5] = [List::Tasks, List::Unclaimed, List::Deliveries, List::Endpoints, List::History];

    #[test]
    fn a_cursor_is_its_place_again_in_its_own_list_alone_and_safe_in_a_url() {
        for list in LISTS {
            let cursor = Cursor::of(list, "001767328195790#run_0840be");
            assert!(cursor.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor:?}");
            for other in LISTS {
                let place = cursor.place(other);
                assert_eq!(place.ok().as_deref(), (list == other).then_some("001767328195790#run_0840be"));
            }
        }
    }

    #[test]
    fn what_is_no_cursor_is_no_place() {
        let made_of = |place: &str| Cursor::of(List::Tasks, place);
        for text in ["", "zzz", "t", "t###", "001767328195790#run_0840be", "tä"].map(str::to_owned) {
            assert_eq!(Cursor(text.clone()).place(List::Tasks), Err(NoCursor), "{text}");
        }
        let time = "0".repeat(DIGITS);
        let long = |bytes: usize| format!("{time}#{}", "x".repeat(bytes - DIGITS - 1));
        for place in ["", "x", "!", "12345678901234ä"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("{time}0"), long(LONGEST + 1)])
        {
            assert_eq!(made_of(&place).place(List::Tasks), Err(NoCursor), "{place}");
        }
        for place in [time.clone(), long(LONGEST)] {
            assert_eq!(made_of(&place).place(List::Tasks), Ok(place));
        }
    }
}
