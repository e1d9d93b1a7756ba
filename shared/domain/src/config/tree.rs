//! YAML (and JSON, which is YAML) of other projects, read as the configuration file is: with places, and bounded.

use super::diagnostic::Lines;
use super::yaml::{self, Kind, Node};
use serde_json::Value;
use std::rc::Rc;

/// A document whose every part knows its line.
#[derive(Debug)]
pub struct Tree<'t> {
    root: Rc<Node>,
    lines: Lines<'t>,
}

impl<'t> Tree<'t> {
    /// Reads a document.
    ///
    /// # Errors
    /// What is wrong with it, with its place: one line for each.
    pub fn parse(text: &'t str, file: &str) -> Result<Self, Vec<String>> {
        let (root, problems) = yaml::parse(text);
        let lines = Lines::new(text);
        match root {
            Some(root) if problems.is_empty() => Ok(Self { root, lines }),
            _ => Err(problems.into_iter().map(|problem| lines.locate(problem, file).to_string()).collect()),
        }
    }

    /// Without the places.
    pub fn value(&self) -> Value {
        self.root.to_value()
    }

    /// The line of what a JSON pointer (RFC 6901) leads to, or of the last that it passes; from 1.
    pub fn line(&self, pointer: &str) -> usize {
        self.lines.at(self.root.pointed(pointer).span.offset).0
    }

    /// The pointer to what begins at a byte, or last before it. Of several that begin there, the outermost with `outermost`,
    /// else the innermost.
    pub fn pointer_at(&self, offset: usize, outermost: bool) -> String {
        let mut best = (0, String::new());
        let mut open = vec![(self.root.as_ref(), String::new())];
        while let Some((node, pointer)) = open.pop() {
            let mut see = |start: usize, pointer: &str| {
                let nearer = start > best.0 || (start == best.0 && (pointer.len() > best.1.len()) != outermost);
                if start <= offset && nearer {
                    best = (start, pointer.to_owned());
                }
            };
            see(node.span.offset, &pointer);
            match &node.kind {
                Kind::Scalar(_) => {}
                Kind::List(items) => {
                    open.extend(items.iter().enumerate().map(|(at, item)| (item.as_ref(), format!("{pointer}/{at}"))));
                }
                Kind::Map(entries) => {
                    for entry in entries {
                        let pointer = format!("{pointer}/{}", entry.key.replace('~', "~0").replace('/', "~1"));
                        see(entry.key_span.offset, &pointer);
                        open.push((entry.value.as_ref(), pointer));
                    }
                }
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn places_lead_to_pointers_and_back() {
        let text = "a:\n  b: [1, {c: d}]\n  x/y: 2\n";
        let tree = Tree::parse(text, "f").unwrap();
        assert_eq!(tree.line("/a/x~1y"), 3);
        assert_eq!(tree.line("/a/b/1/c"), 2);
        let at = |part: &str| tree.pointer_at(text.find(part).unwrap(), false);
        assert_eq!(at("c: d"), "/a/b/1/c");
        assert_eq!(at("x/y"), "/a/x~1y");
        assert_eq!(at("1,"), "/a/b/0");
        assert_eq!(tree.value()["a"]["b"][1]["c"], "d");
    }

    #[test]
    fn what_is_no_document_is_told_with_its_place() {
        let errors = Tree::parse("a: [", "f.yml").unwrap_err();
        assert!(errors[0].starts_with("f.yml:"), "{errors:?}");
    }
}
