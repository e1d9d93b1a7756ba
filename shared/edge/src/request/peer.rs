use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;
use std::net::{IpAddr, SocketAddr};

/// The peer of the connection; in AWS, that of the gateway's
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
pub(super) fn connected(parts: &Parts) -> Option<IpAddr> {
    if let Some(context) = parts.extensions.get::<RequestContext>() {
        return match context {
            RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?.parse().ok(),
            #[allow(unreachable_patterns, reason = "other kinds are there with other features of the library")]
            _ => None,
        };
    }
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

#[cfg(test)]
mod tests {
    use super::connected;
    use axum::extract::ConnectInfo;
    use std::net::SocketAddr;

    /// An event of payload format 2.0
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
    fn in_lambda(source_ip: &str) -> Option<String> {
        let event = serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/hooks/a", "rawQueryString": "",
            "headers": {"x-forwarded-for": "203.0.113.9", "host": "id.execute-api.us-east-1.amazonaws.com"},
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
        connected(&parts).map(|ip| ip.to_string())
    }

    #[test]
    fn in_lambda_the_gateway_says_who_connected() {
        assert_eq!(in_lambda("198.51.100.7").as_deref(), Some("198.51.100.7"));
        assert_eq!(in_lambda("2001:db8::7").as_deref(), Some("2001:db8::7"));
        // The runtime's own connection is never taken for the sender's, not even where the gateway says nothing.
        assert_eq!(in_lambda(""), None);
    }
}
