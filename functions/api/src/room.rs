//! How large answers may be: what Lambda takes, and no more, wherever the API runs.
//!
//! ```text
//!  a list  ─► as many items as fit a page; `next` goes on after the last of them
//!  a value ─► null where it is too long, and its name in `truncated` beside it
//!  what is too large even so ─► the problem `answer_too_large`
//! ```
//!
//! **Guarantees.** A walk from page to page gives every item once, however large they are; a page has one item at least.
//! No answer is so large that Lambda would refuse it, and the caller be told of an error of ours.
//!
//! Sizes are those of Lambda's answer, which holds the JSON as a text: each quotation mark and backslash of it is two bytes
//! there.

use crate::shown::Shown;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::Response;
use axum::middleware::Next;
use axum::response::IntoResponse;
use edge::problem::{Code, Problem};
use serde_json::Value;
use std::io::{ErrorKind, Write};

/// The largest answer, in bytes. Lambda takes 6 MB of a function that is waited for
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>); the rest is for headers.
const ANSWER: usize = 5_500_000;
/// Items of a page together, in bytes.
const PAGE: usize = 4_000_000;
/// The longest value that is never cut, in bytes.
const SHORT: usize = 16 * 1024;

/// The bytes of a value in Lambda's answer; `None` as soon as there are more than `limit`.
fn size(value: &Value, limit: usize) -> Option<usize> {
    let mut counter = Counter { bytes: 0, limit };
    serde_json::to_writer(&mut counter, value).is_ok().then_some(counter.bytes)
}

fn carried(json: &[u8]) -> usize {
    json.len() + json.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

/// Takes no more than `limit` bytes.
struct Counter {
    bytes: usize,
    limit: usize,
}

impl Write for Counter {
    fn write(&mut self, json: &[u8]) -> std::io::Result<usize> {
        let left = self.limit - self.bytes;
        // A long text is too long before it is looked at.
        let more = if json.len() > left { json.len() } else { carried(json) };
        if more > left {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.bytes += more;
        Ok(json.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a page still has room for.
#[derive(Debug)]
pub(crate) struct Room {
    limit: usize,
    taken: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { limit: PAGE, taken: 0 }
    }
}

impl Room {
    /// Takes these items, or none of them if they don't fit. The first always do.
    pub(crate) fn takes<'a>(&mut self, items: impl IntoIterator<Item = &'a Value>) -> bool {
        let mut taken = self.taken;
        for item in items {
            // A comma for each.
            taken = size(item, self.limit.saturating_sub(taken)).map_or(self.limit, |more| taken + more) + 1;
        }
        let fits = self.taken == 0 || taken <= self.limit;
        self.taken = if fits { taken } else { self.taken };
        fits
    }
}

/// Fills a page with what was found, in the order of the list, and says where the walk goes on: after the last that was
/// looked at if there is no room for more, else where it would have. `show` gives nothing for what isn't meant.
pub(crate) fn fill<T, S>(
    found: &[T],
    next: Option<String>,
    show: impl Fn(&T) -> Option<Shown<S>>,
    place: impl Fn(&T) -> String,
) -> (Vec<Shown<S>>, Option<String>) {
    fill_room(Room::default(), found, next, show, place)
}

fn fill_room<T, S>(
    mut room: Room,
    found: &[T],
    next: Option<String>,
    show: impl Fn(&T) -> Option<Shown<S>>,
    place: impl Fn(&T) -> String,
) -> (Vec<Shown<S>>, Option<String>) {
    let (mut page, mut last) = (Vec::new(), None);
    for one in found {
        let shown = show(one);
        if !room.takes(shown.iter().map(Shown::value)) {
            return (page, last.map(place));
        }
        page.extend(shown);
        last = Some(one);
    }
    (page, next)
}

/// Whether it is too large to be answered.
pub(crate) fn is_too_large(answer: &Value) -> bool {
    size(answer, ANSWER).is_none()
}

/// Whether it would be a page alone.
pub(crate) fn fills_a_page(item: &Value) -> bool {
    size(item, PAGE).is_none()
}

/// Puts null in the place of each of these values that is longer than 16 KiB, and its name among `truncated`. A name may
/// have a dot: `error.detail` is in `error`.
pub(crate) fn shorten(object: &mut Value, names: &[&str]) {
    let mut cut = Vec::new();
    for name in names {
        let pointer = format!("/{}", name.replace('.', "/"));
        if let Some(value) = object.pointer_mut(&pointer).filter(|value| size(value, SHORT).is_none()) {
            *value = Value::Null;
            cut.push(Value::from(*name));
        }
    }
    let Value::Object(fields) = object else { return };
    if !cut.is_empty()
        && let Value::Array(all) = fields.entry("truncated").or_insert_with(|| Vec::<Value>::new().into())
    {
        all.extend(cut);
    }
}

/// Tells the caller what Lambda would answer with a failure.
pub(crate) async fn bounded(request: Request, next: Next) -> Response<Body> {
    let changes = !request.method().is_safe();
    let answer = next.run(request).await;
    if answer.body().size_hint().exact().is_some_and(|bytes| bytes <= ANSWER as u64 / 2) {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    match to_bytes(body, usize::MAX).await.map(|bytes| (carried(&bytes), bytes)) {
        Ok((size, bytes)) if size <= ANSWER => Response::from_parts(parts, Body::from(bytes)),
        Ok((size, _)) => too_large(size, changes).into_response(),
        Err(_) => Problem::new(Code::Unavailable, "the answer could not be made; try again").into_response(),
    }
}

fn too_large(size: usize, changes: bool) -> Problem {
    let done = if changes { "; what was asked for has been done" } else { "" };
    let detail = format!("the answer would have {size} bytes, and at most {ANSWER} can be sent{done}");
    Problem::new(Code::AnswerTooLarge, detail)
}

#[cfg(test)]
mod tests;
