//! May we call this address? The judgement, without a resolver.
//!
//! ```text
//!  text ─ url crate ─► Url ─ judge_url ─► Target ─┬─ an address: judged already
//!                                                 └─ a name ─ resolver ─► all answers ─ Reach::judge_answers
//! ```
//!
//! - What is judged is [`Url::host`], never the text: the WHATWG parser has by then turned decimal, octal, hexadecimal,
//!   shortened, full-width and percent-encoded spellings into one (<https://url.spec.whatwg.org/#host-parsing>).
//! - A name is judged twice: as it is written, and by every address it leads to. One bad answer refuses all of
//!   them.
//! - Only addresses of the public internet pass, and what names another address inside itself passes by that one's
//!   verdict or not at all.
//! - What the file names in `delivery.allow_private` passes, on any port; nothing else is lifted by it.
//! - A [`Refusal`] names a class, never an address that a resolver gave.

mod ip;
mod name;
mod port;
mod refusal;
#[cfg(test)]
mod tests;

pub use ip::AddressKind;
pub use refusal::Refusal;

use ipnet::IpNet;
use std::net::IpAddr;
use url::{Host, Url};

/// The longest URL that is called, in bytes: what receivers and proxies can be expected to take
/// (RFC 9110, section 4.1, asks for 8,000 at least; common limits of servers and stores are at 2,048).
pub const MAX_URL: usize = 2048;

/// Judges addresses. [`Guard::default`] lets nothing but the public internet pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    allowed: Vec<IpNet>,
    /// Loopback and link-local stay forbidden whatever is allowed.
    guards_machine: bool,
}

/// Where a URL leads that may be called as far as it can be told without a resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A judged address, or a name whose answers are still to be judged.
    pub host: TargetHost,
    /// TCP port.
    pub port: u16,
    /// What answers of the resolver may be.
    pub reach: Reach,
}

/// The host of a [`Target`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetHost {
    /// Written out in the URL, and judged.
    Address(IpAddr),
    /// In lower case and Punycode, without a dot at its end.
    Name(String),
}

/// How far a name may lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// To public addresses and to allowed ones.
    Anywhere,
    /// To allowed ranges alone, because its name or port is refused otherwise, for this reason.
    AllowedOnly(Refusal),
}

impl Guard {
    /// A guard that lets these ranges pass too.
    pub fn allowing(ranges: impl IntoIterator<Item = IpNet>) -> Self {
        Self { allowed: ranges.into_iter().collect(), guards_machine: false }
    }

    /// The same guard, for a machine whose own addresses must never be called, whatever the file allows: in a Lambda
    /// function loopback holds the runtime's interface, and link-local the credentials
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
    #[must_use]
    pub fn guarding_machine(self) -> Self {
        Self { guards_machine: true, ..self }
    }

    /// Whether anything beyond the public internet may pass.
    pub fn allows_ranges(&self) -> bool {
        !self.allowed.is_empty()
    }

    /// Judges a URL as somebody wrote it. Blanks, control characters and backslashes, which the parser would forgive,
    /// are refused: RFC 3986 has no place for them, and other parsers read another host out of them.
    ///
    /// # Errors
    /// Why it may not be called.
    pub fn judge(&self, text: &str) -> Result<(Url, Target), Refusal> {
        if text.len() > MAX_URL {
            return Err(Refusal::TooLong);
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(Refusal::Unreadable("it has blanks, control characters or backslashes in it"));
        }
        let url = Url::parse(text).map_err(|error| refusal::unreadable(error, text))?;
        let target = self.judge_url(&url)?;
        Ok((url, target))
    }

    /// Judges all of a URL that can be judged without a resolver.
    ///
    /// # Errors
    /// Why it may not be called.
    pub fn judge_url(&self, url: &Url) -> Result<Target, Refusal> {
        if url.as_str().len() > MAX_URL {
            return Err(Refusal::TooLong);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        let host = url.host().ok_or(Refusal::NoHost)?;
        let port = url.port_or_known_default().ok_or(Refusal::Port(0))?;
        match host {
            Host::Ipv4(address) => self.judge_literal(address.into(), port),
            Host::Ipv6(address) => self.judge_literal(address.into(), port),
            Host::Domain(name) => self.judge_name(name, port),
        }
    }

    fn judge_literal(&self, address: IpAddr, port: u16) -> Result<Target, Refusal> {
        if !self.allows(address) {
            ip::judge(address).map_err(Refusal::Address)?;
            port::judge(port)?;
        }
        Ok(Target { host: TargetHost::Address(address), port, reach: Reach::Anywhere })
    }

    fn judge_name(&self, name: &str, port: u16) -> Result<Target, Refusal> {
        let name = name.strip_suffix('.').unwrap_or(name);
        let reach = match name::judge(name)?.and_then(|()| port::judge(port)) {
            Ok(()) => Reach::Anywhere,
            Err(refusal) if self.allows_ranges() => Reach::AllowedOnly(refusal),
            Err(refusal) => return Err(refusal),
        };
        Ok(Target { host: TargetHost::Name(name.to_owned()), port, reach })
    }

    /// Judges one address: what a resolver answered, or what a URL has written out.
    ///
    /// # Errors
    /// What kind of address it is.
    pub fn judge_ip(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.allows(address) { Ok(()) } else { ip::judge(address).map_err(Refusal::Address) }
    }

    /// Whether an address is in a range that the file names.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = ip::embedded_by_nat64(address).unwrap_or(address);
        let named = self.allowed.iter().any(|range| range.contains(&address));
        named && !(self.guards_machine && ip::is_of_the_machine(address))
    }
}

impl Reach {
    /// Judges what a resolver answered for a name with this reach, and gives what may be connected to: all of it or, for a
    /// name that may lead to allowed ranges alone, the part in those (`localhost` often has an address of each family).
    ///
    /// # Errors
    /// Why an address, or else why the name or port, is refused.
    pub fn judge_answers(
        &self,
        guard: &Guard,
        answers: impl IntoIterator<Item = IpAddr>,
    ) -> Result<Vec<IpAddr>, Refusal> {
        match self {
            Self::Anywhere => answers.into_iter().map(|address| guard.judge_ip(address).map(|()| address)).collect(),
            Self::AllowedOnly(refusal) => {
                let allowed: Vec<IpAddr> = answers.into_iter().filter(|address| guard.allows(*address)).collect();
                if allowed.is_empty() { Err(refusal.clone()) } else { Ok(allowed) }
            }
        }
    }
}
