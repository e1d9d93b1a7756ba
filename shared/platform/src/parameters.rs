//! Parameters of AWS Systems Manager, read once when a function starts
//! (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>).

use crate::chance::Chance;
use crate::signed::{Request, Signed};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

type Error = Box<dyn StdError + Send + Sync>;

/// Names in one request (the page above: 10).
const BATCH: usize = 10;
/// A function that can't have its parameters within this time doesn't start: Lambda gives a start 10 s
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>).
const WITHIN: Duration = Duration::from_secs(8);
/// For one request.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The pause before a request is made again, at the most; it doubles. Parameter Store takes 40 requests a second of an
/// account (<https://docs.aws.amazon.com/general/latest/gr/ssm.html>), and a burst starts many functions at once.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
const TARGET: &str = "AmazonSSM.GetParameters";

/// The decrypted values of these parameters, by name.
///
/// # Errors
/// If one is missing, or the service does not answer as it should. Values are never in the text.
pub(crate) async fn parameters(aws: &Signed, names: &[String]) -> Result<HashMap<String, Zeroizing<String>>, Error> {
    let values = found(aws, names).await?;
    match names.iter().find(|name| !values.contains_key(*name)) {
        Some(missing) => Err(format!("there is no SSM parameter {missing}, or it may not be read").into()),
        None => Ok(values),
    }
}

/// Of these parameters, the decrypted values of those that are there, by name.
///
/// # Errors
/// If the service does not answer as it should. Values are never in the text.
pub(crate) async fn found(aws: &Signed, names: &[String]) -> Result<HashMap<String, Zeroizing<String>>, Error> {
    let mut values = HashMap::with_capacity(names.len());
    for names in names.chunks(BATCH) {
        let answer = ask(aws, &json!({"Names": names, "WithDecryption": true})).await?;
        let found = answer.get("Parameters").and_then(Value::as_array).into_iter().flatten();
        values.extend(found.filter_map(|parameter| {
            let text = |field: &str| parameter.get(field).and_then(Value::as_str);
            Some((text("Name")?.to_owned(), Zeroizing::new(text("Value")?.to_owned())))
        }));
    }
    Ok(values)
}

/// Why there was no answer.
struct Refused {
    error: Error,
    /// The same request may be taken a moment later.
    passes: bool,
}

async fn ask(aws: &Signed, request: &Value) -> Result<Value, Error> {
    let (chance, mut pause) = (Chance::default(), FIRST_PAUSE);
    let over = Instant::now() + WITHIN;
    loop {
        match once(aws, request).await {
            Ok(answer) => return Ok(answer),
            Err(refused) if refused.passes && Instant::now() + pause < over => {
                sleep(pause.mul_f64(chance.fraction())).await;
                pause *= 2;
            }
            Err(refused) => return Err(refused.error),
        }
    }
}

async fn once(aws: &Signed, request: &Value) -> Result<Value, Refused> {
    let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", TARGET)];
    let request = Request { service: "ssm", path: "/", headers: &headers, body: request.to_string(), timeout: TIMEOUT };
    let answer = aws.send(request).await.map_err(|error| Refused { passes: error.is::<reqwest::Error>(), error })?;
    let status = answer.status();
    let answer = answer.json::<Value>().await.map_err(|error| Refused { error: error.into(), passes: true })?;
    if status.is_success() {
        return Ok(answer);
    }
    let class = answer.get("__type").and_then(Value::as_str).unwrap_or("an error without a name");
    let error = format!("SSM refused to give the parameters: {status}, {class}").into();
    Err(Refused { error, passes: status.is_server_error() || class.ends_with("ThrottlingException") })
}

#[cfg(test)]
pub(crate) mod tests;
