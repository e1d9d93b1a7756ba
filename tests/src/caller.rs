//! Whoever calls Ringback: providers, services that call back, and the user of the API.

use crate::{Answer, DEADLINE, document, eventually_within, watch};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;

/// Knows where a Ringback listens, and its API's token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The API's URL.
    pub api: String,
    /// The API's token.
    pub token: String,
    /// Kind and URL of each listener, in the file's order.
    pub listeners: Vec<(String, String)>,
    client: Client,
}

impl Caller {
    /// A caller with connections of its own.
    ///
    /// # Panics
    /// If this machine can't make HTTP calls.
    pub fn new(api: String, token: String, listeners: Vec<(String, String)>) -> Self {
        watch::listen();
        watch::secret(&token);
        Self { api, token, listeners, client: client() }
    }

    /// A request to anywhere.
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Where the file's first trigger listener has a path.
    pub fn trigger_url(&self, path: &str) -> String {
        format!("{}{path}", self.listener("http-trigger"))
    }

    /// Where the file's first callback listener has a path.
    pub fn callback_url(&self, path: &str) -> String {
        format!("{}{path}", self.listener("http-callback"))
    }

    fn listener(&self, kind: &str) -> &str {
        let found = self.listeners.iter().find(|(of, _)| of == kind);
        found.map(|(_, url)| url.as_str()).expect("a listener of this kind")
    }

    /// A provider's webhook.
    pub async fn trigger(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, &self.trigger_url(path)).json(body)).await
    }

    /// A service's callback.
    pub async fn call_back(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, &self.callback_url(path)).json(body)).await
    }

    /// A request to the API, with its token.
    pub fn api(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("{}{path}", self.api)).bearer_auth(&self.token)
    }

    /// `GET` from the API.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.api(Method::GET, path)).await
    }

    /// `POST` to the API, without a body.
    pub async fn post(&self, path: &str) -> Answer {
        send(self.api(Method::POST, path)).await
    }

    /// Starts a workflow through the API; gives the task's id.
    pub async fn start(&self, workflow: &str, input: Value) -> String {
        let path = format!("/api/workflows/{workflow}/runs");
        send(self.api(Method::POST, &path).json(&json!({"input": input}))).await.task_id()
    }

    /// A task as the API shows it.
    pub async fn task(&self, id: &str) -> Value {
        let answer = self.get(&format!("/api/tasks/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// All tasks of the first page, newest first.
    pub async fn tasks(&self) -> Vec<Value> {
        let answer = self.get("/api/tasks?limit=100").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["tasks"].as_array().expect("tasks").clone()
    }

    /// The task, once it has ended.
    pub async fn finished(&self, id: &str) -> Value {
        let ended = |task: &Value| ["completed", "failed", "cancelled"].iter().any(|end| task["status"] == *end);
        self.task_when(id, "ended", ended).await
    }

    /// The result of a task that ends well.
    pub async fn result_of(&self, id: &str) -> Value {
        let task = self.finished(id).await;
        assert_eq!(task["status"], "completed", "{task:#}");
        task["result"].clone()
    }

    /// The error of a task that ends badly.
    pub async fn error_of(&self, id: &str) -> Value {
        let task = self.finished(id).await;
        assert_eq!(task["status"], "failed", "{task:#}");
        task["error"].clone()
    }

    /// The task, once nothing is being done for it until something comes.
    pub async fn waiting(&self, id: &str) -> Value {
        self.task_when(id, "waiting", |task| task["status"] == "waiting").await
    }

    /// The task, once this holds of it.
    pub async fn task_when(&self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        self.task_within(DEADLINE, id, what, holds).await
    }

    /// The task, once this holds of it, where that takes its time.
    pub async fn task_within(&self, patience: Duration, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        eventually_within(patience, &format!("the task is {what}"), || async {
            let task = self.task(id).await;
            if holds(&task) { Ok(task) } else { Err(task) }
        })
        .await
    }
}

/// A job of a task, by id.
#[track_caller]
pub fn job<'a>(task: &'a Value, id: &str) -> &'a Value {
    let jobs = task["jobs"].as_array().expect("jobs");
    jobs.iter().find(|job| job["id"] == id).unwrap_or_else(|| panic!("no job {id} in {task:#}"))
}

/// Sends a request and reads its answer.
pub async fn send(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.expect("a request");
    watch::asked(&request);
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let answer = Answer::read(client.execute(request).await.expect("an answer")).await;
    document::check(&method, &path, &answer);
    answer
}

/// A client that is told by nobody else's settings where to go.
pub(crate) fn client() -> Client {
    let client = platform::tls::client().no_proxy().timeout(DEADLINE);
    client.build().expect("a client")
}
