//! A request's body: one JSON object, taken field by field.

use application::App;
use application::request::json_object;
use axum::extract::{FromRequest, Request};
use domain::event::CustomerId;
use domain::number::canonical;
use edge::problem::{Code, Problem};
use edge::request::read_body;
use platform::memory::Hold;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The fields that nobody has taken yet. An empty body has none.
#[derive(Debug)]
pub(crate) struct Fields(pub(crate) Map<String, Value>, pub(crate) Hold);

impl FromRequest<Arc<App>> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let body = read_body(request.into_body(), app.settings.max_body).await?;
        let room = app.memory.bodies.admit(&body).await?;
        Ok(Self(room.run(|| json_object(&body))?, room))
    }
}

impl Fields {
    /// A field; null counts as left out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A field that is text.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::new(Code::UnusableRequest, format!("`{name}` must be text"))),
        }
    }

    /// A field that is true or false.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Problem::new(Code::UnusableRequest, format!("`{name}` must be true or false"))),
        }
    }

    /// A field that is a whole number up to `most`.
    pub(crate) fn number(&mut self, name: &str, most: u64) -> Result<Option<u64>, Problem> {
        match self.take(name).map(|value| value.as_u64().filter(|number| *number <= most)) {
            None => Ok(None),
            Some(Some(number)) => Ok(Some(number)),
            Some(None) => {
                Err(Problem::new(Code::UnusableRequest, format!("`{name}` must be a whole number from 0 to {most}")))
            }
        }
    }

    /// `customer_id`: text, or a number.
    pub(crate) fn customer(&mut self) -> Result<Option<CustomerId>, Problem> {
        let text = match self.take("customer_id") {
            None => return Ok(None),
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => canonical(&number),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(Problem::new(Code::UnusableRequest, "`customer_id` must be text or a number"));
            }
        };
        CustomerId::parse(&text).map(Some).map_err(|error| Problem::new(Code::UnusableRequest, error.to_string()))
    }

    /// Every field has been taken.
    pub(crate) fn nothing_else(&self) -> Result<(), Problem> {
        match self.0.keys().next() {
            Some(name) => Err(Problem::new(Code::UnusableRequest, format!("unknown field `{name}`"))),
            None => Ok(()),
        }
    }
}
