//! The pure heart of Ringback: no I/O, AWS, clock, randomness or environment.
//!
//! What a file says is [`config`], what its templates mean is [`expr`]; what a run does next is [`run`], and how a
//! paused job meets its callback is [`wait`]. Who sent a request is told by its [`signature`], what a [`source`] demands of it,
//! and what it starts by its [`rule`]s; what may not be shown is said by [`redact`]. What a worker runs is a [`program`]. What the
//! user publishes is an [`event`]; a customer's [`endpoint`] gets it by a [`delivery`], at an [`address`] that may be called. An
//! [`operation`] is work of many steps in the background. Every [`id`] is derived, so that repeating anything is safe.

pub mod address;
pub mod bytes;
pub mod config;
pub mod delivery;
pub mod endpoint;
pub mod event;
pub mod expr;
pub mod id;
pub mod json;
mod mac;
pub mod number;
pub mod operation;
pub mod program;
pub mod redact;
pub mod rule;
pub mod run;
pub mod signature;
pub mod source;
pub mod spelling;
pub mod wait;
