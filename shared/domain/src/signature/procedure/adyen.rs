//! Adyen's classic notifications: a signature in each item of the body, over eight of its fields.
//!
//! Source: <https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures>. Each item must be genuine.

use crate::signature::check::{Attempt, Proof};
use crate::signature::{Refusal, fields::Fields};

/// The fields that are signed, in order.
const SIGNED: [&str; 8] = [
    "pspReference",
    "originalReference",
    "merchantAccountCode",
    "merchantReference",
    "amount.value",
    "amount.currency",
    "eventCode",
    "success",
];

/// Judges every item.
pub(in crate::signature) fn judge(attempt: &Attempt<'_>) -> Result<Proof, Refusal> {
    let fields = attempt.fields.get();
    let items = fields.at("notificationItems").and_then(|items| items.as_array()).map_or(0, Vec::len);
    if items == 0 {
        return Err(Refusal::missing("`notificationItems` of the body"));
    }
    let mut first = None;
    for item in 0..items {
        let key = judge_item(attempt, fields, &format!("notificationItems.{item}.NotificationRequestItem"))?;
        first.get_or_insert(key);
    }
    Ok(Proof { key: first.unwrap_or_default(), signed_at: None })
}

fn judge_item(attempt: &Attempt<'_>, fields: &Fields, item: &str) -> Result<usize, Refusal> {
    let what = format!("`{item}.additionalData.hmacSignature` of the body");
    let signature = fields.text(&format!("{item}.additionalData.hmacSignature"));
    let signature = attempt.decode(&what, &[signature.ok_or_else(|| Refusal::missing(&what))?])?;
    let values = SIGNED.iter().map(|name| fields.text(&format!("{item}.{name}")).unwrap_or_default());
    let content = values.collect::<Vec<_>>().join(":");
    attempt.matching(content.as_bytes(), &signature).ok_or(Refusal::Mismatch { what })
}
