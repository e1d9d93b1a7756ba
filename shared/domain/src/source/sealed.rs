use crate::expr::{Scope, Template, to_text};
use serde_json::Value;
use std::fmt;

/// A text that must not be shown: a secret, as it is written or as the environment has it.
#[derive(Clone, PartialEq)]
pub struct SecretText(Template);

impl SecretText {
    /// From its template, over `env`.
    pub fn new(template: Template) -> Self {
        Self(template)
    }

    /// The text, as far as it is written out and needs no environment.
    pub fn written(&self) -> Option<String> {
        self.0.references().is_empty().then(|| self.text(&Value::Null)).flatten()
    }

    /// The environment variable that it is made of, if it is made of one.
    pub fn variable(&self) -> Option<String> {
        match self.0.references().as_slice() {
            [only] if only.source == "env" => only.path.first().cloned(),
            _ => None,
        }
    }

    /// The text with this environment; none if it is empty, or can't be evaluated.
    pub fn text(&self, env: &Value) -> Option<String> {
        let value = self.0.render(&Scope::new().with("env", env)).ok()?;
        Some(to_text(&value).into_owned()).filter(|text| !text.is_empty())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}
