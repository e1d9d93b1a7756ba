//! Who asks, and for whose things.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::event::CustomerId;
use platform::problem::{Code, Problem};
use std::convert::Infallible;

/// Whoever holds the request's token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// The only customer that the token is good for; all of them where absent.
    pub(crate) customer: Option<CustomerId>,
}

impl Caller {
    /// The customer that a request is about: the token's, else the one that the request names, else none.
    ///
    /// # Errors
    /// 404 if it names another than the token's, just as if that one weren't there; 400 if it can't be a name.
    pub(crate) fn about(&self, named: Option<&str>) -> Result<Option<CustomerId>, Problem> {
        let parse = |name: &str| CustomerId::parse(name);
        let named = named.filter(|name| !name.is_empty()).map(parse).transpose();
        let named = named.map_err(|error| Problem::new(Code::UnusableRequest, format!("`customer_id`: {error}")))?;
        match (&self.customer, named) {
            (Some(own), Some(other)) if *own != other => Err(unknown(&other)),
            (Some(own), _) => Ok(Some(own.clone())),
            (None, named) => Ok(named),
        }
    }

    /// Whether that customer's things may be seen.
    pub(crate) fn sees(&self, customer: &CustomerId) -> bool {
        self.customer.as_ref().is_none_or(|own| own == customer)
    }
}

/// Nothing is known of that customer, or nothing may be.
pub(crate) fn unknown(customer: &CustomerId) -> Problem {
    Problem::new(Code::NotFound, format!("there is no customer `{customer}`"))
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_one_customer_is_good_for_that_one_alone() {
        let name = |text| CustomerId::parse(text).unwrap();
        let all = Caller::default();
        assert_eq!(all.about(None).unwrap(), None);
        assert_eq!(all.about(Some("a")).unwrap(), Some(name("a")));
        assert_eq!(all.about(Some("a b")).unwrap_err().code, Code::UnusableRequest);
        let one = Caller { customer: Some(name("a")) };
        assert_eq!(one.about(None).unwrap(), Some(name("a")));
        assert_eq!(one.about(Some("a")).unwrap(), Some(name("a")));
        assert_eq!(one.about(Some("b")).unwrap_err().code, Code::NotFound);
        assert!(one.sees(&name("a")) && !one.sees(&name("b")) && all.sees(&name("b")));
    }
}
