//! Standard output and error, which may close at any time: `emulator check | head -1` must end quietly, and `print!` panics.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line.
///
/// # Errors
/// If nobody reads any more, or it can't be written.
pub(crate) fn line(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Prints text that ends its own lines.
///
/// # Errors
/// As [`line`].
pub(crate) fn text(text: impl Display) -> io::Result<()> {
    write!(io::stdout().lock(), "{text}")
}

/// Says something on standard error. If nobody reads it, there is nobody to tell either.
pub(crate) fn complain(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether a command only failed because nobody reads its output any more: then it has done what was wanted of it.
pub(crate) fn is_closed(failure: &super::Failure) -> bool {
    failure.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
