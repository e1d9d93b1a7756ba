//! How long a caller may take to send a request. In AWS, API Gateway sees to it.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use futures_util::{StreamExt, stream};
use std::io;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// For the headers, and again for the body: what slow lines need for a megabyte, and no longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The same request; its body breaks off when it has not come whole by then.
pub(super) fn bounded(request: Request, patience: Duration) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    let by = Instant::now() + patience;
    request.map(|body| {
        Body::from_stream(stream::unfold(Some(body.into_data_stream()), move |rest| async move {
            let mut rest = rest?;
            match timeout_at(by, rest.next()).await {
                Ok(piece) => piece.map(|piece| (piece.map_err(io::Error::other), Some(rest))),
                Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
            }
        }))
    })
}
