//! No inner IPv4 address passes, however it is spelt or embedded.

use super::verdict;
use crate::address::Guard;
use proptest::prelude::*;
use std::net::Ipv4Addr;

/// Addresses of the ranges that matter most.
fn inner() -> impl Strategy<Value = Ipv4Addr> {
    let ranges = [
        (0x7f00_0000, 8),
        (0x0a00_0000, 8),
        (0xac10_0000, 12),
        (0xc0a8_0000, 16),
        (0xa9fe_0000, 16),
        (0x6440_0000, 10),
        (0, 8),
        (0xe000_0000, 3),
    ];
    (prop::sample::select(ranges.to_vec()), any::<u32>())
        .prop_map(|((network, bits), host)| Ipv4Addr::from(network | (host & (u32::MAX >> bits))))
}

/// One number of an address, in a base and with zeros before it.
fn number(value: u32, base: u8, zeros: usize) -> String {
    let zeros = "0".repeat(zeros);
    match base {
        0 => value.to_string(),
        1 => format!("0{zeros}{value:o}"),
        2 => format!("0x{zeros}{value:x}"),
        _ => format!("0X{zeros}{value:X}"),
    }
}

/// The address in one to four parts, each in a base of its own.
fn spelt(address: Ipv4Addr, parts: usize, bases: [u8; 4], zeros: usize) -> String {
    let [a, b, c, d] = address.octets().map(u32::from);
    let values = match parts {
        1 => vec![u32::from(address)],
        2 => vec![a, b << 16 | c << 8 | d],
        3 => vec![a, b, c << 8 | d],
        _ => vec![a, b, c, d],
    };
    values.iter().zip(bases).map(|(value, base)| number(*value, base, zeros)).collect::<Vec<_>>().join(".")
}

/// Another way to write the same characters.
fn disguised(text: &str, disguise: u8) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) - 0x21 + 0xff01).unwrap_or(c);
    let escaped = |c: char| format!("%{:02X}", u32::from(c));
    match disguise {
        0 => text.to_owned(),
        1 => text.chars().map(|c| if c == '.' { '。' } else { c }).collect(),
        2 => text.chars().map(wide).collect(),
        3 => text.chars().map(escaped).collect(),
        _ => format!("{text}."),
    }
}

/// IPv6 addresses that name an IPv4 one inside.
fn embedded(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    let mut all: Vec<String> =
        ["::", "::ffff:", "::ffff:0:", "64:ff9b::", "64:ff9b:1::", "fe80::5efe:", "2600::5efe:", "2a00::200:5efe:"]
            .iter()
            .map(|prefix| format!("{prefix}{address}"))
            .collect();
    all.push(format!("2002:{high:x}:{low:x}::1"));
    all.push(format!("2001:0:{high:x}:{low:x}::1"));
    all.push(format!("2001:0:102:304::{:x}:{:x}", !high, !low));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_inner_address_passes_in_any_spelling(
        address in inner(), parts in 1..=4usize, bases in any::<[u8; 4]>(), zeros in 0..4usize, disguise in 0..5u8,
        https in any::<bool>(),
    ) {
        let host = disguised(&spelt(address, parts, bases.map(|base| base % 4), zeros), disguise);
        let url = format!("{}://{host}/x", if https { "https" } else { "http" });
        prop_assert!(verdict(&url).is_err(), "{url} is {address}");
    }

    #[test]
    fn no_inner_address_passes_in_any_embedding(address in inner()) {
        for text in embedded(address) {
            let url = format!("http://[{text}]/");
            prop_assert!(verdict(&url).is_err(), "{url}");
            let parsed = text.parse().expect("an address");
            prop_assert!(Guard::default().judge_ip(parsed).is_err(), "{text}");
        }
    }

    #[test]
    fn spellings_don_t_hide_public_addresses(
        parts in 1..=4usize, bases in any::<[u8; 4]>(), zeros in 0..4usize, disguise in 0..5u8,
    ) {
        let address = Ipv4Addr::new(93, 184, 215, 14);
        let host = disguised(&spelt(address, parts, bases.map(|base| base % 4), zeros), disguise);
        prop_assert!(verdict(&format!("http://{host}/")).is_ok(), "{host}");
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", host in "[\\[\\]:.%0-9a-fx@/\\\\]{0,30}") {
        let _ = verdict(&text);
        let _ = verdict(&format!("http://{host}"));
    }
}
