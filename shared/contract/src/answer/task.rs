//! Tasks: runs, as their callers see them.

use crate::Cursor;
use crate::TaskStatus;
use crate::shape::answers;
use jiff::Timestamp;
use serde_json::Value;

answers! {
    /// A page of tasks, newest first.
    pub struct Tasks {
        /// May be empty before the last page.
        pub tasks: Vec<TaskInList>,
        /// The `before` of the following page; null on the last.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub next: Option<Cursor>,
    }

    /// A task in a list.
    pub struct TaskInList {
        /// Its id.
        pub task_id: String,
        /// The workflow that it runs.
        pub workflow: String,
        /// Its state.
        pub status: TaskStatus,
        /// Time when it was stored.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub accepted_at: Timestamp,
        /// Time when its first job began.
        #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>, format = DateTime))]
        pub started_at: Option<Timestamp>,
        /// Time when it ended.
        #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>, format = DateTime))]
        pub ended_at: Option<Timestamp>,
        /// The workflow's output, once it is completed; any JSON.
        pub result: Value,
        /// The failure; null unless it failed.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error: Option<Failure>,
        /// The source whose request started it; missing where another way did.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub source: Option<String>,
        /// Names of values that are null because they are longer than 16 KiB; missing where there are none.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub truncated: Vec<String>,
    }

    /// A task with its jobs.
    pub struct Task {
        /// The fields that a list shows of it, too.
        #[serde(flatten)]
        pub task: TaskInList,
        /// Its input; any JSON.
        pub input: Value,
        /// The job of another task that started it; missing where none did.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub parent: Option<Parent>,
        /// The jobs that have begun, by path.
        pub jobs: Vec<Job>,
    }

    /// The job that started a task.
    pub struct Parent {
        /// Its task.
        pub task_id: String,
        /// Its path.
        pub job: String,
    }

    /// The failure of a job, or of the task.
    pub struct Failure {
        /// A stable word: docs/errors.md lists them.
        pub code: String,
        /// In words; null where it was too long to be answered, and `truncated` names it.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub message: Option<String>,
        /// The service's answer, or the callback's result. Missing where nothing came with the failure.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub detail: Option<Value>,
    }

    /// A job's state.
    #[serde(rename_all = "snake_case")]
    #[derive(Copy, Eq)]
    pub enum JobStatus {
        /// A program that no worker has taken yet.
        Queued,
        /// Something is being done.
        Running,
        /// An attempt has failed, and another comes.
        Retrying,
        /// The job waits for a callback, a poll, another task or a time.
        Waiting,
        /// The job is done.
        Completed,
        /// The job has failed for good.
        Failed,
        /// The task was stopped.
        Cancelled,
    }

    /// A job of a task.
    pub struct Job {
        /// Its path in the workflow.
        pub id: String,
        /// Its state.
        pub status: JobStatus,
        /// The number of the attempt, from 1.
        pub attempt: u32,
        /// Time when its first attempt began.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub started_at: Timestamp,
        /// Time when it ended.
        #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>, format = DateTime))]
        pub ended_at: Option<Timestamp>,
        /// The result that a callback, or the last answer, brought; any JSON.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub result: Option<Value>,
        /// The path of this API where the result is, if the task has no room for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub result_at: Option<String>,
        /// No item of the table could hold it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub result_dropped: Option<Dropped>,
        /// The output that `output` made of the result; any JSON.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub output: Option<Value>,
        /// The failure of its last attempt.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub error: Option<Failure>,
        /// Time of the next attempt.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
        pub next_attempt_at: Option<Timestamp>,
        /// The callback or the poll that it waits for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub waiting_for: Option<WaitingFor>,
        /// The service's answer before the callback; any JSON.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub response: Option<Value>,
        /// Time until which it sleeps.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
        pub until: Option<Timestamp>,
        /// The task that it has started, and waits for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub task_id: Option<String>,
        /// The branch that was taken.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub branch: Option<Value>,
        /// Items of its loop.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub items: Option<usize>,
        /// The program that it runs.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub program: Option<String>,
        /// The worker that runs it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub worker: Option<Worker>,
        /// Names of values that are null because they are longer than 16 KiB; missing where there are none.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub truncated: Vec<String>,
    }

    /// A result that was too large to be kept.
    pub struct Dropped {
        /// Its size after compression.
        pub bytes: usize,
    }

    /// The callback or the poll that a job waits for: a callback has a route and a key, a poll the number of times that was asked.
    pub struct WaitingFor {
        /// The callback's route.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub route: Option<String>,
        /// The callback's key; hidden where it is a token.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub key: Option<String>,
        /// The number of times that was asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub asked: Option<u32>,
        /// Time when the job fails if nothing comes.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub deadline: Timestamp,
    }

    /// A worker.
    pub struct Worker {
        /// Its name.
        pub id: String,
        /// Time by which it must report again.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub until: Timestamp,
    }

    /// The result that came for a job.
    pub struct JobResult {
        /// The task.
        pub task_id: String,
        /// The job's path.
        pub job: String,
        /// The result; any JSON.
        pub result: Value,
    }
}
