//! The face for small things of providers: their public keys, and confirmations that they ask for.

use super::Sender;
use super::failure::Failure;
use domain::delivery::ErrorClass;
use std::time::Duration;

/// How long it may take in all: 10 s.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read: 64 KiB. A certificate has two, a set of keys ten.
const LONGEST: usize = 64 * 1024;

impl Sender {
    /// Gets what is at an address, which is judged as a customer's is.
    ///
    /// # Errors
    /// If it can't be had, or is no success, or is too long, or is no text.
    pub async fn fetch(&self, url: &str) -> Result<String, Failure> {
        let timed_out = || Failure::new(ErrorClass::Timeout, "it did not answer in time");
        tokio::time::timeout(TIMEOUT, self.fetched(url)).await.unwrap_or_else(|_| Err(timed_out()))
    }

    async fn fetched(&self, url: &str) -> Result<String, Failure> {
        let (url, target) = self.guard.judge(url).map_err(Failure::from)?;
        let request = self.client_for(&target)?.get(url);
        let mut answer = self.dispatch(request, Some(&target)).await?;
        if !answer.status().is_success() {
            return Err(Failure::new(ErrorClass::Protocol, "it did not answer with success"));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| Failure::from_client(&error))? {
            if body.len() + chunk.len() > LONGEST {
                return Err(Failure::new(ErrorClass::Protocol, "its answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        String::from_utf8(body).map_err(|_| Failure::new(ErrorClass::Protocol, "its answer is no text"))
    }
}
