//! What commands print, and what they read as JSON.

use super::Failure;
use super::exit::Usage;
use serde_json::Value;
use std::fmt::Display;
use std::io::{Read, Write};

/// One line on standard output. That nobody reads on is an error, which ends the command.
pub(crate) fn say(line: impl Display) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}").map_err(Failure::from)
}

/// Text that ends its own lines, on standard output.
pub(crate) fn print(text: impl Display) -> Result<(), Failure> {
    write!(std::io::stdout(), "{text}").map_err(Failure::from)
}

/// One line on standard error. If nobody reads it, there is nobody to tell either.
pub(crate) fn complain(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// JSON from the command line: the text itself, `@file`, or `-` for standard input.
pub(crate) fn json(given: &str) -> Result<Value, Failure> {
    let (text, what) = match given {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            (text, "standard input".to_owned())
        }
        _ => match given.strip_prefix('@') {
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(|error| Usage(format!("{file}: {error}")))?;
                (text, file.to_owned())
            }
            None => (given.to_owned(), "--data".to_owned()),
        },
    };
    serde_json::from_str(&text).map_err(|error| Usage(format!("{what} is no JSON: {error}")).into())
}

/// Rows as a table: columns side by side, as wide as their widest cell.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A text of a JSON object; empty where there is none.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A list of a JSON object; empty where there is none.
pub(crate) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// So much of a text that it fits into a line.
pub(crate) fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        assert_eq!(table(&[row(&["a", "bcd"]), row(&["éfg", "", "h"])]), ["a    bcd", "éfg       h"]);
        assert_eq!(table(&[]), Vec::<String>::new());
    }

    #[test]
    fn data_is_json_or_the_command_line_is_wrong() {
        assert_eq!(json("{\"a\": 1}").unwrap(), serde_json::json!({"a": 1}));
        for bad in ["{", "a", "@/no/such/file"] {
            assert!(json(bad).unwrap_err().downcast_ref::<Usage>().is_some(), "{bad}");
        }
        assert_eq!(clipped("abcdef", 4), "abc…");
    }
}
