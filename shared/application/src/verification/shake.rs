//! Handshakes: what a provider asks before it sends anything else.

use super::Refused;
use crate::app::App;
use domain::signature::Request;
use domain::signature::handshake::{Handshake, Reply, handshake};
use domain::source::ReadyVerification;
use platform::store::{ConfigChange, ConfigEntry, ConfigKind, Saved};
use serde_json::Value;

/// What a request is, as far as handshakes go.
pub(super) enum Shake {
    /// None.
    None,
    /// One that needed no signature, and its answer.
    Answered(Reply),
    /// One that needs a signature.
    Signed(Handshake),
}

/// Answers what comes without a signature. A secret is taken only while the source waits for one.
pub(super) async fn unsigned(
    app: &App,
    verification: &ReadyVerification,
    source: Option<&str>,
    request: &Request<'_>,
) -> Result<Shake, Refused> {
    let asked = verification.preset.and_then(|preset| handshake(preset, verification.known(), request));
    Ok(match (asked, source) {
        (Some(Handshake::Unsigned(reply)), _) => Shake::Answered(reply),
        (Some(Handshake::Secret { secret, reply }), Some(source)) if verification.awaits_secret() => {
            learn(app, source, secret.reveal()).await?;
            Shake::Answered(reply)
        }
        (Some(signed @ (Handshake::Signed(_) | Handshake::Confirm { .. })), _) => Shake::Signed(signed),
        (Some(Handshake::Secret { .. }) | None, _) => Shake::None,
    })
}

/// Answers what was found to be signed.
pub(super) async fn signed(app: &App, place: &str, handshake: Handshake) -> Result<Reply, Refused> {
    if let Handshake::Confirm { url, .. } = &handshake
        && let Err(failure) = app.sender.fetch(url).await
    {
        tracing::warn!(target: "ringback::source", place, reason = failure.message, "a subscription was not confirmed");
        return Err(Refused::Unavailable("the subscription could not be confirmed; try again"));
    }
    Ok(handshake.reply().clone())
}

/// Keeps the secret that a provider has sent, sealed. The first one stands.
async fn learn(app: &App, source: &str, secret: &str) -> Result<(), Refused> {
    let name = ConfigEntry::seal_name(ConfigKind::Learned, source, "secret");
    let sealed = app.keys()?.seal(secret.as_bytes(), &name);
    let now = app.now();
    let entry = ConfigEntry {
        name: source.to_owned(),
        content: Value::Null,
        secrets: [("secret".to_owned(), vec![sealed])].into(),
        version: 0,
        updated_at: now,
    };
    let change = ConfigChange {
        at: now,
        kind: ConfigKind::Learned,
        name: source.to_owned(),
        action: "created".to_owned(),
        by: "the provider".to_owned(),
        fields: vec!["secret".to_owned()],
    };
    let saved = app.store.save_config(&entry, 0, &change).await?;
    app.sources.learned.forget();
    match saved {
        Saved::Written(_) => {
            tracing::info!(target: "ringback::source", source, "the provider has sent its secret");
            Ok(())
        }
        Saved::Conflict => Err(Refused::NotProven),
    }
}
