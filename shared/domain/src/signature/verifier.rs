//! A verifier: what must hold of a request, with its keys read and ready.

use super::check::{Attempt, Proof};
use super::covered::Proven;
use super::extract::{self, Extractor, Place};
use super::fields::Lazily;
use super::preset::Preset;
use super::scheme::{Scheme, Spec};
use super::secret::{Key, KeyError, Secret};
use super::{Refusal, Request};
use ipnet::IpNet;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What must hold of a request. Several may be joined by [`Verifier::and`]; then all must hold.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    addresses: Vec<Vec<IpNet>>,
    groups: Vec<Group>,
}

/// The header of credentials (RFC 9110, section 11.6.2).
const AUTHORIZATION: &str = "Authorization";

/// Schemes of which one must hold.
#[derive(Debug, Clone)]
struct Group {
    schemes: Vec<Ready>,
    parameters: BTreeMap<String, String>,
    delivery_id: Vec<Extractor>,
    event_type: Vec<Extractor>,
}

/// A scheme with its keys, and which secret each key came from.
#[derive(Debug, Clone)]
struct Ready {
    scheme: Scheme,
    keys: Vec<Key>,
    origins: Vec<usize>,
}

/// What is known of a request that was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// The provider's id of the delivery, by which repeats are recognised.
    pub delivery_id: Option<String>,
    /// Whether the signature covers that id. Where it doesn't, whoever repeats the request can change it.
    pub delivery_id_signed: bool,
    /// Proof of the sender.
    pub proven: Proven,
    /// The provider's name of what happened.
    pub event_type: Option<String>,
    /// When it was signed, where the signature covers that.
    pub signed_at: Option<Timestamp>,
    /// Which of the secrets it was, counted from 0.
    pub secret: usize,
}

impl Verified {
    /// Whether a signature fixes what the request says.
    pub fn is_signed(&self) -> bool {
        matches!(self.proven, Proven::Signature(_))
    }
}

impl Verifier {
    /// Accepts every request.
    pub fn open() -> Self {
        Self::default()
    }

    /// A provider's way of signing, with its secrets, any of which may have signed. Where the provider publishes its
    /// key, there need be none: see [`Verifier::key_to_fetch`].
    ///
    /// # Errors
    /// If a secret is empty, is no key for the provider's schemes, or is missing.
    pub fn preset(preset: &Preset, secrets: &[Secret]) -> Result<Self, KeyError> {
        Self::of(preset.schemes(), secrets, preset.delivery_ids(), preset.event_types())
    }

    /// A scheme that was spelled out.
    ///
    /// # Errors
    /// As [`Verifier::preset`].
    pub fn scheme(scheme: &Scheme, secrets: &[Secret]) -> Result<Self, KeyError> {
        let ids: Vec<_> = scheme.spec().id_header.0.iter().map(Extractor::header).collect();
        Self::of(std::slice::from_ref(scheme), secrets, &ids, &[])
    }

    /// A header that must hold a token.
    ///
    /// # Errors
    /// If the token is empty.
    pub fn token(header: &str, prefix: &str, token: Secret) -> Result<Self, KeyError> {
        Self::scheme(&Scheme::token(header, prefix), &[token])
    }

    /// A token where most senders can put one: `Authorization: Bearer …` (RFC 6750, section 2.1) or `X-Webhook-Token`.
    /// Any of several tokens will do. With a `header`, it must be there instead, alone, or after `Bearer ` if that is
    /// `Authorization`.
    ///
    /// # Errors
    /// If a token is empty, or there is none.
    pub fn tokens(header: Option<&str>, tokens: &[Secret]) -> Result<Self, KeyError> {
        let at = |name: &str| {
            let bearer = name.eq_ignore_ascii_case(AUTHORIZATION);
            Scheme::token(name, if bearer { "Bearer " } else { "" })
        };
        let schemes = match header {
            Some(header) => vec![at(header)],
            None => vec![at(AUTHORIZATION), at("X-Webhook-Token")],
        };
        Self::of(&schemes, tokens, &[], &[])
    }

    /// Networks from which a request must come.
    pub fn networks(networks: &[IpNet]) -> Self {
        Self { addresses: vec![networks.to_vec()], groups: Vec::new() }
    }

