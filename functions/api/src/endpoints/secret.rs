//! What an endpoint is signed with, and where it may be.

use crate::body::Fields;
use application::App;
use domain::delivery::sign::Key;
use domain::endpoint::{Endpoint, Secret};
use domain::event::{CustomerId, EndpointId};
use domain::redact::MASKED;
use edge::problem::{Code, Problem};
use platform::chance::Chance;
use platform::store::StoreError;
use std::fmt;
use zeroize::Zeroizing;

/// A secret before it is sealed. Shows nothing of itself.
pub(super) struct Signing {
    text: Zeroizing<String>,
    /// We made it: it is shown, once.
    generated: bool,
}

/// The part of a new secret that an answer shows, this once.
#[derive(Default)]
pub(super) struct Revealed {
    /// The secret that was made.
    pub(super) secret: Option<String>,
    /// The key to verify with, where that isn't the secret.
    pub(super) public_key: Option<String>,
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signing")
    }
}

impl Signing {
    /// From `secret`, or made anew: as `signing` says, for `hmac` (the default) or `ed25519`.
    pub(super) fn read(fields: &mut Fields, chance: &Chance) -> Result<Self, Problem> {
        let unusable = |detail: String| Problem::new(Code::UnusableRequest, detail);
        let kind = fields.text("signing")?;
        let asymmetric = match kind.as_deref() {
            None | Some("hmac") => false,
            Some("ed25519") => true,
            Some(_) => return Err(unusable("`signing` must be `hmac` or `ed25519`".to_owned())),
        };
        let Some(given) = fields.text("secret")?.map(Zeroizing::new) else {
            let text =
                if asymmetric { Key::asymmetric_text(&chance.bytes()) } else { Key::symmetric_text(&chance.bytes()) };
            return Ok(Self { text, generated: true });
        };
        if *given == MASKED {
            return Err(unusable(format!("`secret` is `{MASKED}`, which is no secret: give one, or leave it out")));
        }
        match Key::read(&given).map_err(|error| unusable(error.to_string()))? {
            Key::Symmetric { .. } if asymmetric => {
                Err(unusable("for `ed25519`, a secret begins with `whsk_`; leave it out to have one made".to_owned()))
            }
            Key::Symmetric { .. } | Key::Asymmetric(_) => Ok(Self { text: given, generated: false }),
        }
    }

    /// Sealed to its endpoint, and what the answer shows of it: the secret that was made, or the key to verify with.
    ///
    /// # Errors
    /// If there are no keys to seal with.
    pub(super) fn seal(
        self,
        app: &App,
        customer: &CustomerId,
        id: &EndpointId,
    ) -> Result<(Secret, Revealed), StoreError> {
        let sealed = app.keys()?.seal(self.text.as_bytes(), &Endpoint::seal_name(customer, id));
        let public_key = Key::read(&self.text).ok().and_then(|key| key.public_text());
        let secret = (self.generated && public_key.is_none()).then(|| self.text.as_str().to_owned());
        let shown = Revealed { secret, public_key };
        Ok((Secret { sealed, until: None }, shown))
    }
}

/// Refuses a URL that the guard refuses. A name that can't be resolved now may be later: it is judged again at every
/// attempt.
pub(super) async fn judge(app: &App, url: &str) -> Result<(), Problem> {
    let refused = |why: String| Problem::new(Code::ForbiddenUrl, why);
    let (_, target) = app.sender.guard().judge(url).map_err(|refusal| refused(refusal.to_string()))?;
    match app.sender.look_up(&target).await {
        Err(failure) if failure.class.is_permanent() => Err(refused(failure.message)),
        Ok(_) | Err(_) => Ok(()),
    }
}
