//! A delivery's name.

use crate::event::{CustomerId, EndpointId, EventId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Names a delivery by what it is: `<customer>.<event>.<endpoint>`. None of the three has a dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeliveryId {
    /// Whose event and endpoint.
    pub customer: CustomerId,
    /// What is delivered.
    pub event: EventId,
    /// Where to.
    pub endpoint: EndpointId,
}

impl DeliveryId {
    /// The id in a request's path, if it has an id's form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let customer = CustomerId::parse(parts.next()?).ok()?;
        let event = EventId::parse(parts.next()?).ok()?;
        let endpoint = EndpointId::parse(parts.next()?).ok()?;
        parts.next().is_none().then_some(Self { customer, event, endpoint })
    }
}

impl TryFrom<String> for DeliveryId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` names no delivery"))
    }
}

impl From<DeliveryId> for String {
    fn from(id: DeliveryId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.customer, self.event, self.endpoint)
    }
}
