//! A request as it is stored with its run, and as it is read again for replay.

use super::Incoming;
use domain::config::RouteId;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// By which way a request came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// By a route of a listener; where it brought many items, as which of them, from 0.
    Route {
        /// Which route.
        id: RouteId,
        /// Which item.
        item: Option<usize>,
    },
    /// By the address of a source.
    Source(String),
}

impl Came {
    /// By which way a stored request came; `None` for one that tells only its path.
    pub fn of(stored: &Value) -> Option<Self> {
        if let Some(source) = stored.get("source").and_then(Value::as_str) {
            return Some(Self::Source(source.to_owned()));
        }
        let id = RouteId(stored.get("route")?.as_str()?.to_owned());
        let item = stored.get("item").and_then(Value::as_u64).and_then(|item| usize::try_from(item).ok());
        Some(Self::Route { id, item })
    }
}

impl Incoming {
    /// What is stored with a run: as [`Incoming::stored`], and by which way it came.
    pub fn stored_by(&self, body_is_input: bool, came: &Came) -> Value {
        let mut stored = self.stored(body_is_input);
        if let Value::Object(stored) = &mut stored {
            match came {
                Came::Source(name) => {
                    stored.insert("source".to_owned(), name.as_str().into());
                }
                Came::Route { id, item } => {
                    stored.insert("route".to_owned(), json!(id));
                    if let Some(item) = item {
                        stored.insert("item".to_owned(), json!(item));
                    }
                }
            }
        }
        stored
    }

    /// A stored request; `input` is that of its run, which may hold its body. What was hidden stays hidden.
    pub fn restored(stored: &Value, input: &Arc<Value>) -> Self {
        let text = |name: &str| stored.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let object = |name: &str| stored.get(name).cloned().unwrap_or_else(|| Value::Object(Map::new()));
        // A route may have the path of a source; only a request that doesn't say how it came is judged by that.
        let of_source = match Came::of(stored) {
            Some(came) => matches!(came, Came::Source(_)),
            None => source_path(&text("path")).is_some(),
        };
        let body = match stored.get("body") {
            Some(body) => Arc::new(body.clone()),
            None if of_source => Arc::new(input.get("body").cloned().unwrap_or_default()),
            None => input.clone(),
        };
        Self {
            method: text("method"),
            path: text("path"),
            params: object("params"),
            query: object("query"),
            headers: object("headers"),
            body,
            hidden: Vec::new(),
            kept: Value::Null,
        }
    }
}

/// The source whose address a path is.
pub fn source_path(path: &str) -> Option<&str> {
    let name = path.strip_prefix("/api/webhooks/").or_else(|| path.strip_prefix("/hooks/"))?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

/// The parameters that a route's path finds in another; `None` if it doesn't match, as axum's router matches.
pub fn params_of(pattern: &str, path: &str) -> Option<Value> {
    let mut router = matchit::Router::new();
    router.insert(pattern, ()).ok()?;
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let params = router.at(path).ok()?.params;
    Some(Value::Object(params.iter().map(|(name, value)| (name.to_owned(), decoded(value).into())).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_the_parameters_of_the_routes_that_match_it() {
        assert_eq!(params_of("/hooks/{id}", "/hooks/a%20b"), Some(json!({"id": "a b"})));
        assert_eq!(params_of("/a/{x}/b/{y}", "/a/1/b/2"), Some(json!({"x": "1", "y": "2"})));
        assert_eq!(params_of("/files/{*rest}", "/files/a/b"), Some(json!({"rest": "a/b"})));
        assert_eq!(params_of("/a", "/a"), Some(json!({})));
        for (pattern, path) in [("/a", "/b"), ("/a", "/a/b"), ("/a/{x}", "/a"), ("/a/{x}", "/a/"), ("/a/{x}", "/a/1/2")]
        {
            assert_eq!(params_of(pattern, path), None, "{pattern} {path}");
        }
    }

    #[test]
    fn a_request_is_restored_wherever_its_body_was_kept() {
        let incoming = Incoming {
            method: "POST".to_owned(),
            path: "/hooks/github".to_owned(),
            params: json!({}),
            query: json!({"a": "1"}),
            headers: json!({"x-event": "push", "x-hub-signature": "s3cret"}),
            body: json!({"ref": "main"}).into(),
            kept: Value::Null,
            hidden: Vec::new(),
        };
        let source = Came::Source("github".to_owned());
        let route = Came::Route { id: RouteId("l:POST:/hooks/github".to_owned()), item: Some(2) };
        for (came, body_is_input, input) in [
            (&source, true, json!({"event": "push", "body": {"ref": "main"}})),
            (&source, false, json!(7)),
            (&route, true, json!({"ref": "main"})),
            (&route, false, json!(7)),
        ] {
            let stored = incoming.stored_by(body_is_input, came);
            assert!(!stored.to_string().contains("s3cret"), "{stored}");
            assert_eq!(Came::of(&stored).as_ref(), Some(came));
            let restored = Incoming::restored(&stored, &Arc::new(input));
            assert_eq!((&restored.body, &restored.query), (&incoming.body, &incoming.query), "{came:?}");
            assert_eq!(restored.headers["x-event"], "push");
        }
    }

    #[test]
    fn the_addresses_of_sources_are_known() {
        assert_eq!(source_path("/api/webhooks/github"), Some("github"));
        assert_eq!(source_path("/hooks/own"), Some("own"));
        for other in ["/hooks/", "/hooks/a/b", "/webhooks/github", "/"] {
            assert_eq!(source_path(other), None, "{other}");
        }
    }
}
