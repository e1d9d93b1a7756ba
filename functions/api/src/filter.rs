//! Which deliveries a request asks for.

use crate::moment;
use domain::delivery::Delivery;
use domain::event::{EndpointId, Pattern};
use jiff::Timestamp;
use platform::problem::{Code, Problem};
use platform::store::{DeliveryPlace, Store};
use serde::Deserialize;

/// How many deliveries a page has unless asked otherwise (seed of the dashboard), and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 100;

/// As the query says it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    pub(crate) customer_id: Option<String>,
    #[serde(alias = "endpoint_id")]
    webhook_id: Option<String>,
    status: Option<String>,
    #[serde(alias = "event_type")]
    event: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
    before: Option<String>,
}

/// What it says.
#[derive(Debug)]
pub(crate) struct Filter {
    /// One of the four words.
    status: Option<&'static str>,
    endpoint: Option<EndpointId>,
    event: Option<Pattern>,
    /// Not accepted before this time.
    pub(crate) since: Option<Timestamp>,
    /// A cursor: everything is older.
    pub(crate) before: Option<String>,
    /// At most so many.
    pub(crate) limit: usize,
}

impl Filter {
    /// Reads the query.
    ///
    /// # Errors
    /// 400 at the first thing that is wrong with it.
    pub(crate) fn read(query: &Query) -> Result<Self, Problem> {
        let bad = |detail: String| Problem::new(Code::UnusableRequest, detail);
        // What is there and empty filters nothing: forms send it so.
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let endpoint = given(&query.webhook_id).map(|id| EndpointId::parse(&id)).transpose();
        let event = given(&query.event).map(|event| Pattern::parse(&event)).transpose();
        let time = |text, name| given(text).map(|text| moment::from_text(&text, name)).transpose();
        let cursor = given(&query.before);
        if cursor.as_deref().is_some_and(|cursor| !Store::is_delivery_cursor(cursor)) {
            return Err(Problem::new(Code::BadCursor, "`before` must be the `next` of a page"));
        }
        let until = time(&query.until, "until")?.map(Store::delivery_cursor);
        let limit = query.limit.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(bad(format!("`limit` must be a whole number from 1 to {LARGEST_PAGE}")));
        }
        Ok(Self {
            status: given(&query.status).map(|word| status(&word)).transpose()?,
            endpoint: endpoint.map_err(|error| bad(format!("`webhook_id`: {error}")))?,
            event: event.map_err(|error| bad(format!("`event`: {error}")))?,
            since: time(&query.since, "since")?,
            before: match (cursor, until) {
                (Some(cursor), Some(until)) => Some(cursor.min(until)),
                (cursor, until) => cursor.or(until),
            },
            limit,
        })
    }

    /// Whether what stands there may be meant: what can be told without reading it.
    pub(crate) fn may_mean(&self, place: &DeliveryPlace) -> bool {
        self.endpoint.as_ref().is_none_or(|endpoint| *endpoint == place.endpoint)
            && self.event.as_ref().is_none_or(|pattern| pattern.matches(&place.event_type))
    }

    /// Whether it is meant, once read.
    pub(crate) fn means(&self, delivery: &Delivery) -> bool {
        self.status.is_none_or(|status| status == delivery.status())
    }

    /// Whether the status must be read to know.
    pub(crate) fn asks_for_status(&self) -> bool {
        self.status.is_some()
    }
}

fn status(word: &str) -> Result<&'static str, Problem> {
    match word {
        "pending" => Ok("pending"),
        "retrying" => Ok("retrying"),
        "delivered" => Ok("delivered"),
        "exhausted" | "failed" => Ok("exhausted"),
        _ => {
            let detail = "`status` must be pending, retrying, delivered or exhausted (or failed, which is the same)";
            Err(Problem::new(Code::UnusableRequest, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: impl FnOnce(&mut Query)) -> Result<Filter, Problem> {
        let mut query = Query::default();
        change(&mut query);
        Filter::read(&query)
    }

    #[test]
    fn what_can_t_be_used_is_refused() {
        let code = |change: fn(&mut Query)| read(change).unwrap_err().code;
        assert_eq!(code(|q| q.status = Some("lost".into())), Code::UnusableRequest);
        assert_eq!(code(|q| q.limit = Some(0)), Code::UnusableRequest);
        assert_eq!(code(|q| q.limit = Some(101)), Code::UnusableRequest);
        assert_eq!(code(|q| q.event = Some("job*".into())), Code::UnusableRequest);
        assert_eq!(code(|q| q.webhook_id = Some("a b".into())), Code::UnusableRequest);
        assert_eq!(code(|q| q.until = Some("soon".into())), Code::UnusableRequest);
        assert_eq!(code(|q| q.before = Some("nonsense".into())), Code::BadCursor);
    }

    #[test]
    fn a_page_begins_before_its_cursor_and_before_until_whichever_is_older() {
        let filter = |until: &str, before: &str| {
            let (until, before) = (Some(until.to_owned()), Some(before.to_owned()));
            read(|query| (query.until, query.before) = (until, before)).unwrap().before.unwrap()
        };
        assert_eq!(filter("2", "000000000001000"), "000000000001000");
        assert_eq!(filter("1", "000000000002000"), "000000000001000");
    }

    #[test]
    fn failed_is_exhausted_and_nothing_filters_nothing() {
        assert_eq!(read(|query| query.status = Some("failed".into())).unwrap().status, Some("exhausted"));
        assert_eq!(read(|query| query.status = Some(String::new())).unwrap().status, None);
        assert_eq!(read(|_| ()).unwrap().limit, PAGE);
    }
}
