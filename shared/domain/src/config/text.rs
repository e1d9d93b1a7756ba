//! The text of a template, cut into what is literal and what is between `${` and `}`.
//!
//! For questions about how an address is composed, which a parsed template no longer answers.

/// A part of a text template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text as it is, `$${` included.
    Literal(&'t str),
    /// What stands between the braces.
    Hole(&'t str),
}

/// Cuts a text. What isn't well formed is literal: the template's parser reports it.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut literal, mut at) = (0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("${")) {
        let open = at + found;
        let escaped = text.get(..open).is_some_and(|before| before.ends_with('$'));
        match text.get(open + 2..).and_then(closing).filter(|_| !escaped) {
            Some(length) => {
                let inner = open + 2;
                pieces.extend(text.get(literal..open).filter(|part| !part.is_empty()).map(Piece::Literal));
                pieces.extend(text.get(inner..inner + length).map(Piece::Hole));
                at = inner + length + 1;
                literal = at;
            }
            None => at = open + 2,
        }
    }
    pieces.extend(text.get(literal..).filter(|part| !part.is_empty()).map(Piece::Literal));
    pieces
}

/// Bytes up to the brace that closes an expression, past quoted text and nested expressions.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote = None;
    let mut before = '\0';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open && before != '\\' => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some(c),
            (None, '{') if before == '$' => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
        before = c;
    }
    None
}

/// Whether ` | default` follows the first place where the text has this reference.
pub(super) fn has_default(text: &str, reference: &str) -> bool {
    let Some(at) = text.find(reference) else { return false };
    let rest = text.get(at + reference.len()..).unwrap_or_default();
    let rest = rest.trim_start_matches(|c: char| c.is_alphanumeric() || "._-[]\"".contains(c)).trim_start();
    let rest =
        rest.strip_prefix("as ").map_or(rest, |cast| cast.trim_start().trim_start_matches(char::is_alphanumeric));
    rest.trim_start().starts_with('|')
}

#[cfg(test)]
mod tests {
    use super::Piece::{Hole, Literal};
    use super::{has_default, pieces};

    #[test]
    fn cuts_at_expressions() {
        assert_eq!(pieces("plain"), [Literal("plain")]);
        assert_eq!(pieces(""), []);
        assert_eq!(pieces("${a}"), [Hole("a")]);
        assert_eq!(pieces("x/${a.b}/y"), [Literal("x/"), Hole("a.b"), Literal("/y")]);
        assert_eq!(pieces("${a | ${b}}${c}"), [Hole("a | ${b}"), Hole("c")]);
        assert_eq!(pieces(r#"${a | "}\"}"}!"#), [Hole(r#"a | "}\"}""#), Literal("!")]);
        assert_eq!(pieces("$${a}"), [Literal("$${a}")]);
        assert_eq!(pieces("한${a"), [Literal("한${a")]);
    }

    #[test]
    fn sees_a_default_behind_a_reference() {
        assert!(has_default("${env.A | \"x\"}", "env.A"));
        assert!(has_default("${env.A as integer | 10}", "env.A"));
        assert!(!has_default("${env.A}", "env.A"));
        assert!(!has_default("${input.x | ${env.A}}", "env.A"));
        assert!(!has_default("${env.A} | x", "env.A"));
    }
}
