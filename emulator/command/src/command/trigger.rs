use super::Failure;
use super::exit::Usage;
use super::follow::follow;
use super::output::{json, list, say, text};
use super::paint::Paint;
use crate::client::{self, Call, Connection};
use clap::Args;
use contract::Operation;
use contract::body::StartWorkflow;
use platform::environment::Environment;
use serde_json::{Value, json as object};

/// Starts a run.
#[derive(Debug, Args)]
pub struct Trigger {
    /// A workflow's id (`program:NAME` for a program), or the path of a trigger route, which begins with `/`.
    target: String,
    /// The workflow's input, or the request's body: JSON, `@FILE`, or `-` for standard input.
    #[arg(long, value_name = "JSON|@FILE|-")]
    data: Option<String>,
    /// Makes a repetition name the same run.
    #[arg(long, value_name = "IDEMPOTENCY-KEY")]
    key: Option<String>,
    /// Follow it to its end; the exit code is 0 only if it completed.
    #[arg(long)]
    wait: bool,
    /// Where the trigger's listener is reached, for a path: `http://127.0.0.1:8091`.
    #[arg(long, value_name = "URL")]
    listener_url: Option<String>,
    /// Print the answer as JSON.
    #[arg(long, conflicts_with = "wait")]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Trigger {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        let data = self.data.as_deref().map(json).transpose()?.unwrap_or_default();
        let key = self.key.as_deref();
        let answer = match (&self.listener_url, self.target.starts_with('/')) {
            (Some(url), true) => client::send(url, &self.target, &data, key).await?,
            (None, true) => {
                let words = "a path is one of a listener: say where that is reached by --listener-url";
                return Err(Usage(words.to_owned()).into());
            }
            (Some(_), false) => {
                let words = "--listener-url is for a path of that listener, which begins with `/`";
                return Err(Usage(words.to_owned()).into());
            }
            (None, false) => {
                let client = self.connection.client()?;
                let start = Call::of(Operation::StartWorkflow).id(&self.target).body(&StartWorkflow { input: data });
                client.call(start.key(key)).await?
            }
        };
        if self.json {
            return say(&answer);
        }
        let runs = started(&answer);
        if runs.is_empty() {
            return Err(format!("nothing was started: {answer}").into());
        }
        for run in &runs {
            say(run)?;
        }
        let failed = list(&answer, "failed");
        if self.wait {
            let client = self.connection.client()?;
            for run in &runs {
                follow(&client, run, Paint::for_stdout(environment)).await?;
            }
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(format!("{} items started nothing: {}", failed.len(), object!(failed)).into())
        }
    }
}

/// The runs that an answer names.
pub(super) fn started(answer: &Value) -> Vec<&str> {
    let several: Vec<&str> = list(answer, "task_ids").iter().filter_map(Value::as_str).collect();
    match text(answer, "/task_id") {
        one if several.is_empty() && !one.is_empty() => vec![one],
        _ => several,
    }
}
