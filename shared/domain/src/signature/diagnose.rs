//! Tells a person why a request was refused, and which likely mistake explains it.
//!
//! Each guess changes one thing (the body's newlines, the way the secret is read, the port of the address, the provider)
//! and is tried without the clock; a guess that makes the request genuine is a finding.

mod guess;

use super::verifier::judge;
use super::{Headers, KeyError, Preset, Refusal, Request, Scheme, Secret, Verified, Verifier, verify};
use guess::{bodies, schemes_time, secrets, urls};
use jiff::Timestamp;

/// How a request is said to be signed.
#[derive(Debug, Clone)]
pub enum Style {
    /// As a known provider does it.
    Preset(&'static Preset),
    /// As a scheme says that was spelled out.
    Scheme(Box<Scheme>),
}

impl Style {
    /// A verifier for it.
    ///
    /// # Errors
    /// If the secret can't be used.
    pub fn verifier(&self, secrets: &[Secret]) -> Result<Verifier, KeyError> {
        match self {
            Self::Preset(preset) => Verifier::preset(preset, secrets),
            Self::Scheme(scheme) => Verifier::scheme(scheme, secrets),
        }
    }

    fn schemes(&self) -> &[Scheme] {
        match self {
            Self::Preset(preset) => preset.schemes(),
            Self::Scheme(scheme) => std::slice::from_ref(scheme),
        }
    }
}

/// Why a request was refused, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What the verifier says.
    pub reason: String,
    /// Changes, each of which would have made the request genuine, or explains the refusal.
    pub findings: Vec<String>,
}

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Case<'c> {
    /// How it is said to be signed.
    pub style: &'c Style,
    /// The secret.
    pub secret: &'c Secret,
    /// What `{parameter:NAME}` stands for.
    pub parameters: &'c [(String, String)],
    /// The request.
    pub request: Request<'c>,
}

impl Case<'_> {
    fn verifier(&self, style: &Style, secret: &Secret) -> Result<Verifier, KeyError> {
        let verifier = style.verifier(std::slice::from_ref(secret))?;
        Ok(self.parameters.iter().fold(verifier, |verifier, (name, value)| verifier.with_parameter(name, value)))
    }

    /// Whether the request, or another, is genuine whatever the time.
    fn passes(&self, style: &Style, secret: &Secret, request: &Request<'_>) -> bool {
        self.verifier(style, secret).is_ok_and(|verifier| judge(&verifier, request, None).is_ok())
    }
}

/// Judges a request; where it is refused, looks for what explains it.
///
/// # Errors
/// The diagnosis of a request that was refused.
pub fn diagnose(case: &Case<'_>, now: Timestamp) -> Result<Verified, Diagnosis> {
    let refusal = match case.verifier(case.style, case.secret) {
        Err(error) => return Err(Diagnosis { reason: error.to_string(), findings: by_secret(case) }),
        Ok(verifier) => match verify(&verifier, &case.request, now) {
            Ok(verified) => return Ok(verified),
            Err(refusal) => refusal,
        },
    };
    let mut findings = Vec::new();
    if matches!(refusal, Refusal::TooOld { .. } | Refusal::TooNew { .. }) {
        findings.push("the signature itself is right: only the clock is against it".to_owned());
    }
    findings.extend(schemes_time(case.style.schemes(), &case.request, now));
    if !matches!(refusal, Refusal::TooOld { .. } | Refusal::TooNew { .. }) {
        findings.extend(by_secret(case));
        findings.extend(by_body(case));
        findings.extend(by_url(case));
        findings.extend(by_header(case));
        findings.extend(by_provider(case));
    }
    Err(Diagnosis { reason: refusal.to_string(), findings })
}

fn by_secret(case: &Case<'_>) -> Vec<String> {
    let tried = secrets(case.secret).into_iter();
    let matching = tried.filter(|(_, secret)| case.passes(case.style, secret, &case.request));
    matching.map(|(what, _)| format!("it matches if the secret is {what}")).collect()
}

fn by_body(case: &Case<'_>) -> Vec<String> {
    let matching = bodies(case.request.body)
        .into_iter()
        .filter(|(_, body)| case.passes(case.style, case.secret, &Request { body, ..case.request }));
    matching.map(|(what, _)| format!("it matches if the body is {what}")).collect()
}

fn by_url(case: &Case<'_>) -> Vec<String> {
    let matching = urls(case.request.url)
        .into_iter()
        .filter(|(_, url)| case.passes(case.style, case.secret, &Request { url, ..case.request }));
    matching.map(|(what, url)| format!("it matches if the address is {what}: {url}")).collect()
}

/// The signature is in another header, or lacks what stands before it.
fn by_header(case: &Case<'_>) -> Vec<String> {
    let mut findings = Vec::new();
    for spec in case.style.schemes().iter().map(Scheme::spec).filter(|spec| !spec.algorithm.compares()) {
        let Some(expected) = spec.header.of(0) else { continue };
        for (name, value) in case.request.headers.iter() {
            for prefix in ["", spec.prefix.as_str()] {
                let renamed = !name.eq_ignore_ascii_case(expected);
                if (prefix.is_empty() && !renamed) || (!prefix.is_empty() && value.starts_with(prefix.as_bytes())) {
                    continue;
                }
                let others =
                    case.request.headers.iter().filter(|(other, _)| {
                        !other.eq_ignore_ascii_case(name) && !other.eq_ignore_ascii_case(expected)
                    });
                let mut headers: Headers = others.map(|(name, value)| (name, value.to_vec())).collect();
                headers.push(expected, [prefix.as_bytes(), value].concat());
                if case.passes(case.style, case.secret, &Request { headers: &headers, ..case.request }) {
                    let place = if renamed { format!("{name} is called {expected}") } else { format!("{name} stays") };
                    let before = if prefix.is_empty() { String::new() } else { format!(" and begins with `{prefix}`") };
                    findings.push(format!("it matches if the header {place}{before}"));
                }
            }
        }
    }
    findings.dedup();
    findings
}

/// The same secret makes it genuine for another provider.
fn by_provider(case: &Case<'_>) -> Vec<String> {
    let ours = case.style.schemes();
    let others = Preset::all().iter().filter(|preset| preset.schemes() != ours);
    let matching = others.filter(|preset| case.passes(&Style::Preset(preset), case.secret, &case.request));
    matching.map(|preset| format!("it is a genuine request of `{}`", preset.name())).collect()
}
