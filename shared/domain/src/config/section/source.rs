//! `source`, `sources`: providers that call us at `/api/webhooks/{name}`.

use super::listener::claim;
use super::rule::{RULE, rules};
use super::verify::{self, VERIFY};
use super::{Item, Section, dedupe};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::Map;
use crate::config::template::SOURCE as PLACE;
use crate::endpoint::RateLimit;
use crate::source::{MAX_BODY, Source};

pub(in crate::config) static SECTION: Section = Section {
    singular: "source",
    plural: Some("sources"),
    doc: "Providers that call us, by name: how they prove who they are, and what their events start.",
    kinds: &[&SOURCE],
    read,
};

static SOURCE: Keys = Keys {
    name: "a source",
    doc: "A provider that calls us.",
    groups: &[
        &[
            Key::new("id", Shape::Id, "Its name, where sources are a list: the end of its address."),
            Key::new("rules", Shape::Rules(&[&RULE]), "What its events start, by event type; `*` is any."),
            Key::new(
                "event",
                Shape::TextTemplate,
                "The event's type, over the request; where the provider has it where absent.",
            ),
            Key::new(
                "dedupe_by",
                Shape::TextTemplate,
                "Requests with equal values are one delivery; by what is signed, or the provider's id, where absent.",
            ),
            dedupe::DEDUPE_WINDOW,
            Key::new(
                "rate_limit",
                Shape::One(&[&RATE]),
                "Genuine requests that are taken; the others are answered 429.",
            ),
            Key::new("max_body", Shape::Bytes(MAX_BODY), "Largest body in bytes, up to 24 MiB; 1 MiB where absent."),
        ],
        VERIFY,
    ],
};

static RATE: Keys = Keys {
    name: "a rate limit",
    doc: "So many in so much time.",
    groups: &[&[
        Key::new("limit", Shape::Count(1), "Requests, at most.").required(),
        Key::new("period", Shape::Duration, "Whole seconds, up to an hour.").default("1m"),
    ]],
};

/// The longest period of a rate limit in seconds: an hour.
const LONGEST_PERIOD: u64 = 3_600;

fn read(cx: &mut Cx, items: &[Item<'_>]) {
    for item in items {
        if let Some(source) = source(cx, item) {
            cx.draft.sources.insert(source.name.clone(), source);
        }
    }
}

fn source(cx: &mut Cx, item: &Item<'_>) -> Option<Source> {
    let map = Map::open(cx, item.node, item.at, &SOURCE)?;
    let Some((name, span)) = item.id(cx) else {
        if !map.has("id") && item.key.is_none() {
            cx.report(Code::MissingKey, item.at, "a source needs a name: the key above it, or `id`");
        }
        return None;
    };
    if !claim(cx, "source", &name, span) {
        return None;
    }
    let verification = verify::read(cx, &map, Some(&name));
    let event = map.text_template(cx, "event", &PLACE);
    let dedupe_by = map.text_template(cx, "dedupe_by", &PLACE);
    let (dedupe_window, deduped) = dedupe::read(cx, &map, dedupe_by.as_ref());
    let rules = rules(cx, &map);
    let rate_limit = rate_limit(cx, &map);
    let max_body = map.count(cx, "max_body").and_then(|count| usize::try_from(count).ok());
    let verification = verification?;
    dedupe::check(cx, &verification, &deduped);
    Some(Source { name, verification, event, dedupe_by, dedupe_window, rules, rate_limit, max_body })
}

fn rate_limit(cx: &mut Cx, map: &Map<'_>) -> Option<RateLimit> {
    let entry = map.entry("rate_limit")?;
    let map = Map::open(cx, &entry.value, entry.key_span, &RATE)?;
    let limit = map.count(cx, "limit");
    let period = match map.node("period") {
        None => 60,
        Some(node) => {
            let period = map.duration(cx, "period", false)?;
            let whole = period.subsec_nanos() == 0 && period.as_secs() <= LONGEST_PERIOD;
            if !whole {
                let message = format!("a `period` has whole seconds, {LONGEST_PERIOD} at most");
                cx.report(Code::BadDuration, node.span, message);
                return None;
            }
            u32::try_from(period.as_secs()).unwrap_or(1)
        }
    };
    Some(RateLimit { limit: limit?, period })
}