    /// Addresses and networks from which a request must come: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`.
    ///
    /// # Errors
    /// If one is neither.
    pub fn addresses<'n>(networks: impl IntoIterator<Item = &'n str>) -> Result<Self, KeyError> {
        let read = |text: &str| {
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| KeyError::NotANetwork(text.to_owned()))
        };
        let networks = networks.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { addresses: vec![networks], groups: Vec::new() })
    }

    /// Both must hold.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.addresses.extend(other.addresses);
        self.groups.extend(other.groups);
        self
    }

    /// Gives what `{parameter:NAME}` of a scheme stands for, such as the `webhook_id` of the preset paypal.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: &str) -> Self {
        for group in &mut self.groups {
            group.parameters.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// The HTTPS address of the provider's key, if the verifier has none and must be given one for this request.
    ///
    /// # Errors
    /// If the request names an address that is not the provider's.
    pub fn key_to_fetch(&self, request: &Request<'_>) -> Result<Option<String>, Refusal> {
        let fields = Lazily::new(request);
        for ready in self.groups.iter().flat_map(|group| &group.schemes).filter(|ready| ready.keys.is_empty()) {
            if let Some(url) = &ready.scheme.spec().key_url
                && let Some(url) = url.find(request, fields.get())?
            {
                return Ok(Some(url));
            }
        }
        Ok(None)
    }

    /// The same with the key that was fetched.
    ///
    /// # Errors
    /// If it is none.
    pub fn with_fetched(mut self, key: &str) -> Result<Self, KeyError> {
        let secret = Secret::new(key);
        for ready in self.groups.iter_mut().flat_map(|group| &mut group.schemes) {
            let spec = ready.scheme.spec();
            if spec.key_url.is_some() && ready.keys.is_empty() {
                ready.keys = vec![Key::read(&secret, spec.secret_encoding, spec.algorithm)?];
                ready.origins = vec![0];
            }
        }
        Ok(self)
    }

    fn of(
        schemes: &[Scheme],
        secrets: &[Secret],
        delivery_id: &[Extractor],
        event_type: &[Extractor],
    ) -> Result<Self, KeyError> {
        let mut ready: Vec<Ready> =
            schemes.iter().map(|scheme| Ready { scheme: scheme.clone(), keys: vec![], origins: vec![] }).collect();
        for (origin, secret) in secrets.iter().enumerate() {
            if secret.text().is_empty() {
                return Err(KeyError::Empty);
            }
            let (mut read, mut wrong) = (false, None);
            for at in fitting(schemes, secret) {
                let Some(ready) = ready.get_mut(at) else { continue };
                let spec = ready.scheme.spec();
                match Key::read(secret, spec.secret_encoding, spec.algorithm) {
                    Ok(key) => {
                        ready.keys.push(key);
                        ready.origins.push(origin);
                        read = true;
                    }
                    Err(error) => wrong = wrong.or(Some(error)),
                }
            }
            if !read {
                let kind = || secret.encoding().map_or(KeyError::None, KeyError::WrongKind);
                return Err(wrong.unwrap_or_else(kind));
            }
        }
        ready.retain(|ready| !ready.keys.is_empty() || (secrets.is_empty() && ready.scheme.spec().key_url.is_some()));
        if ready.is_empty() {
            return Err(KeyError::None);
        }
        let (delivery_id, event_type) = (delivery_id.to_vec(), event_type.to_vec());
        let group = Group { schemes: ready, parameters: BTreeMap::new(), delivery_id, event_type };
        Ok(Self { addresses: Vec::new(), groups: vec![group] })
    }
}

/// The schemes that are for a secret: those that read it as it says it is to be read, those for its kind of key, those for
/// its prefix, or else those for any.
pub(super) fn fitting(schemes: &[Scheme], secret: &Secret) -> Vec<usize> {
    let specs = || schemes.iter().map(Scheme::spec).enumerate();
    let of_prefix = |spec: &Spec| spec.secret_prefix.as_ref().is_some_and(|prefix| secret.text().starts_with(prefix));
    let suits = |spec: &Spec| secret.encoding().is_none_or(|encoding| encoding.suits(spec.algorithm));
    let public = |spec: &Spec| secret.encoding().is_some() && spec.algorithm.is_public() && suits(spec);
    let own = |spec: &Spec| secret.encoding().is_some() && secret.encoding() == spec.secret_encoding;
    let rules: [&dyn Fn(&Spec) -> bool; 4] =
        [&own, &public, &|spec| of_prefix(spec) && suits(spec), &|spec| spec.secret_prefix.is_none() && suits(spec)];
    let chosen = rules.iter().map(|rule| specs().filter(|(_, spec)| rule(spec)).map(|(at, _)| at).collect::<Vec<_>>());
    chosen.into_iter().find(|chosen| !chosen.is_empty()).unwrap_or_default()
}

