//! Bounds the memory that parsed JSON takes in one process.
//!
//! ```text
//!  bytes ── weight ──► Pool::hold ── room? ──► Hold ── parse ── work ── drop ──► room for the next
//!                          └── no room: wait, the first come first
//! ```
//!
//! A parsed text can weigh a hundred times its bytes: `[[],[],…]` has a value of 72 bytes for each three. [`weight`] estimates
//! from the bytes what parsing them takes, and a [`Pool`] lets in at once what fits. Small texts have a part of the pool of
//! their own, so that they never wait behind large ones. A text that is heavier than the whole pool goes in alone.
//!
//! A Lambda function has one request at a time, and therefore never waits here.
//!
//! Work on a large text takes a tenth of a second, in which a thread does nothing else. It goes through its [`Hold`], which has
//! the thread's other tasks go on elsewhere: else a few large texts would hold up every small one.

use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::block_in_place;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The room for large texts in one pool, in bytes.
const LARGE: usize = 64 * MIB;
/// The room for small texts in one pool, in bytes.
const SMALL: usize = 16 * MIB;
/// The lightest text that counts as large, in bytes.
const SMALLEST_LARGE: usize = 2 * MIB;
/// How many times a text is in memory while it is worked on: as it was received, as it is kept, parsed, and written again
/// to be compressed and stored.
const COPIES: usize = 6;
/// The heaviest body that is parsed whatever it holds, in bytes. Text of 1 MiB comes to this only where it has hardly anything
/// but brackets: a list of 500,000 digits is lighter.
const HEAVIEST: usize = 96 * MIB;
/// How many times its own length a longer body may weigh, where an operator has allowed for one.
const DENSEST: usize = 32;
/// How long a request waits for room before it is answered with 503.
const REQUEST_WAITS: Duration = Duration::from_secs(5);

/// The pools of a process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// For bodies of requests, until the request is answered.
    pub bodies: Pool,
    /// For runs, while work on them goes on.
    pub runs: Pool,
}

/// Room for parsed texts, in bytes. Clones share it.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Rooms>);

#[derive(Debug)]
struct Rooms {
    /// Permits are KiB.
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    largest: usize,
    /// The lightest text that counts as large, in bytes.
    smallest_large: usize,
}

/// Why a body is not parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// It has more in it than any request may.
    #[error(
        "the body has {bytes} bytes, and so many lists and objects in them that reading it would take {weight} bytes of memory, \
         more than the {most} that it may; send fewer at once"
    )]
    TooHeavy {
        /// Its length.
        bytes: usize,
        /// What parsing it would take.
        weight: usize,
        /// What that may be.
        most: usize,
    },
    /// Others took all the memory, for as long as this one could wait.
    #[error("the memory for request bodies is full; nothing has happened, try again")]
    Full,
}

/// Room that is taken until this is dropped.
#[derive(Debug)]
pub struct Hold {
    permit: Option<OwnedSemaphorePermit>,
    is_small: bool,
}

impl Hold {
    /// Whether the text is so light that it never waits behind large ones.
    pub fn is_small(&self) -> bool {
        self.is_small
    }

    /// Gives the room to others while the text itself is not in memory.
    pub fn release(&mut self) {
        self.permit = None;
    }

    /// Works on the text: a large one takes so long that the other tasks of this thread are given to another one meanwhile.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.is_small || !has_threads() { work() } else { block_in_place(work) }
    }

    /// Works on the text as [`Hold::run`] does, with short waits in between, such as a write to the table.
    pub async fn drive<F: Future>(&self, work: F) -> F::Output {
        if self.is_small || !has_threads() {
            return work.await;
        }
        block_in_place(|| Handle::current().block_on(work))
    }
}

/// Whether there is another thread that could go on with this one's tasks.
fn has_threads() -> bool {
    Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
}

impl Default for Pool {
    fn default() -> Self {
        Self::new(SMALL, LARGE)
    }
}

impl Pool {
    /// A pool with this much room for small and for large texts, in bytes.
    pub fn new(small: usize, large: usize) -> Self {
        Self::with(small, large, SMALLEST_LARGE)
    }

    /// A pool in which every text counts as large, so that what is done for large ones can be seen with any.
    pub fn without_small() -> Self {
        Self::with(0, LARGE, 0)
    }

    fn with(small: usize, large: usize, smallest_large: usize) -> Self {
        let permits = |bytes: usize| Arc::new(Semaphore::new(bytes.div_ceil(KIB)));
        let (small, largest) = (permits(small), large.div_ceil(KIB));
        Self(Arc::new(Rooms { small, large: permits(large), largest, smallest_large }))
    }

    fn is_small(&self, weight: usize) -> bool {
        weight < self.0.smallest_large
    }

    /// Takes room for a text of this weight, and waits for it as long as it must. `None` if the pool is closed, which it
    /// never is.
    pub async fn hold(&self, weight: usize) -> Option<Hold> {
        let (room, permits) = self.room(weight);
        room.acquire_many_owned(permits)
            .await
            .ok()
            .map(|permit| Hold { permit: Some(permit), is_small: self.is_small(weight) })
    }

    /// The same, if there is room now and no other waits for it.
    pub fn try_hold(&self, weight: usize) -> Option<Hold> {
        let (room, permits) = self.room(weight);
        room.try_acquire_many_owned(permits)
            .ok()
            .map(|permit| Hold { permit: Some(permit), is_small: self.is_small(weight) })
    }

    fn room(&self, weight: usize) -> (Arc<Semaphore>, u32) {
        let room = if self.is_small(weight) { &self.0.small } else { &self.0.large };
        (room.clone(), u32::try_from(weight.div_ceil(KIB).min(self.0.largest)).unwrap_or(u32::MAX))
    }

    /// Takes room for parsing a request's body.
    ///
    /// # Errors
    /// If parsing it would take more memory than any request may, or there was no room in time.
    pub async fn admit(&self, body: &[u8]) -> Result<Hold, NotAdmitted> {
        let (weight, most) = (weight(body), HEAVIEST.max(DENSEST * body.len()));
        if weight > most {
            return Err(NotAdmitted::TooHeavy { bytes: body.len(), weight, most });
        }
        let held = tokio::time::timeout(REQUEST_WAITS, self.hold(weight)).await;
        held.ok().flatten().ok_or(NotAdmitted::Full)
    }
}

/// Estimates the memory that parsing a text takes, in bytes, without parsing it: at least what JSON, and a form, can come
/// to, and more for text that merely looks like them.
///
/// By the types on a 64-bit machine: a value has 72 bytes, a number its digits in memory of their own beside that, and a
/// field of an object 104 with its name's own memory; a list begins with room for four values, an object with room for three
/// fields, and both double when they are full.
pub fn weight(text: &[u8]) -> usize {
    const ITEM: usize = 2 * 72 + 16;
    const FIELD: usize = 2 * 88;
    const LIST: usize = 4 * 72 + 16;
    const OBJECT: usize = 450;
    let mut weight = COPIES * text.len();
    for pair in text.windows(2) {
        weight += match pair {
            [b',' | b'&', _] => ITEM,
            [b':', _] => FIELD,
            [b'[', next] if *next != b']' => LIST,
            [b'{', next] if *next != b'}' => OBJECT,
            _ => 0,
        };
    }
    weight
}

#[cfg(test)]
mod tests;
