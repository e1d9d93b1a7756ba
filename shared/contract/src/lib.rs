//! The contract of the HTTP API, without its handlers.
//!
//! ```text
//!  operation   which operations there are: method, path, who may call, which function serves it
//!  query       the parameters of each operation's query
//!  read        a query's text, read into these
//!  cursor      where a page of a list ended, as text for the next request
//! ```
//!
//! [`Operation`] is the one table. The function's router mounts a handler for each row of it, and can mount no other
//! (`functions/api`); `emulator plan` compares a file's routes with it; a test compares it with the documents.

mod cursor;
mod operation;
mod query;
mod read;

pub use cursor::{Cursor, List, NoCursor};
pub use operation::{Access, Function, Method, Operation};
pub use query::{
    CustomerQuery, DeliveriesQuery, DeliveryStatus, EndpointsQuery, HistoryQuery, JobQuery, Limit, NoQuery, Parameter,
    Parameters, ReplayQuery, RequestsQuery, StatsQuery, TaskStatus, TasksQuery, WaitState, WaitsQuery,
};
pub use read::{QueryError, read, refuse_unknown};
