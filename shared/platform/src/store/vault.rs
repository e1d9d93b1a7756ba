//! Secrets of the table's items: sealed inside of what is stored, on its way there, and opened on its way back.
//!
//! A store without keys stores what it is given, and gives what it finds: sealed texts stay sealed ([`within`]).
//!
//! [`within`]: crate::secret

use super::item::{Item, bytes, damaged, text};
use super::{StoreError, codec};
use crate::secret::{KeyRing, may_hold_sealed};
use domain::redact::{KnownSecrets, has_secret_field, may_have_secret_name};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// Seals and opens; without keys it does neither.
#[derive(Debug, Clone, Default)]
pub(super) struct Vault(Option<Arc<Keys>>);

#[derive(Debug)]
struct Keys {
    ring: Arc<KeyRing>,
    /// Secrets that are known by their value, whatever name they stand under.
    known: KnownSecrets,
}

/// Facts about a value that is to be sealed, which it doesn't show itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Besides<'a> {
    /// A value whose secrets may stand in this one too.
    pub(super) about: Option<&'a Value>,
    /// The field of which every text is sealed where there is any secret at all: it is a copy of something.
    pub(super) copy: Option<&'a str>,
}

/// The owner of secrets in the items of a partition key.
fn owner(pk: &str) -> String {
    format!("table/{pk}")
}

impl Vault {
    pub(super) fn new(ring: Arc<KeyRing>, known: KnownSecrets) -> Self {
        Self(Some(Arc::new(Keys { ring, known })))
    }

    /// A value in its binary form, with its secrets sealed for the item of that partition key.
    pub(super) fn pack<T: Serialize>(&self, value: &T, pk: &str) -> Result<Vec<u8>, StoreError> {
        self.pack_besides(value, pk, Besides::default())
    }

    /// The same, with what is known besides.
    pub(super) fn pack_besides<T: Serialize>(
        &self,
        value: &T,
        pk: &str,
        besides: Besides<'_>,
    ) -> Result<Vec<u8>, StoreError> {
        let Some(keys) = &self.0 else { return codec::pack_plain(value) };
        let json = serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let about = besides.about.map(KnownSecrets::of_input).unwrap_or_default();
        let named = may_have_secret_name(&json);
        let about_named = besides.about.is_some_and(has_secret_field);
        if !named && !about_named && !keys.known.is_in_json(&json) {
            return codec::pack_json(json.into_bytes());
        }
        let mut value: Value = serde_json::from_str(&json).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let own = KnownSecrets::of_input(&value);
        let (owner, known) = (owner(pk), [&keys.known, &about, &own]);
        if (about_named || has_secret_field(&value))
            && let Some(copy) = besides.copy.and_then(|name| value.get_mut(name))
        {
            keys.ring.seal_within(copy, &owner, &known, true);
        }
        keys.ring.seal_within(&mut value, &owner, &known, false);
        codec::pack_plain(&value)
    }

    /// Reads an attribute that [`Vault::pack`] has made, and opens its secrets.
    pub(super) fn unpack<T: DeserializeOwned>(&self, item: &Item, name: &str) -> Result<T, StoreError> {
        let packed = bytes(item, name).ok_or_else(|| damaged(item))?;
        let pk = text(item, "pk").unwrap_or_default();
        let Some(keys) = &self.0 else { return codec::unpack_plain(packed, pk) };
        let json = codec::json(packed, pk)?;
        if !may_hold_sealed(&json) {
            return codec::read(&json, pk);
        }
        let mut value: Value = codec::read(&json, pk)?;
        keys.ring.open_within(&mut value, &owner(pk));
        let text = value.to_string();
        // Never two trees of one item in memory.
        drop(value);
        codec::read(text.as_bytes(), pk)
    }

    /// A value in which all texts of a field are sealed, and with it all that are secret.
    pub(super) fn sealed_field(&self, mut value: Value, owner_of: &str, field: &str) -> Value {
        if let Some(keys) = &self.0 {
            let owner = owner(owner_of);
            if let Some(field) = value.get_mut(field) {
                keys.ring.seal_within(field, &owner, &[], true);
            }
            keys.ring.seal_within(&mut value, &owner, &[&keys.known], false);
        }
        value
    }

    /// Seals the secrets of a value.
    pub(super) fn seal(&self, value: &mut Value, pk: &str) {
        if let Some(keys) = &self.0 {
            let own = KnownSecrets::of_input(value);
            keys.ring.seal_within(value, &owner(pk), &[&keys.known, &own], false);
        }
    }

    /// Opens what has come out of an item as it was.
    pub(super) fn open(&self, value: &mut Value, pk: &str) {
        if let Some(keys) = &self.0 {
            keys.ring.open_within(value, &owner(pk));
        }
    }

    /// Seals a text that is a secret by its meaning.
    pub(super) fn seal_text(&self, text: &mut String, pk: &str) {
        if let Some(keys) = &self.0 {
            keys.ring.seal_text(text, &owner(pk));
        }
    }

    /// Opens it.
    pub(super) fn open_text(&self, text: &mut String, pk: &str) {
        if let Some(keys) = &self.0 {
            keys.ring.open_text(text, &owner(pk));
        }
    }
}

/// An attribute with all its secrets sealed by the current key; `None` where they are.
///
/// # Errors
/// If it can't be read, or a secret can't be opened.
pub(super) fn resealed(item: &Item, name: &str, ring: &KeyRing) -> Result<Option<(Vec<u8>, usize)>, StoreError> {
    let (Some(packed), Some(pk), Some(sk)) = (bytes(item, name), text(item, "pk"), text(item, "sk")) else {
        return Ok(None);
    };
    let of = if name == "config" { format!("{pk}/{sk}") } else { pk.to_owned() };
    let json = codec::json(packed, pk)?;
    if !may_hold_sealed(&json) {
        return Ok(None);
    }
    let mut value: Value = codec::read(&json, pk)?;
    let count = ring.reseal_within(&mut value, &owner(&of));
    let count = count.map_err(|error| StoreError::Damaged(format!("{pk}: {error}")))?;
    if count == 0 { Ok(None) } else { Ok(Some((codec::pack_plain(&value)?, count))) }
}

#[cfg(test)]
mod tests;
