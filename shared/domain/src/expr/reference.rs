//! What a template reads: from this the loader infers the order of jobs and the keys of callbacks.

use crate::expr::ast::{Expr, Part, Pattern};
use crate::expr::path::{Path, Step};
use std::fmt;

/// A source and the literal path below it that a template reads, e.g. `jobs` and `["generate","output"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The source: `body`, `jobs`, `gateway`, …
    pub source: String,
    /// What stands behind a colon: `8090` in `gateway:8090.public_url`.
    pub qualifier: Option<String>,
    /// The named steps up to the first that isn't a plain name (an index, a slice, `[*]`).
    pub path: Vec<String>,
}

/// As it is written in a template: `header.x-event`, `gateway:8090.public_url`.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if let Some(qualifier) = &self.qualifier {
            write!(f, ":{qualifier}")?;
        }
        self.path.iter().try_for_each(|name| write!(f, ".{name}"))
    }
}

impl From<&Path> for Reference {
    fn from(path: &Path) -> Self {
        let names = path.steps.iter().map_while(|step| match step {
            Step::Key(key) => Some(key.clone()),
            Step::Index(_) | Step::Slice(..) | Step::Each => None,
        });
        Self { source: path.source().to_owned(), qualifier: path.qualifier().map(str::to_owned), path: names.collect() }
    }
}

pub(super) fn in_parts(parts: &[Part], found: &mut Vec<Reference>) {
    for part in parts {
        match part {
            Part::Literal(_) => {}
            Part::Hole(expr) => in_expr(expr, found),
        }
    }
}

pub(super) fn in_expr(expr: &Expr, found: &mut Vec<Reference>) {
    match expr {
        Expr::Literal(_) => {}
        Expr::Path(path) => found.push(path.into()),
        Expr::Words(parts) => in_parts(parts, found),
        Expr::Select(inner, _) | Expr::Not(inner) | Expr::Convert(inner, _) => {
            in_expr(inner, found);
        }
        Expr::Logic(_, operands) | Expr::Binary(_, operands) | Expr::Default(operands) => {
            in_expr(&operands.0, found);
            in_expr(&operands.1, found);
        }
        Expr::Matches(subject, pattern) => {
            in_expr(subject, found);
            match pattern {
                Pattern::Fixed(_) => {}
                Pattern::Dynamic(expr) => in_expr(expr, found),
            }
        }
    }
}
