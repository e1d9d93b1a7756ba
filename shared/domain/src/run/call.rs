//! What a job asks of the outside world: the request of its call, and the key of its wait.

use super::begin::after;
use super::capability::kept_key;
use super::{JobError, JobPath, JobRun, JobState, Plan, Run};
use crate::config::{CallbackCompletion, Completion, Component, Config, HttpClient, HttpRequest, Job};
use crate::expr::{Scope, Template};
use crate::wait::{WaitKey, key_text, status_text};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::Duration;

/// How long a call may take where nothing says otherwise: 30 s.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a call may take at the most, whatever the file says: 9 min. With the 5 min of a stretch before it hands over,
/// it ends within the 15 min that a Lambda function may run
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>) and its message stays hidden.
pub(crate) const LONGEST_CALL: Duration = Duration::from_secs(9 * 60);
/// How long a wait may last where nothing says otherwise: 24 h.
const WAIT_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// An HTTP request, ready to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Upper case.
    pub method: String,
    /// Not parsed yet.
    pub url: String,
    /// Names and values; not checked yet.
    pub headers: Vec<(String, String)>,
    /// Query parameters.
    pub params: Vec<(String, String)>,
    /// Sent as JSON unless the `Content-Type` header says form or text.
    pub body: Option<Value>,
    /// Bounds the whole call.
    pub timeout: Duration,
    /// The same for every try of this job whose outcome is unknown; a question of its polling has one of its own.
    pub idempotency_key: String,
    /// The host comes from a template: it must not be an internal address.
    pub guarded: bool,
}

/// What one attempt of one job is made of.
struct Attempt<'a> {
    client: &'a HttpClient,
    job: &'a Job,
    input: Cow<'a, Value>,
}

impl Run {
    /// The request that a job owes: its call, or the next question of its polling.
    ///
    /// # Errors
    /// A template that has no value, or no address.
    pub fn call(&self, path: &JobPath, plan: Plan<'_>, now: Timestamp) -> Result<Call, JobError> {
        let attempt = self.attempt(path, plan, now)?;
        let scope = self.scope(path, &[], plan, now).with("input", &attempt.input);
        let (mut request, mut scope, mut idempotency_key) =
            (&attempt.client.request, scope, self.idempotency_key(path));
        if let Some(JobRun { attempt: number, state: JobState::Polling { response, asked, .. }, .. }) =
            self.jobs.get(path)
        {
            let Some(Completion::Polling(polling)) = &attempt.client.completion else {
                return Err(JobError::gone(path));
            };
            request = &polling.request;
            scope = scope.with("response", response);
            // A service that remembers keys must not answer a question as it did the one before.
            idempotency_key.push_str(&format!("/question-{number}-{}", asked + 1));
        }
        let body = body_of(request, &scope)?;
        let timeout = attempt.client.timeout.unwrap_or(CALL_TIMEOUT).min(LONGEST_CALL);
        Ok(Call {
            method: request.method.clone(),
            url: url_of(request, &scope)?,
            headers: texts(&request.headers, &scope)?,
            params: texts(&request.params, &scope)?,
            body,
            timeout: attempt.job.timeout.map_or(timeout, |bound| bound.min(timeout)),
            idempotency_key,
            guarded: !request.host_is_literal,
        })
    }

    /// The wait that a job opens before its call, because its key doesn't depend on the answer.
    ///
    /// # Errors
    /// A template that has no value, or a value that can't be a key.
    pub fn wait_before(
        &self,
        path: &JobPath,
        plan: Plan<'_>,
        now: Timestamp,
    ) -> Result<Option<(WaitKey, Timestamp)>, JobError> {
        let Some(JobState::Calling { since, .. }) = self.jobs.get(path).map(|job| &job.state) else { return Ok(None) };
        let attempt = self.attempt(path, plan, now)?;
        let deadline = after(*since, wait_timeout(attempt.job, plan.config));
        Ok(self.key_before(path, plan, now)?.map(|wait| (wait, deadline)))
    }

    /// The key that an attempt of the job waits under from before its call.
    pub(super) fn key_before(
        &self,
        path: &JobPath,
        plan: Plan<'_>,
        now: Timestamp,
    ) -> Result<Option<WaitKey>, JobError> {
        match &self.attempt(path, plan, now)?.client.completion {
            Some(Completion::Callback(completion)) if !completion.reads_response() => {
                self.wait_key(path, completion, &Value::Null, plan, now).map(Some)
            }
            Some(Completion::Callback(_) | Completion::Polling(_)) | None => Ok(None),
        }
    }

