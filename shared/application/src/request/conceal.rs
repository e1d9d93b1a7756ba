//! A genuine request without the secrets that proved it.

use super::Incoming;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::redact::KnownSecrets;
use serde_json::Value;
use std::sync::Arc;

impl Incoming {
    /// Takes secrets out of everything that templates see of the request and that is kept of it: what authenticates by itself
    /// has done its work.
    pub fn conceal(&mut self, secrets: &KnownSecrets) {
        // A body that others hold too would be copied.
        if secrets.is_empty() {
            return;
        }
        for part in [&mut self.headers, &mut self.query, Arc::make_mut(&mut self.body), &mut self.params] {
            secrets.hide(part);
        }
        self.path = secrets.mask(&self.path).into_owned();
        if let Value::Object(kept) = &mut self.kept {
            // A query and a body are kept as they were written, which may be in other letters than they mean.
            let is_free = |name: &str, value: &Value| match (name, value.as_str().unwrap_or_default()) {
                ("query", query) => !form_urlencoded::parse(query.as_bytes())
                    .any(|(name, value)| secrets.is_in(&name) || secrets.is_in(&value)),
                ("base64", body) => {
                    STANDARD.decode(body).is_ok_and(|body| !secrets.is_in(&String::from_utf8_lossy(&body)))
                }
                _ => true,
            };
            kept.retain(|name, value| is_free(name, value));
            if let Some(Value::String(text)) = kept.get_mut("text") {
                *text = secrets.mask(text).into_owned();
                let form = form_urlencoded::parse(text.as_bytes());
                if secrets.is_in_json(text) || form.into_iter().any(|(_, value)| secrets.is_in(&value)) {
                    kept.remove("text");
                }
            }
            if let Some(proof) = kept.get_mut("proof") {
                secrets.hide(proof);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::redact::MASKED;
    use serde_json::json;

    const SECRET: &str = "sécret \"token\" 1";

    fn incoming(kept: Value) -> Incoming {
        Incoming {
            method: "POST".to_owned(),
            path: "/in/plain-secret-2/x".to_owned(),
            params: json!({"name": "plain-secret-2"}),
            query: json!({"k": SECRET, "a": "1"}),
            headers: json!({"x-own": format!("Token {SECRET}"), "x-event": "push"}),
            body: json!({"nested": [{"t": SECRET}], "n": 1}).into(),
            hidden: Vec::new(),
            kept,
        }
    }

    #[test]
    fn no_secret_is_left_in_anything_that_is_stored_however_it_was_written() {
        let secrets = KnownSecrets::new([SECRET.to_owned(), "plain-secret-2".to_owned()]);
        let encoded: String = form_urlencoded::Serializer::new(String::new()).append_pair("k", SECRET).finish();
        let bytes = [b"\xff ".as_slice(), SECRET.as_bytes()].concat();
        for kept in [
            json!({"query": encoded, "text": json!({"t": SECRET}).to_string(), "proof": {"x-signature": SECRET}}),
            json!({"query": "a=plain-secret-2", "text": encoded}),
            json!({"base64": STANDARD.encode(&bytes)}),
            json!({"text": format!("t={SECRET}&u=plain-secret-2")}),
        ] {
            let mut incoming = incoming(kept.clone());
            incoming.conceal(&secrets);
            let stored = json!({"stored": incoming.stored(false), "kept": incoming.kept, "body": incoming.body});
            let written = stored.to_string();
            for secret in [SECRET, encoded.trim_start_matches("k="), "plain-secret-2", &STANDARD.encode(SECRET)] {
                assert!(!written.contains(secret) && !secrets.is_in_json(&written), "{kept}: {secret}: {written}");
            }
            assert!(incoming.kept.get("base64").is_none(), "{written}");
            assert_eq!(
                (&stored["stored"]["headers"]["x-event"], &stored["stored"]["query"]["a"]),
                (&json!("push"), &json!("1"))
            );
            assert_eq!(
                (&stored["body"]["nested"][0]["t"], &stored["stored"]["path"]),
                (&json!(MASKED), &json!("/in/********/x"))
            );
        }
    }

    #[test]
    fn a_request_without_secrets_stays_as_it_was() {
        let kept = json!({"query": "a=1", "text": "{\"n\":1}", "proof": {"x-signature": "sha256=00"}});
        let (before, mut after) = (incoming(kept.clone()), incoming(kept));
        after.conceal(&KnownSecrets::new(["another-secret".to_owned()]));
        assert_eq!((before.stored(false), before.kept), (after.stored(false), after.kept));
    }
}
