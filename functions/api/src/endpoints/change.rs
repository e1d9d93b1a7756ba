//! `PATCH /api/webhooks/{id}`.

use super::{find, secret, show_stored, unusable};
use crate::body::Fields;
use crate::name::Name;
use crate::shown::Shown;
use crate::token::Caller;
use application::App;
use axum::extract::State;
use contract::answer;
use domain::endpoint::{Disabled, DisabledBy, Endpoint, Settings};
use edge::problem::{Code, Problem};
use platform::store::{Saved, StoredEndpoint};
use std::sync::Arc;

/// Fields that are left out keep their value; null takes an optional one away. `disabled: false` gives an endpoint another
/// chance, as if it had never failed, whether it was disabled or its breaker is open.
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(id): Name,
    mut fields: Fields,
) -> Result<Shown<answer::Endpoint>, Problem> {
    let StoredEndpoint { endpoint, version } = find(&app, &caller, &id).await?;
    let now = app.now();
    let wanted = disabled(&mut fields)?;
    let settings = Settings::read(fields.0, Some(&endpoint.settings)).map_err(unusable)?;
    // What was taken before the catalogue became strict may stay.
    let new = settings.events.iter().filter(|pattern| !endpoint.settings.events.contains(pattern));
    app.config.delivery.catalogue.check_patterns(new)?;
    if settings.url != endpoint.settings.url {
        secret::judge(&app, &settings.url).await?;
    }
    let disabled = match wanted {
        None => endpoint.disabled.clone(),
        Some(false) => None,
        Some(true) => endpoint.disabled.clone().or(Some(Disabled { at: now, why: DisabledBy::Request })),
    };
    let endpoint = Endpoint { settings, disabled, updated_at: now, ..endpoint };
    let saved = match wanted {
        Some(false) => app.store.revive_endpoint(&endpoint, version).await?,
        Some(true) | None => app.store.save_endpoint(&endpoint, version, &[]).await?,
    };
    app.directory.forget(&endpoint.customer);
    match saved {
        Saved::Written(version) => Ok(Shown::of(&show_stored(&app, &StoredEndpoint { endpoint, version }))),
        Saved::Conflict => Err(Problem::new(Code::Conflict, "somebody else changed the webhook just now; try again")),
    }
}

/// `disabled`, also as its opposite `is_active`, or as `status`.
pub(super) fn disabled(fields: &mut Fields) -> Result<Option<bool>, Problem> {
    let (disabled, active) = (fields.flag("disabled")?, fields.flag("is_active")?);
    let status = match fields.text("status")?.as_deref() {
        None => None,
        Some("active") => Some(false),
        Some("disabled") => Some(true),
        Some(_) => return Err(Problem::new(Code::UnusableRequest, "`status` must be `active` or `disabled`")),
    };
    Ok(disabled.or(active.map(|active| !active)).or(status))
}
