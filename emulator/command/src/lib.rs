//! Ringback on one machine: the handlers of the functions behind local sockets, over a tiny AWS in the same process.
//!
//! Each part is a crate of its own: [`instance`] starts all of it, and [`socket`] serves it over HTTP; [`tunnels`] lead from the
//! internet to it; [`local_aws`] is the table, the stream and the queue; [`worker`] runs programs, here or for a gateway
//! elsewhere, each as a [`process`]. This one is what users type: [`command`] is the command line, [`client`] what it speaks to
//! a gateway with; [`clock`] lets time pass quickly, [`cost`] says what a file costs in AWS, and [`dead_letters`] sends back what
//! could not be processed.

pub mod clock;
pub mod cost;
pub mod dead_letters;
pub mod command;
pub mod client;
mod import;
mod timeline;

pub use command::main;
