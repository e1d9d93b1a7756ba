//! The guard against internal addresses.

use super::client;
use domain::run::JobError;
use reqwest::{Client, Url};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A client that can reach only the judged addresses of this URL's host.
pub(super) async fn client_for(url: &Url) -> Result<Client, JobError> {
    let refused =
        || JobError::new("forbidden_address", format!("`{}` is not a public address", url.host_str().unwrap_or("")));
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused());
    }
    let host = url.host_str().ok_or_else(refused)?;
    let port = url.port_or_known_default().ok_or_else(refused)?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((bare, port)).await;
    let addresses: Vec<SocketAddr> =
        found.map_err(|_| JobError::new("unreachable", format!("{host} could not be resolved")))?.collect();
    if addresses.is_empty() || !addresses.iter().all(|address| is_public(address.ip())) {
        return Err(refused());
    }
    let pinned = client().resolve_to_addrs(host, &addresses).build();
    pinned.map_err(|_| JobError::new("unreachable", "no client could be made"))
}

/// Whether an address is one of the internet's: neither this machine's nor a private network's, and nothing that the
/// registries set apart (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _)
    )
}

/// Only `2000::/3` is given out; in it, what embeds an IPv4 address or documents is refused.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, second, ..] if second < 0x0200 || second == 0x0db8 => false,
        [0x2002, ..] => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_are_told_from_public_ones() {
        let internal = "127.0.0.1 10.1.2.3 172.31.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 \
            255.255.255.255 198.18.0.1 203.0.113.9 192.0.2.1 ::1 :: ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1 \
            fe80::1 fd00:ec2::254 ff02::1 2001:db8::1 2001::1 3fff::1";
        for address in internal.split_whitespace() {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn a_guarded_client_is_not_made_for_this_machine() {
        for url in ["http://127.0.0.1/", "http://[::1]:80/", "http://localhost/", "http://u:p@8.8.8.8/"] {
            let error = client_for(&Url::parse(url).unwrap()).await.unwrap_err();
            assert_eq!(error.code, "forbidden_address", "{url}");
        }
    }
}
