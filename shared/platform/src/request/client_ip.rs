use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;
use lambda_http::request::RequestContext;
use std::net::{IpAddr, SocketAddr};

/// Who sent a request: who connected, as the platform tells it.
///
/// Only if that is one of the trusted proxies, what it says
/// counts: the right-most address of `X-Forwarded-For` that is no trusted proxy. What stands further left was written by
/// whoever liked to.
pub fn client_ip(parts: &Parts, trusted_proxies: &[IpNet]) -> Option<IpAddr> {
    let peer = connected(parts)?.to_canonical();
    let trusted = |ip: &IpAddr| trusted_proxies.iter().any(|network| network.contains(ip));
    if !trusted(&peer) {
        return Some(peer);
    }
    let mut nearest = peer;
    for text in forwarded(&parts.headers).rev() {
        // What can't be read tells nothing, nor does what stands left of it.
        let Some(ip) = address(text) else { return Some(nearest) };
        nearest = ip;
        if !trusted(&ip) {
            break;
        }
    }
    Some(nearest)
}

/// The peer of the connection; in AWS, that of the gateway's
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
fn connected(parts: &Parts) -> Option<IpAddr> {
    if let Some(context) = parts.extensions.get::<RequestContext>() {
        return match context {
            RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?.parse().ok(),
            #[allow(unreachable_patterns, reason = "other kinds are there with other features of the library")]
            _ => None,
        };
    }
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
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
    use axum::extract::ConnectInfo;
    use axum::http::Request;
    use std::net::SocketAddr;

    fn ip(peer: &str, proxies: &[&str], forwarded: &[&str]) -> String {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header("X-Forwarded-For", *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(ConnectInfo(format!("{peer}:1234").parse::<SocketAddr>().unwrap()));
        let proxies: Vec<_> = proxies.iter().map(|network| network.parse().unwrap()).collect();
        client_ip(&parts, &proxies).unwrap().to_string()
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
        assert_eq!(ip("[::1]", &["::1/128"], &["[2001:db8::1]:80"]), "2001:db8::1");
        assert_eq!(ip("[::ffff:192.0.2.1]", &[], &[]), "192.0.2.1");
    }

    /// An event of payload format 2.0
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
    fn in_lambda(source_ip: &str, proxies: &[&str], forwarded: &str) -> Option<String> {
        let event = serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/hooks/a", "rawQueryString": "",
            "headers": {"x-forwarded-for": forwarded, "host": "id.execute-api.us-east-1.amazonaws.com"},
            "requestContext": {
                "accountId": "123456789012", "apiId": "id", "requestId": "id", "routeKey": "$default", "stage": "$default",
                "domainName": "id.execute-api.us-east-1.amazonaws.com", "domainPrefix": "id",
                "http": {"method": "POST", "path": "/hooks/a", "protocol": "HTTP/1.1", "sourceIp": source_ip,
                    "userAgent": "agent"},
                "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1_583_348_638_390_i64,
            },
            "body": "{}", "isBase64Encoded": false,
        });
        let (mut parts, _) = lambda_http::request::from_str(&event.to_string()).unwrap().into_parts();
        // What connects to the runtime is not the sender.
        parts.extensions.insert(ConnectInfo("127.0.0.1:9".parse::<SocketAddr>().unwrap()));
        let proxies: Vec<_> = proxies.iter().map(|network| network.parse().unwrap()).collect();
        client_ip(&parts, &proxies).map(|ip| ip.to_string())
    }

    #[test]
    fn in_lambda_the_gateway_says_who_connected() {
        assert_eq!(in_lambda("198.51.100.7", &[], "203.0.113.9").as_deref(), Some("198.51.100.7"));
        assert_eq!(in_lambda("2001:db8::7", &[], "203.0.113.9").as_deref(), Some("2001:db8::7"));
        let proxies = ["198.51.100.0/24"];
        assert_eq!(in_lambda("198.51.100.7", &proxies, "192.0.2.1, 203.0.113.9").as_deref(), Some("203.0.113.9"));
        // The runtime's own connection is never taken for the sender's, not even where the gateway says nothing.
        assert_eq!(in_lambda("", &["127.0.0.0/8"], "203.0.113.9"), None);
    }
}
