//! Which components wait for a callback: because they say so, or because their request carries the address of a route.

use super::address::{Address, Base};
use super::key::{Sent, wait_for};
use super::shared::{self, Callers};
use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Problem, Span};
use crate::config::draft::{CallbackDraft, CompletionDraft, ComponentDraft, Draft, RequestText, RouteDraft};
use crate::config::inference::Inference;
use crate::config::section::component::LONGEST_WAIT;
use crate::config::{CallbackCompletion, Completion, Component, RouteId};
use crate::expr::{Sources, Template};
use crate::spelling::nearest;
use indexmap::IndexMap;
use std::time::Duration;

/// How a request carries an address that is made for the job alone.
const CAPABILITY: &str = "context.callback_url";

/// A callback route that a component's request names.
struct Named<'a> {
    route: &'a RouteDraft,
    address: &'a Address,
    /// What its path's parameters are.
    path: Vec<(&'a str, &'a str)>,
    span: Span,
}

/// Settles every component's wait.
pub(super) fn settle(cx: &mut Cx, draft: &mut Draft) -> (IndexMap<String, Component>, Vec<Inference>) {
    let mut inferred = Vec::new();
    let mut components = IndexMap::new();
    let mut spans = Vec::new();
    let drafts = std::mem::take(&mut draft.components);
    let draft: &Draft = draft;
    let callers = Callers::of(draft.workflows.values());
    for (id, ComponentDraft { span, mut component, texts, completion }) in drafts {
        if let Component::HttpClient(client) = &mut component {
            let found = |text: &RequestText| {
                let addresses = Address::find_all(text).into_iter();
                addresses.map(|address| (address, text.span)).collect::<Vec<_>>()
            };
            let addresses: Vec<(Address, Span)> = texts.iter().flat_map(found).collect();
            let capability = texts.iter().any(|text| text.text.contains(CAPABILITY));
            let run_id = callers.all_carry_run_id(&id, client);
            let problems = &mut cx.problems;
            let mut wait = Wait { capability, run_id, draft, addresses: &addresses, problems, component: &id, span };
            client.completion = match completion {
                CompletionDraft::None => None,
                CompletionDraft::Polling(polling) => Some(Completion::Polling(polling)),
                CompletionDraft::Callback(written) => wait.written(written, &mut inferred),
                CompletionDraft::Silent => wait.silent(client.timeout, &mut inferred),
            };
        }
        spans.push(span);
        components.insert(id, component);
    }
    let key_is_inferred =
        |id: &str| inferred.iter().any(|told: &Inference| told.component == id && told.wait_for.is_some());
    cx.problems.extend(shared::problems(draft, &components, &spans, &callers, &key_is_inferred));
    (components, inferred)
}

/// One component whose wait is being settled.
struct Wait<'a> {
    /// Its request carries an address that is made for the job alone.
    capability: bool,
    /// Its request carries the run's id.
    run_id: bool,
    draft: &'a Draft,
    addresses: &'a [(Address, Span)],
    problems: &'a mut Vec<Problem>,
    component: &'a str,
    span: Span,
}

impl<'a> Wait<'a> {
    /// A component that says nothing waits if its request carries the address of a callback route.
    fn silent(&mut self, timeout: Option<Duration>, inferred: &mut Vec<Inference>) -> Option<Completion> {
        let timeout = timeout.unwrap_or(LONGEST_WAIT);
        let (route, (template, text)) = match self.capability {
            true => (self.only(self.span)?.id.clone(), token()?),
            false => {
                let named = self.named(true)?;
                (named.route.id.clone(), self.key(&named)?)
            }
        };
        inferred.push(self.inference(route.clone(), Some(text), true, timeout));
        Some(Completion::Callback(CallbackCompletion { route, wait_for: template, timeout, inferred: true }))
    }

