//! Ringback on one machine: the handlers of the functions behind local sockets, over a tiny AWS in the same process.
//!
//! [`instance`] starts all of it; [`aws`] is the table, the stream and the queue; [`worker`] runs programs, here or for a
//! gateway elsewhere; [`cost`] says what a file costs in AWS, [`dead_letters`] sends back what could not be
//! processed; [`command`] is the command line.

pub mod aws;
pub mod cost;
pub mod dead_letters;
pub mod instance;
pub mod worker;
pub mod command;

pub use command::main;
