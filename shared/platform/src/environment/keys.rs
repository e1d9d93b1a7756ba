use super::Environment;
use crate::parameters;
use crate::secret::KeyRing;
use crate::signed::Signed;
use std::error::Error;

/// The keys of secrets.
///
/// `RINGBACK_KEY`, or the SSM parameter that `RINGBACK_KEY_PARAMETER` names. They are read once, when a
/// function starts: after a rotation, functions that run already don't know the new key until they start anew, so the new key
/// is first added behind the current one, and moved in front later.
///
/// # Errors
/// In words, if there are none, or they can't be read.
pub async fn keys(environment: &Environment, aws: &Signed) -> Result<KeyRing, Box<dyn Error + Send + Sync>> {
    if let Some(text) = environment.get("RINGBACK_KEY") {
        return KeyRing::parse(text).map_err(|error| format!("RINGBACK_KEY: {error}").into());
    }
    let Some(name) = environment.text("RINGBACK_KEY_PARAMETER") else {
        return Err("RINGBACK_KEY or RINGBACK_KEY_PARAMETER must be set: the keys of secrets".into());
    };
    let text = parameters::parameters(aws, std::slice::from_ref(&name)).await?.remove(&name).unwrap_or_default();
    KeyRing::parse(&text).map_err(|error| format!("the SSM parameter {name}: {error}").into())
}
