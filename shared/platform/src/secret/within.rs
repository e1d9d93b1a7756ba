//! Secrets inside of JSON: texts that are sealed where they stand, so that the rest stays readable.
//!
//! ```text
//!  {"password": "hunter22", "branch": "main"} ─ seal ─► {"password": "sealed:v1.…", "branch": "main"} ─► table, queue
//!                                             ◄─ open ─                                              ◄─
//! ```
//!
//! A text is sealed that stands under a secret name ([`domain::redact`]), at any depth, and any other text that holds such a
//! text or a known secret. It is sealed for its owner, the item that it is stored in. A process without the key, such as `relay`
//! or a worker on another machine, reads and writes the item with its texts as they are. A text that only looks sealed, because
//! a stranger has sent it, is left as it is.

use super::ring::KeyRing;
use super::seal::SecretError;
use domain::redact::{KnownSecrets, is_secret_field};
use serde_json::Value;

/// Marks a sealed text, before the text that [`KeyRing::seal`] makes.
const PREFIX: &str = "sealed:";
/// The beginning of a sealed text of the present form.
const BEGINNING: &str = "sealed:v1.";

/// Whether a text is sealed, as far as can be seen without a key.
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(BEGINNING)
}

/// Whether JSON holds a text that may be sealed.
pub fn may_hold_sealed(json: &[u8]) -> bool {
    // The form is ASCII and nothing in it is escaped, so it stands in JSON as it is.
    std::str::from_utf8(json).is_ok_and(|json| json.contains(BEGINNING))
}

/// Whether a value holds a sealed text.
pub fn holds_sealed(value: &Value) -> bool {
    match value {
        Value::String(text) => is_sealed(text),
        Value::Array(items) => items.iter().any(holds_sealed),
        Value::Object(fields) => fields.values().any(holds_sealed),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl KeyRing {
    /// Seals a text for an owner; one that is sealed or empty stays as it is.
    pub fn seal_text(&self, text: &mut String, owner: &str) {
        if !text.is_empty() && !is_sealed(text) {
            *text = format!("{PREFIX}{}", self.seal(text.as_bytes(), owner));
        }
    }

    /// Opens a text that was sealed for an owner; any other stays as it is.
    pub fn open_text(&self, text: &mut String, owner: &str) {
        let Some(sealed) = text.strip_prefix(PREFIX).filter(|_| is_sealed(text)) else { return };
        match self.open(sealed, owner).map(|opened| String::from_utf8(opened.to_vec())) {
            Ok(Ok(opened)) => *text = opened,
            Err(SecretError::UnknownKey(key)) => {
                tracing::error!(owner, key, "a stored secret can't be opened: its key is not in the ring");
            }
            // A stranger's text that only looks sealed.
            Ok(Err(_)) | Err(SecretError::Malformed | SecretError::Refused) => {}
        }
    }

    /// Seals all texts of a value that stand under secret names, or hold one of these secrets. `all`: every text.
    pub fn seal_within(&self, value: &mut Value, owner: &str, known: &[&KnownSecrets], all: bool) {
        match value {
            Value::String(text) => {
                if all || known.iter().any(|known| known.is_in(text)) {
                    self.seal_text(text, owner);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.seal_within(item, owner, known, all)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    self.seal_within(field, owner, known, all || is_secret_field(name));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Opens all sealed texts of a value.
    pub fn open_within(&self, value: &mut Value, owner: &str) {
        match value {
            Value::String(text) => self.open_text(text, owner),
            Value::Array(items) => items.iter_mut().for_each(|item| self.open_within(item, owner)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.open_within(field, owner)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Seals anew all texts of a value that an older key has sealed; says how many.
    ///
    /// # Errors
    /// If one can't be opened though it was sealed for this owner: its key is not in the ring.
    pub fn reseal_within(&self, value: &mut Value, owner: &str) -> Result<usize, SecretError> {
        let mut count = 0;
        match value {
            Value::String(text) => {
                let Some(sealed) = text.strip_prefix(PREFIX).filter(|_| is_sealed(text)) else { return Ok(0) };
                if self.needs_resealing(sealed) {
                    match self.reseal(sealed, owner) {
                        Ok(anew) => {
                            *text = format!("{PREFIX}{anew}");
                            count = 1;
                        }
                        Err(SecretError::Malformed | SecretError::Refused) => {}
                        Err(missing @ SecretError::UnknownKey(_)) => return Err(missing),
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    count += self.reseal_within(item, owner)?;
                }
            }
            Value::Object(fields) => {
                for field in fields.values_mut() {
                    count += self.reseal_within(field, owner)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
