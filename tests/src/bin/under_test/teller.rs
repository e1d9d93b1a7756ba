//! A program that tells, as JSON on its standard output, all that it was given.

use serde_json::{Map, Value, json};
use std::io::{Read, Write};

pub(crate) fn main() {
    let mut input = String::new();
    let read = std::io::stdin().read_to_string(&mut input);
    let text = |text: std::ffi::OsString| Value::String(text.to_string_lossy().into_owned());
    let arguments: Vec<Value> = std::env::args_os().skip(2).map(text).collect();
    let variables = std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), text(value)));
    let told = json!({
        "arguments": arguments,
        "environment": variables.collect::<Map<_, _>>(),
        "input": serde_json::from_str(&input).unwrap_or(Value::String(input)),
        "input_length": read.unwrap_or(0),
        "directory": std::env::current_dir().map(|path| path.display().to_string()).unwrap_or_default(),
    });
    let _ = writeln!(std::io::stdout(), "{told}");
}
