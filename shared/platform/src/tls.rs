//! Which cryptography TLS uses, in both directions: `ring`.

use reqwest::{Client, ClientBuilder};
use rustls::crypto::{CryptoProvider, ring};
use std::sync::Arc;

/// The cryptography, for servers.
pub fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ring::default_provider()))
}

/// What every HTTP client is made of. `reqwest` takes the cryptography that the process has chosen, so the choice is made here.
#[expect(clippy::disallowed_methods, reason = "the one place where the cryptography is chosen before")]
pub fn client() -> ClientBuilder {
    // An error says that it was chosen before.
    let _ = ring::default_provider().install_default();
    Client::builder()
}
