//! CloudEvents 1.0 as a way to publish (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>).
//!
//! Structured: one JSON object. Binary: the attributes are `ce-` headers, the body is the data
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md>). `customerid`, an
//! extension attribute, names the customer, and is for us alone. Source and id together tell an event from others.

use super::publish::{customer, text, time, type_of};
use super::{PublishError, Published};
use serde_json::{Map, Value};

/// Reads a structured CloudEvent. The attributes that mean nothing here are kept as they are, for those who receive the event
/// (section 3.3, "Extension Context Attributes"); one that is null is not there.
pub(super) fn structured(mut fields: Map<String, Value>) -> Result<Published, PublishError> {
    let spec = text(fields.remove("specversion"), "specversion")?.unwrap_or_default();
    if !spec.starts_with("1.") {
        return Err(PublishError::SpecVersion(spec));
    }
    if fields.contains_key("data_base64") {
        return Err(PublishError::Wrong("data_base64", "left out: data is JSON here"));
    }
    let id = text(fields.remove("id"), "id")?.filter(|id| !id.is_empty()).ok_or(PublishError::Missing("id"))?;
    let mut published = Published {
        id: Some(id),
        customer: customer(fields.remove("customerid"))?,
        event_type: type_of(fields.remove("type").ok_or(PublishError::Missing("type"))?)?,
        data: fields.remove("data").unwrap_or_default(),
        timestamp: time(fields.remove("time"))?,
        source: Some(text(fields.remove("source"), "source")?.ok_or(PublishError::Missing("source"))?),
        version: text(fields.get("dataversion").cloned(), "dataversion")?,
        attributes: None,
    };
    fields.retain(|_, value| !value.is_null());
    if let Some((name, _)) = fields.iter().find(|(_, value)| value.is_array() || value.is_object()) {
        return Err(PublishError::Attribute(name.clone()));
    }
    published.attributes = Some(fields);
    Ok(published)
}

/// Reads a binary CloudEvent: `attributes` are the `ce-` headers by name, in lower case and without `ce-`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn binary(attributes: Map<String, Value>, data: Value) -> Result<Published, PublishError> {
    let mut fields = attributes;
    fields.remove("data");
    fields.remove("data_base64");
    fields.insert("data".to_owned(), data);
    structured(fields)?.allowed()
}

#[cfg(test)]
mod tests;