    /// A component that says that it waits may leave out for which route and which value.
    fn written(&mut self, written: CallbackDraft, inferred: &mut Vec<Inference>) -> Option<Completion> {
        let named = self.named(false);
        let route = match &written.callback {
            Some((name, span)) => self.by_name(name, *span)?,
            None => match &named {
                Some(named) => named.route,
                None => self.only(written.span)?,
            },
        };
        let timeout = written.timeout.unwrap_or(LONGEST_WAIT);
        let without_route = written.callback.is_none();
        let (template, text) = match written.wait_for {
            Some(template) => (template, None),
            None if self.capability => token().map(|(template, text)| (template, Some(text)))?,
            None => {
                let (template, text) = match named.filter(|named| named.route.id == route.id) {
                    Some(named) => self.key(&named)?,
                    None => self.key_of(route, &Sent { run_id: self.run_id, ..Sent::default() }, written.span)?,
                };
                (template, Some(text))
            }
        };
        if without_route || text.is_some() {
            inferred.push(self.inference(route.id.clone(), text, false, timeout));
        }
        let route = route.id.clone();
        Some(Completion::Callback(CallbackCompletion { route, wait_for: template, timeout, inferred: false }))
    }

    /// The callback route whose address is in the request; `warn` about addresses that lead nowhere.
    fn named(&mut self, warn: bool) -> Option<Named<'a>> {
        let (draft, addresses) = (self.draft, self.addresses);
        for (address, span) in addresses {
            let mut found: Vec<Named<'a>> = match &address.base {
                Base::Port(_) | Base::Written(_) => {
                    let there = callbacks(draft).filter(|route| leads_to(draft, address, route.port));
                    there.filter_map(|route| named(route, address, *span, address.matches(route)?)).collect()
                }
                // It is the whole address of a route; a path behind it would be another's.
                Base::Listener if address.segments.is_empty() => {
                    callbacks(draft).filter_map(|route| named(route, address, *span, Vec::new())).collect()
                }
                Base::Listener | Base::Expression => Vec::new(),
            };
            // A route that is written out is meant rather than one with a parameter in that place.
            let fewest = found.iter().map(|named| named.path.len()).min();
            found.retain(|named| Some(named.path.len()) == fewest);
            match (found.pop(), found.is_empty()) {
                (Some(named), true) => return Some(named),
                (Some(named), false) => {
                    found.push(named);
                    let routes = found.iter().map(|named| label(named.route)).collect::<Vec<_>>().join(", ");
                    let message = format!(
                        "this address could be any of {routes}: say which with `completion: {{type: callback, \
                         callback: …}}`"
                    );
                    self.problems.extend(warn.then(|| Problem::new(Code::AmbiguousCallback, *span, message)));
                }
                (None, _) => {
                    self.problems.extend(unmatched(draft, address, *span).filter(|_| warn));
                }
            }
        }
        None
    }

    fn by_name(&mut self, name: &str, span: Span) -> Option<&'a RouteDraft> {
        let draft = self.draft;
        let found: Vec<&RouteDraft> = callbacks(draft)
            .filter(|route| route.path == name || route.id == RouteId::named(name) || route.former.0 == name)
            .collect();
        match found.as_slice() {
            [route] => return Some(route),
            [] => {
                let message = format!("this file has no callback route `{name}`");
                let within = callbacks(draft).map(|route| route.path.as_str()).find(|path| path.ends_with(name));
                let meant = within.or_else(|| nearest(name, callbacks(draft).map(|route| route.path.as_str())));
                self.problems.push(Problem::new(Code::UnknownCallback, span, message).suggest(meant));
            }
            several => {
                let ids = several.iter().map(|route| format!("`{}`", route.id)).collect::<Vec<_>>().join(", ");
                let message = format!("several callback routes have the path `{name}`; name one of {ids}");
                self.problems.push(Problem::new(Code::AmbiguousCallback, span, message));
            }
        }
        None
    }

    fn only(&mut self, span: Span) -> Option<&'a RouteDraft> {
        let found: Vec<&RouteDraft> = callbacks(self.draft).collect();
        match found.as_slice() {
            [route] => return Some(route),
            [] => {
                let message = "this waits for a callback, but the file has no callback route";
                self.problems.push(Problem::new(Code::UnknownCallback, span, message));
            }
            several => {
                let routes = several.iter().map(|route| label(route)).collect::<Vec<_>>().join(", ");
                let message = format!("this could wait for any of {routes}: say which with `callback`");
                self.problems.push(Problem::new(Code::AmbiguousCallback, span, message));
            }
        }
        None
    }

    fn key(&mut self, named: &Named<'_>) -> Option<(Template, String)> {
        let sent = Sent { path: named.path.clone(), query: &named.address.query, run_id: self.run_id };
        self.key_of(named.route, &sent, named.span)
    }

    fn key_of(&mut self, route: &RouteDraft, sent: &Sent<'_>, span: Span) -> Option<(Template, String)> {
        let identify_by = route.identify_by.as_deref().unwrap_or_default();
        let key = wait_for(identify_by, sent);
        if key.is_none() {
            let message = format!(
                "{} is identified by `{identify_by}`, which doesn't tell what `{}` waits for: write `completion: \
                 {{type: callback, wait_for: …}}`",
                label(route),
                self.component
            );
            self.problems.push(Problem::new(Code::UnclearWaitFor, span, message));
        }
        key
    }

    fn inference(&self, route: RouteId, wait_for: Option<String>, whole: bool, timeout: Duration) -> Inference {
        Inference { component: self.component.to_owned(), route, wait_for, whole, timeout, span: self.span }
    }
}

