//! From the parser's events to nodes, without recursion.

use super::{Entry, Kind, Node, Scalar, scalar};
use crate::config::diagnostic::{Code, Problem, Span};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Tag, options};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Longest file in bytes; the chapters' longest is 3 KB.
const MAX_BYTES: usize = 1 << 20;
/// Most nodes, aliases expanded; a file of a thousand routes has some ten thousand.
const MAX_NODES: usize = 100_000;
/// Deepest nesting, aliases expanded: keeps every recursion over the tree short.
const MAX_DEPTH: usize = 64;
/// Most characters of a collection that a message points at.
const MAX_SHOWN: usize = 80;

/// The tree of the file's only document, as far as it could be read, and what was wrong.
pub(in crate::config) fn parse(text: &str) -> (Option<Rc<Node>>, Vec<Problem>) {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; a configuration may have {MAX_BYTES}", text.len());
        return (None, vec![Problem::new(Code::TooLarge, Span::default(), message)]);
    }
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder { text, skipped: text.len() - body.len(), ..Builder::default() };
    match builder.run(body) {
        Ok(()) if builder.root.as_deref().is_none_or(Node::is_null) => {
            builder.root = None;
            builder.problems.push(Problem::new(Code::EmptyFile, Span::default(), "there is nothing in the file"));
        }
        Ok(()) => {}
        Err(fatal) => {
            builder.root = None;
            builder.problems.push(fatal);
        }
    }
    (builder.root, builder.problems)
}

#[derive(Default)]
struct Builder<'t> {
    text: &'t str,
    /// Bytes of the byte order mark, which the parser doesn't see.
    skipped: usize,
    root: Option<Rc<Node>>,
    open: Vec<Frame>,
    anchors: HashMap<usize, Rc<Node>>,
    nodes: usize,
    problems: Vec<Problem>,
}

/// A collection that has begun and not ended.
struct Frame {
    span: Span,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Rc<Node>>),
    Map(MapFrame),
}

#[derive(Default)]
struct MapFrame {
    entries: Vec<Entry>,
    seen: HashSet<String>,
    /// Mappings taken over with `<<`.
    merged: Vec<Rc<Node>>,
    /// A key that waits for its value; one that can't be a key has no text and its value is dropped.
    key: Option<(Option<String>, Span)>,
}

