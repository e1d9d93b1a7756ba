//! `ringback.yml`, loaded: types that cannot be wrong once they exist.
//!
//! Names are resolved, durations are durations, templates are parsed, job order is settled, and what the file left
//! out is filled in. [`load`] makes them of a file's text, [`schema()`] describes that text to editors, and [`summary()`]
//! prints them.

mod changes;
pub mod component;
pub mod diagnostic;
pub mod duration;
pub mod inference;
pub mod program;
pub mod schema;
pub mod summary;
mod cx;
mod draft;
mod field;
pub mod gateway;
mod identity;
mod keys;
mod load;
mod map;
mod method;
mod path;
mod reach;
mod resolve;
mod section;
pub mod step;
mod template;
mod text;
mod tree;
mod yaml;
#[cfg(test)]
mod tests;

pub use changes::changes;
pub use component::{
    CallbackCompletion, Completion, Component, Delay, Effort, HttpClient, HttpRequest, Invocation, Logger, Polling,
    ProgramCall, Publisher, SubWorkflow,
};
pub use diagnostic::{Code, Diagnostic, Severity, Span};
pub use gateway::{Cloudflare, Gateway, NamedTunnel, Ngrok, SshAuth, SshConnection, SshTunnel, Tunnel};
pub use identity::RouteId;
pub use inference::Inference;
pub use load::{EnvReference, Loaded, RouteReference, load, load_source, load_stored, load_stored_source};
pub use method::Method;
pub use program::Program;
pub use schema::schema;
pub use step::{Call, ForEach, If, Step, Switch};
pub use summary::summary;
pub use tree::Tree;

use crate::event::catalogue::Catalogue;
use crate::expr::Template;
use crate::source::{Source, Verification};
use crate::wait::MissingStatus;
use indexmap::IndexMap;
use ipnet::IpNet;
use std::fmt;
use std::time::Duration;

/// A whole file.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The API's address.
    pub controller: Controller,
    /// Inbound routes, in file order.
    pub listeners: Vec<Listener>,
    /// Tunnels, in file order.
    pub gateways: Vec<Gateway>,
    /// Workflows by id; one without an id is called `default`.
    pub workflows: IndexMap<String, Workflow>,
    /// Components by id.
    pub components: IndexMap<String, Component>,
    /// Programs by name.
    pub programs: IndexMap<String, Program>,
    /// How the endpoints of customers are called.
    pub delivery: DeliveryConfig,
    /// Providers that call us, by name.
    pub sources: IndexMap<String, Source>,
}

impl Config {
    /// A workflow that a run can follow: one of the file's, or the one that runs a program by itself.
    pub fn workflow(&self, id: &str) -> Option<&Workflow> {
        match id.strip_prefix(program::PREFIX) {
            Some(name) => self.programs.get(name).map(|program| &program.workflow),
            None => self.workflows.get(id),
        }
    }

    /// The port and the path at which providers reach a source: those of the first listener of sources, or the API's in a
    /// file that has none.
    pub fn place_of(&self, source: &str) -> (u16, String) {
        let place = self.listeners.iter().find_map(|listener| match &listener.routes {
            Routes::Sources(routes) => Some((listener.port, routes.path_of(source))),
            Routes::Triggers(_) | Routes::Callbacks(_) => None,
        });
        place.unwrap_or_else(|| (self.controller.port, format!("/hooks/{source}")))
    }

    /// A component that a job can name: one of the file's, or the one that runs a program.
    pub fn component(&self, id: &str) -> Option<&Component> {
        match id.strip_prefix(program::PREFIX) {
            Some(name) => self.programs.get(name).map(|program| &program.component),
            None => self.components.get(id),
        }
    }
}

/// How the endpoints of customers are called, and what they can be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryConfig {
    /// Ranges that may be called although they are not public; none unless the file says otherwise.
    pub allow_private: Vec<IpNet>,
    /// The event types that there are: those that are always there, and the file's.
    pub catalogue: Catalogue,
}

/// Where the API listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// Interface to bind; `127.0.0.1` unless the file says otherwise.
    pub host: String,
    /// TCP port; 8080 unless the file says otherwise.
    pub port: u16,
    /// PEM files for TLS.
    pub tls: Option<Tls>,
    /// Scheme and host by which the internet knows every port; those of the gateways, or the local ones, where absent.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed; none unless the file says otherwise.
    pub trusted_proxies: Vec<IpNet>,
}

/// Certificate and key files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Path of the certificate chain (PEM).
    pub cert: String,
    /// Path of the private key (PEM).
    pub key: String,
}

/// A set of inbound routes on one port.
#[derive(Debug, Clone, PartialEq)]
pub struct Listener {
    /// Given, or `listener-<port>`; unique in the file.
    pub id: String,
    /// Interface to bind; `127.0.0.1` unless the file says otherwise.
    pub host: String,
    /// TCP port; 8090 for callbacks, 8091 for triggers and 8092 for sources unless the file says otherwise.
    pub port: u16,
    /// Requests handled at once; unlimited where absent.
    pub max_concurrent_count: Option<u32>,
    /// Where it runs.
    pub runtime: Runtime,
    /// Its routes.
    pub routes: Routes,
}

