//! Sources and programs: those of the file, and those that the API has put on top of them.

use crate::Cursor;
use crate::shape::answers;
use jiff::Timestamp;
use serde_json::{Map, Value};

answers! {
    /// The sources.
    pub struct Sources {
        /// By name.
        pub webhooks: Vec<Source>,
    }

    /// A source, with its settings in the fields of the file; without its secrets.
    pub struct Source {
        /// Its name.
        pub name: String,
        /// The place of its definition.
        pub origin: Origin,
        /// True if it stands over a source of the file; missing for sources of the file.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub overrides_file: Option<bool>,
        /// True if it has a secret.
        pub secret_set: bool,
        /// True if it has a token.
        pub token_set: bool,
        /// True if it has a token for the provider's handshake.
        pub verify_token_set: bool,
        /// Counts its changes; missing for entries of the file.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub version: Option<u64>,
        /// Time of its last change; missing for entries of the file.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
        pub updated_at: Option<Timestamp>,
        /// The other fields, as docs/configuration.md describes them.
        #[serde(flatten)]
        pub settings: Map<String, Value>,
    }

    /// The place of a definition.
    #[serde(rename_all = "snake_case")]
    #[derive(Copy, Eq)]
    pub enum Origin {
        /// In the file.
        File,
        /// By this API.
        Api,
    }

    /// The programs.
    pub struct Programs {
        /// Programs of the file by name, then programs of the API.
        pub programs: Vec<Program>,
        /// True if programs that the API has defined are run.
        pub runtime_programs: bool,
    }

    /// A program, with its settings in the fields of the file; values of its environment are hidden.
    pub struct Program {
        /// Its name.
        pub name: String,
        /// The place of its definition.
        pub origin: Origin,
        /// True if it is run; missing for programs of the file, and in the answer to a change.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub active: Option<bool>,
        /// Counts its changes; missing for entries of the file.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub version: Option<u64>,
        /// Time of its last change; missing for entries of the file.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
        pub updated_at: Option<Timestamp>,
        /// The other fields, as docs/configuration.md describes them.
        #[serde(flatten)]
        pub settings: Map<String, Value>,
    }

    /// A page of the history, newest first.
    pub struct Changes {
        /// Changes of sources and programs.
        pub changes: Vec<Change>,
        /// The `before` of the following page; null on the last.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub next: Option<Cursor>,
    }

    /// A change.
    pub struct Change {
        /// Time of the change.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub at: Timestamp,
        /// `source`, `program`, or `learned` where a handshake has brought a secret.
        pub kind: String,
        /// Name of the source or program.
        pub name: String,
        /// `created`, `replaced` or `deleted`.
        pub action: String,
        /// The kind of token that asked for it.
        pub by: String,
        /// Fields that differ from before; never their values.
        pub fields: Vec<String>,
    }
}
