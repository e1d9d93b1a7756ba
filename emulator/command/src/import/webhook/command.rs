//! A hook's command: what it is given, and how.
//!
//! Our programs get their arguments by name. Where a hook gives them by place, or in variables of its own, a line of shell
//! puts them there. What a request brings is only ever the value of a variable, so none of it is read as shell.

use super::Hook;
use super::parameter::expression;
use serde_json::{Map, Value, json};

/// The program, and what its rule gives it.
#[derive(Debug)]
pub(super) struct Converted {
    pub(super) program: Map<String, Value>,
    pub(super) input: Map<String, Value>,
}

impl Hook<'_, '_> {
    pub(super) fn command(&mut self, execute: &str) -> Converted {
        let (mut input, mut params, mut fixed) = (Map::new(), Vec::new(), true);
        let (mut words, mut assigned) = (Vec::new(), Vec::new());
        for (n, one) in self.list("pass-arguments-to-command").iter().enumerate() {
            let at = format!("pass-arguments-to-command/{n}");
            if one.get("source").and_then(Value::as_str) == Some("string") {
                words.push(Word::Fixed(one.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()));
                continue;
            }
            let Some(read) = self.read(one, &at) else {
                words.push(Word::Fixed(String::new()));
                continue;
            };
            let param = format!("arg{}", n + 1);
            input.insert(param.clone(), format!("${{{read}}}").into());
            words.push(Word::Of(param.clone()));
            params.push(param);
            fixed = false;
        }
        for (n, one) in self.list("pass-environment-to-command").iter().enumerate() {
            let at = format!("pass-environment-to-command/{n}");
            let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
            let name =
                if text("envname").is_empty() { format!("HOOK_{}", text("name")) } else { text("envname").to_owned() };
            let usable = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !name.starts_with(|c: char| c.is_ascii_digit());
            if !usable {
                self.note(&at, format!("not carried over: `{name}` can be no variable's name; give it an `envname`"));
                continue;
            }
            let Some(read) = self.read(one, &at) else { continue };
            let param = format!("env{}", n + 1);
            input.insert(param.clone(), format!("${{{read}}}").into());
            assigned.push((name, param.clone()));
            params.push(param);
            fixed = false;
        }
        if self.fields.get("pass-file-to-command").is_some() {
            self.note(
                "pass-file-to-command",
                "not carried over: the program has all of the input as JSON on its standard input",
            );
        }
        let mut program = Map::new();
        let command = if fixed {
            let words =
                words.into_iter().filter_map(|word| if let Word::Fixed(text) = word { Some(text) } else { None });
            std::iter::once(execute.to_owned()).chain(words).collect::<Vec<_>>()
        } else {
            self.note("execute-command", "run by `sh`, which gives it its arguments and variables by place and name");
            vec!["sh".to_owned(), "-c".to_owned(), line(execute, &words, &assigned), "sh".to_owned()]
        };
        program.insert("command".to_owned(), json!(command));
        if !params.is_empty() {
            program.insert("params".to_owned(), json!(params));
        }
        if let Some(directory) = self.text("command-working-directory") {
            program.insert("cwd".to_owned(), directory.into());
        }
        Converted { program, input }
    }

    fn list(&self, key: &str) -> Vec<Value> {
        self.fields.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    fn read(&mut self, parameter: &Value, at: &str) -> Option<String> {
        if parameter.get("base64decode").and_then(Value::as_bool) == Some(true) {
            self.note(at, "not decoded from base64: write `${… as base64}`");
        }
        expression(parameter).map_err(|why| self.note(at, format!("left empty: {why}"))).ok()
    }
}

/// An argument.
enum Word {
    Fixed(String),
    /// The value of a parameter.
    Of(String),
}

/// `NAME="$RINGBACK_PARAM_ENV1" exec '/the/program' "$RINGBACK_PARAM_ARG1"`.
fn line(execute: &str, words: &[Word], assigned: &[(String, String)]) -> String {
    let value = |param: &str| format!("\"$RINGBACK_PARAM_{}\"", param.to_ascii_uppercase());
    let exports = assigned.iter().map(|(name, param)| format!("export {name}={}; ", value(param)));
    let words = words.iter().map(|word| match word {
        Word::Fixed(text) => quoted(text),
        Word::Of(param) => value(param),
    });
    let words: Vec<String> = std::iter::once(quoted(execute)).chain(words).collect();
    format!("{}exec {}", exports.collect::<String>(), words.join(" "))
}

/// In the shell's single quotes, in which nothing means anything.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
