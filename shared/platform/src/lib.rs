//! The outside world, and the only crate that knows AWS.
//!
//! An [`app::App`] is what every handler is given: the file, the table ([`store`]), the queue ([`queue`]), a way to
//! call out ([`sender`]), providers that call us ([`sources`]) and what the API put on top of the file ([`overlay`]), the keys
//! of what is kept secret ([`secret`]), a clock ([`clock`]) and randomness ([`chance`]). [`attempt`] makes one try of a
//! delivery, [`replay`] begins a new round of them; [`contention`] counts the rounds of writers that contend; [`dispatch`] sends requests to AWS. [`request`]
//! turns HTTP into what templates see, [`starts`] says what it starts, [`problem`] turns errors into answers, and [`lambda`]
//! runs a handler in AWS Lambda.

pub mod admission;
pub mod app;
pub mod settings;
pub mod clock;
pub mod chance;
pub mod directory;
pub mod dispatch;
pub mod definitions;
mod former;
pub mod overlay;
pub mod lanes;
pub mod slots;
pub mod memory;
pub mod store;
pub mod queue;
pub mod functions;
mod signed;
pub mod tls;
mod http_client;
pub mod programs;
pub mod sender;
pub mod secret;
pub mod attempt;
pub mod replay;
mod media;
pub mod head;
pub mod request;
pub mod starts;
pub mod sources;
pub mod verification;
pub mod bulk;
pub mod contention;
pub mod problem;
pub mod telemetry;
pub mod lambda;

pub use app::App;
pub use http_client::{aws_settings, http_client};