/// Judges a request: the address first, then every signature and token.
///
/// # Errors
/// Says exactly why it was refused; the sender is told [`Refusal::PUBLIC`].
pub fn verify(verifier: &Verifier, request: &Request<'_>, now: Timestamp) -> Result<Verified, Refusal> {
    judge(verifier, request, Some(now))
}

/// The same; without a time the clock doesn't matter.
pub(super) fn judge(verifier: &Verifier, request: &Request<'_>, now: Option<Timestamp>) -> Result<Verified, Refusal> {
    for networks in &verifier.addresses {
        // An IPv4 address may come mapped into IPv6 (RFC 4291, section 2.5.5.2).
        let ip = request.client_ip.ok_or(Refusal::AddressUnknown)?.to_canonical();
        if !networks.iter().any(|network| network.contains(&ip)) {
            return Err(Refusal::AddressNotAllowed { ip });
        }
    }
    let fields = Lazily::new(request);
    let mut verified: Option<Verified> = None;
    for group in &verifier.groups {
        let of_group = group.judge(request, &fields, now)?;
        match &mut verified {
            None => verified = Some(of_group),
            // The first that knows it says it, and a signature knows better than a token.
            Some(first) if first.delivery_id.is_none() && !first.is_signed() => *first = of_group,
            Some(_) => {}
        }
    }
    Ok(verified.unwrap_or_default())
}

impl Group {
    fn judge(&self, request: &Request<'_>, fields: &Lazily<'_>, now: Option<Timestamp>) -> Result<Verified, Refusal> {
        let mut refusal: Option<Refusal> = None;
        for ready in &self.schemes {
            let (spec, parameters) = (ready.scheme.spec(), &self.parameters);
            let attempt = Attempt { spec, keys: &ready.keys, parameters, request, fields, now };
            if ready.keys.is_empty() {
                refusal = refusal.or(Some(Refusal::KeyNeeded));
                continue;
            }
            match attempt.judge() {
                Ok(proof) => return Ok(self.verified(ready, proof, request, fields)),
                // That something is there and wrong says more than that something else isn't there.
                Err(error) if refusal.as_ref().is_none_or(|first| telling(first) < telling(&error)) => {
                    refusal = Some(error);
                }
                Err(_) => {}
            }
        }
        Err(refusal.unwrap_or(Refusal::KeyNeeded))
    }

    fn verified(&self, ready: &Ready, proof: Proof, request: &Request<'_>, fields: &Lazily<'_>) -> Verified {
        let spec = ready.scheme.spec();
        let id = extract::first(&self.delivery_id, request, fields.get());
        let extractor = id.as_ref().and_then(|(at, _)| self.delivery_id.get(*at));
        // The id of the first of several things is not the id of them all.
        let signed = extractor.is_some_and(|extractor| {
            extractor.is_of_one(fields.get())
                && extractor.places().iter().all(|place| match place {
                    Place::Header(name) => spec.signed.covers_header(name),
                    Place::Body(path) => spec.covers_field(path),
                    Place::Query(_) => spec.covers_url(),
                })
        });
        let (delivery_id_signed, id) = (signed || proof.id.is_some(), id.map(|(_, id)| id));
        Verified {
            // The id beside the signature that holds; a header of another name is not covered by it.
            delivery_id: proof.id.or(id),
            delivery_id_signed,
            proven: proof.proven,
            event_type: extract::first(&self.event_type, request, fields.get()).map(|(_, event)| event),
            signed_at: proof.signed_at,
            secret: ready.origins.get(proof.key).copied().unwrap_or_default(),
        }
    }
}

/// How much a refusal says, where several schemes were tried.
fn telling(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::Missing { .. } | Refusal::KeyNeeded => 0,
        Refusal::UnknownVersion { .. } => 1,
        _ => 2,
    }
}
