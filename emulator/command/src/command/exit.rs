//! How a command that did not work ends: the exit codes, which are stable.

use super::Failure;
use crate::client::ClientError;
use std::io::ErrorKind;

/// The command line itself is wrong, as clap says it too.
pub(crate) const USAGE: u8 = 2;
/// The gateway could not be asked: it doesn't answer, or doesn't take the token.
pub(crate) const UNREACHABLE: u8 = 3;
/// The gateway knows nothing of that name.
pub(crate) const NOT_FOUND: u8 = 4;

/// What `--help` says of them.
pub(crate) const HELP: &str = "Exit codes:
  0  it worked
  1  it did not, and standard error says why
  2  the command line is wrong
  3  the gateway could not be asked: it does not answer, or does not take the token
  4  the gateway has nothing of that name";

/// The command line asks for what makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// The exit code of a failure; `None` where nobody reads on, which is no failure.
pub(crate) fn code(failure: &Failure) -> Option<u8> {
    if failure.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe) {
        return None;
    }
    if failure.downcast_ref::<Usage>().is_some() {
        return Some(USAGE);
    }
    Some(match failure.downcast_ref::<ClientError>() {
        Some(ClientError::BadUrl { .. }) => USAGE,
        Some(ClientError::Unreachable { .. } | ClientError::NoToken { .. } | ClientError::Unauthorized { .. }) => {
            UNREACHABLE
        }
        Some(ClientError::Problem { status: 404, .. }) => NOT_FOUND,
        Some(ClientError::Problem { .. } | ClientError::Foreign { .. }) | None => 1,
    })
}
