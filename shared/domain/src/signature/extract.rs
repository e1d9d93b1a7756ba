//! Where a delivery's id, its event and other facts are in a request, as data.

use super::Request;
use super::fields::Fields;
use super::scheme::Names;
use serde::Deserialize;
use serde_json::Value;

/// Where one value is: `header:NAME`, `body:PATH` or `query:NAME`; an object has conditions, and may join several by `:`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Extractor {
    places: Vec<Place>,
    /// The value counts only if it begins so, and what follows is the value.
    strip: Option<String>,
    /// The value counts only if this field of the body has this text.
    when: Option<(String, String)>,
    /// Texts that mean that there is no value.
    except: Option<String>,
}

/// Place of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In the header of that name.
    Header(String),
    /// At that path of the body.
    Body(String),
    /// In the parameter of that name of the query.
    Query(String),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`header:NAME`, `body:PATH`, `query:NAME`, or an object with `from`")]
enum Written {
    Short(String),
    Long(Long),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    from: Names,
    strip: Option<String>,
    when: Option<(String, String)>,
    except: Option<String>,
}

impl TryFrom<Written> for Extractor {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let long = match written {
            Written::Short(from) => Long { from: Names(vec![from]), strip: None, when: None, except: None },
            Written::Long(long) => long,
        };
        let place = |from: &String| match from.split_once(':') {
            Some(("header", name)) => Ok(Place::Header(name.to_owned())),
            Some(("body", path)) => Ok(Place::Body(path.to_owned())),
            Some(("query", name)) => Ok(Place::Query(name.to_owned())),
            _ => Err(format!("`{from}` is none of header:NAME, body:PATH and query:NAME")),
        };
        let places = long.from.0.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { places, strip: long.strip, when: long.when, except: long.except })
    }
}

impl Extractor {
    /// The header's value.
    pub(super) fn header(name: impl Into<String>) -> Self {
        Self { places: vec![Place::Header(name.into())], strip: None, when: None, except: None }
    }

    /// The header that it reads, if it reads one.
    pub fn header_name(&self) -> Option<&str> {
        match self.places.as_slice() {
            [Place::Header(name)] => Some(name),
            _ => None,
        }
    }

    /// The places whose texts it joins.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Whether the lists through which its paths lead have one element each: the value speaks for the whole body then.
    pub fn is_of_one(&self, fields: &Fields) -> bool {
        self.places.iter().all(|place| match place {
            Place::Body(path) => fields.is_single(path),
            Place::Header(_) | Place::Query(_) => true,
        })
    }

    /// The value, if it is there, is text, and isn't empty.
    pub fn value(&self, request: &Request<'_>, fields: &Fields) -> Option<String> {
        if let Some((path, text)) = &self.when
            && fields.text(path).as_ref() != Some(text)
        {
            return None;
        }
        let values = self.places.iter().map(|place| match place {
            Place::Header(name) => request.headers.plain(name).map(str::to_owned),
            Place::Body(path) => fields.id(path),
            Place::Query(name) => request.query(name),
        });
        let value = values.collect::<Option<Vec<_>>>()?.join(":");
        let value = match &self.strip {
            Some(prefix) => value.strip_prefix(prefix)?.to_owned(),
            None => value,
        };
        let none = value.is_empty() || self.except.as_ref() == Some(&value);
        (!none).then_some(value)
    }
}

/// The first value that is there.
pub(super) fn first(extractors: &[Extractor], request: &Request<'_>, fields: &Fields) -> Option<(usize, String)> {
    extractors.iter().enumerate().find_map(|(at, extractor)| Some((at, extractor.value(request, fields)?)))
}

/// The value as JSON, for rules.
pub(super) fn json(value: Option<String>) -> Value {
    value.map_or(Value::Null, Value::String)
}
