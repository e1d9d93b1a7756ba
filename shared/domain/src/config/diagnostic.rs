//! What the loader has to say about a file, and where in it.

use serde::Serialize;
use std::fmt;

/// A stretch of the file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Span {
    /// Bytes before it.
    pub offset: usize,
    /// Bytes in it.
    pub length: usize,
}

/// Whether a file with this diagnostic can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing starts.
    Error,
    /// The file may be part of a larger one; under `--strict` an error.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Declares each code once: its name in Rust, its name for people, its severity, its meaning.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal $severity:ident,)+) => {
        /// What kind of thing a diagnostic says. The names are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// Its stable name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether a file with it can be used.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    /// The text is not YAML.
    YamlSyntax "yaml_syntax" Error,
    /// The file is larger, deeper or, its aliases expanded, longer than any configuration.
    TooLarge "too_large" Error,
    /// A key stands twice in one mapping.
    DuplicateKey "duplicate_key" Error,
    /// A key that is not text.
    BadKey "bad_key" Error,
    /// A YAML tag that means nothing here.
    UnsupportedTag "unsupported_tag" Error,
    /// A second document in one file.
    MultipleDocuments "multiple_documents" Error,
    /// There is nothing in the file.
    EmptyFile "empty_file" Error,
    /// A key that this mapping doesn't have.
    UnknownKey "unknown_key" Error,
    /// A key that this mapping must have.
    MissingKey "missing_key" Error,
    /// Two keys that contradict each other.
    ConflictingKeys "conflicting_keys" Error,
    /// A list where a mapping belongs, a number where text belongs.
    WrongType "wrong_type" Error,
    /// The right type but not a value that is allowed.
    BadValue "bad_value" Error,
    /// Not a JSON Schema, or one that refers to another.
    BadSchema "bad_schema" Error,
    /// A duration that can't be read or makes no sense here.
    BadDuration "bad_duration" Error,
    /// Not a TCP port.
    BadPort "bad_port" Error,
    /// A path that no request could reach.
    BadPath "bad_path" Error,
    /// An address that no request could be sent to.
    BadUrl "bad_url" Error,
    /// An id with characters that ids don't have.
    BadId "bad_id" Error,
    /// A template that can't be parsed.
    BadTemplate "bad_template" Error,
    /// A condition that nothing can change, or a value in a condition's place that is none.
    BadCondition "bad_condition" Error,
    /// A field that a source with known fields doesn't have: `${jobs.X.ouput}`.
    UnknownField "unknown_field" Error,
    /// A source that has no value in this place.
    MisplacedSource "misplaced_source" Error,
    /// `${…}` where only plain text is possible.
    ExpressionNotAllowed "expression_not_allowed" Error,
    /// One id for two things.
    DuplicateId "duplicate_id" Error,
    /// Two routes that the same request would match.
    RouteConflict "route_conflict" Error,
    /// One port on two interfaces.
    PortConflict "port_conflict" Error,
    /// `depends_on` or `${jobs…}` names a job that isn't there.
    UnknownJob "unknown_job" Error,
    /// Jobs that wait for each other.
    JobCycle "job_cycle" Error,
    /// `callback` names a route that isn't there.
    UnknownCallback "unknown_callback" Error,
    /// Several callback routes could be meant.
    AmbiguousCallback "ambiguous_callback" Error,
    /// The route's `identify_by` doesn't tell what a job has to wait for.
    UnclearWaitFor "unclear_wait_for" Error,
    /// A workflow that the file doesn't define.
    UndefinedWorkflow "undefined_workflow" Warning,
    /// A component that the file doesn't define.
    UndefinedComponent "undefined_component" Warning,
    /// A rule's target that is no workflow and no program of the file.
    UndefinedTarget "undefined_target" Warning,
    /// `verify` names a source that the file doesn't define.
    UndefinedSource "undefined_source" Warning,
    /// `dedupe_by` of signed requests reads something that is not signed.
    UnsignedDedupe "unsigned_dedupe" Warning,
    /// A source that takes every request.
    OpenSource "open_source" Warning,
    /// A program that the file doesn't define.
    UndefinedProgram "undefined_program" Warning,
    /// A command written as one text, as if a shell would read it.
    CommandIsText "command_is_text" Warning,
    /// An event type that the strict catalogue doesn't have.
    UndefinedEvent "undefined_event" Warning,
    /// `${gateway:PORT…}` for a port that no gateway and no listener of the file has.
    UndefinedGateway "undefined_gateway" Warning,
    /// A gateway that would expose the API, which it doesn't say.
    ExposedApi "exposed_api" Warning,
    /// A gateway to a port that is no listener's.
    NothingToExpose "nothing_to_expose" Warning,
    /// `${listener…}` in a file without listeners.
    UndefinedListener "undefined_listener" Warning,
    /// An environment variable that isn't set.
    UnsetEnv "unset_env" Warning,
    /// A component that doesn't say where to call.
    ComponentWithoutAddress "component_without_address" Warning,
    /// A listener that doesn't say what it listens for.
    ListenerWithoutRoutes "listener_without_routes" Warning,
    /// A public address of this file's that is none of its routes.
    UnmatchedAddress "unmatched_address" Warning,
    /// An address that has the path of a callback route, at a host that isn't known to be ours: nothing waits.
    ForeignAddress "foreign_address" Warning,
    /// A key that only the service's answer can bring, and nothing says that it does.
    UncertainKey "uncertain_key" Warning,
    /// Two runs, or two jobs of one run, that wait on one route under one key.
    SharedKey "shared_key" Warning,
    /// A `switch` over a value that no run can change.
    ConstantSwitch "constant_switch" Warning,
    /// A status that no list, or only a list of failures, judges.
    UnjudgedStatus "unjudged_status" Warning,
}

