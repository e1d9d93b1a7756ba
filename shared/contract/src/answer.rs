//! The answers of the operations.
//!
//! Times are RFC 3339 in UTC, ids are texts. A field that may be missing says so; every other is always there, null where there
//! is nothing to say.

mod config;
mod delivery;
mod diagnosis;
mod endpoint;
mod event;
mod health;
mod problem;
mod recovery;
mod stats;
mod task;
mod token;
mod wait;
mod workflow;

pub use config::{Change, Changes, Origin, Program, Programs, Source, Sources};
pub use delivery::{Attempt, Deliveries, Delivery, DeliveryInList, EventOfDelivery, Held, HeldBy};
pub use diagnosis::{Diagnosis, EndpointHealth, Reachability, Tested};
pub use endpoint::{
    CreatedEndpoint, Disabled, DisabledReason, Endpoint, EndpointStatus, Endpoints, RateLimit, RotatedSecret,
};
pub use event::{Accepted, Event, EventType, EventTypes};
pub use health::{Document, Health, Ready};
pub use problem::Problem;
pub use recovery::{BackgroundOperation, BackgroundStatus, Recovery, RecoveryTold};
pub use stats::{AllEndpointStats, EndpointStats, Stats};
pub use task::{Dropped, Failure, Job, JobResult, JobStatus, Parent, Task, TaskInList, Tasks, WaitingFor, Worker};
pub use token::{CreatedToken, Token, Tokens};
pub use wait::{Adopted, Nearest, OpenWait, UnclaimedCallback, Verdict, Wait, Waits};
pub use workflow::{
    Gateway, Gateways, Received, ReceivedRequest, ReplayBefore, ReplayIgnored, ReplayNow, ReplayStarted, ReplayTold,
    Replayed, Requests, Started, Workflow, Workflows,
};

/// A page of a list: `{"<items>": […], "next": …}`.
pub trait Page {
    /// An item of the list.
    type Item;
    /// The field that holds the items.
    const ITEMS: &'static str;
}

macro_rules! pages {
    ($($page:ident of $item:ident in $items:literal,)+) => {
        $(impl Page for $page {
            type Item = $item;
            const ITEMS: &'static str = $items;
        })+
    };
}

pages! {
    Tasks of TaskInList in "tasks",
    Waits of Wait in "waits",
    Requests of ReceivedRequest in "requests",
}