/// What a job waits for whose request carries an address of its own.
fn token() -> Option<(Template, String)> {
    let text = "${context.callback_token}";
    Some((Template::parse(text, Sources::Any).ok()?, text.to_owned()))
}

fn callbacks(draft: &Draft) -> impl Iterator<Item = &RouteDraft> {
    draft.routes.iter().filter(|route| route.identify_by.is_some())
}

fn named<'a>(
    route: &'a RouteDraft,
    address: &'a Address,
    span: Span,
    path: Vec<(&'a str, &'a str)>,
) -> Option<Named<'a>> {
    Some(Named { route, address, path, span })
}

pub(super) fn label(route: &RouteDraft) -> String {
    format!("{} {} on port {}", route.method, route.path, route.port)
}

/// True if the beginning of an address is that of a listener on that port.
fn leads_to(draft: &Draft, address: &Address, port: u16) -> bool {
    match &address.base {
        Base::Port(written) => *written == port,
        Base::Written(origin) => origin.reaches(draft, port),
        Base::Listener | Base::Expression => false,
    }
}

/// A warning if an address with a path leads to a listener but to none of its routes, or if only its path is that of a
/// callback route.
fn unmatched(draft: &Draft, address: &Address, span: Span) -> Option<Problem> {
    let there: Vec<&RouteDraft> = draft.routes.iter().filter(|route| leads_to(draft, address, route.port)).collect();
    let path = address.path();
    match &address.base {
        _ if address.segments.is_empty() || there.iter().any(|route| address.matches(route).is_some()) => None,
        Base::Port(port) if !there.is_empty() => {
            let meant = nearest(&path, there.iter().map(|route| route.path.as_str()));
            let message =
                format!("`{path}` is none of the routes on port {port}: nothing waits for what arrives there");
            Some(Problem::new(Code::UnmatchedAddress, span, message).suggest(meant))
        }
        Base::Written(_) | Base::Expression => match callbacks(draft).find(|route| address.matches(route).is_some()) {
            Some(route) => Some(foreign(address, route, &path, span)),
            // There may be other things than routes at a host of ours, so only a slip is told.
            None => {
                let meant = nearest(&path, there.iter().map(|route| route.path.as_str()))?;
                let message = format!("`{path}` is none of this file's routes: nothing waits for what arrives there");
                Some(Problem::new(Code::UnmatchedAddress, span, message).suggest(Some(meant)))
            }
        },
        Base::Port(_) | Base::Listener => None,
    }
}

/// A warning of an address that has a callback route's path at a host that isn't known to be ours.
fn foreign(address: &Address, route: &RouteDraft, path: &str, span: Span) -> Problem {
    let known = match &address.base {
        Base::Expression => "what it begins with is not known before the start",
        Base::Written(_) | Base::Port(_) | Base::Listener => {
            "its host is neither that of `controller.public_url` nor a gateway's"
        }
    };
    let message = format!(
        "`{path}` is the path of {}, but {known}: nothing waits for the callback; \
         write `${{gateway:{}.public_url}}{path}`, or `completion: {{type: callback, …}}`",
        label(route),
        route.port
    );
    Problem::new(Code::ForeignAddress, span, message)
}
