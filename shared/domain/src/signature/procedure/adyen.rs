//! Adyen's classic notifications: a signature in each item of the body, over eight of its fields.
//!
//! Source: <https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures>. Each item must be genuine.

use crate::signature::check::{Attempt, Proof};
use crate::signature::covered::{Covered, Proven};
use crate::signature::{Refusal, fields::Fields};
use std::collections::BTreeSet;

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
    let (mut first, mut signed) = (None, BTreeSet::new());
    for item in 0..items {
        let item = format!("notificationItems.{item}.NotificationRequestItem");
        let (key, content) = judge_item(attempt, fields, &item)?;
        first.get_or_insert(key);
        signed.insert(content);
    }
    // Each item is signed by itself: another order, or an item twice, makes nothing new.
    let all: Vec<u8> = signed.iter().flat_map(|content| content.bytes().chain([b'\n'])).collect();
    let proven = Proven::Signature(Covered::of(&all));
    Ok(Proof { key: first.unwrap_or_default(), signed_at: None, id: None, proven })
}

fn judge_item(attempt: &Attempt<'_>, fields: &Fields, item: &str) -> Result<(usize, String), Refusal> {
    let what = format!("`{item}.additionalData.hmacSignature` of the body");
    let signature = fields.text(&format!("{item}.additionalData.hmacSignature"));
    let signature = attempt.decode(&what, &[signature.ok_or_else(|| Refusal::missing(&what))?])?;
    let values = SIGNED.iter().map(|name| fields.text(&format!("{item}.{name}")).unwrap_or_default());
    let content = values.collect::<Vec<_>>().join(":");
    let key = attempt.matching(content.as_bytes(), &signature).ok_or(Refusal::Mismatch { what })?;
    Ok((key, content))
}