    /// The wait that a job opens after its call.
    pub fn open_wait_of(&self, path: &JobPath) -> Option<(WaitKey, Timestamp)> {
        let JobState::Waiting { wait, deadline, .. } = &self.jobs.get(path)?.state else { return None };
        Some((wait.clone(), *deadline))
    }

    pub(super) fn wait_key(
        &self,
        path: &JobPath,
        completion: &CallbackCompletion,
        response: &Value,
        plan: Plan<'_>,
        now: Timestamp,
    ) -> Result<WaitKey, JobError> {
        let attempt = self.attempt(path, plan, now)?;
        let scope = self.scope(path, &[], plan, now).with("input", &attempt.input);
        let request = request_read(&completion.wait_for, attempt.client, &scope)?;
        let value = render(&completion.wait_for, &scope.with("response", response).with("request", &request))?;
        let none = || {
            let message = format!("nothing to recognise the callback by: `wait_for` gave {value}");
            JobError::new("no_correlation_key", message).with_detail(json!({"response": response}))
        };
        Ok(WaitKey { route: completion.route.clone(), key: kept_key(key_text(&value).ok_or_else(none)?) })
    }

    fn attempt<'a>(&'a self, path: &JobPath, plan: Plan<'a>, now: Timestamp) -> Result<Attempt<'a>, JobError> {
        let gone = || JobError::new("unknown_component", format!("`{path}` calls nothing in the file as it is now"));
        let Some((job, Component::HttpClient(client))) = self.component_of(path, plan) else { return Err(gone()) };
        let input = self.step_input(path, plan, now)?;
        Ok(Attempt { client, job, input })
    }
}

impl CallbackCompletion {
    /// Whether the key depends on the service's answer.
    pub fn reads_response(&self) -> bool {
        self.wait_for.references().iter().any(|reference| reference.source == "response")
    }
}

/// How long an attempt may last with its wait: the completion's `timeout`, and the job's where that is shorter.
pub(super) fn wait_timeout(job: &Job, config: &Config) -> Duration {
    let component = job.step.component().and_then(|component| config.component(component));
    let completion =
        if let Some(Component::HttpClient(client)) = component { client.completion.as_ref() } else { None };
    let timeout = match completion {
        Some(Completion::Callback(completion)) => completion.timeout,
        Some(Completion::Polling(polling)) => polling.timeout,
        None => WAIT_TIMEOUT,
    };
    job.timeout.map_or(timeout, |bound| bound.min(timeout))
}

pub(crate) fn render(template: &Template, scope: &Scope<'_>) -> Result<Value, JobError> {
    template.render(scope).map_err(|error| JobError::template(&error))
}

fn url_of(request: &HttpRequest, scope: &Scope<'_>) -> Result<String, JobError> {
    let missing = || JobError::new("no_address", "the component has no `base_url` or `endpoint`");
    let url = render(request.url.as_ref().ok_or_else(missing)?, scope)?;
    let empty = || JobError::new("no_address", format!("the component's address came out as {url}"));
    url.as_str().filter(|url| !url.is_empty()).map(str::to_owned).ok_or_else(empty)
}

/// `request`, as far as a template reads it: the body that was sent.
pub(super) fn request_read(template: &Template, client: &HttpClient, scope: &Scope<'_>) -> Result<Value, JobError> {
    let read = template.references().iter().any(|reference| reference.source == "request");
    if read { Ok(body_of(&client.request, scope)?.unwrap_or_default()) } else { Ok(Value::Null) }
}

fn body_of(request: &HttpRequest, scope: &Scope<'_>) -> Result<Option<Value>, JobError> {
    request.body.as_ref().map(|body| render(body, scope)).transpose()
}

/// Names and text values; those that come out as null are left out.
fn texts(templates: &[(String, Template)], scope: &Scope<'_>) -> Result<Vec<(String, String)>, JobError> {
    let mut texts = Vec::with_capacity(templates.len());
    for (name, template) in templates {
        let value = render(template, scope)?;
        if !value.is_null() {
            texts.push((name.clone(), status_text(&value)));
        }
    }
    Ok(texts)
}
