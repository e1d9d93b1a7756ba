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
use reqwest::Client;
use std::sync::{Arc, OnceLock};
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

/// Sends requests to services of one account and region, over connections that it keeps. Clones share them.
#[derive(Debug, Clone)]
pub struct Signed {
    aws: SdkConfig,
    client: Arc<OnceLock<Client>>,
}

impl Signed {
    /// To services in the account and region of these settings.
    pub fn new(aws: SdkConfig) -> Self {
        Self { aws, client: Arc::default() }
    }

    /// Sends a request, signed, to the region's endpoint, or to the one that the environment names.
    ///
    /// # Errors
    /// What is missing to sign it, or why the service can't be reached.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<reqwest::Response, Failure> {
        let Request { service, path, headers, body, timeout } = request;
        let region = self.aws.region().ok_or("no AWS region is set")?.as_ref();
        let url = match self.aws.endpoint_url() {
            Some(url) => url.trim_end_matches('/').to_owned() + path,
            None => format!("https://{service}.{region}.{}{path}", domain_of(region)),
        };
        let provider = self.aws.credentials_provider().ok_or("no AWS credentials are set")?;
        let identity = provider.provide_credentials().await?.into();
        let parameters = SigningParams::builder().identity(&identity).region(region).name(service);
        let parameters =
            parameters.time(SystemTime::from(SystemClock.now())).settings(SigningSettings::default()).build()?;
        let signable =
            SignableRequest::new("POST", &url, headers.iter().copied(), SignableBody::Bytes(body.as_bytes()))?;
        let (signed, _) = sign(signable, &parameters.into())?.into_parts();
        let mut http = http::Request::post(&url).header("accept", "application/json");
        for (name, value) in headers {
            http = http.header(*name, *value);
        }
        let mut http = http.body(body)?;
        signed.apply_to_request_http1x(&mut http);
        let mut request = reqwest::Request::try_from(http)?;
        *request.timeout_mut() = Some(timeout);
        Ok(self.client()?.execute(request).await?)
    }

    fn client(&self) -> Result<&Client, Failure> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = crate::tls::client().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(self.client.get_or_init(|| made))
    }
}

/// The domain of a region's services: each partition of AWS has its own
/// (<https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>).
fn domain_of(region: &str) -> &'static str {
    const PARTITIONS: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
    ];
    let partition = PARTITIONS.iter().find(|(regions, _)| region.starts_with(regions));
    partition.map_or("amazonaws.com", |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::domain_of;

    #[test]
    fn a_regions_services_are_in_the_domain_of_its_partition() {
        for (region, domain) in [
            ("eu-west-1", "amazonaws.com"),
            ("us-gov-west-1", "amazonaws.com"),
            ("cn-north-1", "amazonaws.com.cn"),
            ("eusc-de-east-1", "amazonaws.eu"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
        ] {
            assert_eq!(domain_of(region), domain, "{region}");
        }
    }
}
