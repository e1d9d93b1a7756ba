//! Public addresses of this file's routes in the texts of a request.

use crate::config::draft::RouteDraft;
use crate::config::path::parameter;
use crate::config::text::{Piece, pieces};

/// An address of this file's, as far as its text tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Whose.
    pub(super) base: Base,
    /// Path below it; empty for the base alone.
    pub(super) segments: Vec<Segment>,
    /// Parameters behind `?`, values as templates.
    pub(super) query: Vec<(String, String)>,
}

/// What an address begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// `${gateway:PORT.public_url}`.
    Port(u16),
    /// `${listener.url}`: the one callback route's own address.
    Listener,
}

/// A part between two slashes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Segment {
    /// As a template.
    pub(super) text: String,
    /// An expression is in it.
    pub(super) dynamic: bool,
}

impl Address {
    /// The first address in a text.
    pub(super) fn find(text: &str) -> Option<Self> {
        let pieces = pieces(text);
        let is_base = |piece: &Piece<'_>| if let Piece::Hole(inner) = piece { base(inner) } else { None };
        let (at, base) = pieces.iter().enumerate().find_map(|(at, piece)| Some((at, is_base(piece)?)))?;
        let rest = pieces.get(at + 1..).unwrap_or_default();
        let mut address = Self { base, segments: Vec::new(), query: Vec::new() };
        let query = address.read_path(rest);
        address.query = parameters(&query);
        Some(address)
    }

    /// Reads the path; gives the text of the query.
    fn read_path(&mut self, rest: &[Piece<'_>]) -> String {
        let mut query: Option<String> = None;
        for piece in rest {
            match (piece, &mut query) {
                (Piece::Hole(inner), Some(query)) => *query = format!("{query}${{{inner}}}"),
                (Piece::Hole(inner), None) => {
                    let Some(last) = self.segments.last_mut() else { return String::new() };
                    last.text = format!("{}${{{inner}}}", last.text);
                    last.dynamic = true;
                }
                (Piece::Literal(text), _) => {
                    for c in text.chars() {
                        match (c, &mut query) {
                            ('#' | '"' | '\'' | '<' | '>', _) => return query.unwrap_or_default(),
                            (c, _) if c.is_whitespace() => return query.unwrap_or_default(),
                            (c, Some(query)) => query.push(c),
                            ('?', None) => query = Some(String::new()),
                            ('/', None) => self.segments.push(Segment::default()),
                            (c, None) => match self.segments.last_mut() {
                                Some(last) => last.text.push(c),
                                None => return String::new(),
                            },
                        }
                    }
                }
            }
        }
        query.unwrap_or_default()
    }

    /// The path as written.
    pub(super) fn path(&self) -> String {
        self.segments.iter().map(|segment| format!("/{}", segment.text)).collect()
    }

    /// Whether a route's path is this one; then what its parameters are.
    pub(super) fn matches<'a>(&'a self, route: &'a RouteDraft) -> Option<Vec<(&'a str, &'a str)>> {
        let parts: Vec<&str> = route.path.strip_prefix('/')?.split('/').collect();
        if parts.len() != self.segments.len() {
            return None;
        }
        let mut captured = Vec::new();
        for (part, segment) in parts.into_iter().zip(&self.segments) {
            match parameter(part) {
                Some(name) if !segment.text.is_empty() => {
                    captured.push((name, segment.text.as_str()));
                }
                None if !segment.dynamic && segment.text == part => {}
                Some(_) | None => return None,
            }
        }
        Some(captured)
    }
}

/// The base that an expression gives, whatever default stands behind it.
fn base(inner: &str) -> Option<Base> {
    let path = inner.split('|').next().unwrap_or_default().trim();
    if path == "listener.url" {
        return Some(Base::Listener);
    }
    let port = path.strip_prefix("gateway:")?.strip_suffix(".public_url")?;
    port.parse().ok().map(Base::Port)
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
