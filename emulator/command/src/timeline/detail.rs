//! What an error says besides its message: the end of what a failed program complained of, else its detail as JSON.

use crate::command::output::clipped;
use domain::bytes;
use serde_json::Value;

/// Lines of it, at most.
const LINES: usize = 12;
/// Characters of a line.
const WIDTH: usize = 160;

/// Its lines; none where there is nothing more to say.
pub(super) fn of(error: &Value) -> Vec<String> {
    let detail = error.get("detail").unwrap_or(&Value::Null);
    let text = |name: &str| detail.get(name).and_then(Value::as_str);
    let stdout = detail.get("stdout").and_then(|output| match (output, bytes::read(output)) {
        (Value::String(text), _) => Some(text.clone()),
        (_, bytes) => bytes.map(|bytes| format!("{} bytes that are not text", bytes.data.len())),
    });
    match (text("stderr"), stdout, detail) {
        (Some(stderr), Some(stdout), _) => program(stderr, &stdout),
        (_, _, Value::Null) => Vec::new(),
        (_, _, Value::String(text)) => first(text),
        (_, _, detail) => first(&format!("{detail:#}")),
    }
}

/// Why a program ends is said last.
fn program(stderr: &str, stdout: &str) -> Vec<String> {
    let (name, text) = if stderr.trim().is_empty() { ("standard output", stdout) } else { ("standard error", stderr) };
    let all = lines(text);
    if all.is_empty() {
        return vec!["it wrote nothing".to_owned()];
    }
    let left = all.len().saturating_sub(LINES);
    let end = if left == 0 { String::new() } else { format!(", its last {LINES} lines of {}", all.len()) };
    let shown = all.into_iter().skip(left).map(|line| format!("  {line}"));
    std::iter::once(format!("{name}{end}:")).chain(shown).collect()
}

fn first(text: &str) -> Vec<String> {
    let mut all = lines(text);
    let left = all.len().saturating_sub(LINES);
    if left > 0 {
        all.truncate(LINES);
        all.push(format!("… {left} more lines; --json has all of it"));
    }
    all
}

/// What others wrote must not steer the terminal.
fn lines(text: &str) -> Vec<String> {
    let plain = |line: &str| line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    text.trim_end().lines().map(|line| clipped(plain(line).trim_end(), WIDTH)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_detail_is_shown_as_far_as_it_is_not_too_long() {
        assert_eq!(of(&json!({"code": "timeout", "message": "m", "detail": null})), Vec::<String>::new());
        assert_eq!(of(&json!({"detail": {"error": "nsfw"}})), ["{", "  \"error\": \"nsfw\"", "}"]);
        let long = of(&json!({"detail": (0..20).collect::<Vec<_>>()}));
        assert_eq!((long.len(), long[12].as_str()), (13, "… 10 more lines; --json has all of it"));
        assert_eq!(of(&json!({"detail": "x".repeat(500)}))[0].chars().count(), WIDTH);
    }

    #[test]
    fn of_a_failed_program_the_last_it_said_is_shown_and_nothing_steers_the_terminal() {
        let of_program = |stderr: &str, stdout: &str| of(&json!({"detail": {"stderr": stderr, "stdout": stdout}}));
        assert_eq!(of_program("\u{1b}[31mno\n", "out"), ["standard error:", "   [31mno"]);
        assert_eq!(of_program(" \n", "out\n"), ["standard output:", "  out"]);
        assert_eq!(of_program("", ""), ["it wrote nothing"]);
        let picture = of(&json!({"detail": {"stderr": "", "stdout": bytes::value(None, b"\x89PNG")}}));
        assert_eq!(picture, ["standard output:", "  4 bytes that are not text"]);
        let long: String = (1..=30).map(|n| format!("line {n}\n")).collect();
        let shown = of_program(&long, "");
        assert_eq!((shown.len(), shown[0].as_str()), (13, "standard error, its last 12 lines of 30:"));
        assert_eq!((shown[1].as_str(), shown[12].as_str()), ("  line 19", "  line 30"));
    }
}
