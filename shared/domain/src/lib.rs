//! The pure heart of Ringback: no I/O, AWS, clock, randomness or environment.
//!
//! What a file says is [`config`], what its templates mean is [`expr`]; what a run does next is [`run`], and how a
//! paused job meets its callback is [`wait`]; who sent a request is [`signature`]. Every [`id`] is derived, so that repeating anything is safe.

pub mod config;
pub mod expr;
pub mod id;
pub mod run;
pub mod signature;
pub mod wait;
