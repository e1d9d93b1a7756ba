//! What is secret by its name: the one place that decides it, for logs, stored requests and attempts.
//!
//! Names of headers, fields and query parameters are judged alike. It errs on the side of hiding: a signature proves
//! nothing any more once it was judged, and nobody misses it.

use serde_json::Value;

/// What stands in the place of a secret.
pub const MASKED: &str = "********";

/// Words in names whose values are hidden; compared without case, hyphens and underscores.
const WORDS: [&str; 12] = [
    "authorization",
    "authenticat",
    "cookie",
    "token",
    "secret",
    "signature",
    "password",
    "passwd",
    "apikey",
    "credential",
    "privatekey",
    "hmac",
];

/// Whether the value of that name is to be hidden.
pub fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    WORDS.iter().any(|word| plain.contains(word)) || matches!(plain.as_str(), "sig" | "auth" | "key" | "pwd" | "code")
}

/// Hides the values of secret names at the top of an object; `more` names are secret too.
pub fn hide(object: &mut Value, more: &[String]) {
    let Value::Object(fields) = object else { return };
    for (name, value) in fields.iter_mut() {
        if is_secret(name) || more.iter().any(|secret| secret.eq_ignore_ascii_case(name)) {
            *value = Value::from(MASKED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{hide, is_secret};
    use serde_json::json;

    #[test]
    fn names_of_secrets_are_known_however_they_are_written() {
        for name in [
            "Authorization",
            "proxy-authorization",
            "Cookie",
            "set-cookie",
            "X-API-Key",
            "x_api_key",
            "X-Webhook-Token",
            "X-Gitlab-Token",
            "X-Hub-Signature-256",
            "Stripe-Signature",
            "client_secret",
            "PASSWORD",
            "access_token",
            "hub.verify_token",
            "sig",
            "X-Shopify-Hmac-Sha256",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["content-type", "x-github-event", "X-GitHub-Delivery", "user-agent", "branch", "id", "keyboard"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn values_are_hidden_and_names_stay() {
        let mut headers = json!({"x-own": "a", "cookie": "b", "host": "c"});
        hide(&mut headers, &["X-Own".to_owned()]);
        assert_eq!(headers, json!({"x-own": "********", "cookie": "********", "host": "c"}));
    }
}
