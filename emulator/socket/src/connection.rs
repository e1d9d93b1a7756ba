//! One connection, from its acceptance to its end.
//!
//! ```text
//!  TLS handshake ──► HTTP/1.1, or HTTP/2 where the caller chose it ──► requests ──► end
//! ```
//!
//! It ends when the caller ends it, when its time is over ([`Activity::deadline`](super::activity::Activity::deadline)), when
//! it has to make room, or when its server stops. A stopping server lets what is under way finish, and says
//! `Connection: close` in its answers; an idle connection stays for a moment, so that a request which is on its way gets
//! such an answer rather than a closed connection.

use super::activity::{Activity, Overdue, Stage};
use super::bodies::Bodies;
use super::crowd::{Member, Place};
use super::limits::Limits;
use super::stream::Stream;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, Response, Version, header};
use http_body::{Frame, SizeHint};
use hyper::body::{Buf, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::Service;

/// The largest header, with its line and its names, in bytes; also what is read ahead of a body. API Gateway takes 10,240
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
const HEADER: u32 = 64 * 1024;
/// Requests at once on one connection of HTTP/2. RFC 9113 section 6.5.2 recommends no fewer than 100.
const STREAMS: u32 = 100;
/// What a caller may send of one body, and of all on a connection of HTTP/2, before it was read, in bytes: it is in memory
/// without being counted.
const WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// What all connections of a server have in common.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) router: Router,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) limits: Limits,
    pub(super) bodies: Bodies,
    /// Since when the server has been stopping.
    pub(super) draining: watch::Receiver<Option<Instant>>,
}

/// Serves one connection to its end.
pub(super) async fn serve(common: Common, stream: TcpStream, peer: SocketAddr, place: Place) {
    // An answer is written as a whole: there is nothing that waiting could join to it.
    let _ = stream.set_nodelay(true);
    let member = place.member.clone();
    let (limits, body) = (common.limits, common.limits.body);
    let Some(tls) = common.tls.clone() else {
        return requests(common, Stream::new(stream, member.clone(), body), peer, &member, false).await;
    };
    let stream = tokio::select! {
        stream = timeout(limits.handshake, tls.accept(stream)) => stream,
        () = member.dismissed.cancelled() => return,
    };
    let Ok(Ok(stream)) = stream else { return };
    let multiplexed = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    if multiplexed {
        member.note(Activity::multiplex);
    }
    requests(common, Stream::new(stream, member.clone(), body), peer, &member, multiplexed).await;
}

async fn requests<S>(common: Common, stream: Stream<S>, peer: SocketAddr, member: &Arc<Member>, multiplexed: bool)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (stream, limits, draining) = (TokioIo::new(stream), common.limits, common.draining.clone());
    let watched = member.clone();
    let service = service_fn(move |request| answer(&common, &watched, peer, request));
    if multiplexed {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new());
        builder.max_concurrent_streams(STREAMS).max_header_list_size(HEADER);
        builder.initial_stream_window_size(WINDOW).initial_connection_window_size(CONNECTION_WINDOW);
        // Finds out about callers who are gone without having said so.
        builder.keep_alive_interval(limits.header).keep_alive_timeout(limits.header);
        let connection = pin!(builder.serve_connection(stream, service));
        watch(connection, |connection| connection.graceful_shutdown(), member, &limits, draining).await;
    } else {
        // The limit of a header is ours: hyper's would run on idle connections too.
        let mut builder = http1::Builder::new();
        builder.header_read_timeout(None).max_buf_size(HEADER as usize);
        let connection = pin!(builder.serve_connection(stream, service));
        watch(connection, |connection| connection.graceful_shutdown(), member, &limits, draining).await;
    }
}

