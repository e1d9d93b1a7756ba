//! The parameters of each operation's query.
//!
//! An unknown parameter, one that is given twice, and one whose value can't be meant are refused: a filter that was misspelt would
//! show more than was asked for. One that is there and empty counts as left out: forms send it so.

use crate::choice::{DeliveryStatus, TaskStatus, WaitState};
use crate::cursor::Cursor;
use crate::time::Time;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// A parameter of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// As the query has it.
    pub name: &'static str,
    /// A sentence that says what it means.
    pub meaning: &'static str,
    /// Another name that it may have.
    pub also: Option<&'static str>,
    /// The values that it may have.
    pub form: Form,
    /// True if it must be given.
    pub required: bool,
}

/// The values that a parameter may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// [`Time`].
    Time,
    /// [`Cursor`].
    Cursor,
    /// `true` or `false`; false where it is left out.
    Flag,
    /// A whole number from 1.
    Number {
        /// To this.
        most: usize,
        /// The number where it is left out.
        usual: usize,
    },
    /// One of these.
    Choice(&'static [&'static str]),
}

/// A type of parameters.
pub(crate) trait Value {
    const FORM: Form;
    const REQUIRED: bool = false;
}

impl Value for String {
    const FORM: Form = Form::Text;
    const REQUIRED: bool = true;
}

impl Value for Time {
    const FORM: Form = Form::Time;
}

impl Value for Cursor {
    const FORM: Form = Form::Cursor;
}

impl Value for bool {
    const FORM: Form = Form::Flag;
}

impl<const USUAL: usize, const MOST: usize> Value for Limit<USUAL, MOST> {
    const FORM: Form = Form::Number { most: MOST, usual: USUAL };
}

impl<T: Value> Value for Option<T> {
    const FORM: Form = T::FORM;
}

impl Parameter {
    /// Whether it may stand under that name.
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.also == Some(name)
    }
}

/// A query's parameters.
pub trait Parameters {
    /// All of them.
    const PARAMETERS: &'static [Parameter];
}

/// No parameters.
#[derive(Debug, Clone, Copy)]
pub struct NoQuery;

impl Parameters for NoQuery {
    const PARAMETERS: &'static [Parameter] = &[];
}

/// How many items a page has: a whole number from 1 to `MOST`, `USUAL` where it is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<const USUAL: usize, const MOST: usize>(usize);

impl<const USUAL: usize, const MOST: usize> Limit<USUAL, MOST> {
    /// The number.
    pub fn get(self) -> usize {
        self.0
    }
}

impl<const USUAL: usize, const MOST: usize> Default for Limit<USUAL, MOST> {
    fn default() -> Self {
        Self(USUAL)
    }
}

impl<'de, const USUAL: usize, const MOST: usize> Deserialize<'de> for Limit<USUAL, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
        let expected = format!("a whole number from 1 to {MOST}");
        number.map(Self).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &expected.as_str()))
    }
}

/// `true` or `false`; false where it is left out.
fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let text = Cow::<'de, str>::deserialize(from)?;
    text.parse().map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"true or false"))
}

macro_rules! also {
    () => {
        None
    };
    ($name:literal) => {
        Some($name)
    };
}

macro_rules! parameters {
    ($($(#[doc = $doc:literal])+ $query:ident {
        $($(#[doc = $meaning:literal])+ $(#[serde($($serde:tt)*)])* $name:ident $(or $also:literal)?: $type:ty,)+
    })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $query {
                $($(#[doc = $meaning])+ $(#[serde($($serde)*)])* $(#[serde(alias = $also)])? pub $name: $type,)+
            }

            impl Parameters for $query {
                const PARAMETERS: &'static [Parameter] = &[$(Parameter {
                    name: stringify!($name),
                    meaning: concat!($($meaning),+).trim_ascii(),
                    also: also!($($also)?),
                    form: <$type as Value>::FORM,
                    required: <$type as Value>::REQUIRED,
                }),+];
            }
        )+
    };
}

