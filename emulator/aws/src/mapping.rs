//! Event source mappings: what Lambda does between a source and a function.
//!
//! ```text
//! stream ─► batch of records, in order ─► handler ─► next batch; a failed one is tried again first
//! queue  ─► up to 10 messages ─► handler per message ─► delete those that succeeded, together
//!                                               └─ failed ─► visible again later ─► ... ─► dead letter
//! ```
//!
//! Each mapping is a future that runs until its token is cancelled; then it takes nothing new, lets what is running
//! finish, and returns. Handlers get the event types that Lambda delivers.

mod queue;
mod share;
mod stream;

pub use self::{
    queue::{Duplicates, QueueMapping, UnknownQueue},
    stream::StreamMapping,
};
