use super::{Failure, output};
use clap::Args;
use domain::expr::batch::evaluate_line;
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::path::PathBuf;

/// Evaluates a template or a condition, or many.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  emulator eval '${1 + 2}'
  emulator eval --scope scope.json 'Hello ${body.name | stranger}'
  emulator eval --scope scope.json --condition 'branch == \"main\"'
  echo '{\"template\": \"${a.b}\", \"scope\": {\"a\": {\"b\": 1}}}' | emulator eval --batch")]
pub struct Eval {
    /// The template: text with ${…} in it.
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    template: Option<String>,
    /// Read it as a condition of a rule, a branch or a filter, and write true or false.
    #[arg(long, conflicts_with = "batch")]
    condition: bool,
    /// A JSON file with the sources: {"body": {…}, "input": {…}}.
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    scope: Option<PathBuf>,
    /// Read JSON lines {"template": …, "scope": {…}}, or with "condition" instead, and write {"value": …} or {"error": …}
    /// for each, in order.
    #[arg(long)]
    batch: bool,
}

impl Eval {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.template {
            None => batch(),
            Some(template) => {
                let scope = match &self.scope {
                    None => Value::Object(serde_json::Map::new()),
                    Some(file) => {
                        let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
                        domain::json::read(&text).map_err(|e| format!("{}: {e}", file.display()))?
                    }
                };
                let what = if self.condition { "condition" } else { "template" };
                let evaluated = evaluate_line(&json!({what: template, "scope": scope}).to_string());
                match evaluated.get("error").and_then(Value::as_str) {
                    Some(error) => Err(error.into()),
                    None => {
                        let value = evaluated.get("value").unwrap_or(&Value::Null);
                        output::say(serde_json::to_string_pretty(value)?)
                    }
                }
            }
        }
    }
}

fn batch() -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut lines = std::io::stdin().lock();
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            writeln!(out, "{}", evaluate_line(text.trim_end_matches(['\n', '\r'])))?;
        }
        line.clear();
    }
    Ok(out.flush()?)
}
