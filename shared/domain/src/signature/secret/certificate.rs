//! The public key of a certificate.
//!
//! Only the key is taken. Whether the certificate is the provider's is settled by where it was fetched from (HTTPS at a
//! pinned host), as the providers' own libraries do it; its dates and its chain are not looked at.

use super::BASE64;
use base64::Engine as _;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use webpki::EndEntityCert;

/// The `SubjectPublicKeyInfo` of a certificate: PEM, of which the first counts, or DER in base64.
pub(super) fn public_key(text: &str) -> Result<Vec<u8>, String> {
    let certificate = if text.contains("-----BEGIN") {
        CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| "there is no certificate in the PEM".to_owned())?
    } else {
        CertificateDer::from(base64(text)?)
    };
    let parsed = EndEntityCert::try_from(&certificate).map_err(|_| "it is not an X.509 v3 certificate".to_owned())?;
    Ok(parsed.subject_public_key_info().to_vec())
}

/// A `SubjectPublicKeyInfo`: PEM, or DER in base64.
pub(super) fn spki(text: &str) -> Result<Vec<u8>, String> {
    if text.contains("-----BEGIN") {
        let key = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes());
        return key.map(|key| key.to_vec()).map_err(|_| "there is no public key in the PEM".to_owned());
    }
    base64(text)
}

/// Base64 whose lines may be broken.
fn base64(text: &str) -> Result<Vec<u8>, String> {
    let text: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    BASE64.decode(text).map_err(|_| "it is not base64".to_owned())
}
