//! A file's text as it may be shown in a log: secrets that are written out in it are hidden, and every place stays where it is.

use domain::redact::is_secret_field;

/// The text with the values of fields that have secret names hidden. What is read from the environment is not in the text.
pub(super) fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    // How far the key of a secret is indented whose value stands on the lines below.
    let mut above: Option<usize> = None;
    for whole in text.split_inclusive('\n') {
        let content = whole.trim_start_matches(' ');
        let indent = whole.len() - content.len();
        let is_below = |key: usize| indent > key || (indent == key && content.starts_with("- "));
        if content.trim().is_empty() || above.is_some_and(is_below) {
            shown.push_str(&" ".repeat(indent));
            hide(content, &mut shown);
            continue;
        }
        shown.push_str(&line(whole));
        // Nothing, or the sign of a block of text.
        let key = content.trim_end().trim_end_matches(['|', '>', '-', '+', ' ']).strip_suffix(':');
        above = key.filter(|key| is_secret_field(last_word(key))).map(|_| indent);
    }
    shown
}

/// The name at the end of a text.
fn last_word(text: &str) -> &str {
    let text = text.trim_end_matches([':', ' ', '"', '\'']);
    text.rsplit(|c: char| !(c.is_alphanumeric() || "_-.".contains(c))).next().unwrap_or_default()
}

fn line(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(colon) = rest.find(": ") {
        let (before, behind) = rest.split_at(colon + 2);
        shown.push_str(before);
        rest = behind;
        if is_secret_field(last_word(before)) {
            let (value, after) = rest.split_at(end_of_value(rest));
            hide(value, &mut shown);
            rest = after;
        }
    }
    shown.push_str(rest);
    shown
}

/// The value with all hidden but what is read from elsewhere: `${env.TOKEN}`.
fn hide(value: &str, shown: &mut String) {
    let mut rest = value;
    while let Some(start) = rest.find("${") {
        let (before, template) = rest.split_at(start);
        let (template, after) = template.split_at(template.find('}').map_or(template.len(), |end| end + 1));
        shown.extend(before.chars().flat_map(hidden));
        shown.push_str(template);
        rest = after;
    }
    shown.extend(rest.chars().flat_map(hidden));
}

/// As many bytes as the character has.
fn hidden(c: char) -> impl Iterator<Item = char> {
    let shown = if c.is_whitespace() || "[]{}\"',".contains(c) { c } else { '*' };
    std::iter::repeat_n(shown, if shown == c { 1 } else { c.len_utf8() })
}

/// The end of the value that the text begins with: behind its quote or bracket, or before what separates it from the next.
fn end_of_value(text: &str) -> usize {
    let closing = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => Some(quote),
        Some('[') => Some(']'),
        Some('{') => Some('}'),
        _ => None,
    };
    let found = match closing {
        Some(closing) => text.char_indices().skip(1).find(|(_, c)| *c == closing).map(|(at, c)| at + c.len_utf8()),
        None => text.find([',', '}', '\n']),
    };
    found.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn written_out_secrets_are_hidden_where_they_stand() {
        for (text, shown) in [
            (
                "  tk: {auth_type: token, token: 'src-1', rules: {a: w}}\n",
                "  tk: {auth_type: token, token: '*****', rules: {a: w}}\n",
            ),
            ("secret: whsec_abc # mine\n", "secret: ********* * ****\n"),
            ("secret: [one, two]\nname: x", "secret: [***, ***]\nname: x"),
            ("\"password\": \"h\u{fc}nter\"", "\"password\": \"*******\""),
            ("{token: a, id: b}", "{token: *, id: b}"),
            ("a:\n  secret:\n    - one\n\n    - two\n  id: b\n", "a:\n  secret:\n    * ***\n\n    * ***\n  id: b\n"),
            ("secret:\n- one\nid: b", "secret:\n* ***\nid: b"),
            ("token: |\n  one\nid: b", "token: *\n  ***\nid: b"),
            ("secret: [\"${env.A}\", 'whsec_1'] # b", "secret: [\"${env.A}\", '*******'] # b"),
            ("headers: {Authorization: Bearer abc}", "headers: {Authorization: ****** ***}"),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(masked(text).len(), text.len(), "places stay");
        }
        for open in [
            "token: ${env.TOKEN}\n",
            "secret: \"${env.A}\"",
            "workflow: deploy",
            "message: a: b",
            "token:\n  ${env.A}\nid: b",
        ] {
            assert_eq!(masked(open), open);
        }
    }
}
