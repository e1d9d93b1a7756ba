//! What the tests are written in: doubles of everything around Ringback, and verbs for what callers do.
//!
//! A [`Service`] plays whatever Ringback calls. A [`Gateway`] is Ringback itself, all of it, in the test's own process,
//! with every message delivered twice and, where a test turns the time, a [`ManualClock`]; a [`Process`] is a real one
//! that can be killed; a [`Deployed`] one runs in a stand-in for AWS. A [`Caller`] speaks HTTP to each. Nothing here sleeps to wait for something: [`eventually`]
//! looks until it is there.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a double that can't do its work has to fail the test"
)]

mod answer;
mod caller;
mod clock;
mod deployed;
mod document;
mod eventually;
mod family;
mod fixture;
mod front;
mod gate;
mod gateway;
mod group;
mod process;
mod provider;
mod service;
pub mod simulation;
pub mod skip;
pub mod stand_in;
mod ssh_server;
pub mod subscriber;
pub mod watch;
mod worker;

pub use answer::Answer;
pub use caller::{Caller, job, send};
pub use clock::ManualClock;
pub use deployed::{Deployed, Source, Tools};
pub use eventually::{DEADLINE, eventually, eventually_within};
pub use fixture::{chapter, chapters, noise};
pub use gate::Gate;
pub use gateway::{File, Gateway};
pub use process::{Finished, Process, run};
pub use provider::Provider;
pub use service::{At, Reply, Request, Service};
pub use ssh_server::SshServer;
pub use stand_in::StandIn;
pub use subscriber::Subscriber;
pub use worker::{WorkPlace, WorkerProcess};
