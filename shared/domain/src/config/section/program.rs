//! `program`, `programs`: commands of a machine, or functions in AWS Lambda, that rules and workflows run.

use super::job::{RETRY, retry};
use super::listener::claim;
use super::{Item, Section};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, check_id, items, plain};
use crate::config::program::{Action, Command, DEFAULT_OUTPUT, MOST_OUTPUT, PASSED, Program, TIMEOUT, variable};
use crate::config::template::PROGRAM_ENV;
use crate::config::yaml::Node;
use std::collections::HashMap;

pub(in crate::config) static SECTION: Section = Section {
    singular: "program",
    plural: Some("programs"),
    doc: "Commands that rules and workflows run, by name: without a shell, on a worker's machine.",
    kinds: &[&PROGRAM],
    read,
};

static PROGRAM: Keys = Keys {
    name: "a program",
    doc: "A command, or a function in AWS Lambda.",
    groups: &[&[
        Key::new("id", Shape::Id, "Its name, where programs are a list."),
        Key::new(
            "command",
            Shape::Names,
            "The program and its first arguments, as a list. There is no shell: one text is split at blanks, and nothing \
             in it has a meaning.",
        ),
        Key::new("function", Shape::Text, "Instead of `command`: the name or ARN of a function in AWS Lambda."),
        Key::new(
            "params",
            Shape::Names,
            "Fields of the input that become arguments: `--name value`. Looked up by name, else by path in `body`.",
        ),
        Key::new("timeout", Shape::Duration, "How long it may run; then its whole process group is ended.")
            .default("10m"),
        Key::new("cwd", Shape::Text, "Its working directory; the worker's where absent."),
        Key::new("env", Shape::TextTemplates, "Environment variables, over the worker's `env`."),
        Key::new(
            "pass_env",
            Shape::Names,
            "Environment variables of the worker that it inherits; PATH, HOME and LANG where absent. It sees no \
             others.",
        ),
        Key::new("user", Shape::Text, "Runs as this user, by name or number; only a worker that is root can do that."),
        Key::new("retry", Shape::One(&[&RETRY]), "Try again when it fails; a job's own `retry` takes precedence."),
        Key::new(
            "max_concurrent",
            Shape::Count(1),
            "How often it may run at once on one worker; without bound where absent.",
        ),
        Key::new(
            "output_limit",
            Shape::Count(1),
            "Bytes kept of each of its outputs: the first and the last half of so many.",
        )
        .default("65536"),
    ]],
};

