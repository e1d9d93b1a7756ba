//! A component that calls an HTTP service, and what must happen after its answer.

mod completion;
mod request;

use self::completion::{COMPLETIONS, completion};
use self::request::{REQUEST, request, texts};
use super::{Component, Effort, ID, Kind, Reader};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::draft::ComponentDraft;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::Map;
use crate::config::section::Item;
use crate::config::template::{COMPONENT, COMPONENT_OUTPUT};
use crate::config::{Config, Job, Route, RouteId, duration};
use crate::expr::Template;
use crate::run::{JobError, JobPath, Run, Turn};
use crate::wait::MissingStatus;
use std::time::Duration;

/// An HTTP request and how its answer is to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpClient {
    /// Where to; a file that is only part of one may lack it.
    pub request: HttpRequest,
    /// The component's output, over `response` and `result`; the response's body where absent.
    pub output: Option<Template>,
    /// Bounds the call (30 s where absent), and the wait too unless the completion says otherwise.
    pub timeout: Option<Duration>,
    /// What must happen after the answer; nothing where absent.
    pub completion: Option<Completion>,
}

/// The parts of an HTTP request.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpRequest {
    /// `base_url` and `path` joined, or `endpoint`; a text template. Absent in a file that is only part of one.
    pub url: Option<Template>,
    /// The file's author wrote the host out: the guard against internal addresses doesn't apply.
    pub host_is_literal: bool,
    /// Upper case; `POST` where there is a body, else `GET`, unless the file says otherwise.
    pub method: String,
    /// Names and text templates.
    pub headers: Vec<(String, Template)>,
    /// Query parameters; null ones are left out.
    pub params: Vec<(String, Template)>,
    /// Sent as JSON unless the `Content-Type` header says form or text.
    pub body: Option<Template>,
}

/// How a job that was accepted comes to its result.
#[derive(Debug, Clone, PartialEq)]
pub enum Completion {
    /// The service calls back.
    Callback(CallbackCompletion),
    /// We ask again and again.
    Polling(Box<Polling>),
}

/// A wait for a callback.
#[derive(Debug, Clone, PartialEq)]
pub struct CallbackCompletion {
    /// The callback route.
    pub route: RouteId,
    /// The correlation key, over `response`, `request` (the body sent), `input` and `context`. Where it doesn't read
    /// `response`, the wait is opened before the call.
    pub wait_for: Template,
    /// Default 24 h.
    pub timeout: Duration,
    /// Not written in the file but understood from it.
    pub inferred: bool,
}

/// A wait in which we ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Polling {
    /// What is asked, over `response` (of the first call), `input` and `context`.
    pub request: HttpRequest,
    /// Pause between two questions; 5 s unless the file says otherwise.
    pub interval: Duration,
    /// Default 24 h.
    pub timeout: Duration,
    /// Over `response` (of this question).
    pub status: Option<Template>,
    /// Statuses that complete it; numbers are compared by value, anything else as text.
    pub success_when: Vec<String>,
    /// Statuses that fail it; compared likewise.
    pub fail_when: Vec<String>,
    /// The meaning of a missing status; where absent, success if `result` finds a value, else failure.
    pub on_missing_status: Option<MissingStatus>,
    /// What the job gets as `result`, over `response`; its body where absent.
    pub result: Option<Template>,
}

pub(super) const READER: Reader = Reader { name: "http-client", keys: &KEYS, read };

static KEYS: Keys = Keys {
    name: "an http-client component",
    doc: "Calls an HTTP service.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["http-client"]), "Calls an HTTP service.").default("http-client"),
            ID,
            Key::new(
                "output",
                Shape::Template,
                "Its output, over `response` and `result`; the response's body where absent.",
            ),
            Key::new(
                "timeout",
                Shape::Duration,
                "Bounds the call (30s where absent), and the wait too unless `completion` says otherwise.",
            ),
            Key::new(
                "completion",
                Shape::One(COMPLETIONS),
                "What must happen after the answer; understood from the request where that carries the address of a \
                 callback route.",
            ),
        ],
        REQUEST,
    ],
};

fn read(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &KEYS)?;
    let request = request(cx, &map, &COMPONENT, None);
    if !["endpoint", "base_url"].iter().any(|name| map.has(name)) {
        cx.report(
            Code::ComponentWithoutAddress,
            map.at,
            "this component doesn't say where to call: no `base_url`, no `endpoint`",
        );
    }
    let output = map.template(cx, "output", &COMPONENT_OUTPUT);
    let timeout = map.duration(cx, "timeout", false);
    let completion = completion(cx, &map, timeout);
    let client = HttpClient { request, output, timeout, completion: None };
    let component = Component::HttpClient(Box::new(client));
    Some(ComponentDraft { span: map.at, component, texts: texts(&map), completion })
}

impl Kind for HttpClient {
    fn does(&self) -> String {
        format!("{} over HTTP", self.request.method)
    }

    fn waits(&self, config: &Config) -> Option<String> {
        self.completion.as_ref().map(|completion| match completion {
            Completion::Callback(callback) => {
                let route = config.callbacks().map(|one| &one.route).find(|route| route.id == callback.route);
                let route = route.map_or_else(|| callback.route.to_string(), Route::to_string);
                format!("waits for {route}, at most {}", duration::print(callback.timeout))
            }
            Completion::Polling(polling) => {
                let (interval, timeout) = (duration::print(polling.interval), duration::print(polling.timeout));
                format!("asks every {interval}, for at most {timeout}")
            }
        })
    }

    fn effort(&self, _config: &Config) -> Effort<'_> {
        Effort::Call(self.completion.as_ref())
    }

    fn requests(&self) -> Vec<&HttpRequest> {
        let polled = match &self.completion {
            Some(Completion::Polling(polling)) => Some(&polling.request),
            Some(Completion::Callback(_)) | None => None,
        };
        std::iter::once(&self.request).chain(polled).collect()
    }

    /// The call is made by the stretch that the job began in: it is calling already.
    fn begin(&self, _run: &mut Run, _path: &JobPath, _job: &Job, _turn: &mut Turn<'_>) -> Result<(), JobError> {
        Ok(())
    }

    fn answer(&self) -> Option<&Template> {
        self.output.as_ref()
    }
}
