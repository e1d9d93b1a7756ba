//! Names that the file gives to what is in AWS: SSM parameters, and functions of the user's own.

use super::place::Place;
use domain::config::program::Action;
use domain::config::{Code, Config, Diagnostic, Loaded, Tree};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where infra/ has the variables' parameters unless it is told otherwise.
const PATH: &str = "/ringback/env/";
/// Levels of a parameter's name, and its characters, at most
/// (<https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html>).
const LEVELS: usize = 15;
const LONGEST: usize = 1011;

/// A variable that templates read as `${env.NAME}`.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    /// Somewhere it is read without a default.
    pub(super) required: bool,
    /// Where it is first read, without a default if it is so anywhere; from 1.
    pub(super) line: usize,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) name: String,
    /// The function in AWS Lambda that it is, by name or ARN as the file has it. Absent for one that workers run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function: Option<String>,
    /// Where that function, or its command, stands in the file; from 1.
    pub(super) line: usize,
}

/// What `${env.…}` reads, by name.
pub(super) fn environment(loaded: &Loaded, text: &str) -> Vec<Variable> {
    let mut variables: BTreeMap<&str, Variable> = BTreeMap::new();
    for read in &loaded.env {
        let (name, required) = (read.name.clone(), !read.has_default);
        let variable = Variable { name, required, line: Place::of(text, read.span).line };
        match variables.get(read.name.as_str()) {
            Some(known) if known.required || !required => {}
            _ => drop(variables.insert(&read.name, variable)),
        }
    }
    variables.into_values().collect()
}

/// The programs, in file order.
pub(super) fn programs(config: &Config, text: &str) -> Vec<Program> {
    // The file has been read already, so it can be read again.
    let tree = Tree::parse(text, "").ok();
    let value = tree.as_ref().map(Tree::value).unwrap_or_default();
    let line = |name: &str, key: &str| {
        let pointer = format!("{}/{key}", pointer(&value, name).unwrap_or_default());
        tree.as_ref().map_or(0, |tree| tree.line(&pointer))
    };
    let planned = |(name, action): (&String, &Action)| match action {
        Action::Invoke { function } => {
            Program { name: name.clone(), function: Some(function.clone()), line: line(name, "function") }
        }
        Action::Run(_) => Program { name: name.clone(), function: None, line: line(name, "command") },
    };
    config.programs.iter().map(|(name, program)| planned((name, &program.action))).collect()
}

/// Where a program stands: programs are a mapping by name, a list, or a single one.
fn pointer(file: &Value, name: &str) -> Option<String> {
    let is_it = |program: &Value| program["id"] == *name;
    ["programs", "program"].into_iter().find_map(|key| match file.get(key)? {
        Value::Array(list) => list.iter().position(is_it).map(|at| format!("/{key}/{at}")),
        one if is_it(one) => Some(format!("/{key}")),
        map => map.get(name).map(|_| format!("/{key}/{}", name.replace('~', "~0").replace('/', "~1"))),
    })
}

/// Names that AWS can't have, each with its place.
pub(super) fn refusals(loaded: &Loaded, config: &Config, text: &str, file: &str) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let first = loaded.env.iter().filter(|read| seen.insert(&read.name));
    let variables = first.filter_map(|read| {
        let why = no_parameter(&read.name)?;
        Some(Place::of(text, read.span).refuse(Code::BadValue, why, file))
    });
    let functions = programs(config, text).into_iter().filter_map(|Program { name, function, line }| {
        let function = function.filter(|function| !is_function(function))?;
        let why = format!("the program `{name}` is the function `{function}`, which is no name or ARN of a function");
        Some(Place::of_line(text, line).refuse(Code::BadValue, why, file))
    });
    variables.chain(functions).collect()
}

/// Why no SSM parameter can have the variable's name.
fn no_parameter(name: &str) -> Option<String> {
    let odd = |c: &char| !(c.is_ascii_alphanumeric() || ".-_/".contains(*c));
    let parameter = format!("{PATH}{name}");
    let levels: Vec<&str> = parameter.split('/').skip(1).collect();
    let why = if let Some(c) = name.chars().find(odd) {
        format!("can't have `{}`, only letters, digits and `.-_/`", c.escape_debug())
    } else if levels.contains(&"") {
        "has a name between any two `/`, and at its end".to_owned()
    } else if levels.len() > LEVELS {
        format!("has at most {LEVELS} levels, and this would have {}", levels.len())
    } else if parameter.len() > LONGEST {
        format!("has at most {LONGEST} characters, and this would have {}", parameter.len())
    } else {
        return None;
    };
    let shown: String = name.chars().take(60).collect();
    Some(format!("the variable `{shown}` is an SSM parameter in the cloud, whose name {why}"))
}

/// By name, partial or whole ARN, each with a version or alias or without
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>). infra/lib/programs.ts has the same rule.
fn is_function(named: &str) -> bool {
    let parts: Vec<&str> = named.split(':').collect();
    let rest = match parts.as_slice() {
        ["arn", partition, "lambda", region, account, "function", rest @ ..]
            if partition.starts_with("aws") && is_dashed(partition) && is_region(region) && is_account(account) =>
        {
            rest
        }
        [account, "function", rest @ ..] if is_account(account) => rest,
        [first, rest @ ..] if !rest.is_empty() && (is_account(first) || *first == "function") => rest,
        all => all,
    };
    match rest {
        [name] => is_word(name, 64),
        [name, qualifier] => is_word(name, 64) && (*qualifier == "$LATEST" || is_word(qualifier, 128)),
        _ => false,
    }
}

fn is_word(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|c| c.is_ascii_digit())
}

fn is_dashed(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

/// As in `eu-west-1`.
fn is_region(text: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [first, middle @ .., last] => {
            first.len() == 2
                && letters(first)
                && !middle.is_empty()
                && middle.iter().all(|part| letters(part))
                && last.len() == 1
                && last.chars().all(|c| c.is_ascii_digit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
