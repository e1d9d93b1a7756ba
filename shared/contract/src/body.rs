//! The bodies that operations take.
//!
//! A field that an operation doesn't know is refused. One that may be left out may be null, too.

use crate::answer::RateLimit;
use crate::shape::bodies;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

bodies! {
    /// The callback, and the wait that it is for.
    #[serde(deny_unknown_fields)]
    pub struct AdoptCallback {
        /// The route's id, or its path where only one callback route has it.
        pub route: String,
        /// The key under which the callback came.
        pub key: String,
        /// The key under which the job waits.
        pub r#for: String,
    }

    /// The start of a workflow.
    #[serde(deny_unknown_fields)]
    pub struct StartWorkflow {
        /// The workflow's input; any JSON, null where it is left out.
        #[serde(default)]
        pub input: Value,
    }

    /// A program, with the fields of the file.
    pub struct PutProgram {
        /// Its name.
        pub name: String,
        /// `command` or `function`, and the other fields that docs/configuration.md describes. A value of `env` that is
        /// masked, as answers show it, keeps what is stored.
        #[serde(flatten)]
        pub settings: Map<String, Value>,
    }

    /// A source, with the fields of the file.
    pub struct PutSource {
        /// Its name.
        pub name: String,
        /// `scheme`, `secret`, `rules`, and the other fields that docs/configuration.md describes. Secrets that are left out stay
        /// what they were; null takes one away.
        #[serde(flatten)]
        pub settings: Map<String, Value>,
    }

    /// A token that is to be made.
    #[serde(deny_unknown_fields)]
    pub struct CreateToken {
        /// The customer.
        pub customer_id: String,
        /// For people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// True if it may publish events of its customer; false where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub publish: Option<bool>,
    }

    /// An endpoint that is to be made.
    pub struct CreateEndpoint {
        /// The `https` or `http` URL to which events are sent.
        pub url: String,
        /// Its subscription: 1 to 64 types, or patterns like `order.*`. Also as `event_types`.
        #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 64))]
        pub events: Vec<String>,
        /// The customer; left out: the token's own, and `default` for the operator.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<String>,
        /// The secret to sign with; left out: one is made, and shown in the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub secret: Option<String>,
        /// The kind of secret.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub signing: Option<Signing>,
        /// The rest.
        #[serde(flatten)]
        pub settings: EndpointSettings,
    }

    /// A change of an endpoint. Fields that are left out stay as they are; null takes an optional one away.
    pub struct ChangeEndpoint {
        /// The `https` or `http` URL to which events are sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub url: Option<String>,
        /// Its subscription: types, or patterns like `order.*`. Also as `event_types`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub events: Option<Vec<String>>,
        /// The rest.
        #[serde(flatten)]
        pub settings: EndpointSettings,
    }

    /// The settings of an endpoint.
    pub struct EndpointSettings {
        /// For people; up to 128 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// Only events for which this condition holds, over `data`, `event`, `id` and `source`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub filter: Option<String>,
        /// Headers that are sent along, by name; null takes one away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub headers: Option<BTreeMap<String, Option<String>>>,
        /// Seconds that an attempt may take.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 30))]
        pub timeout: Option<u32>,
        /// Retries after the first attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 50))]
        pub max_retries: Option<u32>,
        /// Seconds before the first retry, doubled for each further one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 86_400))]
        pub retry_delay: Option<u32>,
        /// The form of what it receives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub format: Option<Format>,
        /// Attempts in a time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub rate_limit: Option<RateLimit>,
        /// True: it receives nothing; false: it receives again, as if it had never failed. Also as its opposite `is_active`, or as
        /// `status`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub disabled: Option<bool>,
    }

    /// The kind of secret that an endpoint is signed with.
    #[serde(rename_all = "snake_case")]
    #[derive(Copy, Eq)]
    pub enum Signing {
        /// HMAC-SHA256, with a shared secret.
        Hmac,
        /// Ed25519: the receiver needs the public key alone.
        Ed25519,
    }

    /// The form of what an endpoint receives.
    #[serde(rename_all = "snake_case")]
    #[derive(Copy, Eq)]
    pub enum Format {
        /// `{id, event, event_type, timestamp, data, source, version}`.
        Default,
        /// `{type, timestamp, data}` (Standard Webhooks).
        Standard,
        /// CloudEvents 1.0.2, structured.
        #[serde(rename = "cloudevents")]
        CloudEvents,
    }

    /// The new secret.
    #[serde(deny_unknown_fields)]
    pub struct RotateSecret {
        /// The secret to sign with; left out: one is made, and shown in the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub secret: Option<String>,
        /// The kind of secret.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub signing: Option<Signing>,
        /// Seconds for which the secret before signs beside it; 86,400 where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 2_592_000))]
        pub grace_period: Option<u64>,
    }

    /// The event of a test; what is left out is made up.
    pub struct TestEndpoint {
        /// Its type. Also as `event_type` or `type`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub event: Option<String>,
        /// Its data; any JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub data: Option<Value>,
    }

    /// The time whose exhausted deliveries are to be tried again.
    #[serde(deny_unknown_fields)]
    pub struct RecoverEndpoint {
        /// Its beginning: RFC 3339, or seconds since 1970.
        pub since: Moment,
        /// Its end; now where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub until: Option<Moment>,
        /// Only say what would be done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub dry_run: Option<bool>,
    }

    /// A point in time.
    #[serde(untagged)]
    pub enum Moment {
        /// RFC 3339.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        Time(Timestamp),
        /// Seconds since 1970.
        Seconds(f64),
    }

    /// An event: Ringback's own form. A structured or binary CloudEvent is taken as well.
    pub struct PublishEvent {
        /// Its type. Also as `event_type` or `type`.
        pub event: String,
        /// Its data; any JSON.
        #[serde(default)]
        pub data: Value,
        /// Its id: another event with that id is the same. Left out: the `Idempotency-Key`, or else a new one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub id: Option<String>,
        /// The customer; left out: the token's own, and `default` for the operator.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<String>,
        /// Time when it happened: RFC 3339, or seconds since 1970; now where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub timestamp: Option<Moment>,
        /// The place where it happened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub source: Option<String>,
        /// The version of its data's form.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub version: Option<String>,
    }
}
