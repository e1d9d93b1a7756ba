//! The file as read, before names are resolved.

use super::Method;
use super::diagnostic::Span;
use super::{Component, Controller, DeliveryConfig, Gateway, Listener, Polling, Program, RouteId, Workflow};
use crate::event::EventType;
use crate::expr::{Reference, Template};
use crate::source::Source;
use indexmap::IndexMap;
use std::collections::HashSet;
use std::time::Duration;

/// What the sections left.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) controller: Option<Controller>,
    pub(super) listeners: Vec<Listener>,
    /// Routes of all listeners, with their places.
    pub(super) routes: Vec<RouteDraft>,
    /// Routes of sources: port, path and where their listener is.
    pub(super) source_routes: Vec<(u16, String, Span)>,
    /// Interface, port and place of each listener.
    pub(super) binds: Vec<(String, u16, Span)>,
    pub(super) gateways: Vec<Gateway>,
    /// Ports of gateways, with their places, and whether each may be the API's.
    pub(super) tunnelled: Vec<(u16, Span, bool)>,
    pub(super) workflows: IndexMap<String, Workflow>,
    pub(super) components: IndexMap<String, ComponentDraft>,
    pub(super) programs: IndexMap<String, Program>,
    pub(super) delivery: DeliveryConfig,
    pub(super) sources: IndexMap<String, Source>,
    /// Components that jobs name.
    pub(super) called: Vec<(String, Span)>,
    /// Workflows that triggers and components name.
    pub(super) started: Vec<(String, Span)>,
    /// Targets of rules.
    pub(super) targeted: Vec<(String, Span)>,
    /// Sources that `verify` names.
    pub(super) verified: Vec<(String, Span)>,
    /// Keys of triggers about repetitions, with the source by which their requests are verified.
    pub(super) deduped: Vec<(String, DedupeDraft)>,
    /// Programs that components name.
    pub(super) run: Vec<(String, Span)>,
    /// Event types that components name outright.
    pub(super) published: Vec<(EventType, Span)>,
    /// Ids in use, as `listener one`, so that each kind has its own.
    pub(super) ids: HashSet<String>,
}

/// A route and what is needed to find it from an address.
#[derive(Debug, Clone)]
pub(super) struct RouteDraft {
    pub(super) id: RouteId,
    /// The name that version 0.1 gave it; files may use it.
    pub(super) former: RouteId,
    pub(super) port: u16,
    pub(super) method: Method,
    pub(super) path: String,
    /// Where the path is written.
    pub(super) span: Span,
    /// For a callback: the text of `identify_by`.
    pub(super) identify_by: Option<String>,
}

/// Keys of a trigger or a source about repetitions.
#[derive(Debug)]
pub(super) struct DedupeDraft {
    /// References that `dedupe_by` reads, and its place.
    pub(super) by: Option<(Vec<Reference>, Span)>,
    /// Place of `dedupe_window`.
    pub(super) window: Option<Span>,
}

/// A component, and the wait that is settled once all routes are known.
#[derive(Debug)]
pub(super) struct ComponentDraft {
    pub(super) span: Span,
    pub(super) component: Component,
    /// Texts of the request that may hold an address of this file's.
    pub(super) texts: Vec<RequestText>,
    pub(super) completion: CompletionDraft,
}

/// A text of a request, with its place.
#[derive(Debug, Clone)]
pub(super) struct RequestText {
    pub(super) text: String,
    pub(super) span: Span,
    /// True for the address of the service, or its beginning: the URL at its beginning is called, and not sent.
    pub(super) is_address: bool,
}

/// What a component says about its wait.
#[derive(Debug)]
pub(super) enum CompletionDraft {
    /// Nothing: its request may tell.
    Silent,
    /// There is no wait, or it could not be read and that has been reported.
    None,
    Callback(CallbackDraft),
    Polling(Box<Polling>),
}

/// A `completion` of type `callback`.
#[derive(Debug)]
pub(super) struct CallbackDraft {
    pub(super) span: Span,
    pub(super) wait_for: Option<Template>,
    /// The route's path or id, as written.
    pub(super) callback: Option<(String, Span)>,
    pub(super) timeout: Option<Duration>,
}
