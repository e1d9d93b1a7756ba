//! Functions in AWS Lambda, invoked as programs
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>).

use crate::media::MediaType;
use crate::signed::{Failure, Request, Signed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::run::{Invocation, JobError, Outcome};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// RFC 3986, section 2.3: what needs no encoding.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Invokes functions with the credentials of this place.
#[derive(Debug, Clone)]
pub struct Functions {
    aws: Signed,
    max_answer: usize,
}

impl Functions {
    /// In the account and region that `aws` sends to; an answer may have so many bytes.
    pub fn new(aws: Signed, max_answer: usize) -> Self {
        Self { aws, max_answer }
    }

    /// Invokes a function and waits for its answer. That it failed is an outcome.
    pub async fn invoke(&self, invocation: &Invocation) -> Outcome {
        match self.answer(invocation).await {
            Ok(outcome) => outcome,
            Err(error) => {
                let message = format!("the function `{}` could not be invoked: {error}", invocation.function);
                Outcome::Unreachable(JobError::new("unreachable", message))
            }
        }
    }

    async fn answer(&self, invocation: &Invocation) -> Result<Outcome, Failure> {
        let name = utf8_percent_encode(&invocation.function, SEGMENT);
        // What a function reads as `context.clientContext`; at most 3,583 bytes (the page above).
        let context = STANDARD.encode(json!({"custom": {"idempotency_key": invocation.idempotency_key}}).to_string());
        let headers = [
            ("content-type", "application/json"),
            ("x-amz-invocation-type", "RequestResponse"),
            ("x-amz-client-context", &context),
        ];
        let request = Request {
            service: "lambda",
            path: &format!("/2015-03-31/functions/{name}/invocations"),
            headers: &headers,
            body: invocation.payload.to_string(),
            timeout: invocation.timeout,
        };
        let mut answer = self.aws.send(request).await?;
        let status = answer.status();
        let failed = answer.headers().get("x-amz-function-error").is_some();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > self.max_answer {
                return Err(format!("its answer is longer than {} bytes", self.max_answer).into());
            }
        }
        let body = MediaType::new(None).answer(&bytes);
        if failed {
            let said = body.get("errorMessage").and_then(Value::as_str).unwrap_or("it didn't say why");
            let message = format!("the function `{}` failed: {said}", invocation.function);
            return Ok(Outcome::Unreachable(JobError::new("function_failed", message).with_detail(body)));
        }
        if !status.is_success() {
            let said = ["message", "Message"].iter().find_map(|field| body.get(field).and_then(Value::as_str));
            return Err(format!("{status}, {}", said.unwrap_or("without a reason")).into());
        }
        Ok(Outcome::Answered { status: 200, body })
    }
}

#[cfg(test)]
mod tests;
