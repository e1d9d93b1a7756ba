//! Who carries a request: the network, or what stands in its place.

use super::Sender;
use super::failure::{Failure, on_the_way};
use domain::address::Target;
use futures_util::future::BoxFuture;
use reqwest::{Request, RequestBuilder, Response};
use std::fmt;
use std::sync::Arc;

/// Carries requests in the place of the network, for simulations. What it gets has been judged and checked as for the
/// network; names are not looked up.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// The answer, or why there is none.
    fn carry(&self, request: Request) -> BoxFuture<'_, Result<Response, Failure>>;
}

impl Sender {
    /// The same sender with something else in the place of the network.
    #[must_use]
    pub fn carried_by(self, transport: Arc<dyn Transport>) -> Self {
        Self { transport: Some(transport), ..self }
    }

    /// Sends a request on its way; to a judged target, unless it is trusted.
    pub(super) async fn dispatch(&self, request: RequestBuilder, target: Option<&Target>) -> Result<Response, Failure> {
        let explain =
            |error: reqwest::Error| target.map_or_else(|| Failure::from_client(&error), |of| on_the_way(&error, of));
        match &self.transport {
            None => request.send().await.map_err(explain),
            Some(transport) => transport.carry(request.build().map_err(explain)?).await,
        }
    }
}
