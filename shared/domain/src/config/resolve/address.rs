//! Addresses in the texts of a request that may be those of this file's routes.

use super::origin::Origin;
use crate::config::draft::{RequestText, RouteDraft};
use crate::config::path::parameter;
use crate::config::text::{Piece, pieces};

/// The most addresses that are looked for in one text.
const MOST: usize = 32;

/// An address, as far as its text tells.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// `${gateway:PORT.public_url}`, or `https://${gateway:PORT.public_address}`.
    Port(u16),
    /// `${listener.url}`: the one callback route's own address.
    Listener,
    /// Scheme, host and port that are written out.
    Written(Origin),
    /// Any other expression: only a start tells which address it is.
    Expression,
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
    /// The addresses in a text, those of this file's gateways and listener first. What the service's own address begins
    /// with is none of them.
    pub(super) fn find_all(text: &RequestText) -> Vec<Self> {
        let pieces = pieces(&text.text);
        let after = |at: usize| pieces.get(at + 1..).unwrap_or_default();
        let ours = pieces.iter().enumerate().find_map(|(at, piece)| match piece {
            Piece::Hole(inner) => Some(Self::below(base(inner)?, after(at))),
            Piece::Literal(_) => None,
        });
        let others = pieces.iter().enumerate().flat_map(|(at, piece)| {
            let begins = match at {
                0 => true,
                1 => matches!(pieces.first(), Some(Piece::Literal("http://" | "https://"))),
                _ => false,
            };
            match piece {
                Piece::Literal(literal) => written(literal, after(at), text.is_address && at == 0),
                Piece::Hole(inner) if base(inner).is_none() && !(text.is_address && begins) => {
                    match after(at).first() {
                        Some(Piece::Literal(path)) if path.starts_with('/') => {
                            vec![Self::below(Base::Expression, after(at))]
                        }
                        _ => Vec::new(),
                    }
                }
                Piece::Hole(_) => Vec::new(),
            }
        });
        ours.into_iter().chain(others).take(MOST).collect()
    }

    fn below(base: Base, rest: &[Piece<'_>]) -> Self {
        let mut address = Self { base, segments: Vec::new(), query: Vec::new() };
        let query = address.read_path(rest);
        address.query = parameters(&query);
        address
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
    let field = path.strip_prefix("gateway:")?;
    let port = field.strip_suffix(".public_url").or_else(|| field.strip_suffix(".public_address"))?;
    port.parse().ok().map(Base::Port)
}

/// The addresses that begin in a literal piece; `called` leaves out one at its very beginning.
fn written(literal: &str, rest: &[Piece<'_>], called: bool) -> Vec<Address> {
    let begins = literal.match_indices("http").map(|(at, _)| at).filter(|at| !(called && *at == 0)).take(MOST);
    let address = |at: usize| {
        let text = literal.get(at..)?;
        let (origin, path) = Origin::split(text)?;
        // The host may go on in an expression.
        if path.is_empty() && !rest.is_empty() {
            return None;
        }
        let mut pieces = vec![Piece::Literal(path)];
        pieces.extend_from_slice(rest);
        Some(Address::below(Base::Written(origin), &pieces))
    };
    begins.filter_map(address).collect()
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