/// The routes of a listener, all of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Routes {
    /// Each starts runs.
    Triggers(Vec<Trigger>),
    /// Each completes waits.
    Callbacks(Vec<Callback>),
    /// Those of the sources.
    Sources(SourceRoutes),
}

/// The routes by which providers reach the sources: all of the file's, and those that the API defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRoutes {
    /// Put before their paths; empty or `/…` without a `/` at its end.
    pub base_path: String,
    /// Not written in the file, but made because it has sources.
    pub implied: bool,
}

impl SourceRoutes {
    /// The paths below `base_path` at which a source is served, with the method of each and those besides it. The first one is for providers
    /// that ask before they send anything.
    pub const PATHS: [(&'static str, Method, &'static [Method]); 2] =
        [("/hooks/{id}", Method::Get, &[Method::Post, Method::Options]), ("/api/webhooks/{id}", Method::Post, &[])];

    /// The path at which a provider reaches one source.
    pub fn path_of(&self, source: &str) -> String {
        format!("{}/hooks/{source}", self.base_path)
    }
}

/// Where a listener or gateway runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// In the emulator's own process.
    Native,
    /// In a container, where a Docker engine answers.
    Docker,
}

/// What both kinds of route share: how a request reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub id: RouteId,
    /// The method that it takes.
    pub method: Method,
    /// Whole path with the listener's `base_path`, in the router's syntax: `/hooks/{id}`.
    pub path: String,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A route that starts runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// How a request reaches it.
    pub route: Route,
    /// The workflow it starts.
    pub workflow: String,
    /// The run's input; the whole body where absent.
    pub input: Option<Template>,
    /// Where set, the template gives a list and each item starts a run.
    pub bulk: Option<Template>,
    /// Equal values start one run.
    pub dedupe_by: Option<Template>,
    /// For how long equal requests start one run, where nothing is signed and there is no id, and those of one `dedupe_by`;
    /// zero if each request starts one. As the provider's preset says, or else
    /// [`DEDUPE_WINDOW`](crate::source::DEDUPE_WINDOW), where absent.
    pub dedupe_window: Option<Duration>,
    /// What must hold of a request; nothing where absent.
    pub verify: Option<Verify>,
}

/// A route that completes waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Callback {
    /// How a request reaches it.
    pub route: Route,
    /// The correlation key; the constant `__callback__` where the file says nothing.
    pub identify_by: Template,
    /// The status that the lists below judge.
    pub status: Option<Template>,
    /// Statuses that complete the wait; numbers are compared by value, anything else as text.
    pub success_when: Vec<String>,
    /// Statuses that fail it; compared likewise.
    pub fail_when: Vec<String>,
    /// The meaning of a missing status; where absent, success if `result` finds a value, else failure.
    pub on_missing_status: Option<MissingStatus>,
    /// What the waiting job gets as `result`; the whole body (or item) where absent.
    pub result: Option<Template>,
    /// Where set, the template gives a list and each item is a callback of its own.
    pub bulk: Option<Template>,
    /// What must hold of a request; nothing where absent.
    pub verify: Option<Verify>,
}

/// What must hold of a route's requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Verify {
    /// What must hold of those of a source, by its name.
    Source(String),
    /// What is written at the route.
    Inline(Box<Verification>),
}

/// A definition of jobs and their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// Its name.
    pub id: String,
    /// For people.
    pub title: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// What it does.
    pub jobs: Block,
    /// The run's result; where absent, the output of its last job (of several last ones: an object by job id).
    pub output: Option<Template>,
}

/// Jobs that run together: a workflow's, a branch's, a loop body's, an error handler's. May be empty in branches.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Block {
    /// In file order; ids are unique in the block.
    pub jobs: Vec<Job>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Unique in its block. Letters, digits, `-` and `_`.
    pub id: String,
    /// Indices into the block of the jobs it waits for: explicit, implied by order, or by `${jobs.X…}`. No cycles.
    pub depends_on: Vec<usize>,
    /// What it does.
    pub step: Step,
    /// The step's input; the run's input where absent.
    pub input: Option<Template>,
    /// The job's output, over `output`, `response`, `result`; the step's output where absent.
    pub output: Option<Template>,
    /// Bounds one attempt, its wait included.
    pub timeout: Option<Duration>,
    /// One attempt where absent.
    pub retry: Option<Retry>,
    /// Runs when the last attempt has failed; if it succeeds, so has the job.
    pub on_error: Option<Block>,
}

/// How often a failed job is tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Attempts in all, the first included; at least 1.
    pub max_attempts: u32,
    /// Pause before the second attempt.
    pub delay: Duration,
    /// What each further pause is multiplied by; at least 1.
    pub backoff: f64,
}