fn read(cx: &mut Cx, items: &[Item<'_>]) {
    for item in items {
        let Some((id, span)) = item.id(cx) else {
            if item.node.entries().is_none() {
                let message = format!("a program is a mapping, not {}", item.node.describe());
                cx.report(Code::WrongType, item.node.span, message);
            } else if item.key.is_none() && item.node.get("id").is_none() {
                cx.report(Code::MissingKey, item.at, "a program needs the key `id`: the name that rules use");
            }
            continue;
        };
        if claim(cx, "program", &id, span)
            && let Some(program) = program(cx, item, &id)
        {
            cx.draft.programs.insert(id, program);
        }
    }
}

fn program(cx: &mut Cx, item: &Item<'_>, id: &str) -> Option<Program> {
    let map = Map::open(cx, item.node, item.at, &PROGRAM)?;
    map.refuse_together(cx, &["command", "function"], "a program runs here or in AWS Lambda");
    let command = map.node("command").map(|node| command(cx, "command", node));
    let function = map.text(cx, "function");
    for key in ["cwd", "env", "pass_env", "user", "max_concurrent", "output_limit"] {
        if function.is_some()
            && let Some(entry) = map.entry(key)
        {
            cx.report(
                Code::ConflictingKeys,
                entry.key_span,
                format!("`{key}` means nothing to a function in AWS Lambda"),
            );
        }
    }
    let params = map.node("params").map(|node| params(cx, node)).unwrap_or_default();
    let timeout = map.duration(cx, "timeout", false).unwrap_or(TIMEOUT);
    let cwd = map.text(cx, "cwd");
    let env = map.text_templates(cx, "env", &PROGRAM_ENV);
    let passed = map.node("pass_env").map(|node| names(cx, node));
    for name in env.iter().map(|(name, _)| name).filter(|name| !is_variable(name)) {
        cx.report(Code::BadValue, map.node("env").map_or(map.at, |node| node.span), not_a_variable(name));
    }
    let user = map.text(cx, "user");
    let retry = retry(cx, &map);
    let max_concurrent = map.count(cx, "max_concurrent");
    let output_limit = map.count(cx, "output_limit").unwrap_or(DEFAULT_OUTPUT);
    if output_limit > MOST_OUTPUT {
        let at = map.node("output_limit").map_or(map.at, |node| node.span);
        cx.report(
            Code::BadValue,
            at,
            format!("`output_limit` is at most {MOST_OUTPUT}: it is kept in one item of the table"),
        );
    }
    let action = match (command, function) {
        (_, Some(function)) => Action::Invoke { function },
        (Some(argv), None) => Action::Run(Command {
            argv: argv?,
            cwd,
            env,
            pass_env: passed.unwrap_or_else(|| PASSED.iter().map(|name| (*name).to_owned()).collect()),
            user,
            max_concurrent,
            output_limit,
        }),
        (None, None) => {
            if !map.has("function") {
                cx.report(Code::MissingKey, map.at, "a program needs the key `command`, or `function`");
            }
            return None;
        }
    };
    Some(Program::new(id, action, params, timeout, retry))
}

/// A list is taken as it is; a text is split at blanks, and that is said, since a shell would have read more into it.
pub(super) fn command(cx: &mut Cx, key: &str, node: &Node) -> Option<Vec<String>> {
    let argv: Vec<String> = match node.items() {
        Some(list) => {
            let words: Vec<_> = list.iter().map(|item| word(cx, item)).collect();
            words.into_iter().collect::<Option<_>>()?
        }
        None => {
            let text = plain(cx, node)?;
            let argv: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            let message =
                format!("`{key}` is a list: this text is split at blanks, into {argv:?}, and no shell reads it");
            cx.report(Code::CommandIsText, node.span, message);
            argv
        }
    };
    if argv.first().is_none_or(String::is_empty) {
        cx.report(Code::BadValue, node.span, format!("`{key}` names no program"));
        return None;
    }
    Some(argv)
}

/// An argument, which may be empty.
fn word(cx: &mut Cx, node: &Node) -> Option<String> {
    let text = match node.text() {
        Some("") => "",
        _ => plain(cx, node)?,
    };
    if text.contains('\0') {
        cx.report(Code::BadValue, node.span, "an argument can't hold a NUL character");
        return None;
    }
    Some(text.to_owned())
}

fn params(cx: &mut Cx, node: &Node) -> Vec<String> {
    let mut params: Vec<String> = Vec::new();
    let mut variables: HashMap<String, String> = HashMap::new();
    for item in items(node) {
        let Some(name) = plain(cx, item).filter(|name| check_id(cx, name, item.span)) else { continue };
        if name.starts_with('-') {
            cx.report(Code::BadId, item.span, format!("`{name}` can't be a parameter: it begins with `-`"));
            continue;
        }
        if let Some(other) = variables.insert(variable(name), name.to_owned()) {
            let message = format!("`{name}` and `{other}` are both `{}` in the environment", variable(name));
            cx.report(Code::DuplicateId, item.span, message);
            continue;
        }
        params.push(name.to_owned());
    }
    params
}

fn names(cx: &mut Cx, node: &Node) -> Vec<String> {
    let mut names = Vec::new();
    for item in items(node) {
        let Some(name) = plain(cx, item) else { continue };
        if is_variable(name) {
            names.push(name.to_owned());
        } else {
            cx.report(Code::BadValue, item.span, not_a_variable(name));
        }
    }
    names
}

/// POSIX, Base Definitions 8.1: no `=` in a name; NUL ends it.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn not_a_variable(name: &str) -> String {
    format!("`{}` can't be the name of an environment variable", name.escape_debug())
}
