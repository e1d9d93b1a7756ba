//! What is secret: the one place that decides it, for logs, answers, stored requests and attempts.
//!
//! ```text
//!  by name   headers, query parameters, fields of a run's input ── is_secret ──► hide, hide_fields
//!  by value  what the file uses as a secret, as the environment has it;
//!            what had a secret name in the run's input ───────────────────────► KnownSecrets
//! ```
//!
//! Names of headers, fields and query parameters are judged alike. It errs on the side of hiding: a signature proves
//! nothing any more once it was judged, and nobody misses it. What was hidden is still there for those who need it: a run
//! has its whole input, and a repetition of it too.
//!
//! What a workflow gives as its result is not judged by names: whoever may read it asked for it. A known secret is hidden
//! there too.

mod known;
mod search;

pub use known::KnownSecrets;

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

/// Whether the value of a header or query parameter of that name is to be hidden.
pub fn is_secret(name: &str) -> bool {
    let plain = plain(name);
    has_word(&plain) || matches!(plain.as_str(), "sig" | "auth" | "key" | "pwd" | "code")
}

/// Whether texts under a field of that name are hidden and sealed.
pub fn is_secret_field(name: &str) -> bool {
    has_word(&plain(name))
}

/// Whether JSON may hold a field of a secret name. Errs on the side of yes, and is quick for what holds none.
pub fn may_have_secret_name(json: &str) -> bool {
    has_word(&plain(json))
}

fn has_word(plain: &str) -> bool {
    WORDS.iter().any(|word| plain.contains(word))
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
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

/// Hides the texts of secret names wherever they are in a value. Numbers and the like stay: nobody's password is `true`,
/// and `max_tokens` is no secret.
pub fn hide_fields(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide_fields),
        Value::Object(fields) => {
            for (name, value) in fields {
                if has_word(&plain(name)) { hide_texts(value) } else { hide_fields(value) }
            }
        }
        _ => {}
    }
}

fn hide_texts(value: &mut Value) {
    match value {
        Value::String(text) if !text.is_empty() => MASKED.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(hide_texts),
        Value::Object(fields) => fields.values_mut().for_each(hide_texts),
        _ => {}
    }
}

/// Returns whether [`hide_fields`] would hide something, without copying the value.
pub fn has_secret_field(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_secret_field),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| if has_word(&plain(name)) { has_text(value) } else { has_secret_field(value) }),
        _ => false,
    }
}

fn has_text(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty() && text != MASKED,
        Value::Array(items) => items.iter().any(has_text),
        Value::Object(fields) => fields.values().any(has_text),
        _ => false,
    }
}

/// The place of the first text that is [`MASKED`], as it is written behind the value's name: `.user.tokens[0]`. Such a text
/// was taken from an answer, so the value that it stands for is not there.
pub fn masked_at(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (text == MASKED).then(String::new),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| Some(format!("[{index}]{}", masked_at(item)?)))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| Some(format!(".{name}{}", masked_at(field)?))),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{has_secret_field, hide, hide_fields, is_secret, masked_at};
    use serde_json::{Value, json};

    #[test]
    fn a_value_has_a_secret_field_where_hiding_changes_it() {
        for value in [
            json!({"password": "x"}),
            json!({"a": [{"api_key": ["", {"b": "x"}]}]}),
            json!({"password": ""}),
            json!({"password": "********"}),
            json!({"token": 5, "max_tokens": 7}),
            json!({"user": "password"}),
            json!([["token", "x"]]),
            Value::Null,
        ] {
            let mut hidden = value.clone();
            hide_fields(&mut hidden);
            assert_eq!(has_secret_field(&value), hidden != value, "{value}");
        }
    }

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

    #[test]
    fn a_masked_text_is_found_wherever_it_is() {
        let cases = [
            (json!({"user": {"tokens": ["a", "********"]}}), Some(".user.tokens[1]")),
            (json!([[{"password": "********"}]]), Some("[0][0].password")),
            (json!("********"), Some("")),
            (json!({"password": "*********", "card": "********1234", "n": 8}), None),
        ];
        for (value, place) in cases {
            assert_eq!(masked_at(&value).as_deref(), place, "{value}");
        }
    }

    #[test]
    fn texts_of_secret_fields_are_hidden_however_deep_and_the_rest_stays() {
        let mut input = json!({
            "token": "t", "user": {"Password": "p", "name": "n"}, "items": [{"api_key": "k"}, 1],
            "credentials": {"id": "i", "list": ["a", 2, ""]}, "max_tokens": 100, "authenticated": true, "secret": null,
            "key": "k", "code": "DE", "branch": "main",
        });
        hide_fields(&mut input);
        let hidden = "********";
        let shown = json!({
            "token": hidden, "user": {"Password": hidden, "name": "n"}, "items": [{"api_key": hidden}, 1],
            "credentials": {"id": hidden, "list": [hidden, 2, ""]}, "max_tokens": 100, "authenticated": true,
            "secret": null, "key": "k", "code": "DE", "branch": "main",
        });
        assert_eq!(input, shown);
    }
}
