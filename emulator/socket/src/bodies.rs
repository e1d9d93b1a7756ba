//! The memory that bodies of requests may take, of all connections together.
//!
//! ```text
//!  piece of a body ── claim ──► room ───────────────────────────────► on to the handler
//!                        └────► none: the slowest unfinished one gets 408, this one waits; after a moment it gets 503
//! ```
//!
//! Each byte is counted before the handler sees it, and until the request is answered. Some room is for small bodies alone.

mod ledger;

use axum::body::{Body, Bytes, HttpBody};
use edge::request::NoRoom;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http_body::{Frame, SizeHint};
use ledger::{Claim, Ledger};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

/// How long a body waits for room before it is refused.
const BRIEFLY: Duration = Duration::from_secs(2);

/// The memory for bodies. Clones are the same.
#[derive(Clone)]
pub(super) struct Bodies(Arc<Inner>);

struct Inner {
    ledger: Mutex<Ledger>,
    /// Some memory is free again, or one was dropped.
    changed: Notify,
}

/// What one body has of it, until the last clone is dropped.
#[derive(Clone)]
pub(super) struct Share(Arc<Taken>);

struct Taken {
    bodies: Bodies,
    id: u64,
}

impl Bodies {
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Inner { ledger: Mutex::new(Ledger::new(limit)), changed: Notify::new() }))
    }

    /// A body begins.
    pub(super) fn open(&self) -> Share {
        let id = self.ledger().open(Instant::now());
        Share(Arc::new(Taken { bodies: self.clone(), id }))
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Takes memory for some more bytes, and waits briefly for it.
    async fn take(&self, bytes: usize) -> io::Result<()> {
        let Taken { bodies, id } = &*self.0;
        let taking = async {
            loop {
                let changed = bodies.0.changed.notified();
                let claim = bodies.ledger().claim(*id, bytes, Instant::now());
                match claim {
                    Claim::Granted => return Ok(()),
                    Claim::Dropped => return Err(io::ErrorKind::TimedOut.into()),
                    Claim::Dropping(_) => bodies.0.changed.notify_waiters(),
                    Claim::Full => {}
                }
                // What is slow becomes so by time alone.
                let _ = timeout(Duration::from_millis(100), changed).await;
            }
        };
        timeout(BRIEFLY, taking).await.unwrap_or_else(|_| Err(io::Error::other(NoRoom)))
    }

    /// Returns once it has been dropped to make room.
    async fn dropped(&self) {
        let Taken { bodies, id } = &*self.0;
        loop {
            let changed = bodies.0.changed.notified();
            if bodies.ledger().is_dropped(*id) {
                return;
            }
            changed.await;
        }
    }

    /// The body, whose bytes are counted. It breaks off when it has not come whole by then, or has to make room. `whole` is
    /// dropped when nothing more comes.
    pub(super) fn counted<W: Send + 'static>(self, body: Body, by: Instant, whole: W) -> Body {
        let size = HttpBody::size_hint(&body);
        let rest = Some((body.into_data_stream(), self, whole));
        let pieces = stream::unfold(rest, move |rest| async move {
            let (mut body, share, whole) = rest?;
            let piece = tokio::select! {
                piece = timeout_at(by, body.next()) => piece.unwrap_or_else(|_| Some(Err(late()))),
                () = share.dropped() => Some(Err(late())),
            };
            match piece {
                None => {
                    share.0.bodies.ledger().finished(share.0.id);
                    None
                }
                Some(Err(error)) => Some((Err(io::Error::other(error)), None)),
                Some(Ok(bytes)) => match share.take(bytes.len()).await {
                    Ok(()) => Some((Ok(bytes), Some((body, share, whole)))),
                    Err(error) => Some((Err(error), None)),
                },
            }
        });
        Body::new(Counted { pieces: pieces.boxed(), size })
    }
}

fn late() -> axum::Error {
    axum::Error::new(io::Error::from(io::ErrorKind::TimedOut))
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.bodies.ledger().close(self.id);
        self.bodies.0.changed.notify_waiters();
    }
}

/// Tells the length that was announced, as the body that it is made of does.
struct Counted {
    pieces: BoxStream<'static, io::Result<Bytes>>,
    size: SizeHint,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = ready!(self.pieces.poll_next_unpin(cx));
        // From its first piece on, what is left is no longer what was announced.
        self.size = SizeHint::default();
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}

#[cfg(test)]
mod tests;
