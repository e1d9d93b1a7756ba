//! What the process is told besides the file: its variables, what templates see as `env`, and the keys of secrets.

mod file;
mod keys;

pub use file::of_file;
pub use keys::keys;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The variables of a process, as they were when it started. Clones share them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(Arc<BTreeMap<String, String>>);

impl Environment {
    /// Those of this process. What is no UTF-8 is left out.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read, once, at start")]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// One variable; empty counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The same, as a text of its own.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// The variable as it is set, be it to nothing.
    pub fn set(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(Arc::new(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }
}

/// Names alone: values may be secret.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn an_empty_variable_counts_as_not_set_unless_it_is_asked_for_as_it_is() {
        let environment: Environment = [("EMPTY", ""), ("FULL", "text")].into_iter().collect();
        assert_eq!(["EMPTY", "FULL", "NONE"].map(|name| environment.get(name)), [None, Some("text"), None]);
        assert_eq!(["EMPTY", "FULL", "NONE"].map(|name| environment.set(name)), [Some(""), Some("text"), None]);
    }

    #[test]
    fn values_are_not_shown() {
        let environment: Environment = [("TOKEN", "a secret value")].into_iter().collect();
        assert_eq!(format!("{environment:?}"), "{\"TOKEN\"}");
    }
}
