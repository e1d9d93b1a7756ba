//! The contract of the HTTP API, without its handlers.
//!
//! ```text
//!  operation   which operations there are: method, path, who may call, which function serves it, and its types
//!  query       the parameters of each operation's query
//!  body        what each operation takes as its body
//!  answer      what each operation answers with
//!  choice      the words that a parameter or a field may be
//!  code        the codes of problems, and which of them each operation answers with
//!  example     a body for each operation that takes one
//!  read        a query's text, read into its parameters
//!  cursor      where a page of a list ended, as text for the next request
//!  openapi     the OpenAPI document of all this (feature `openapi`, for the test that writes docs/openapi.json)
//! ```
//!
//! [`Operation`] is the one table. The function's router mounts a handler for each row of it, and can mount no other
//! (`functions/api`); `emulator plan` compares a file's routes with it; a test compares it with the documents.

pub mod answer;
pub mod body;
mod choice;
mod code;
mod cursor;
mod example;
#[cfg(feature = "openapi")]
pub mod openapi;
mod operation;
mod query;
mod read;
mod shape;
mod time;

pub use choice::{DeliveryStatus, TaskStatus, WaitState};
pub use code::Code;
pub use cursor::{Cursor, List, NoCursor};
pub use operation::{Access, Anything, Body, Function, Method, Nothing, Operation, Typed, of};
pub use query::{
    CustomerQuery, DeliveriesQuery, EndpointsQuery, Form, HistoryQuery, JobQuery, Limit, NoQuery, Parameter,
    Parameters, ReplayQuery, RequestsQuery, StatsQuery, TasksQuery, WaitsQuery,
};
pub use read::{QueryError, read, refuse_unknown};
pub use time::Time;
