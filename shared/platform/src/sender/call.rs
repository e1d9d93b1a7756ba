//! The face for workflows: a job's call, and its answer as a value.

use super::Sender;
use super::failure::Failure;
use crate::media::MediaType;
use domain::bytes;
use domain::delivery::ErrorClass;
use domain::run::{Call, JobError, Outcome};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

impl Sender {
    /// Makes one call. Whatever goes wrong with it is its outcome.
    pub async fn send(&self, call: &Call) -> Outcome {
        let answer = tokio::time::timeout(call.timeout, self.exchange(call)).await;
        answer
            .unwrap_or_else(|_| {
                let after = call.timeout.as_millis();
                Err(JobError::new("timeout", format!("the service did not answer within {after} ms")))
            })
            .unwrap_or_else(Outcome::Unreachable)
    }

    async fn exchange(&self, call: &Call) -> Result<Outcome, JobError> {
        let url = address(call)?;
        let judge = || self.guard.judge_url(&url).map_err(|refusal| refused(&url, &refusal.into()));
        let target = call.guarded.then(judge).transpose()?;
        let client = match &target {
            Some(target) => self.client_for(target).map_err(|failure| refused(&url, &failure))?,
            None => &self.trusted,
        };
        let method = Method::from_bytes(call.method.as_bytes())
            .map_err(|_| JobError::new("bad_method", format!("`{}` is no HTTP method", call.method)))?;
        let headers = headers(call)?;
        let host = url.host_str().unwrap_or("the service").to_owned();
        let mut request = client.request(method, url);
        if let Some(body) = &call.body {
            request = request.body(payload(body, headers.get(CONTENT_TYPE)));
        }
        let answered = self.dispatch(request.headers(headers), target.as_ref()).await;
        let mut answer = answered.map_err(|failure| unreachable(&host, &failure))?;
        let status = answer.status().as_u16();
        let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok().map(str::to_owned));
        let mut body = Vec::new();
        while let Some(chunk) =
            answer.chunk().await.map_err(|error| unreachable(&host, &Failure::from_client(&error)))?
        {
            if body.len() + chunk.len() > self.max_response {
                let limit = self.max_response;
                let error = JobError::new("response_too_large", format!("the answer is longer than {limit} bytes"));
                return Err(error);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Outcome::Answered { status, body: MediaType::new(content_type.as_deref()).answer(&body) })
    }
}

fn address(call: &Call) -> Result<Url, JobError> {
    let bad = |why: &str| JobError::new("bad_address", format!("`{}` can't be called: {why}", call.url));
    let mut url = Url::parse(&call.url).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("only http and https are"));
    }
    if !call.params.is_empty() {
        url.query_pairs_mut().extend_pairs(&call.params);
    }
    Ok(url)
}

fn headers(call: &Call) -> Result<HeaderMap, JobError> {
    let bad = |name: &str| JobError::new("bad_header", format!("the header `{name}` can't be sent"));
    let mut headers = HeaderMap::new();
    for (name, value) in &call.headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(name))?;
        headers.insert(key, HeaderValue::from_str(value).map_err(|_| bad(name))?);
    }
    if let Some(body) = &call.body {
        headers.entry(CONTENT_TYPE).or_insert_with(|| type_of(body));
    }
    let key = HeaderValue::from_str(&call.idempotency_key).map_err(|_| bad("idempotency-key"))?;
    headers.entry("idempotency-key").or_insert(key);
    Ok(headers)
}

/// The type of a body whose component names none: that of the bytes that it is, else JSON.
fn type_of(body: &Value) -> HeaderValue {
    let Some(bytes) = bytes::read(body) else { return HeaderValue::from_static("application/json") };
    HeaderValue::from_str(bytes.content_type).unwrap_or(HeaderValue::from_static(bytes::UNKNOWN_TYPE))
}

/// Bytes as they are, unless the content type says JSON; else JSON, unless it says form or text.
fn payload(body: &Value, content_type: Option<&HeaderValue>) -> Vec<u8> {
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    match bytes::read(body) {
        Some(bytes) if !content_type.contains("json") => bytes.data,
        Some(_) | None => body_text(body, content_type).into_bytes(),
    }
}

fn body_text(body: &Value, content_type: &str) -> String {
    match body {
        Value::Object(fields) if content_type.starts_with("application/x-www-form-urlencoded") => {
            let pairs = fields.iter().filter(|(_, value)| !value.is_null());
            let pairs = pairs.map(|(name, value)| (name, domain::wait::status_text(value)));
            form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        }
        Value::String(text) if !content_type.contains("json") => text.clone(),
        other => other.to_string(),
    }
}

/// The failure of a call that was never made.
fn refused(url: &Url, failure: &Failure) -> JobError {
    let host = url.host_str().unwrap_or_default();
    JobError::new(code(failure.class), format!("`{host}` can't be called: {}", failure.message))
}

/// The failure in the words of jobs. Those of the library may name internals.
fn unreachable(host: &str, failure: &Failure) -> JobError {
    JobError::new(code(failure.class), format!("{host} could not be reached: {}", failure.message))
}

/// A job's error says less than an attempt's class.
fn code(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::BadUrl => "bad_address",
        ErrorClass::ForbiddenAddress => "forbidden_address",
        ErrorClass::BadHeader => "bad_header",
        _ => "unreachable",
    }
}
