//! The double of a provider that signs what it sends.

use crate::{Answer, Caller, ManualClock, send};
use domain::signature::{Headers, Preset, Request, Secret, sign};
use reqwest::{Method, RequestBuilder};

/// Signs as a known provider does, by the clock of the test.
#[derive(Debug, Clone)]
pub struct Provider {
    preset: &'static Preset,
    secret: Secret,
    clock: ManualClock,
    /// Where it sends to: an address, or a path of the API.
    path: String,
}

impl Provider {
    /// The provider of that name, with a secret, that sends to a path of the API.
    ///
    /// # Panics
    /// If there is no such provider.
    pub fn new(name: &str, secret: &str, clock: &ManualClock, path: &str) -> Self {
        let (preset, secret) = (Preset::find(name).expect("a provider"), Secret::new(secret));
        Self { preset, secret, clock: clock.clone(), path: path.to_owned() }
    }

    /// The request for a delivery: signed now, and with these headers besides.
    ///
    /// # Panics
    /// If the provider's scheme is not one of a shared secret.
    pub fn request(&self, caller: &Caller, id: &str, body: &[u8], headers: &[(&str, &str)]) -> RequestBuilder {
        let url = if self.path.starts_with('/') { format!("{}{}", caller.api, self.path) } else { self.path.clone() };
        let known: Headers = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let request = Request { method: "POST", url: &url, headers: &known, body, client_ip: None };
        let scheme = self.preset.scheme_for(&self.secret).expect("a scheme for the secret");
        let signed = sign(scheme, &self.secret, &request, id, self.clock.time()).expect("a signature");
        let mut request = caller.request(Method::POST, &url).body(body.to_vec());
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        signed.into_iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Sends a delivery.
    pub async fn send(&self, caller: &Caller, id: &str, body: &[u8], headers: &[(&str, &str)]) -> Answer {
        send(self.request(caller, id, body, headers)).await
    }
}
