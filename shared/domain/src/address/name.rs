//! Names that lead inside, judged as they are written.
//!
//! Every answer of the resolver is judged too. That a name is refused already by its ending gives an error when an
//! endpoint is created instead of one at each delivery, and holds where a resolver lies.

use super::Refusal;

/// Endings that the internet's root doesn't have, or that mean something else than a host of the internet.
///
/// Special-use names (<https://www.iana.org/assignments/special-use-domain-names>): `localhost`, `local`, `invalid`,
/// `onion`, `alt`, `home.arpa`, `internal` (reserved by ICANN in 2024). Names that networks use inside and that ICANN
/// therefore doesn't give out (<https://www.icann.org/en/system/files/files/name-collision-mitigation-01aug14-en.pdf>):
/// `corp`, `home`, `mail`; and what routers and clusters make of it: `lan`, `localdomain`, `intranet`, `private`, `svc`.
const INSIDE: &[&str] = &[
    "localhost",
    "local",
    "invalid",
    "onion",
    "alt",
    "home.arpa",
    "internal",
    "corp",
    "home",
    "mail",
    "lan",
    "localdomain",
    "intranet",
    "private",
    "svc",
];

/// Public zones whose names lead to whatever address is written in them, or to loopback: made for development.
const LEADING_ANYWHERE: &[&str] =
    &["nip.io", "sslip.io", "xip.io", "localtest.me", "lvh.me", "vcap.me", "lacolhost.com", "traefik.me"];

/// The longest name in DNS, in bytes without the last dot (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 253;
/// The longest of its labels (RFC 1035, section 2.3.4).
const MAX_LABEL: usize = 63;

/// Judges a name in lower case without its last dot. The outer error holds whatever is allowed, the inner one unless
/// the name leads to an allowed range.
pub(super) fn judge(name: &str) -> Result<Result<(), Refusal>, Refusal> {
    if name.len() > MAX_NAME || name.split('.').any(|label| label.is_empty() || label.len() > MAX_LABEL) {
        return Err(Refusal::Unreadable("its host is not a name that DNS can have"));
    }
    let is_below = |zone: &&str| name.strip_suffix(*zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if !name.contains('.') || INSIDE.iter().chain(LEADING_ANYWHERE).any(is_below) {
        return Ok(Err(Refusal::InternalName));
    }
    Ok(Ok(()))
}
