//! The face for deliveries: a parcel to somebody else's address, and everything that came of it.

use super::failure::Failure;
use super::{Sender, header};
use bytes::Bytes;
use domain::delivery::ErrorClass;
use reqwest::Response;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How much of an answer is kept, in bytes: enough to see what the receiver says.
pub const PARCEL_RESPONSE: usize = 16 << 10;

/// No exchange lasts longer, whatever its parcel says: more than a day can only be a mistake.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What is posted.
#[derive(Clone)]
pub struct Parcel {
    /// As the customer wrote it: it is judged anew each time.
    pub url: String,
    /// Names and values, `Content-Type` included; all are sent, in this order.
    pub headers: Vec<(String, String)>,
    /// Sent as it is.
    pub body: Bytes,
    /// Bounds the whole exchange, the answer's body included; a connection has
    /// [`CONNECT_TIMEOUT`](super::CONNECT_TIMEOUT) of it at most.
    pub timeout: Duration,
}

/// What came of a parcel.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The answer, or why there is none.
    pub answer: Result<Reply, Failure>,
    /// From the first step to the last byte that was read.
    pub took: Duration,
    /// Where the connection led; absent where there was none. Not for the customer's eyes.
    pub remote: Option<SocketAddr>,
}

/// A receiver's answer. Once its status has come, it stands, whatever becomes of the rest.
#[derive(Debug, Clone)]
pub struct Reply {
    /// 100 to 999.
    pub status: u16,
    /// All of them.
    pub headers: HeaderMap,
    /// At most [`PARCEL_RESPONSE`] bytes, as they came.
    pub body: Vec<u8>,
    /// Why the body is not whole; absent where it is.
    pub cut: Option<Cut>,
}

/// What cut an answer's body off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It is longer than is kept.
    Limit,
    /// The exchange's time was over.
    Deadline,
    /// The connection broke.
    Broken,
}

impl Reply {
    /// Whether some of the body is missing.
    pub fn truncated(&self) -> bool {
        self.cut.is_some()
    }

    /// `Retry-After` as it was sent: seconds, or a date (RFC 9110, section 10.2.3).
    pub fn retry_after(&self) -> Option<&str> {
        self.headers.get(RETRY_AFTER)?.to_str().ok()
    }
}

impl fmt::Debug for Parcel {
    /// Without the headers' values, which may be secrets, and the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let Self { url, body, timeout, .. } = self;
        f.debug_struct("Parcel")
            .field("url", url)
            .field("headers", &names)
            .field("body", &format_args!("{} bytes", body.len()))
            .field("timeout", timeout)
            .finish()
    }
}

impl Sender {
    /// Posts a parcel, guarded. What a receiver sends beyond the limit or the deadline is not read, and the connection
    /// is closed. Whatever goes wrong is in the exchange.
    pub async fn post(&self, parcel: &Parcel) -> Exchange {
        let start = Instant::now();
        let deadline = start + parcel.timeout.min(LONGEST);
        let answered = timeout_at(deadline, self.answer(parcel)).await;
        let answered = answered.unwrap_or_else(|_| {
            let after = parcel.timeout.as_millis();
            Err(Failure::new(ErrorClass::Timeout, format!("it did not answer within {after} ms")))
        });
        let remote = answered.as_ref().ok().and_then(Response::remote_addr);
        let answer = match answered {
            Ok(response) => Ok(read(response, deadline).await),
            Err(failure) => Err(failure),
        };
        Exchange { answer, took: start.elapsed(), remote }
    }

    async fn answer(&self, parcel: &Parcel) -> Result<Response, Failure> {
        let (url, target) = self.guard.judge(&parcel.url)?;
        let mut headers = header::headers(&parcel.headers)?;
        // What is packed has no size until it is unpacked.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let request = self.client_for(&target)?.post(url).headers(headers).body(parcel.body.clone());
        self.dispatch(request, Some(&target)).await
    }
}

async fn read(mut response: Response, deadline: Instant) -> Reply {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    let cut = loop {
        match timeout_at(deadline, response.chunk()).await {
            Err(_) => break Some(Cut::Deadline),
            Ok(Err(_)) => break Some(Cut::Broken),
            Ok(Ok(None)) => break None,
            Ok(Ok(Some(chunk))) => {
                let left = PARCEL_RESPONSE - body.len();
                body.extend_from_slice(chunk.get(..left).unwrap_or(&chunk));
                if chunk.len() > left {
                    break Some(Cut::Limit);
                }
            }
        }
    };
    Reply { status, headers, body, cut }
}
