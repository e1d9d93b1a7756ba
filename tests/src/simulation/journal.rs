//! What happened: a digest of it always, the words where they are asked for.

use jiff::Timestamp;
use std::fmt::{self, Write};

/// FNV-1a, 64 bits (<https://datatracker.ietf.org/doc/draft-eastlake-fnv>): the digest of a course of events.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

#[derive(Debug)]
pub(super) struct Journal {
    pub(super) digest: u64,
    /// `None` where nobody reads it.
    pub(super) lines: Option<Vec<String>>,
    pub(super) violations: Vec<String>,
}

impl Journal {
    pub(super) fn new(traced: bool) -> Self {
        Self { digest: OFFSET, lines: traced.then(Vec::new), violations: Vec::new() }
    }

    pub(super) fn note(&mut self, now: Timestamp, line: fmt::Arguments<'_>) {
        let mut digest = Digest(self.digest);
        let _ = write!(digest, "{} {line}", now.as_millisecond());
        self.digest = digest.0;
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{now} {line}"));
        }
    }

    /// What must not be.
    pub(super) fn violation(&mut self, now: Timestamp, what: String) {
        self.note(now, format_args!("VIOLATION {what}"));
        self.violations.push(what);
    }
}

struct Digest(u64);

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = text.bytes().fold(self.0, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(PRIME));
        Ok(())
    }
}