impl Builder<'_> {
    fn run(&mut self, body: &str) -> Result<(), Problem> {
        let limits = options! { flow_nesting_limit: MAX_DEPTH, block_nesting_limit: MAX_DEPTH };
        let mut documents = 0;
        for event in Parser::new_from_str_with_options(body, limits) {
            let (event, place) = event.map_err(|error| self.syntax(body, &error))?;
            let start = place.start.byte_offset().unwrap_or_default();
            let end = place.end.byte_offset().unwrap_or(start).max(start);
            let span = Span { offset: self.skipped + start, length: end - start };
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let message = "a second YAML document begins here; a configuration is one document";
                        return Err(Problem::new(Code::MultipleDocuments, span, message));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let value = self.value(&text, style, tag.as_deref(), span);
                    let verbatim = self.verbatim(&text, span);
                    let scalar = Scalar { text: text.into_owned(), value, verbatim };
                    self.node(Kind::Scalar(scalar), span, anchor)?;
                }
                Event::SequenceStart(_, anchor, tag) => {
                    self.check_tag(tag.as_deref(), span);
                    self.begin(span, anchor, Content::List(Vec::new()))?;
                }
                Event::MappingStart(_, anchor, tag) => {
                    self.check_tag(tag.as_deref(), span);
                    self.begin(span, anchor, Content::Map(MapFrame::default()))?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end()?,
                Event::Alias(anchor) => self.alias(anchor, span)?,
                Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentEnd
                | Event::Anchor(..)
                | Event::UnresolvedAlias(..) => {}
                // The parser may learn more events; none of them is a node unless an option asks for it.
                _ => {}
            }
        }
        Ok(())
    }

    fn syntax(&self, body: &str, error: &granit_parser::ScanError) -> Problem {
        let offset = error.marker().byte_offset().unwrap_or_default().min(body.len());
        let length = body.get(offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = Span { offset: self.skipped + offset, length };
        let before = body.get(..offset).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
        let after = body.get(offset..).and_then(|after| after.lines().next()).unwrap_or_default();
        let hint = if *error.kind() == ErrorKind::MappingValueNotAllowed {
            "; text with `: ` in it needs quotes"
        } else if before.ends_with('$') && after.starts_with('{') {
            "; text with `${…}` inside `{…}` or `[…]` needs quotes"
        } else {
            ""
        };
        Problem::new(Code::YamlSyntax, span, format!("not valid YAML: {}{hint}", error.info()))
    }

    /// A collection is shown by its first line: the whole of it would bury the message.
    fn begin(&mut self, span: Span, anchor: usize, content: Content) -> Result<(), Problem> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        let rest = self.text.get(span.offset..).unwrap_or_default();
        let shown = rest.char_indices().take(MAX_SHOWN).find(|(_, c)| *c == '\n');
        let end = shown.or_else(|| rest.char_indices().nth(MAX_SHOWN)).map_or(rest.len(), |(end, _)| end);
        let length = rest.get(..end).unwrap_or_default().trim_end().len();
        self.open.push(Frame { span: Span { length, ..span }, anchor, content });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        let kind = match frame.content {
            Content::List(items) => Kind::List(items),
            Content::Map(MapFrame { mut entries, mut seen, merged, .. }) => {
                let inherited = merged.iter().filter_map(|node| node.entries()).flatten();
                entries.extend(inherited.filter(|entry| seen.insert(entry.key.clone())).cloned());
                Kind::Map(entries)
            }
        };
        self.node(kind, frame.span, frame.anchor)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Problem> {
        let Some(target) = self.anchors.get(&anchor).map(Rc::clone) else {
            return Err(Problem::new(Code::YamlSyntax, span, "not valid YAML: an alias inside its own anchor"));
        };
        self.nodes = self.nodes.saturating_add(target.size);
        self.place(target, span)
    }

    fn node(&mut self, kind: Kind, span: Span, anchor: usize) -> Result<(), Problem> {
        let (mut size, mut depth) = (1usize, 0);
        let mut count = |child: &Node| {
            size = size.saturating_add(child.size);
            depth = depth.max(child.depth);
        };
        match &kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => items.iter().for_each(|item| count(item)),
            Kind::Map(entries) => entries.iter().for_each(|entry| count(&entry.value)),
        }
        let node = Rc::new(Node { span, kind, size, depth: depth + 1 });
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.nodes += 1;
        self.place(node, span)
    }

    /// Puts a finished node where it belongs: into the open collection, or at the root.
    fn place(&mut self, node: Rc<Node>, span: Span) -> Result<(), Problem> {
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values, counting what aliases repeat");
            return Err(Problem::new(Code::TooLarge, span, message));
        }
        if self.open.len() + node.depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        match self.open.last_mut().map(|frame| &mut frame.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map(map)) => {
                if let Err(problem) = map.take(node, span) {
                    self.problems.push(problem);
                }
            }
        }
        Ok(())
    }

    fn value(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Value {
        self.check_tag(tag, span);
        let forced = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str") || tag.original() == "!");
        if style == ScalarStyle::Plain && !forced { scalar::resolve(text) } else { Value::String(text.to_owned()) }
    }

    fn check_tag(&mut self, tag: Option<&Tag>, span: Span) {
        let known = |tag: &Tag| {
            let core = ["str", "int", "float", "bool", "null", "seq", "map"];
            tag.original() == "!" || core.iter().any(|name| tag.is_yaml_core_schema_tag(name))
        };
        if let Some(tag) = tag.filter(|tag| !known(tag)) {
            let message = format!("the tag `{}` has no meaning here", tag.original());
            self.problems.push(Problem::new(Code::UnsupportedTag, span, message));
        }
    }

    /// Where the scalar's text stands in the file, if no escape or fold changed it.
    fn verbatim(&self, text: &str, span: Span) -> Option<usize> {
        let written = self.text.get(span.offset..span.offset + span.length)?;
        written.find(text.trim_end_matches('\n')).map(|at| span.offset + at)
    }
}

impl MapFrame {
    /// A key, or the value of the key before.
    fn take(&mut self, node: Rc<Node>, span: Span) -> Result<(), Problem> {
        let Some((key, key_span)) = self.key.take() else {
            self.key = Some((node.text().map(str::to_owned), span));
            let message = || format!("a key must be text, not {}", node.describe());
            return if node.text().is_some() { Ok(()) } else { Err(Problem::new(Code::BadKey, span, message())) };
        };
        let Some(key) = key else { return Ok(()) };
        if crate::json::is_reserved(&key) {
            let message = crate::json::Unreadable::Reserved.to_string();
            return Err(Problem::new(Code::BadKey, key_span, message));
        }
        if key == "<<" {
            match &node.kind {
                Kind::Map(_) => self.merged.push(node),
                Kind::List(items) => self.merged.extend(items.iter().map(Rc::clone)),
                Kind::Scalar(_) => {
                    return Err(Problem::new(Code::WrongType, span, "`<<` takes over a mapping"));
                }
            }
            return Ok(());
        }
        if !self.seen.insert(key.clone()) {
            let message = format!("the key `{key}` stands twice in this mapping");
            return Err(Problem::new(Code::DuplicateKey, key_span, message));
        }
        self.entries.push(Entry { key, key_span, value: node });
        Ok(())
    }
}

fn too_deep(span: Span) -> Problem {
    Problem::new(Code::TooLarge, span, format!("nested deeper than {MAX_DEPTH} levels"))
}
