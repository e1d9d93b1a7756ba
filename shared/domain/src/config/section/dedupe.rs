//! `dedupe_by` and `dedupe_window` of triggers and sources, judged by what proves the requests that come there.

use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Span};
use crate::config::draft::DedupeDraft;
use crate::config::keys::{Key, Shape};
use crate::config::map::Map;
use crate::expr::Template;
use crate::source::{MAX_DEDUPE_WINDOW, Verification};
use std::time::Duration;

/// For how long equal requests are one.
pub(super) const DEDUPE_WINDOW: Key = Key::new(
    "dedupe_window",
    Shape::Duration,
    "How long equal requests count as one: those without signature and id, or with an equal `dedupe_by` value. Where \
     absent: 2m, or as the provider's preset says; with `dedupe_by`, as long as the run is kept. 0: each request is \
     one of its own.",
);

/// Reads `dedupe_window`, and what there is to be judged of it and of `dedupe_by`.
pub(super) fn read(cx: &mut Cx, map: &Map<'_>, dedupe_by: Option<&Template>) -> (Option<Duration>, DedupeDraft) {
    let span = |name: &str| map.entry(name).map(|entry| entry.value.span);
    let window = map.duration(cx, "dedupe_window", true).filter(|window| {
        if *window > MAX_DEDUPE_WINDOW {
            let why = "`dedupe_window` can't be longer than 30d: runs are not remembered longer";
            cx.report(Code::BadDuration, span("dedupe_window").unwrap_or(map.at), why);
        }
        *window <= MAX_DEDUPE_WINDOW
    });
    let by = dedupe_by.zip(span("dedupe_by")).map(|(template, span)| (template.references(), span));
    (window, DedupeDraft { by, window: window.and(span("dedupe_window")) })
}

/// Reports a window that can't hold, and a `dedupe_by` that lets a caught request run again.
pub(in crate::config) fn check(cx: &mut Cx, verification: &Verification, draft: &DedupeDraft) {
    if !verification.is_signed() {
        return;
    }
    if let Some(span) = draft.window {
        let why = "requests that are signed here are recognised as long as their runs are kept, so that a caught one can't run \
                   again: remove `dedupe_window`";
        cx.report(Code::ConflictingKeys, span, why);
    }
    let Some((references, span)) = &draft.by else { return };
    if let Some(unsigned) = references.iter().find(|reference| !verification.covers(reference)) {
        warn(cx, *span, &unsigned.to_string());
    }
}

fn warn(cx: &mut Cx, span: Span, unsigned: &str) {
    let message = format!(
        "`dedupe_by` reads `{unsigned}`, which the signature does not cover: an attacker who has copied one request \
         can start it again with another value there"
    );
    cx.report(Code::UnsignedDedupe, span, message);
}
