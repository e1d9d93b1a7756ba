//! Hooks of adnanh/webhook (<https://github.com/adnanh/webhook/blob/master/docs/Hook-Definition.md>).
//!
//! A hook becomes a source, which says who may call it, with one rule, which says when it runs what, and a program. A hook
//! whose rule can't be carried over whole is left out, for it would let through what it refused.

mod command;
mod parameter;
mod rule;

use super::{Imported, Notes, yaml};
use domain::config::{Severity, Tree, load};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What a hook may have besides what is carried over, and what becomes of it.
const ELSE: [(&str, &str); 9] = [
    ("response-message", "the answer is JSON and names the run"),
    ("response-headers", "the answer has its own headers"),
    ("success-http-response-code", "what starts a run is answered 200"),
    ("incoming-payload-content-type", "a body is read as its Content-Type says"),
    (
        "include-command-output-in-response",
        "the answer comes before the program runs: `emulator runs show` has its output",
    ),
    ("include-command-output-in-response-on-error", "the answer comes before the program runs"),
    ("trigger-rule-mismatch-http-response-code", "a genuine request that no rule matches is answered 202"),
    ("trigger-signature-soft-failures", "a wrong signature is always answered 401"),
    ("keep-file-environment", "no files are made"),
];
/// Keys that the parts below read.
const READ: [&str; 8] = [
    "id",
    "execute-command",
    "command-working-directory",
    "pass-arguments-to-command",
    "pass-environment-to-command",
    "pass-file-to-command",
    "trigger-rule",
    "http-methods",
];

/// The project's own templates, `{{ getenv "NAME" | js }}`, as ours.
pub(super) fn with_env(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, template)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((inside, after)) = template.split_once("}}") else {
            out.push_str("{{");
            rest = template;
            continue;
        };
        let call = inside.trim().trim_end_matches("| js").trim();
        let name = call.strip_prefix("getenv").map(|name| name.trim().trim_matches(['"', '`', '\\']));
        match name.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
            Some(name) => out.push_str(&format!("${{env.{name}}}")),
            None => out.push_str(&format!("{{{{{inside}}}}}")),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

pub(super) fn convert(tree: &Tree<'_>, value: &Value) -> Result<Imported, String> {
    let mut notes = Notes::new(tree);
    let hooks = value.as_array().ok_or("a file of hooks is a list of them")?;
    let (mut sources, mut programs, mut names) = (Map::new(), Map::new(), BTreeSet::new());
    for (index, hook) in hooks.iter().enumerate() {
        let mut hook = Hook { index, fields: hook, notes: &mut notes };
        if let Some((name, source, program)) = hook.convert(&mut names) {
            sources.insert(name.clone(), source);
            programs.insert(name, program);
        }
    }
    if sources.is_empty() {
        let all: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
        return Err(format!("no hook can be carried over\n{}", all.join("\n")));
    }
    let printed = yaml::print(&json!({"sources": sources, "programs": programs}));
    let header = "# Made of the hooks of adnanh/webhook. A hook at http://HOST:9000/hooks/ID is at http://HOST:8080/hooks/ID now;\n\
                  # `controller: {host, port}` changes that.\n";
    Ok(Imported { yaml: format!("{header}{printed}"), notes: notes.done() })
}

/// One hook, and what there is to say about it.
struct Hook<'h, 't> {
    index: usize,
    fields: &'h Value,
    notes: &'h mut Notes<'t>,
}

impl Hook<'_, '_> {
    fn note(&mut self, key: &str, what: impl Into<String>) {
        let (pointer, place) = match key {
            "" => (format!("/{}", self.index), format!("hooks[{}]", self.index)),
            key => (format!("/{}/{key}", self.index), format!("hooks[{}].{}", self.index, key.replace('/', "."))),
        };
        self.notes.add(&pointer, place, what);
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Its name, its source and its program.
    fn convert(&mut self, names: &mut BTreeSet<String>) -> Option<(String, Value, Value)> {
        let Some(id) = self.text("id").map(str::to_owned) else {
            self.note("", "left out: it has no `id`");
            return None;
        };
        let name: String = id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
        if name != id {
            self.note("id", format!("`{id}` can be no name here: its address is /hooks/{name} now"));
        }
        if names.contains(&name) {
            self.note("", format!("left out: another hook is called `{name}`"));
            return None;
        }
        let Some(execute) = self.text("execute-command").map(str::to_owned) else {
            self.note("", "left out: it has no `execute-command`");
            return None;
        };
        let rule = match self.fields.get("trigger-rule").filter(|rule| !rule.is_null()) {
            None => rule::Converted::default(),
            Some(rule) => match rule::convert(rule, &name) {
                Ok(converted) => converted,
                Err((at, why)) => {
                    self.note(&format!("trigger-rule{at}"), format!("the hook is left out, because {why}"));
                    return None;
                }
            },
        };
        let before = self.notes.all.len();
        for (at, what) in &rule.notes {
            self.note(&format!("trigger-rule{at}"), what.clone());
        }
        let command::Converted { program, input } = self.command(&execute);
        self.others();
        let mut source = rule.verification;
        if source.is_empty() {
            self.note("", "it takes every request, whoever sends it: `auth_type: none`, as before");
            source.insert("auth_type".to_owned(), "none".into());
        }
        let mut entry = Map::new();
        entry.extend(rule.when.map(|when| ("when".to_owned(), when.into())));
        entry.insert("target".to_owned(), name.as_str().into());
        if !input.is_empty() {
            entry.insert("input".to_owned(), Value::Object(input));
        }
        source.insert("rules".to_owned(), json!({"*": [entry]}));
        let (source, program) = (Value::Object(source), Value::Object(program));
        // By itself, so that what is wrong with one doesn't stop the others.
        let alone = yaml::print(&json!({"sources": {name.as_str(): source}, "programs": {name.as_str(): program}}));
        let loaded = load(&alone, "ringback.yml");
        if let Some(error) = loaded.diagnostics.iter().find(|one| one.severity == Severity::Error) {
            self.notes.all.truncate(before);
            self.note("", format!("left out: {}", error.message));
            return None;
        }
        names.insert(name.clone());
        Some((name, source, program))
    }

    /// What is not carried over, and why.
    fn others(&mut self) {
        let methods = self.fields.get("http-methods").and_then(Value::as_array).cloned().unwrap_or_default();
        if methods.iter().filter_map(Value::as_str).any(|method| !method.trim().eq_ignore_ascii_case("POST")) {
            self.note("http-methods", "a hook is started by POST alone");
        }
        let keys: Vec<String> = self.fields.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
        for key in keys.iter().filter(|key| !READ.contains(&key.as_str())) {
            match ELSE.iter().find(|(name, _)| name == key) {
                Some((_, why)) => self.note(key, format!("not carried over: {why}")),
                None if key == "parse-parameters-as-json" => {
                    self.note(key, "not carried over: write `${body.name as json}` where the value is read");
                }
                None => self.note(key, "not carried over: it is not known"),
            }
        }
    }
}
