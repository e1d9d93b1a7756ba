//! Which deliveries a request asks for.

use crate::delivery::status;
use crate::query::place;
use contract::{DeliveriesQuery, DeliveryStatus, List, Time};
use domain::delivery::Delivery;
use domain::event::{EndpointId, Pattern};
use edge::problem::{Code, Problem};
use jiff::Timestamp;
use platform::store::{DeliveryPlace, Store};

/// What it says.
#[derive(Debug)]
pub(crate) struct Filter {
    status: Option<DeliveryStatus>,
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
    pub(crate) fn read(query: &DeliveriesQuery) -> Result<Self, Problem> {
        let bad = |detail: String| Problem::new(Code::UnusableRequest, detail);
        let endpoint = query.webhook_id.as_deref().map(EndpointId::parse).transpose();
        let event = query.event.as_deref().map(Pattern::parse).transpose();
        let cursor = place(query.before.as_ref(), List::Deliveries, "before")?;
        let until = query.until.map(|until| Store::delivery_cursor(until.get()));
        Ok(Self {
            status: query.status,
            endpoint: endpoint.map_err(|error| bad(format!("`webhook_id`: {error}")))?,
            event: event.map_err(|error| bad(format!("`event`: {error}")))?,
            since: query.since.map(Time::get),
            before: match (cursor, until) {
                (Some(cursor), Some(until)) => Some(cursor.min(until)),
                (cursor, until) => cursor.or(until),
            },
            limit: query.limit.get(),
        })
    }

    /// Whether what stands there may be meant: what can be told without reading it.
    pub(crate) fn may_mean(&self, place: &DeliveryPlace) -> bool {
        self.endpoint.as_ref().is_none_or(|endpoint| *endpoint == place.endpoint)
            && self.event.as_ref().is_none_or(|pattern| pattern.matches(&place.event_type))
    }

    /// Whether it is meant, once read.
    pub(crate) fn means(&self, delivery: &Delivery) -> bool {
        self.status.is_none_or(|wanted| wanted == status(delivery))
    }

    /// Whether the status must be read to know.
    pub(crate) fn asks_for_status(&self) -> bool {
        self.status.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Cursor;

    fn read(query: &str) -> Result<Filter, Problem> {
        Filter::read(&contract::read(query).unwrap())
    }

    #[test]
    fn what_can_t_be_used_is_refused() {
        for query in ["event=job*", "webhook_id=a%20b"] {
            assert_eq!(read(query).unwrap_err().code, Code::UnusableRequest, "{query}");
        }
        for cursor in ["nonsense".to_owned(), Cursor::of(List::Tasks, "000000000001000").to_string()] {
            assert_eq!(read(&format!("before={cursor}")).unwrap_err().code, Code::BadCursor, "{cursor}");
        }
    }

    #[test]
    fn a_page_begins_before_its_cursor_and_before_until_whichever_is_older() {
        let filter = |until: &str, before: &str| {
            let cursor = Cursor::of(List::Deliveries, before);
            read(&format!("until={until}&before={cursor}")).unwrap().before.unwrap()
        };
        assert_eq!(filter("2", "000000000001000"), "000000000001000");
        assert_eq!(filter("1", "000000000002000"), "000000000001000");
    }
}