parameters! {
    /// What `GET /api/tasks` lists.
    TasksQuery {
        /// Only tasks in this state.
        status: Option<TaskStatus>,
        /// Only tasks of this workflow.
        workflow: Option<String>,
        /// Tasks on a page: 1 to 100, 20 where it is left out.
        #[serde(default)]
        limit: Limit<20, 100>,
        /// Only older ones: the `next` of a page.
        before: Option<Cursor>,
    }

    /// Whose result `GET /api/tasks/{id}/result` shows.
    JobQuery {
        /// The job's path, as the task names it.
        job: String,
    }

    /// How `POST /api/tasks/{id}/replay` does it.
    ReplayQuery {
        /// Only say what would be started.
        #[serde(default, deserialize_with = "flag")]
        dry_run: bool,
        /// Also what the request started besides this task, or starts by rules that are newer.
        #[serde(default, deserialize_with = "flag")]
        all: bool,
    }

    /// What `GET /api/waits` lists.
    WaitsQuery {
        /// Jobs that wait (`open`, also where it is left out), or callbacks that no job waits for (`unclaimed`).
        #[serde(default)]
        state: WaitState,
        /// Waits on a page: 1 to 100, 20 where it is left out.
        #[serde(default)]
        limit: Limit<20, 100>,
        /// Only older ones: the `next` of a page.
        before: Option<Cursor>,
    }

    /// What `GET /api/requests` lists.
    RequestsQuery {
        /// Only requests of this source.
        source: Option<String>,
        /// Only requests since this time: RFC 3339, or seconds since 1970.
        since: Option<Time>,
        /// Only newer ones: the `next` of a page.
        after: Option<Cursor>,
        /// Show bodies and paths as they came, with their secrets: a signature holds only for these.
        #[serde(default, deserialize_with = "flag")]
        as_received: bool,
    }

    /// What `GET /api/config/history` lists.
    HistoryQuery {
        /// Changes on a page: 1 to 100, 50 where it is left out.
        #[serde(default)]
        limit: Limit<50, 100>,
        /// Only older ones: the `next` of a page.
        before: Option<Cursor>,
    }

    /// What `GET /api/deliveries` lists.
    DeliveriesQuery {
        /// Only deliveries to this customer.
        customer_id: Option<String>,
        /// Only deliveries to this endpoint.
        webhook_id or "endpoint_id": Option<String>,
        /// Only deliveries in this state; `failed` is another word for `exhausted`.
        status: Option<DeliveryStatus>,
        /// Only deliveries of events of this type, or of types like `order.*`.
        event or "event_type": Option<String>,
        /// Only deliveries accepted since this time: RFC 3339, or seconds since 1970.
        since: Option<Time>,
        /// Only deliveries accepted before this time: RFC 3339, or seconds since 1970.
        until: Option<Time>,
        /// Deliveries on a page: 1 to 100, 50 where it is left out.
        #[serde(default)]
        limit: Limit<50, 100>,
        /// Only older ones: the `next` of a page.
        before: Option<Cursor>,
    }

    /// What `GET /api/webhooks` lists.
    EndpointsQuery {
        /// Only endpoints of this customer.
        customer_id: Option<String>,
        /// Endpoints on a page: 1 to 100, 50 where it is left out.
        #[serde(default)]
        limit: Limit<50, 100>,
        /// Only older ones: the `next` of a page.
        before: Option<Cursor>,
    }

    /// Whose endpoints, or whose event.
    CustomerQuery {
        /// The customer. Left out: the token's own; for the operator all customers, and `default` where one event is asked for.
        customer_id: Option<String>,
    }

    /// What `GET /api/webhooks/stats` counts.
    StatsQuery {
        /// Hours until now: 1 to 720, 24 where it is left out.
        #[serde(default)]
        hours: Limit<24, 720>,
        /// Only deliveries to this customer.
        customer_id: Option<String>,
    }
}
