//! What a customer says about an endpoint.

use super::RateLimit;
use super::filter;
use super::header::{HeaderError, merged};
use crate::event::{Format, NameError, Pattern};
use crate::expr::{Condition, Sources};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::OnceLock;

/// The longest name, in characters.
const MAX_NAME: usize = 128;
/// The longest URL, in bytes.
const MAX_URL: usize = 2048;
/// The most event types, and the most headers.
const MAX_LIST: usize = 64;
/// The longest filter, in bytes.
const MAX_FILTER: usize = 2048;
/// Seconds that an attempt may take: 1 to 30.
const TIMEOUT: (u64, u64) = (1, 30);
/// Retries after the first attempt: 0 to 50.
const MAX_RETRIES: u64 = 50;
/// Seconds before the first retry: 1 to 86,400.
const RETRY_DELAY: (u64, u64) = (1, 24 * 60 * 60);

/// Why settings can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A field that must be there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field that is something else, or out of range.
    #[error("`{0}` must be {1}")]
    Wrong(&'static str, String),
    /// A field that we don't know.
    #[error("unknown field `{0}`")]
    Unknown(String),
    /// An event type.
    #[error(transparent)]
    Events(#[from] NameError),
    /// A header.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The filter.
    #[error("`filter` can't be read: {0}")]
    Filter(String),
    /// The filter takes more steps than it may on the largest event.
    #[error(
        "`filter` takes more than {} steps on the largest event: parse a text `as json` once or twice, and write shorter \
         patterns",
        filter::STEPS
    )]
    CostlyFilter,
}

/// What a customer says about an endpoint. Made by [`Settings::read`] only, so it can't be wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    /// For people; up to 128 characters.
    pub name: String,
    /// Where to; judged by the guard when it is set and at every attempt.
    pub url: String,
    /// What it subscribes to; at least one.
    pub events: Vec<Pattern>,
    /// Only events for which this condition holds, over `data`, `event`, `id` and `source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Sent along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Seconds that an attempt may take, 1 to 30; 15 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// Retries after the first attempt, 0 to 50; as many as the schedule has where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
    /// Seconds before the first retry, doubled for each further one; the schedule's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_delay: Option<u32>,
    /// The form of what it receives.
    #[serde(default)]
    pub format: Format,
    /// None where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// The filter, parsed when it is first needed.
    #[serde(skip)]
    parsed: OnceLock<Option<Condition>>,
}

impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        let key = |s: &Self| (s.timeout, s.max_retries, s.retry_delay, s.format, s.rate_limit);
        (&self.name, &self.url, &self.events, &self.filter, &self.headers)
            == (&other.name, &other.url, &other.events, &other.filter, &other.headers)
            && key(self) == key(other)
    }
}

impl Settings {
    /// From the fields of a request. With `before`, fields that are left out keep their value, and null takes an
    /// optional one away; `headers` changes the headers that it names ([`merged`]). `event_types` is read as `events`.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn read(mut fields: Map<String, Value>, before: Option<&Self>) -> Result<Self, SettingsError> {
        if let Some(types) = fields.remove("event_types") {
            fields.entry("events").or_insert(types);
        }
        let mut take = |name: &str| fields.remove(name);
        let settings = Self {
            name: match (take("name"), before) {
                (Some(value), _) => text(value, "name", MAX_NAME)?,
                (None, Some(before)) => before.name.clone(),
                (None, None) => String::new(),
            },
            url: match (take("url"), before) {
                (Some(value), _) => text(value, "url", MAX_URL)?,
                (None, Some(before)) => before.url.clone(),
                (None, None) => return Err(SettingsError::Missing("url")),
            },
            events: match (take("events"), before) {
                (Some(value), _) => patterns(value)?,
                (None, Some(before)) => before.events.clone(),
                (None, None) => return Err(SettingsError::Missing("events")),
            },
            filter: kept(take("filter"), before.and_then(|b| b.filter.clone()), read_filter)?,
            headers: match (take("headers"), before.map_or(&[] as &[_], |before| &before.headers)) {
                (Some(value), before) => headers(value, before)?,
                (None, before) => before.to_vec(),
            },
            timeout: kept(take("timeout"), before.and_then(|b| b.timeout), |value| {
                whole(&value, "timeout", "seconds", TIMEOUT)
            })?,
            max_retries: kept(take("max_retries"), before.and_then(|b| b.max_retries), |value| {
                whole(&value, "max_retries", "retries", (0, MAX_RETRIES))
            })?,
            retry_delay: kept(take("retry_delay"), before.and_then(|b| b.retry_delay), |value| {
                whole(&value, "retry_delay", "seconds", RETRY_DELAY)
            })?,
            format: kept(take("format"), before.map(|b| b.format), format)?.unwrap_or_default(),
            rate_limit: kept(take("rate_limit"), before.and_then(|b| b.rate_limit), rate_limit)?,
            parsed: OnceLock::new(),
        };
        match fields.into_iter().next() {
            Some((name, _)) => Err(SettingsError::Unknown(name)),
            None => Ok(settings),
        }
    }

    /// The filter, if there is one.
    pub fn filter(&self) -> Option<&Condition> {
        let parse = || Condition::stored(self.filter.as_deref()?, Sources::Any).ok();
        self.parsed.get_or_init(parse).as_ref()
    }
}

