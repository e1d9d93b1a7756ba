//! Handlers under way: each stands at a gate, or waits for a time, until the world lets it go on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// What a handler has come to.
#[derive(Debug)]
pub(super) enum End {
    /// A request was answered: status and body.
    Answered(u16, Vec<u8>),
    /// Work was done, or not, and then why.
    Worked(Result<(), String>),
}

pub(super) type Work = Pin<Box<dyn Future<Output = End>>>;

/// Whether a task can go on.
#[derive(Debug)]
struct Awake(AtomicBool);

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A handler under way. Dropping it is its death.
pub(super) struct Task<K> {
    pub(super) id: u64,
    pub(super) kind: K,
    /// Which process it runs in.
    pub(super) process: usize,
    awake: Arc<Awake>,
    work: Work,
}

impl<K> Task<K> {
    pub(super) fn new(id: u64, kind: K, process: usize, work: Work) -> Self {
        Self { id, kind, process, awake: Arc::new(Awake(AtomicBool::new(true))), work }
    }

    pub(super) fn can_go_on(&self) -> bool {
        self.awake.0.load(Ordering::Relaxed)
    }

    /// Goes on to its next gate, or to its end.
    pub(super) fn go_on(&mut self) -> Option<End> {
        self.awake.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(self.awake.clone());
        match self.work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(end) => Some(end),
            Poll::Pending => None,
        }
    }
}

/// A gate: whoever comes to it stops once, and can go on when the world says so.
#[derive(Debug, Default)]
pub(super) struct Gate {
    stopped: bool,
}

impl Future for Gate {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.stopped {
            return Poll::Ready(());
        }
        self.stopped = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
