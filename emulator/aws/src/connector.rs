//! Where the SDK would open a socket: its HTTP client seam, answered in this process.
//!
//! ```text
//! SDK operation ─► HttpConnector::call ─► faults? ─► Backend::call (operation name, JSON) ─► Reply
//! ```

use std::{fmt, sync::Arc};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use futures_util::future::BoxFuture;
use http::StatusCode;

use super::fault::{Answer, Call, Fault, Faults, Moment, Service, die};

/// A service that answers awsJson requests.
pub(super) trait Backend: Send + Sync + 'static {
    /// Which service this is.
    const SERVICE: Service;
    /// Answers at once, or says when.
    fn call(self: &Arc<Self>, operation: &str, body: &[u8]) -> Answering;
}

/// An answer, now or later.
pub(super) enum Answering {
    Now(Reply),
    Later(BoxFuture<'static, Reply>),
}

/// Status and JSON body.
pub(super) struct Reply {
    status: u16,
    body: Vec<u8>,
}

impl Reply {
    pub(super) fn ok(body: Vec<u8>) -> Self {
        Self { status: 200, body }
    }

    pub(super) fn error(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into() }
    }

    /// An error in awsJson's own form.
    pub(super) fn coded(status: u16, code: &str, message: &str) -> Self {
        Self::error(status, serde_json::json!({"__type": code, "message": message}).to_string().into_bytes())
    }

    /// Status and body.
    pub(super) fn into_parts(self) -> (u16, Vec<u8>) {
        (self.status, self.body)
    }

    fn fault(answer: Answer, service: Service) -> Self {
        let (status, code) = answer.status_and_code(service);
        Self::coded(status, code, "This failure was asked for.")
    }
}

impl From<Reply> for HttpResponse {
    fn from(reply: Reply) -> Self {
        let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status.into(), SdkBody::from(reply.body))
    }
}

/// The connector that carries one service's requests.
pub(super) struct InProcess<B> {
    backend: Arc<B>,
    faults: Option<Arc<dyn Faults>>,
}

impl<B> InProcess<B> {
    pub(super) fn new(backend: Arc<B>, faults: Option<Arc<dyn Faults>>) -> Self {
        Self { backend, faults }
    }
}

impl<B> Clone for InProcess<B> {
    fn clone(&self) -> Self {
        Self { backend: Arc::clone(&self.backend), faults: self.faults.clone() }
    }
}

impl<B: Backend> fmt::Debug for InProcess<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("service", &B::SERVICE).finish_non_exhaustive()
    }
}

impl<B: Backend> HttpConnector for InProcess<B> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let fault = self.faults.as_ref().and_then(|faults| faults.strike(Call { service: B::SERVICE, operation }));
        match fault {
            Some(Fault::Before(answer)) => return ready(Reply::fault(answer, B::SERVICE)),
            Some(Fault::Death(Moment::Before)) => die(),
            None | Some(Fault::After(_) | Fault::Death(Moment::After)) => {}
        }
        match (self.backend.call(operation, body), fault) {
            (Answering::Now(_), Some(Fault::Death(_))) => die(),
            (Answering::Later(reply), Some(Fault::Death(_))) => HttpConnectorFuture::new(async move {
                reply.await;
                die()
            }),
            (Answering::Now(_), Some(Fault::After(answer))) => ready(Reply::fault(answer, B::SERVICE)),
            (Answering::Later(reply), Some(Fault::After(answer))) => HttpConnectorFuture::new(async move {
                reply.await;
                Ok(Reply::fault(answer, B::SERVICE).into())
            }),
            (Answering::Now(reply), None | Some(Fault::Before(_))) => ready(reply),
            (Answering::Later(reply), None | Some(Fault::Before(_))) => {
                HttpConnectorFuture::new(async move { Ok(reply.await.into()) })
            }
        }
    }
}

impl<B: Backend> HttpClient for InProcess<B> {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn ready(reply: Reply) -> HttpConnectorFuture {
    HttpConnectorFuture::ready(Ok(reply.into()))
}
