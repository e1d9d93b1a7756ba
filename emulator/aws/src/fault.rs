//! Bad weather on request: what tests and `--faults` use to make the little AWS misbehave.

use super::mapping::Duplicates;
use std::{fmt, time::Duration};

/// One call about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'a> {
    /// The service that is called.
    pub service: Service,
    /// The operation, such as `PutItem`.
    pub operation: &'a str,
}

/// A service of the little AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// The table.
    DynamoDb,
    /// The queues.
    Sqs,
}

/// When a call fails, seen from its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happened; the caller is told `answer`.
    Before(Answer),
    /// The call took effect, but the caller is told `answer` all the same.
    After(Answer),
    /// The process ends, as by `kill -9`.
    Death(Moment),
}

/// When the process ends, seen from the effect of the call that it is making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing has happened.
    Before,
    /// The call took effect, and nobody learns of it.
    After,
}

/// What the caller is told instead of the truth. The SDK retries both, as it does in the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Too many requests.
    Throttled,
    /// An internal error of the service.
    Internal,
}

/// Decides, call by call, which of them fail. An implementation may also end the process.
pub trait Faults: Send + Sync + fmt::Debug {
    /// The fate of this call; `None` lets it pass.
    fn strike(&self, call: Call<'_>) -> Option<Fault>;

    /// How often a message comes that is being handed out.
    fn duplicates(&self) -> Duplicates {
        Duplicates::None
    }

    /// How much longer a message takes to its queue, so that others overtake it.
    fn detour(&self) -> Duration {
        Duration::ZERO
    }
}

/// Ends the process where it stands: nothing is flushed, nobody is told.
pub(super) fn die() -> ! {
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort()
}

impl Answer {
    /// HTTP status and error code as the service words them.
    pub(super) fn status_and_code(self, service: Service) -> (u16, &'static str) {
        match (self, service) {
            (Self::Throttled, Service::DynamoDb) => {
                (400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException")
            }
            (Self::Throttled, Service::Sqs) => (400, "com.amazonaws.sqs#RequestThrottled"),
            (Self::Internal, Service::DynamoDb) => (500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
            (Self::Internal, Service::Sqs) => (500, "com.amazonaws.sqs#InternalError"),
        }
    }
}
