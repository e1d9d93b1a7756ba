//! The HTTP clients: one for each way of judging, shared by all calls.

use super::failure::Failure;
use super::resolver::Judging;
use super::{CONNECT_TIMEOUT, IDLE};
use crate::tls;
use domain::address::{Guard, Reach};
use domain::delivery::ErrorClass;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use std::sync::{Arc, OnceLock};

/// What all clients have in common.
pub(super) fn client() -> ClientBuilder {
    tls::client()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("Ringback/", env!("CARGO_PKG_VERSION")))
}

/// A client that connects to judged addresses alone. It is made at its first call, since reading the machine's
/// certificates takes milliseconds that a function which calls nobody shouldn't start with.
#[derive(Debug, Clone)]
pub(super) struct JudgingClient {
    guard: Arc<Guard>,
    reach: Reach,
    made: Arc<OnceLock<Option<Client>>>,
}

impl JudgingClient {
    pub(super) fn new(guard: &Arc<Guard>, reach: Reach) -> Self {
        Self { guard: guard.clone(), reach, made: Arc::default() }
    }

    /// The client.
    pub(super) fn get(&self) -> Result<&Client, Failure> {
        let judging = || Judging::new(self.guard.clone(), self.reach.clone());
        let made = self.made.get_or_init(|| client().dns_resolver(judging()).build().ok());
        made.as_ref().ok_or_else(|| Failure::new(ErrorClass::Tls, "no secure connection can be made on this machine"))
    }
}
