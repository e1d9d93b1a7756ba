//! Ringback on one machine: the handlers of the functions behind local sockets, over a tiny AWS in the same process.
//!
//! [`instance`] starts all of it, and [`socket`] serves it over HTTP; [`gateway`] are tunnels from the internet to it; [`aws`] is the table, the stream and the
//! queue; [`clock`] lets time pass quickly; [`worker`] runs programs, here or for a gateway elsewhere; [`cost`] says what a
//! file costs in AWS, and [`dead_letters`] sends back what could not be processed; [`command`] is the command line,
//! [`client`] what it speaks to a gateway with.

pub mod aws;
pub mod clock;
pub mod cost;
pub mod dead_letters;
pub mod gateway;
mod group;
pub mod instance;
pub mod socket;
pub mod worker;
pub mod command;
pub mod client;
mod import;
mod timeline;

pub use command::main;
