//! Whether a request is genuine: the same for sources and for the routes of listeners, before its body is parsed.
//!
//! ```text
//! raw request ─► handshake? ─► key to fetch? ─► verify ─► Passed | Answered | Refused
//! ```
//!
//! A request that fails costs no write, and its answer says nothing but that it failed; why goes to the log, which has some
//! lines a minute for each place.

mod refusals;
mod shake;

pub(crate) use refusals::Refusals;

use crate::app::App;
use crate::request::Raw;
use crate::sources::Found;
use domain::config::{RouteId, Verify};
use domain::redact::KnownSecrets;
use domain::signature::handshake::Reply;
use domain::signature::{Headers, Preset, Refusal, Request, Verified, Verifier, verify};
use domain::source::{Identity, ReadyVerification, usual_event};
use platform::store::StoreError;
use std::net::IpAddr;

/// Characters of an unknown source's name in the log, at most.
const SHOWN_NAME: usize = 64;
/// The place of requests to sources that don't exist.
const NOBODY: &str = "nobody";

/// Why a request is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is not genuine, or can't be known to be.
    #[error("the request could not be authenticated")]
    NotProven,
    /// Its sender's address is not one of those that may send.
    #[error("requests from this address are not taken")]
    AddressNotAllowed,
    /// What is needed to judge it can't be had: our own failure, so the sender is to try again.
    #[error("{0}")]
    Unavailable(&'static str),
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reason where the key, the secret or the entry that proves a sender is away.
const NO_PROOF: &str = "what proves the sender can't be read now; nothing has happened, try again";

/// What is to become of a request.
#[derive(Debug)]
pub enum Judged {
    /// It is genuine.
    Passed(Passed),
    /// It was a handshake, and this is the answer.
    Answered(Reply),
}

/// A genuine request, or one of which nothing had to be proven (`Passed::default()`).
#[derive(Debug, Default)]
pub struct Passed {
    /// What is known of it.
    pub verified: Verified,
    /// Headers and parameters of the query that hold a secret of ours.
    pub hidden: Vec<String>,
    /// The secrets that it may hold.
    pub secrets: KnownSecrets,
    /// The provider, if it is a known one.
    pub preset: Option<&'static Preset>,
}

impl Passed {
    /// By what repetitions of the request are recognised. `event` is its type, where that is known otherwise than by the
    /// provider's preset.
    pub fn identity(&self, seen: &Seen<'_>, event: Option<&str>) -> Identity {
        self.identity_of(&seen.request(), event)
    }

    /// The same for a request to a source, which has several addresses: one request has one identity at all of them.
    pub fn identity_at_source(&self, seen: &Seen<'_>, event: Option<&str>) -> Identity {
        let query = seen.raw.query().map_or_else(String::new, |query| format!("?{query}"));
        self.identity_of(&Request { url: &format!("/{query}"), ..seen.request() }, event)
    }

    fn identity_of(&self, request: &Request<'_>, event: Option<&str>) -> Identity {
        let event = event.map(str::to_owned).or_else(|| self.verified.event_type.clone());
        let event = event.or_else(|| usual_event(request));
        Identity::of(&self.verified, self.preset, request, event.as_deref(), &self.hidden)
    }
}

/// A request as verification sees it, with what it borrows.
#[derive(Debug)]
pub struct Seen<'r> {
    raw: &'r Raw,
    headers: Headers,
    url: String,
    client_ip: Option<IpAddr>,
}

impl<'r> Seen<'r> {
    /// A request to a port of the file; `public_url` is that of what is verified, if it has one. Else the request was sent to
    /// the port's public address, which `controller.public_url` and the gateways are in already ([`domain::run::Surroundings`]).
    pub fn new(app: &App, raw: &'r Raw, port: u16, public_url: Option<&str>) -> Self {
        let gateway = || app.surroundings.gateway.get(port.to_string())?.get("public_url")?.as_str();
        let base = public_url.or_else(gateway).unwrap_or_default();
        let client_ip = raw.client_ip(&app.config.controller.trusted_proxies);
        Self { raw, headers: raw.headers(), url: raw.url(base), client_ip }
    }

    /// As the judge takes it.
    pub fn request(&self) -> Request<'_> {
        let Self { raw, headers, url, client_ip } = self;
        Request { method: raw.method(), url, headers, body: &raw.bytes, client_ip: *client_ip }
    }
}

/// Judges a request by what must hold of it. `source` is whose it is, for those that may learn a secret.
///
/// # Errors
/// If it is not genuine, not taken from that address, or what is needed to judge it can't be had.
pub async fn judge(
    app: &App,
    place: &str,
    verification: &ReadyVerification,
    source: Option<&str>,
    seen: &Seen<'_>,
) -> Result<Judged, Refused> {
    weigh(app, place, verification, source, seen).await?.map_err(|refusal| refuse(app, place, &refusal, seen.client_ip))
}

