//! Which addresses belong to the public internet.
//!
//! Sources: the IANA special-purpose registries (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>) and the IPv6 address space
//! (<https://www.iana.org/assignments/ipv6-address-space>): of IPv6 only `2000::/3` is given out.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for, where it isn't the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// `0.0.0.0/8`, `::`: this host (RFC 791, RFC 4291).
    Unspecified,
    /// `127.0.0.0/8`, `::1` (RFC 1122, RFC 4291).
    Loopback,
    /// `10/8`, `172.16/12`, `192.168/16` (RFC 1918), `fc00::/7` (RFC 4193), `fec0::/10` (RFC 3879).
    Private,
    /// `169.254/16` (RFC 3927), `fe80::/10` (RFC 4291): cloud metadata is here.
    LinkLocal,
    /// `100.64/10`: behind a carrier's translator (RFC 6598).
    SharedSpace,
    /// `224/4` (RFC 5771), `ff00::/8` (RFC 4291).
    Multicast,
    /// `192.0.2/24`, `198.51.100/24`, `203.0.113/24` (RFC 5737), `2001:db8::/32` (RFC 3849), `3fff::/20` (RFC 9637).
    Documentation,
    /// Another address is written inside: mapped, compatible, translated, 6to4, Teredo, ISATAP.
    Embedded,
    /// Whatever else isn't given out, or is set apart for protocols, benchmarks or a provider's platform.
    Reserved,
}

impl AddressKind {
    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link_local",
            Self::SharedSpace => "shared",
            Self::Multicast => "multicast",
            Self::Documentation => "documentation",
            Self::Embedded => "embedded",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::SharedSpace => "an address behind a carrier's translator",
            Self::Multicast => "a multicast address",
            Self::Documentation => "an address for documentation",
            Self::Embedded => "an IPv6 address with another one inside",
            Self::Reserved => "a reserved address",
        })
    }
}

/// Azure's platform as every virtual machine there sees it: a public address that is not on the internet
/// (<https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16>).
const AZURE_PLATFORM: [u8; 4] = [168, 63, 129, 16];

/// Judges an address by the registries alone.
pub(super) fn judge(address: IpAddr) -> Result<(), AddressKind> {
    match embedded_by_nat64(address).unwrap_or(address) {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    }
    .map_or(Ok(()), Err)
}

/// Whether it leads to the machine itself or to what only this machine's link has.
pub(super) fn is_of_the_machine(address: IpAddr) -> bool {
    matches!(
        judge(address),
        Err(AddressKind::Loopback | AddressKind::LinkLocal | AddressKind::Unspecified | AddressKind::Embedded)
    )
}

/// The IPv4 address inside `64:ff9b::/96`, the well-known prefix of NAT64 (RFC 6052, section 2.1): a network without
/// IPv4 reaches all of it by that, so the verdict is that of the address inside.
pub(super) fn embedded_by_nat64(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    match address.octets() {
        [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => Some(Ipv4Addr::new(a, b, c, d).into()),
        _ => None,
    }
}

fn kind_v4(address: Ipv4Addr) -> Option<AddressKind> {
    let octets = address.octets();
    let [a, b, c, _] = octets;
    match (a, b, c) {
        (0, _, _) => Some(AddressKind::Unspecified),
        (127, _, _) => Some(AddressKind::Loopback),
        (10, _, _) | (172, 16..=31, _) | (192, 168, _) => Some(AddressKind::Private),
        (169, 254, _) => Some(AddressKind::LinkLocal),
        (100, 64..=127, _) => Some(AddressKind::SharedSpace),
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some(AddressKind::Documentation),
        // Protocol assignments (RFC 6890), the relays of 6to4 (RFC 7526), benchmarks (RFC 2544).
        (192, 0, 0) | (192, 88, 99) | (198, 18 | 19, _) => Some(AddressKind::Reserved),
        (224..=239, _, _) => Some(AddressKind::Multicast),
        (240..=255, _, _) => Some(AddressKind::Reserved),
        _ if octets == AZURE_PLATFORM => Some(AddressKind::Reserved),
        _ => None,
    }
}

fn kind_v6(address: Ipv6Addr) -> Option<AddressKind> {
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(AddressKind::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(AddressKind::Loopback),
        // Compatible (RFC 4291), mapped, and translated by SIIT (RFC 2765).
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] => Some(AddressKind::Embedded),
        // An ISATAP interface, under whatever prefix (RFC 5214, section 6.1).
        [_, _, _, _, 0 | 0x0200, 0x5efe, _, _] => Some(AddressKind::Embedded),
        // NAT64 of a network of its own (RFC 8215), Teredo (RFC 4380), 6to4 (RFC 3056).
        [0x0064, 0xff9b, ..] | [0x2001, 0, ..] | [0x2002, ..] => Some(AddressKind::Embedded),
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Some(AddressKind::Documentation),
        // Protocol assignments: benchmarks, ORCHID and the like (RFC 2928).
        [0x2001, 0x0001..=0x01ff, ..] => Some(AddressKind::Reserved),
        [0x2000..=0x3fff, ..] => None,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some(AddressKind::Private),
        [0xfe80..=0xfebf, ..] => Some(AddressKind::LinkLocal),
        [0xff00..=0xffff, ..] => Some(AddressKind::Multicast),
        _ => Some(AddressKind::Reserved),
    }
}
