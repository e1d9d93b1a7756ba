//! Reads a query's text into its parameters, and says in words what is wrong with it.

use crate::query::{Parameter, Parameters};
use serde::de::value::{Error, MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;

/// What is wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryError {
    /// It has a parameter that the operation doesn't have.
    Unknown {
        /// The parameter's name.
        name: String,
        /// The names that it might have been.
        known: Vec<&'static str>,
    },
    /// A parameter is given twice, is missing, or has a value that can't be meant: in words.
    Unusable(String),
}

/// Reads a query: the text behind the `?`.
///
/// # Errors
/// What is wrong with it: an unknown parameter, one that is given twice, missing, or can't be meant.
pub fn read<T: Parameters + DeserializeOwned>(query: &str) -> Result<T, QueryError> {
    refuse_unknown(T::PARAMETERS, query)?;
    let pairs = Pairs { rest: form_urlencoded::parse(query.as_bytes()), value: None };
    T::deserialize(MapAccessDeserializer::new(pairs))
        .map_err(|error: Error| QueryError::Unusable(plain(&error.to_string())))
}

/// Refuses a query that has other parameters than these.
///
/// # Errors
/// Which one is unknown.
pub fn refuse_unknown(known: &[Parameter], query: &str) -> Result<(), QueryError> {
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    match names.find(|name| !known.iter().any(|parameter| parameter.is_named(name))) {
        None => Ok(()),
        Some(name) => {
            let known = known.iter().flat_map(|parameter| [Some(parameter.name), parameter.also]).flatten();
            Err(QueryError::Unknown { name: name.into_owned(), known: known.collect() })
        }
    }
}

/// serde speaks of fields.
fn plain(error: &str) -> String {
    error.replace("duplicate field", "given twice:").replace("missing field", "missing parameter:")
}

/// The parameters that are not empty.
struct Pairs<'a> {
    rest: form_urlencoded::Parse<'a>,
    value: Option<(String, String)>,
}

impl<'de> MapAccess<'de> for Pairs<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((name, value)) = self.rest.by_ref().find(|(_, value)| !value.is_empty()) else { return Ok(None) };
        self.value = Some((name.clone().into_owned(), value.into_owned()));
        seed.deserialize(Cow::into_deserializer(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (name, value) = self.value.take().unwrap_or_default();
        seed.deserialize(Text(value)).map_err(|error| Error::custom(format!("`{name}`: {error}")))
    }
}

/// The value of a parameter.
struct Text(String);

impl<'de> Deserializer<'de> for Text {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let text: StringDeserializer<Error> = self.0.into_deserializer();
        text.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::{QueryError, read, refuse_unknown};
    use crate::query::{
        CustomerQuery, DeliveriesQuery, JobQuery, NoQuery, Parameters, ReplayQuery, StatsQuery, TasksQuery, WaitsQuery,
    };
    use crate::{DeliveryStatus, TaskStatus, WaitState};

    #[test]
    fn what_is_left_out_or_empty_is_as_usual() {
        for text in ["", "status=&limit=&before=&workflow="] {
            let query: TasksQuery = read(text).unwrap();
            assert!(query.status.is_none() && query.workflow.is_none() && query.before.is_none(), "{text}");
            assert_eq!(query.limit.get(), 20);
        }
        assert_eq!(read::<WaitsQuery>("").unwrap().state, WaitState::Open);
        assert!(!read::<ReplayQuery>("all=").unwrap().all);
    }

    #[test]
    fn what_is_given_is_read() {
        let query: TasksQuery = read("status=waiting&limit=100&workflow=a%20b").unwrap();
        assert_eq!((query.status, query.limit.get()), (Some(TaskStatus::Waiting), 100));
        assert_eq!(query.workflow.as_deref(), Some("a b"));
        let query: DeliveriesQuery = read("endpoint_id=ep_1&event_type=a&status=failed").unwrap();
        assert_eq!((query.webhook_id.as_deref(), query.event.as_deref()), (Some("ep_1"), Some("a")));
        assert_eq!(query.status, Some(DeliveryStatus::Exhausted));
        assert_eq!(read::<StatsQuery>("hours=720").unwrap().hours.get(), 720);
        assert!(read::<ReplayQuery>("dry_run=true").unwrap().dry_run);
    }

    fn words<T: Parameters + serde::de::DeserializeOwned>(query: &str) -> String {
        match read::<T>(query).map(|_| ()) {
            Err(QueryError::Unusable(words)) => words,
            other => panic!("{query}: {other:?}"),
        }
    }

    #[test]
    fn what_can_t_be_meant_is_refused_in_words() {
        assert_eq!(words::<TasksQuery>("limit=1&limit=2"), "given twice: `limit`");
        for limit in ["0", "101", "-1", "x", "1.0", "99999999999999999999"] {
            let expected = format!("`limit`: invalid value: string \"{limit}\", expected a whole number from 1 to 100");
            assert_eq!(words::<TasksQuery>(&format!("limit={limit}")), expected);
        }
        let unknown = "`status`: unknown variant `done`, expected one of `queued`, `running`, `waiting`, `completed`, \
            `failed`, `cancelled`";
        assert_eq!(words::<TasksQuery>("status=done"), unknown);
        assert_eq!(
            words::<DeliveriesQuery>("since=soon"),
            "`since`: invalid value: string \"soon\", expected an RFC 3339 time, or Unix seconds"
        );
        assert_eq!(words::<JobQuery>("job="), "missing parameter: `job`");
        assert_eq!(words::<ReplayQuery>("all=1"), "`all`: invalid value: string \"1\", expected true or false");
    }

    #[test]
    fn an_unknown_parameter_is_named_beside_those_that_it_might_have_been() {
        let unknown = |name: &str, known: &[&'static str]| {
            Err(QueryError::Unknown { name: name.to_owned(), known: known.to_vec() })
        };
        assert_eq!(read::<CustomerQuery>("customer=bb").map(|_| ()), unknown("customer", &["customer_id"]));
        assert_eq!(
            read::<TasksQuery>("limit=1&statuss=failed").map(|_| ()),
            unknown("statuss", &["status", "workflow", "limit", "before"])
        );
        assert!(refuse_unknown(DeliveriesQuery::PARAMETERS, "event_type=a&endpoint_id=b").is_ok());
    }

    #[test]
    fn where_there_are_none_every_parameter_is_refused() {
        assert!(refuse_unknown(NoQuery::PARAMETERS, "").is_ok());
        assert!(refuse_unknown(NoQuery::PARAMETERS, "a=b").is_err());
    }
}
