//! AWS SNS: RSA over named lines of the body, with SHA-1 (version 1) or SHA-256 (version 2).
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html>.

use crate::signature::check::{Attempt, Proof};
use crate::signature::covered::{Covered, Proven};
use crate::signature::scheme::Algorithm;
use crate::signature::secret::Key;
use crate::signature::{Refusal, fields::Fields};

/// The lines of a notification; the subject only if there is one.
const NOTIFICATION: [&str; 6] = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
/// The lines of a confirmation.
const CONFIRMATION: [&str; 7] = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/// Whether the signature covers a field of the body.
pub(in crate::signature) fn covers(path: &str) -> bool {
    let name = path.split_once('.').map_or(path, |(name, _)| name);
    NOTIFICATION.contains(&name) || CONFIRMATION.contains(&name)
}

/// Judges the message.
pub(in crate::signature) fn judge(attempt: &Attempt<'_>) -> Result<Proof, Refusal> {
    let fields = attempt.fields.get();
    let field = |name: &str| fields.text(name).ok_or_else(|| Refusal::missing(format!("`{name}` of the body")));
    field("SigningCertURL")?;
    let algorithm = match field("SignatureVersion")?.as_str() {
        "1" => Algorithm::RsaSha1,
        "2" => Algorithm::RsaSha256,
        _ => {
            let what = "`SignatureVersion` of the body".to_owned();
            return Err(Refusal::UnknownVersion { what, expected: "1 or 2".to_owned() });
        }
    };
    let what = "`Signature` of the body";
    let signatures = attempt.decode(what, &[field("Signature")?])?;
    let content = content(fields)?;
    let verifies = |key: &Key| signatures.iter().any(|signature| key.verifies(algorithm, &content, signature));
    let key = attempt.keys.iter().position(verifies).ok_or(Refusal::Mismatch { what: what.to_owned() })?;
    let signed_at = fields.text("Timestamp").and_then(|time| time.parse().ok());
    // The time is when the message was published, the same in each repetition, so it may stay in.
    Ok(Proof { key, signed_at, id: None, proven: Proven::Signature(Covered::of(&content)) })
}

fn content(fields: &Fields) -> Result<Vec<u8>, Refusal> {
    let kind = fields.text("Type").ok_or_else(|| Refusal::missing("`Type` of the body"))?;
    let names: &[&str] = match kind.as_str() {
        "Notification" => &NOTIFICATION,
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => &CONFIRMATION,
        _ => return Err(Refusal::malformed("`Type` of the body", "it is none of SNS")),
    };
    let mut content = String::new();
    for name in names {
        match fields.text(name) {
            Some(value) => content.extend([name, "\n", &value, "\n"]),
            None if *name == "Subject" => {}
            None => return Err(Refusal::missing(format!("`{name}` of the body"))),
        }
    }
    Ok(content.into_bytes())
}
