//! What operations use, in whole units: the pieces of every estimate.
//!
//! Items of up to 1 KB, each call answered at its first try, nothing repeated. A larger item costs a unit more for each KB
//! it is written with, and for each 4 KB it is read with.

use serde::Serialize;
use std::ops::{Add, AddAssign, Mul};

/// What one operation uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Units {
    /// Write units of the table.
    pub writes: u32,
    /// Write units of its index.
    pub index_writes: u32,
    /// Read units: each read of ours but those of `sweep` is consistent, and so a whole one.
    pub reads: u32,
    /// Deadlines, which are seen to when they are written and whose items `sweep` looks at when they have passed: each
    /// [`DEADLINE`] read units.
    pub deadlines: u32,
    /// Messages to `deliver`: each a share of a request to send, to receive and to delete, and of an invocation.
    pub messages: u32,
    /// Messages to workers: each a share of two requests, and a third to delete it.
    pub program_messages: u32,
    /// Events that are fanned out: each a share of one read for a batch, of who subscribes.
    pub events: u32,
    /// Requests to trigger, callback or api that are taken.
    pub requests: u32,
    /// Requests that are not genuine.
    pub refused: u32,
    /// Calls to services, one after the other.
    pub calls: u32,
}

/// Nothing.
pub const NOTHING: Units = Units {
    writes: 0,
    index_writes: 0,
    reads: 0,
    deadlines: 0,
    messages: 0,
    program_messages: 0,
    events: 0,
    requests: 0,
    refused: 0,
    calls: 0,
};
/// A run is stored, shown in the list, relayed, and read when its message comes.
pub const ACCEPTED: Units = Units { writes: 1, index_writes: 1, reads: 1, messages: 1, ..NOTHING };
/// A request that does so.
pub const REQUEST: Units = Units { requests: 1, ..NOTHING };
/// A run writes before anything is done for it, unless all that it begins with are calls.
pub const BEGUN: Units = Units { writes: 1, ..NOTHING };
/// A service is called: the outcome is one write of the run.
pub const CALL: Units = Units { writes: 1, calls: 1, ..NOTHING };
/// A callback is waited for, beside the call: the deadline, both halves of the wait, and the run once more.
///
/// Wait and run are read when the news comes; at the deadline `sweep` sees that the wait is over, and writes nothing.
pub const WAIT: Units = Units { writes: 4, reads: 2, deadlines: 1, messages: 1, requests: 1, ..NOTHING };
/// The service is asked once more how far it is: a message, a read, a write.
pub const QUESTION: Units = Units { writes: 1, reads: 1, messages: 1, calls: 1, ..NOTHING };
/// A pause that the queue can delay, 15 minutes at most.
pub const PAUSE: Units = Units { writes: 1, reads: 1, messages: 1, ..NOTHING };
/// A worker runs a program: it reads the run, claims the job and tells what came of it; the run reads and writes that.
pub const PROGRAM: Units = Units { writes: 3, reads: 2, messages: 1, program_messages: 1, ..NOTHING };
/// Another run is waited for, beside what that costs itself: the deadline, as of a wait; its end is read, and the run; then
/// written.
pub const CHILD: Units = Units { writes: 2, reads: 2, deadlines: 1, messages: 1, ..NOTHING };
/// A job publishes an event: the event, and the run.
pub const PUBLICATION: Units = Units { writes: 2, events: 1, ..NOTHING };
/// An event is published by a request.
pub const EVENT: Units = Units { writes: 1, events: 1, requests: 1, ..NOTHING };
/// It is delivered to one endpoint, which answers well: one write, with its place in the customer's list.
pub const DELIVERY: Units = Units { writes: 1, index_writes: 1, messages: 1, calls: 1, ..NOTHING };
/// A request that is not genuine.
pub const REFUSED: Units = Units { refused: 1, ..NOTHING };
/// A genuine request of a source with a rate limit: it is counted.
pub const RATED: Units = Units { writes: 1, ..NOTHING };

/// Read units of who subscribes, for a batch of events and a customer with up to 4 KB of endpoints.
pub const SUBSCRIBERS: f64 = 1.0;
/// Read units of a deadline, from its writing to its passing when nothing depends on it any more.
///
/// The read after it was written, the look at its item, and its share of the three pages of timers that it is in: the cursor
/// follows a minute behind, and passes only what was read consistently.
pub const DEADLINE: f64 = WRITTEN + MOOT + (0.5 + 0.5 + 1.0) * TIMER_BYTES / 4096.0;
/// Read units of seeing to it that no sweep passes a timer over, right after it was written. Timers that are written at the same
/// moment share the read, so this is the most.
pub const WRITTEN: f64 = 1.0;
/// Read units of the look at its item, which may be a second old.
pub const MOOT: f64 = 0.5;
/// Bytes of a timer, with a path and a key of usual length; a test measures it.
pub const TIMER_BYTES: f64 = 256.0;
/// Read units of a sweep that finds nothing: how far it got, which may be a second old.
pub const CURSOR: f64 = 0.5;
/// Read units of one shard of the timers, likewise.
pub const SHARD: f64 = 0.5;

impl Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            writes: self.writes + other.writes,
            index_writes: self.index_writes + other.index_writes,
            reads: self.reads + other.reads,
            deadlines: self.deadlines + other.deadlines,
            messages: self.messages + other.messages,
            program_messages: self.program_messages + other.program_messages,
            events: self.events + other.events,
            requests: self.requests + other.requests,
            refused: self.refused + other.refused,
            calls: self.calls + other.calls,
        }
    }
}

impl AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u32> for Units {
    type Output = Self;

    fn mul(self, times: u32) -> Self {
        (0..times).fold(NOTHING, |sum, _| sum + self)
    }
}
