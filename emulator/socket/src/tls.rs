//! The API's certificate.

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Reads a certificate with its chain, and its key, from PEM files. Callers may choose HTTP/2.
///
/// # Errors
/// If one can't be read, or they don't belong together; the text names the file.
pub async fn read(cert: &str, key: &str) -> io::Result<TlsAcceptor> {
    let of = |path: &str, why: String| io::Error::other(format!("{path}: {why}"));
    let bytes = async |path: &str| tokio::fs::read(path).await.map_err(|error| of(path, error.to_string()));
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes(cert).await?).collect();
    let chain = chain.map_err(|error| of(cert, error.to_string()))?;
    if chain.is_empty() {
        return Err(of(cert, "it holds no certificate in PEM".to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_slice(&bytes(key).await?).map_err(|error| of(key, error.to_string()))?;
    let versions = ServerConfig::builder_with_provider(platform::tls::provider()).with_safe_default_protocol_versions();
    let builder = versions.map_err(io::Error::other)?.with_no_client_auth();
    let mut config =
        builder.with_single_cert(chain, secret).map_err(|error| of(cert, format!("with the key {key}: {error}")))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