/// As much work as [`judge`], for a name that no source has; the log says that, and nothing comes of it.
pub async fn judge_nobody(app: &App, name: &str, verification: &ReadyVerification, seen: &Seen<'_>) {
    // Whatever comes of it, nobody is there.
    let _ = weigh(app, NOBODY, verification, None, seen).await;
    let Some(unsaid) = app.sources.refusals.next(NOBODY, app.now()) else { return };
    let client_ip = seen.client_ip.map(|ip| ip.to_string());
    // The name is the sender's choice.
    let name: String = name.chars().take(SHOWN_NAME).collect();
    tracing::warn!(
        target: "ringback::source", source = name, client_ip, unsaid,
        "a request was refused: there is no source of that name"
    );
}

/// What is to become of a request, or why it is refused.
async fn weigh(
    app: &App,
    place: &str,
    verification: &ReadyVerification,
    source: Option<&str>,
    seen: &Seen<'_>,
) -> Result<Result<Judged, Refusal>, Refused> {
    let request = seen.request();
    let handshake = match shake::unsigned(app, verification, source, &request).await? {
        shake::Shake::Answered(reply) => return Ok(Ok(Judged::Answered(reply))),
        shake::Shake::Signed(handshake) => Some(handshake),
        shake::Shake::None => None,
    };
    let Some(verifier) = &verification.verifier else {
        if let Some(unsaid) = app.sources.refusals.next(place, app.now()) {
            tracing::warn!(target: "ringback::source", place, unsaid, "a request was refused: its secret has not come \
                yet");
        }
        return Err(Refused::NotProven);
    };
    let verified = match with_key(app, verifier, &request).await? {
        Ok(None) => verify(verifier, &request, app.now()),
        Ok(Some(verifier)) => verify(&verifier, &request, app.now()),
        Err(refusal) => Err(refusal),
    };
    let verified = match verified {
        Ok(verified) => verified,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(handshake) = handshake {
        return shake::signed(app, place, handshake).await.map(|reply| Ok(Judged::Answered(reply)));
    }
    Ok(Ok(Judged::Passed(Passed {
        verified,
        hidden: verification.secret_places(),
        secrets: verification.secrets().clone(),
        preset: verification.preset,
    })))
}

/// Judges a request to a listener's route; nothing is known of it where the route says nothing.
///
/// # Errors
/// As [`judge`].
pub async fn judge_route(
    app: &App,
    verify: Option<&Verify>,
    (id, port): (&RouteId, u16),
    raw: &Raw,
) -> Result<Option<Judged>, Refused> {
    let found;
    let (verification, source) = match verify {
        None => return Ok(None),
        Some(Verify::Inline(_)) => match app.sources.of_route(port, id) {
            Some(verification) => (verification.as_ref(), None),
            None => return Err(unusable(&id.0)),
        },
        Some(Verify::Source(name)) => match app.sources.find(&app.store, name, app.now()).await? {
            Found::Source(source) => {
                found = source;
                (&found.verification, Some(name.as_str()))
            }
            Found::Unusable | Found::Nobody => return Err(unusable(name)),
        },
    };
    let seen = Seen::new(app, raw, port, verification.public_url.as_deref());
    judge(app, &id.0, verification, source, &seen).await.map(Some)
}

/// What can't be judged is our own failure: the sender is to try again.
pub fn unusable(place: &str) -> Refused {
    tracing::error!(target: "ringback::source", place, "a request can't be judged: its verification can't be used");
    Refused::Unavailable(NO_PROOF)
}

/// The verifier with the provider's key, where it needs one.
async fn with_key(
    app: &App,
    verifier: &Verifier,
    request: &Request<'_>,
) -> Result<Result<Option<Verifier>, Refusal>, Refused> {
    let url = match verifier.key_to_fetch(request) {
        Ok(None) => return Ok(Ok(None)),
        Ok(Some(url)) => url,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let unavailable = || Refused::Unavailable(NO_PROOF);
    let key = app.sources.fetched.key(&app.sender, &url, app.now()).await.ok_or_else(unavailable)?;
    match verifier.clone().with_fetched(&key) {
        Ok(verifier) => Ok(Ok(Some(verifier))),
        Err(error) => {
            tracing::warn!(url, %error, "what a provider publishes is no key");
            Err(unavailable())
        }
    }
}

/// `unsaid` in the log: refused there before it, without a line.
fn refuse(app: &App, place: &str, refusal: &Refusal, client_ip: Option<IpAddr>) -> Refused {
    if let Some(unsaid) = app.sources.refusals.next(place, app.now()) {
        let (client_ip, reason) = (client_ip.map(|ip| ip.to_string()), refusal.code());
        tracing::warn!(
            target: "ringback::source", place, reason, client_ip, unsaid, "a request was refused: {refusal}"
        );
    }
    match refusal.status() {
        403 => Refused::AddressNotAllowed,
        _ => Refused::NotProven,
    }
}
