//! Requests to services of AWS of which one operation is needed.
//!
//! A service's SDK crate would cost every build a minute for the sake of one request, so the request is made here, and
//! signed by the library that the SDK itself signs with (Signature Version 4,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>).

use crate::clock::{Clock, SystemClock};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use std::time::{Duration, SystemTime};

/// Why there was no answer. The text is for the log and has no secrets.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A request to a service.
pub(crate) struct Request<'a> {
    /// `ssm`, `lambda`: in the address and in the signature.
    pub(crate) service: &'a str,
    /// With a slash, percent-encoded.
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: String,
    /// Bounds the whole exchange.
    pub(crate) timeout: Duration,
}

/// Sends it, signed, to the region's endpoint, or to the one that the environment names.
///
/// # Errors
/// What is missing to sign it, or why the service can't be reached.
pub(crate) async fn send(aws: &SdkConfig, request: Request<'_>) -> Result<reqwest::Response, Failure> {
    let Request { service, path, headers, body, timeout } = request;
    let region = aws.region().ok_or("no AWS region is set")?.as_ref();
    let url = match aws.endpoint_url() {
        Some(url) => url.trim_end_matches('/').to_owned() + path,
        None => format!("https://{service}.{region}.amazonaws.com{path}"),
    };
    let provider = aws.credentials_provider().ok_or("no AWS credentials are set")?;
    let identity = provider.provide_credentials().await?.into();
    let parameters = SigningParams::builder().identity(&identity).region(region).name(service);
    let parameters =
        parameters.time(SystemTime::from(SystemClock.now())).settings(SigningSettings::default()).build()?;
    let signable = SignableRequest::new("POST", &url, headers.iter().copied(), SignableBody::Bytes(body.as_bytes()))?;
    let (signed, _) = sign(signable, &parameters.into())?.into_parts();
    let mut http = http::Request::post(&url).header("accept", "application/json");
    for (name, value) in headers {
        http = http.header(*name, *value);
    }
    let mut http = http.body(body)?;
    signed.apply_to_request_http1x(&mut http);
    let client = crate::tls::client().timeout(timeout).redirect(reqwest::redirect::Policy::none()).build()?;
    Ok(client.execute(http.try_into()?).await?)
}