impl Code {
    /// Whether nothing may start while this stands: every error, and the warnings after which a run would surely fail.
    pub fn refuses_start(self) -> bool {
        self.severity() == Severity::Error
            || !matches!(
                self,
                Self::ListenerWithoutRoutes
                    | Self::UnmatchedAddress
                    | Self::UndefinedGateway
                    | Self::ExposedApi
                    | Self::NothingToExpose
                    | Self::OpenSource
                    | Self::UnsignedDedupe
                    | Self::CommandIsText
                    | Self::ForeignAddress
                    | Self::UncertainKey
                    | Self::SharedKey
                    | Self::UnjudgedStatus
                    | Self::ConstantSwitch
            )
    }

    /// True for an error that earlier versions did not know: files that they took, and that runs still follow, have it and
    /// are read all the same.
    pub fn is_new(self) -> bool {
        matches!(self, Self::BadCondition | Self::UnknownField)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One thing to say about one place. Its `Display` is one line: `ringback.yml:12:7: error[unknown_key]: …`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Whether the file can be used all the same.
    pub severity: Severity,
    /// What kind of thing it is.
    pub code: Code,
    /// In words, with the offending text.
    pub message: String,
    /// Where in the file.
    pub span: Span,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What was probably meant; may replace the text of the span.
    pub suggestion: Option<String>,
    /// The file's name, as it was given to the loader.
    pub file: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, code, message, line, column, file, suggestion, span: _ } = self;
        write!(f, "{file}:{line}:{column}: {severity}[{code}]: {message}")?;
        match suggestion {
            Some(right) => write!(f, "; did you mean `{right}`?"),
            None => Ok(()),
        }
    }
}

/// A diagnostic before it knows its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) suggestion: Option<String>,
    /// The other place that it is about.
    pub(crate) other: Option<Span>,
}