/// Lets a connection go on until its end, whoever ends it. `wind_up` has it take no further request, and end after the
/// answers that are owed.
async fn watch<C: Future>(
    mut connection: Pin<&mut C>,
    wind_up: impl Fn(Pin<&mut C>),
    member: &Member,
    limits: &Limits,
    mut draining: watch::Receiver<Option<Instant>>,
) {
    let mut stopping = false;
    loop {
        let deadline = member.deadline();
        let overdue = async {
            match deadline {
                Some((at, overdue)) => {
                    sleep_until(at).await;
                    overdue
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = member.dismissed.cancelled() => return,
            () = member.sooner.notified() => {}
            since = drained(&mut draining), if !stopping => {
                stopping = true;
                // HTTP/2 says by itself which requests it has taken; HTTP/1 can only say so in an answer, and hyper would
                // close it in the middle of a header.
                if !member.drain(since) {
                    wind_up(connection.as_mut());
                }
            }
            overdue = overdue => match member.deadline() {
                Some((at, _)) if at > Instant::now() => {}
                Some(_) if overdue == Overdue::Idle => {
                    wind_up(connection.as_mut());
                    // What hangs on to it all the same is cut off, at once where another connection needs the place.
                    tokio::select! {
                        _ = timeout(limits.handshake, connection) => {}
                        () = member.dismissed.cancelled() => {}
                    }
                    return;
                }
                Some(_) => return,
                None => {}
            },
        }
    }
}

/// Returns when the server stops. Its handle is never dropped before.
async fn drained(draining: &mut watch::Receiver<Option<Instant>>) -> Instant {
    match draining.wait_for(Option::is_some).await.map(|since| *since) {
        Ok(Some(since)) => since,
        Ok(None) | Err(_) => Instant::now(),
    }
}

/// Gives a request to the router, with its body bounded in time and room, and follows it to the end of its answer.
fn answer(
    common: &Common,
    member: &Arc<Member>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Answer>, Infallible>> + Send + use<> {
    let is_whole = request.body().is_end_stream();
    let stage = if is_whole { Stage::Handling } else { Stage::Receiving };
    let under_way = UnderWay { id: member.note(|activity, now| activity.begun(stage, now)), member: member.clone() };
    let under_way = Arc::new(under_way);
    let share = (!is_whole).then(|| common.bodies.open());
    let by = Instant::now() + common.limits.body;
    let mut request = request.map(|body| match &share {
        None => Body::empty(),
        Some(share) => share.clone().counted(Body::new(body), by, Whole(under_way.clone())),
    });
    request.extensions_mut().insert(ConnectInfo(peer));
    let (mut router, draining) = (common.router.clone(), common.draining.clone());
    async move {
        let is_first_version = request.version() < Version::HTTP_2;
        let mut response = router.call(request).await.unwrap_or_else(|never| match never {});
        drop(share);
        under_way.reached(Stage::Sending);
        if is_first_version && draining.borrow().is_some() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| Answer { body, under_way }))
    }
}

/// A request, until its answer is sent.
struct UnderWay {
    member: Arc<Member>,
    id: u64,
}

impl UnderWay {
    fn reached(&self, stage: Stage) {
        self.member.note(|activity, now| activity.reached(self.id, stage, now));
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.member.note(|activity, now| activity.ended(self.id, now));
    }
}

/// Is dropped when nothing more of a request's body comes.
struct Whole(Arc<UnderWay>);

impl Drop for Whole {
    fn drop(&mut self) {
        self.0.reached(Stage::Handling);
    }
}

/// An answer's body; when it and its pieces are dropped, all of it is sent.
struct Answer {
    body: Body,
    under_way: Arc<UnderWay>,
}

/// Bytes of an answer: hyper may have let go of the answer when these still wait for the caller to take them.
struct Piece {
    bytes: Bytes,
    under_way: Arc<UnderWay>,
}

impl HttpBody for Answer {
    type Data = Piece;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Piece>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.under_way.reached(Stage::Sending);
        let piece = |bytes| Piece { bytes, under_way: self.under_way.clone() };
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        HttpBody::size_hint(&self.body)
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.under_way.reached(Stage::Sending);
    }
}

#[cfg(test)]
mod tests;
