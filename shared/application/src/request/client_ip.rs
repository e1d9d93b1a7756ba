use http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Who sent a request: who connected.
///
/// Only if that is one of the trusted proxies, what it says counts: the right-most address of `X-Forwarded-For` that is no trusted proxy. What stands further left was written by
/// whoever liked to.
pub(super) fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let trusted = |ip: &IpAddr| trusted_proxies.iter().any(|network| network.contains(ip));
    if !trusted(&peer) {
        return peer;
    }
    let mut nearest = peer;
    for text in forwarded(headers).rev() {
        // What can't be read tells nothing, nor does what stands left of it.
        let Some(ip) = address(text) else { return nearest };
        nearest = ip;
        if !trusted(&ip) {
            break;
        }
    }
    nearest
}

fn forwarded(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = &str> {
    let values = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or("?"));
    values.flat_map(|value| value.split(',')).collect::<Vec<_>>().into_iter()
}

/// An address, perhaps with a port: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let ip = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    ip.ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::client_ip;
    use http::Request;

    fn ip(peer: &str, proxies: &[&str], forwarded: &[&str]) -> String {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header("X-Forwarded-For", *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let proxies: Vec<_> = proxies.iter().map(|network| network.parse().unwrap()).collect();
        client_ip(peer.parse().unwrap(), &parts.headers, &proxies).to_string()
    }

    #[test]
    fn headers_count_only_where_a_trusted_proxy_wrote_them() {
        assert_eq!(ip("192.0.2.1", &[], &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(ip("192.0.2.1", &["10.0.0.0/8"], &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(ip("10.0.0.1", &["10.0.0.0/8"], &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(ip("10.0.0.1", &["10.0.0.0/8"], &["203.0.113.9, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(ip("10.0.0.1", &["10.0.0.0/8"], &["203.0.113.9", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(ip("10.0.0.1", &["10.0.0.0/8"], &["198.51.100.1, rubbish"]), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", &["10.0.0.0/8"], &["198.51.100.1, rubbish, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(ip("10.0.0.1", &["10.0.0.0/8"], &[]), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", &["10.0.0.0/8"], &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(ip("::1", &["::1/128"], &["[2001:db8::1]:80"]), "2001:db8::1");
        assert_eq!(ip("::ffff:192.0.2.1", &[], &[]), "192.0.2.1");
    }
}
