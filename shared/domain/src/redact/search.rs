//! The search of a text for many secrets in one pass: an automaton after Aho and Corasick
//! (<https://doi.org/10.1145/360825.360855>).
//!
//! The crate `aho-corasick` does not fit. What its leftmost match leaves may show most of a secret that overlaps it: a
//! sender who gives `Bearer s` as a token would uncover the rest of `sk_live_…` behind it. Its overlapping matches keep
//! each secret for each state that ends with it, and a sender can make that gigabytes. Here a node keeps the length of
//! the longest secret that ends at it, which is enough to hide all of them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

/// So many secrets are searched for one by one: the library's search needs no automaton, and is quick for a few.
const FEW: usize = 16;

/// Secrets, and the automaton that finds them once it was needed.
#[derive(Clone, Default)]
pub(super) struct Sought {
    texts: Vec<String>,
    automaton: OnceLock<Automaton>,
}

impl Sought {
    /// Each of those texts once; none of them may be empty.
    pub(super) fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let texts: BTreeSet<String> = texts.into_iter().collect();
        Self { texts: texts.into_iter().collect(), automaton: OnceLock::new() }
    }

    pub(super) fn texts(&self) -> &[String] {
        &self.texts
    }

    pub(super) fn into_texts(self) -> Vec<String> {
        self.texts
    }

    /// Whether a text holds one of them.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if self.texts.len() <= FEW {
            return self.texts.iter().any(|secret| text.contains(secret));
        }
        let mut walk = self.automaton().walk();
        text.bytes().any(|byte| walk.step(byte) > 0)
    }

    /// The places in a text that hold them, in order; those that overlap are one.
    pub(super) fn places(&self, text: &str) -> Vec<Range<usize>> {
        if !self.is_in(text) {
            return Vec::new();
        }
        let (mut places, mut walk) = (Vec::new(), self.automaton().walk());
        for (at, byte) in text.bytes().enumerate() {
            let length = walk.step(byte);
            if length > 0 {
                let end = at + 1;
                join(&mut places, end.saturating_sub(length)..end);
            }
        }
        places
    }

    fn automaton(&self) -> &Automaton {
        self.automaton.get_or_init(|| Automaton::new(&self.texts))
    }
}

/// Adds a place that ends behind all others, and joins it with those that it overlaps.
pub(super) fn join(places: &mut Vec<Range<usize>>, mut place: Range<usize>) {
    while let Some(before) = places.pop_if(|before| before.end > place.start) {
        place.start = place.start.min(before.start);
    }
    places.push(place);
}

/// A node for each beginning of a text; the first is the empty one. The children of a node stand side by side, by their
/// byte.
#[derive(Clone)]
struct Automaton(Vec<Node>);

#[derive(Clone, Copy, Default)]
struct Node {
    /// The last byte of the beginning.
    byte: u8,
    /// How many nodes are one byte longer.
    count: u16,
    /// The first of these.
    children: u32,
    /// The node of the longest other beginning that this one ends with.
    fallback: u32,
    /// The length of the longest text that this beginning ends with; 0 where there is none.
    longest: u32,
}

impl Automaton {
    /// An automaton for texts that are sorted and differ: a node for each of their bytes at most.
    fn new(texts: &[String]) -> Self {
        let mut automaton = Self(vec![Node::default()]);
        let (mut level, mut below) = (vec![(0, texts)], Vec::new());
        let mut depth = 0;
        // The shorter beginnings first: the fallback of a node is shorter than the node.
        while !level.is_empty() {
            for (parent, texts) in level.drain(..) {
                automaton.grow(parent, texts, depth, &mut below);
            }
            std::mem::swap(&mut level, &mut below);
            depth += 1;
        }
        automaton
    }

    /// Adds the children of a node, which all of the texts begin with.
    fn grow<'t>(&mut self, parent: u32, texts: &'t [String], depth: usize, below: &mut Vec<(u32, &'t [String])>) {
        let children = number(self.0.len());
        let longer = match texts {
            [ended, longer @ ..] if ended.len() == depth => longer,
            texts => texts,
        };
        let at_depth = |text: &String| text.as_bytes().get(depth).copied();
        for same in longer.chunk_by(|a, b| at_depth(a) == at_depth(b)) {
            let Some((first, byte)) = same.first().and_then(|first| Some((first, at_depth(first)?))) else { continue };
            let fallback = if parent == 0 { 0 } else { self.walk_from(self.node(parent).fallback).go(byte) };
            let ends = first.len() == depth + 1;
            let longest = if ends { number(depth + 1) } else { self.node(fallback).longest };
            below.push((number(self.0.len()), same));
            self.0.push(Node { byte, fallback, longest, ..Node::default() });
        }
        let count = self.0.len().saturating_sub(children as usize);
        if let Some(parent) = self.0.get_mut(parent as usize) {
            (parent.children, parent.count) = (children, u16::try_from(count).unwrap_or(u16::MAX));
        }
    }

    fn node(&self, at: u32) -> Node {
        self.0.get(at as usize).copied().unwrap_or_default()
    }

    fn child(&self, node: Node, byte: u8) -> Option<u32> {
        let first = node.children as usize;
        let children = self.0.get(first..first + usize::from(node.count))?;
        children.binary_search_by_key(&byte, |child| child.byte).ok().map(|place| number(first + place))
    }

    fn walk(&self) -> Walk<'_> {
        self.walk_from(0)
    }

    fn walk_from(&self, at: u32) -> Walk<'_> {
        Walk { automaton: self, at, lookups: 0 }
    }
}

/// Four bytes for the number of a node: as many texts as need more do not fit into memory.
fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

/// The way of one text through an automaton.
struct Walk<'a> {
    automaton: &'a Automaton,
    at: u32,
    /// How often a child was looked up: at most twice for each byte, since each fallback is shorter and each byte makes
    /// the beginning longer by one.
    lookups: usize,
}

impl Walk<'_> {
    /// Takes a byte. The length of the longest text that ends with it; 0 where there is none.
    fn step(&mut self, byte: u8) -> usize {
        let at = self.go(byte);
        self.automaton.node(at).longest as usize
    }

    fn go(&mut self, byte: u8) -> u32 {
        loop {
            self.lookups += 1;
            let node = self.automaton.node(self.at);
            match self.automaton.child(node, byte) {
                Some(child) => self.at = child,
                None if self.at == 0 => {}
                None => {
                    self.at = node.fallback;
                    continue;
                }
            }
            return self.at;
        }
    }
}

#[cfg(test)]
mod tests;