impl Problem {
    /// A problem without a suggestion.
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), suggestion: None, other: None }
    }

    /// Adds the other place that it is about; its line and column are put behind the message.
    pub(crate) fn beside(mut self, other: Span) -> Self {
        self.other = Some(other);
        self
    }

    /// Adds what was probably meant.
    pub(crate) fn suggest(mut self, right: Option<impl Into<String>>) -> Self {
        self.suggestion = right.map(Into::into);
        self
    }
}

/// Turns byte offsets of a text into lines and columns.
#[derive(Debug, Clone)]
pub(crate) struct Lines<'t> {
    bytes: &'t [u8],
    starts: Vec<usize>,
    /// Characters before each block of [`BLOCK`] bytes: a long line must not be counted anew for each problem in it.
    counts: Vec<usize>,
}

const BLOCK: usize = 1024;

impl<'t> Lines<'t> {
    /// Finds the lines of a text.
    pub(crate) fn new(text: &'t str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        // A byte order mark is no column.
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let starts = std::iter::once(first).chain(after_breaks).collect();
        let count = |before: &mut usize, block: &[u8]| Some(std::mem::replace(before, *before + characters(block)));
        Self { bytes: text.as_bytes(), starts, counts: text.as_bytes().chunks(BLOCK).scan(0, count).collect() }
    }

    /// Line and column of an offset, both from 1.
    pub(crate) fn at(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        (line, self.before(offset).saturating_sub(self.before(start)) + 1)
    }

    /// Characters before an offset.
    fn before(&self, offset: usize) -> usize {
        // The end of a text may be the beginning of a block that isn't there.
        let block = (offset / BLOCK).min(self.counts.len().saturating_sub(1));
        let rest = self.bytes.get(block * BLOCK..offset).map_or(0, characters);
        self.counts.get(block).map_or(0, |count| count + rest)
    }

    /// The problem with its place.
    pub(crate) fn locate(&self, problem: Problem, file: &str) -> Diagnostic {
        let Problem { code, span, mut message, suggestion, other } = problem;
        if let Some(other) = other {
            let (line, column) = self.at(other.offset);
            message.push_str(&format!(" (the other one is at {line}:{column})"));
        }
        let (line, column) = self.at(span.offset);
        let file = file.to_owned();
        Diagnostic { severity: code.severity(), code, message, span, line, column, suggestion, file }
    }
}

/// Characters that begin in these bytes of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

#[cfg(test)]
mod tests {
    use super::{Code, Lines, Severity};
    use std::collections::BTreeSet;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let long = "한".repeat(2_000);
        let text = format!("a\nbé c\r\n{long}x");
        let lines = Lines::new(&text);
        let at = |needle: &str| lines.at(text.find(needle).expect("the needle"));
        assert_eq!((at("a"), at("b"), at("c"), at("한"), at("x")), ((1, 1), (2, 1), (2, 4), (3, 1), (3, 2_001)));
        assert_eq!(lines.at(text.len()), (3, 2_002));
        assert_eq!(Lines::new("").at(0), (1, 1));
        assert_eq!(Lines::new("\u{feff}a").at(3), (1, 1));
        let full = "x".repeat(1_024);
        assert_eq!(Lines::new(&full).at(1_024), (1, 1_025));
    }

    #[test]
    fn codes_have_distinct_names_in_snake_case() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    }

    #[test]
    fn every_error_refuses_the_start_and_so_do_most_warnings() {
        let harmless: Vec<&str> =
            Code::ALL.iter().filter(|code| !code.refuses_start()).map(|code| code.as_str()).collect();
        assert_eq!(
            harmless,
            [
                "unsigned_dedupe",
                "open_source",
                "command_is_text",
                "undefined_gateway",
                "exposed_api",
                "nothing_to_expose",
                "listener_without_routes",
                "unmatched_address",
                "foreign_address",
                "uncertain_key",
                "shared_key",
                "constant_switch",
                "unjudged_status"
            ]
        );
        assert_eq!(Code::UnsetEnv.severity(), Severity::Warning);
    }
}
