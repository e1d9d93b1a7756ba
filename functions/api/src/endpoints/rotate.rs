//! `POST /api/webhooks/{id}/rotate-secret`.

use super::{find, secret};
use crate::body::Fields;
use crate::name::Name;
use crate::shown::Shown;
use crate::token::Caller;
use application::App;
use axum::extract::State;
use contract::answer::RotatedSecret;
use domain::endpoint::{Endpoint, Secret};
use edge::problem::{Code, Problem};
use jiff::SignedDuration;
use platform::store::{Saved, StoredEndpoint};
use std::sync::Arc;

/// How long the secret before signs beside its successor where the request says nothing: 24 h, in seconds.
const GRACE: u64 = 24 * 60 * 60;
/// At most: 30 days, in seconds.
const LONGEST_GRACE: u64 = 30 * 24 * 60 * 60;
/// Secrets that sign at once, at most.
const MOST: usize = 5;

/// With `{secret?, signing?, grace_period?}`, the last in seconds. The new secret signs at once; those before it sign
/// beside it until their time is over.
pub(crate) async fn rotate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(id): Name,
    mut fields: Fields,
) -> Result<Shown<RotatedSecret>, Problem> {
    let StoredEndpoint { mut endpoint, version } = find(&app, &caller, &id).await?;
    let signing = secret::Signing::read(&mut fields, &app.chance)?;
    let grace = fields.number("grace_period", LONGEST_GRACE)?.unwrap_or(GRACE);
    fields.nothing_else()?;
    let now = app.now();
    let grace = SignedDuration::from_secs(i64::try_from(grace).unwrap_or(0));
    let until = now.checked_add(grace).unwrap_or(now);
    let (newest, shown) = signing.seal(&app, &endpoint.customer, &endpoint.id)?;
    let before = std::mem::take(&mut endpoint.secrets)
        .into_iter()
        .map(|secret| Secret { until: Some(secret.until.map_or(until, |before| before.min(until))), ..secret });
    endpoint.secrets = std::iter::once(newest)
        .chain(before.filter(|secret| secret.until.is_some_and(|until| now < until)))
        .take(MOST)
        .collect();
    let endpoint = Endpoint { updated_at: now, ..endpoint };
    let saved = app.store.save_endpoint(&endpoint, version, &[]).await?;
    app.directory.forget(&endpoint.customer);
    if saved == Saved::Conflict {
        return Err(Problem::new(Code::Conflict, "somebody else changed the webhook just now; try again"));
    }
    Ok(Shown::of(&RotatedSecret {
        webhook_id: endpoint.id.to_string(),
        previous_secret_valid_until: until,
        secret: shown.secret,
        public_key: shown.public_key,
    }))
}
