//! Paths of routes: what a request can reach, and which paths a router can tell apart.

use super::cx::Cx;
use super::diagnostic::Code;
use super::map::plain;
use super::yaml::Node;

/// A path as a router takes it; reports what no request could reach.
pub(super) fn read(cx: &mut Cx, node: &Node) -> Option<String> {
    let text = plain(cx, node)?;
    match check(text) {
        Ok(()) => Some(text.to_owned()),
        Err(Flaw { part, why, meant }) => {
            cx.report_near(Code::BadPath, node.find(part), format!("`{text}`: {why}"), meant.as_deref());
            None
        }
    }
}

/// A path below a base, as a router takes it; reports what no request could reach, and a parameter that both have.
pub(super) fn under(cx: &mut Cx, base: &str, node: &Node) -> Option<String> {
    let path = read(cx, node)?;
    let names = |path: &'_ str| path.split('/').filter_map(parameter).map(str::to_owned).collect::<Vec<_>>();
    let above = names(base);
    if let Some(name) = names(&path).iter().find(|name| above.contains(name)) {
        let part = format!("{{{name}}}");
        let message = format!("`{path}`: the parameter `{part}` stands in `base_path` too: name one of them otherwise");
        cx.report(Code::BadPath, node.find(&part), message);
        return None;
    }
    Some(join(base, &path))
}

/// What is wrong with a path.
struct Flaw<'t> {
    part: &'t str,
    why: String,
    meant: Option<String>,
}

fn check(text: &str) -> Result<(), Flaw<'_>> {
    let flaw = |part, why: &str, meant| Err(Flaw { part, why: why.to_owned(), meant });
    let Some(inner) = text.strip_prefix('/') else {
        return flaw(text, "a path begins with `/`", Some(format!("/{text}")));
    };
    if let Some((at, c)) = text.char_indices().find(|(_, c)| "?#\\".contains(*c) || c.is_whitespace() || c.is_control())
    {
        let part = text.get(at..at + c.len_utf8()).unwrap_or(text);
        return flaw(part, "a path has no query, fragment, backslash or space", None);
    }
    if !text.is_ascii() {
        return flaw(text, "a path is ASCII: other letters arrive percent-encoded", Some(encode(text)));
    }
    let mut names: Vec<&str> = Vec::new();
    let mut segments = inner.split('/').peekable();
    while let Some(segment) = segments.next() {
        if let Some(name) = parameter(segment) {
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            if name.is_empty() || !name.chars().all(word) {
                return flaw(segment, "a path parameter is `{name}`", None);
            }
            if names.contains(&name) {
                return flaw(segment, "this parameter stands twice", None);
            }
            names.push(name);
        } else if let Some(name) = segment.strip_prefix([':', '*']) {
            return flaw(segment, "a path parameter is written `{name}`", Some(format!("{{{name}}}")));
        } else if segment.contains(['{', '}']) {
            return flaw(segment, "a path parameter is a whole segment: `/{name}/`", None);
        } else if matches!(segment, "." | "..") || segment.is_empty() && segments.peek().is_some() {
            return flaw(text, "a path has no empty, `.` or `..` segments", None);
        }
    }
    Ok(())
}

/// The name in `{name}`.
pub(super) fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn encode(text: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(escape).collect()
}

/// A path under a base, with one slash between.
pub(super) fn join(base: &str, path: &str) -> String {
    match (base.trim_end_matches('/'), path) {
        ("", path) => path.to_owned(),
        (base, "/") => base.to_owned(),
        (base, path) => format!("{base}/{}", path.trim_start_matches('/')),
    }
}
