//! Whether anybody answers at an address: a request that asks for nothing.

use super::Sender;
use super::failure::Failure;
use domain::delivery::ErrorClass;
use reqwest::Method;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The status, or why there is none.
    pub status: Result<u16, Failure>,
    /// How long it took.
    pub took: Duration,
}

impl Sender {
    /// Asks with `HEAD`, and with `OPTIONS` where the receiver knows no `HEAD` (405 or 501, RFC 9110 sections 15.5.6 and
    /// 15.6.2); guarded as deliveries are. `limit` bounds both.
    pub async fn probe(&self, url: &str, limit: Duration) -> Probe {
        let start = Instant::now();
        let asked = timeout(limit, async {
            match self.ask(Method::HEAD, url).await {
                Ok(405 | 501) => self.ask(Method::OPTIONS, url).await,
                other => other,
            }
        });
        let late = || Failure::new(ErrorClass::Timeout, format!("it did not answer within {} s", limit.as_secs()));
        let status = asked.await.unwrap_or_else(|_| Err(late()));
        Probe { status, took: start.elapsed() }
    }

    async fn ask(&self, method: Method, url: &str) -> Result<u16, Failure> {
        let (url, target) = self.guard.judge(url)?;
        let request = self.client_for(&target)?.request(method, url);
        Ok(self.dispatch(request, Some(&target)).await?.status().as_u16())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::address::Guard;

    #[tokio::test]
    async fn nobody_is_asked_who_may_not_be_called() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let sender = Sender::new(1 << 20, Guard::default()).unwrap();
        let asked = sender.probe(&url, Duration::from_secs(10));
        tokio::select! {
            probe = asked => assert_eq!(probe.status.unwrap_err().class, ErrorClass::ForbiddenAddress),
            _ = listener.accept() => panic!("it was called"),
        }
    }
}
