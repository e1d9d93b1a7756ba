//! The outside world: adapters to AWS, HTTP, time, randomness and what is kept secret.
//!
//! [`store`] is the table and [`queue`] the queues; [`dispatch`] sends requests to AWS, [`contention`] counts the rounds of
//! writers that contend. [`sender`] calls out, [`functions`] invokes functions in Lambda, with requests that are [`signed`]. [`secret`] seals what is kept secret,
//! [`environment`] and [`settings`] read what the place is told, [`clock`] tells the time, and [`chance`] gives randomness.
//! [`lanes`] are how many attempts are made at once, [`memory`] bounds what is parsed at once, and [`media`] says what a body is by its content type.

pub mod settings;
pub mod clock;
pub mod chance;
pub mod dispatch;
pub mod lanes;
pub mod memory;
pub mod store;
pub mod queue;
pub mod functions;
pub mod signed;
pub mod tls;
mod http_client;
pub mod sender;
pub mod secret;
pub mod media;
mod parameters;
pub mod environment;
pub mod contention;
pub mod telemetry;

pub use http_client::{aws_settings, http_client};
