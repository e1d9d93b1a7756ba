//! Following a path into values. What isn't there is null.

use crate::expr::path::{Path, Step};
use crate::expr::scope::Scope;
use serde_json::{Map, Value};
use std::borrow::Cow;

static NULL: Value = Value::Null;

/// The source whose names match in any case: HTTP's header names do (RFC 9110, section 5.1).
const CASELESS_SOURCE: &str = "header";

impl Path {
    pub(super) fn read<'v>(&'v self, scope: &'v Scope<'_>) -> Cow<'v, Value> {
        let found = match (scope.get(&self.name), self.qualifier(), self.steps.split_first()) {
            (Some(Value::Object(headers)), None, Some((Step::Key(name), below))) if self.name == CASELESS_SOURCE => {
                header(headers, name).and_then(|value| select_some(value, below))
            }
            (Some(value), _, _) => select_some(value, &self.steps),
            (None, Some(qualifier), _) => scope
                .get(self.source())
                .and_then(|source| source.get(qualifier))
                .and_then(|value| select_some(value, &self.steps)),
            (None, None, _) => None,
        };
        found.unwrap_or(Cow::Borrowed(&NULL))
    }
}

fn header<'v>(headers: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    let caseless = || headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    headers.get(name).or_else(caseless)
}

/// What a path leads to, borrowed where it is a part of the value and made where it is a slice or `[*]`.
pub(super) fn select<'v>(value: &'v Value, steps: &[Step]) -> Cow<'v, Value> {
    select_some(value, steps).unwrap_or(Cow::Borrowed(&NULL))
}

/// A place in a value; slices stay borrowed until the path ends.
enum Place<'v> {
    Value(&'v Value),
    Items(&'v [Value]),
    Text(&'v str),
}

fn select_some<'v>(value: &'v Value, mut steps: &[Step]) -> Option<Cow<'v, Value>> {
    let mut place = Place::Value(value);
    while let Some((step, below)) = steps.split_first() {
        place = match step {
            Step::Key(key) => Place::Value(place.entries()?.get(key)?),
            Step::Index(index) => {
                let items = place.items()?;
                Place::Value(items.get(element(*index, items.len())?)?)
            }
            Step::Slice(from, to) => place.slice(*from, *to)?,
            Step::Each => {
                let all = |item| select(item, below).into_owned();
                let mapped = match place.items() {
                    Some(items) => items.iter().map(all).collect(),
                    None => place.entries()?.values().map(all).collect(),
                };
                return Some(Cow::Owned(Value::Array(mapped)));
            }
        };
        steps = below;
    }
    Some(match place {
        Place::Value(value) => Cow::Borrowed(value),
        Place::Items(items) => Cow::Owned(Value::Array(items.to_vec())),
        Place::Text(text) => Cow::Owned(Value::String(text.to_owned())),
    })
}

impl<'v> Place<'v> {
    fn entries(&self) -> Option<&'v Map<String, Value>> {
        match self {
            Self::Value(value) => value.as_object(),
            Self::Items(_) | Self::Text(_) => None,
        }
    }

    fn items(&self) -> Option<&'v [Value]> {
        match self {
            Self::Value(value) => value.as_array().map(Vec::as_slice),
            Self::Items(items) => Some(items),
            Self::Text(_) => None,
        }
    }

    fn text(&self) -> Option<&'v str> {
        match self {
            Self::Value(value) => value.as_str(),
            Self::Items(_) => None,
            Self::Text(text) => Some(text),
        }
    }

    /// Elements of a list or characters of a text.
    fn slice(&self, from: Option<i64>, to: Option<i64>) -> Option<Self> {
        if let Some(text) = self.text() {
            let length = text.chars().count();
            let (from, to) = bounds(from, to, length);
            let byte = |position| text.char_indices().nth(position).map_or(text.len(), |(byte, _)| byte);
            return text.get(byte(from)..byte(to)).map(Place::Text);
        }
        let items = self.items()?;
        let (from, to) = bounds(from, to, items.len());
        items.get(from..to).map(Place::Items)
    }
}

/// The position of element `index`, counted from the end if negative.
fn element(index: i64, length: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(position) => Some(position),
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

/// Where a slice starts and ends: within the length, and in this order.
fn bounds(from: Option<i64>, to: Option<i64>, length: usize) -> (usize, usize) {
    let clamp = |bound: i64| {
        let distance = usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX);
        if bound < 0 { length.saturating_sub(distance) } else { distance.min(length) }
    };
    let from = from.map_or(0, clamp);
    (from, to.map_or(length, clamp).max(from))
}