/// Left out: as before; null: none; else what is read of it.
fn kept<T>(
    value: Option<Value>,
    before: Option<T>,
    read: impl FnOnce(Value) -> Result<T, SettingsError>,
) -> Result<Option<T>, SettingsError> {
    match value {
        None => Ok(before),
        Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some),
    }
}

fn text(value: Value, name: &'static str, longest: usize) -> Result<String, SettingsError> {
    match value {
        Value::String(text) if text.chars().count() <= longest && !text.chars().any(char::is_control) => Ok(text),
        _ => Err(SettingsError::Wrong(
            name,
            format!("text of at most {longest} characters, none of them control characters"),
        )),
    }
}

fn patterns(value: Value) -> Result<Vec<Pattern>, SettingsError> {
    let wrong = || SettingsError::Wrong("events", format!("a list of 1 to {MAX_LIST} event types"));
    let Value::Array(items) = value else { return Err(wrong()) };
    if items.is_empty() || items.len() > MAX_LIST {
        return Err(wrong());
    }
    items.iter().map(|item| Ok(Pattern::parse(item.as_str().ok_or_else(wrong)?)?)).collect()
}

fn read_filter(value: Value) -> Result<String, SettingsError> {
    let text = text(value, "filter", MAX_FILTER)?;
    match Condition::parse(&text, Sources::Known(&["data", "event", "id", "source"])) {
        Ok(parsed) if filter::check(&parsed) => Ok(text),
        Ok(_) => Err(SettingsError::CostlyFilter),
        Err(error) => Err(SettingsError::Filter(error.to_string())),
    }
}

/// Null takes all headers away; an object changes those that it names.
fn headers(value: Value, before: &[(String, String)]) -> Result<Vec<(String, String)>, SettingsError> {
    let wrong = || SettingsError::Wrong("headers", format!("an object of at most {MAX_LIST} texts by name"));
    let change = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Object(change) => change,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return Err(wrong()),
    };
    // As many as can be stored may be taken away, and as many set. A merge looks through the headers for each name.
    if change.len() > 2 * MAX_LIST {
        return Err(wrong());
    }
    let headers = merged(before, change)?;
    if headers.len() > MAX_LIST { Err(wrong()) } else { Ok(headers) }
}

fn format(value: Value) -> Result<Format, SettingsError> {
    let wrong = || SettingsError::Wrong("format", "`default`, `standard` or `cloudevents`".to_owned());
    serde_json::from_value(value).map_err(|_| wrong())
}

/// `{limit, period}`, or a number of deliveries a second.
fn rate_limit(value: Value) -> Result<RateLimit, SettingsError> {
    let wrong = || {
        let what = "deliveries a second, or {\"limit\": 1 to 10000, \"period\": 1 to 3600 seconds}";
        SettingsError::Wrong("rate_limit", what.to_owned())
    };
    let limit = match value {
        Value::Number(number) => {
            number.as_u64().and_then(|n| u32::try_from(n).ok()).map(|limit| RateLimit { limit, period: 1 })
        }
        other => serde_json::from_value::<RateLimit>(other).ok(),
    };
    limit.filter(|rate| (1..=10_000).contains(&rate.limit) && (1..=3600).contains(&rate.period)).ok_or_else(wrong)
}

fn whole(value: &Value, name: &'static str, unit: &str, (least, most): (u64, u64)) -> Result<u32, SettingsError> {
    let number = value.as_u64().filter(|number| (least..=most).contains(number)).and_then(|n| u32::try_from(n).ok());
    number.ok_or_else(|| SettingsError::Wrong(name, format!("a whole number of {unit} from {least} to {most}")))
}

#[cfg(test)]
mod tests;
