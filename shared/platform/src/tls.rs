//! Chooses the cryptography of TLS, for clients and servers: `ring`.

use reqwest::{Client, ClientBuilder};
use rustls::crypto::{CryptoProvider, ring};
use std::sync::Arc;

/// The cryptography, for servers.
pub fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ring::default_provider()))
}

/// Begins an HTTP client; every client begins here. `reqwest` takes the cryptography that the process has chosen, and panics if
/// none is, so it is chosen first.
#[expect(clippy::disallowed_methods, reason = "the one place where the cryptography is chosen before")]
pub fn client() -> ClientBuilder {
    // An error says that it was chosen before.
    let _ = ring::default_provider().install_default();
    Client::builder()
}
