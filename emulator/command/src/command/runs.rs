use super::Failure;
use super::exit::Usage;
use super::follow::{follow, task};
use super::output::{list, say, table, text};
use super::paint::Paint;
use super::trigger::started;
use crate::client::{Call, Client, Connection};
use crate::timeline::{Task, in_words, seconds};
use clap::{Args, Subcommand, ValueEnum};
use contract::Operation;
use platform::clock::{Clock, SystemClock};
use platform::environment::Environment;
use serde_json::Value;

/// Pages that a filter is looked for in, at most.
const PAGES: usize = 20;

/// Lists runs, shows one, or stops or repeats it.
#[derive(Debug, Args)]
pub struct Runs {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only those that stand so.
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// Only those of a workflow.
    #[arg(long)]
    workflow: Option<String>,
    /// At most so many, newest first.
    #[arg(long, default_value_t = 20, value_parser = at_least_one)]
    limit: usize,
    /// Print JSON, one line for each run.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show one: its jobs on its time, what it waits for, what came of it.
    Show {
        /// The run.
        id: String,
    },
    /// Print, as JSON, the raw result of a job's callback or last answer, before `output` is applied.
    Result {
        /// The run.
        id: String,
        /// The job, as `runs show` names it.
        job: String,
    },
    /// Stop one: nothing more is begun, and nobody waits for its callbacks.
    Cancel {
        /// The run.
        id: String,
    },
    /// Start a new run with the same input.
    Rerun {
        /// The run.
        id: String,
        /// Makes a repetition name the same new run.
        #[arg(long, value_name = "IDEMPOTENCY-KEY")]
        key: Option<String>,
        /// Follow it to its end; the exit code is 0 only if it completed.
        #[arg(long)]
        wait: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Status {
    Queued,
    Running,
    Waiting,
    Completed,
    Failed,
    Cancelled,
}

impl Runs {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        if self.action.is_some() && (self.status.is_some() || self.workflow.is_some()) {
            return Err(Usage("--status and --workflow are for the list".to_owned()).into());
        }
        let client = self.connection.client()?;
        match &self.action {
            None => self.list(&client).await,
            Some(Action::Show { id }) if self.json => say(client.call(Call::of(Operation::ShowTask).id(id)).await?),
            Some(Action::Show { id }) => {
                say(task(&client, id).await?.draw(Paint::for_stdout(environment), SystemClock.now()))
            }
            Some(Action::Result { id, job }) => {
                let answer = client.call(Call::of(Operation::ShowResult).id(id).query(&[("job", Some(job))])).await?;
                say(if self.json { answer } else { answer.get("result").cloned().unwrap_or_default() })
            }
            Some(Action::Cancel { id }) => {
                let answer = client.call(Call::of(Operation::CancelTask).id(id)).await?;
                if self.json { say(answer) } else { say(format!("{id} is {}", text(&answer, "/status"))) }
            }
            Some(Action::Rerun { id, key, wait }) => {
                let answer = client.call(Call::of(Operation::RerunTask).id(id).key(key.as_deref())).await?;
                if self.json {
                    return say(answer);
                }
                for run in started(&answer) {
                    say(run)?;
                    if *wait {
                        follow(&client, run, Paint::for_stdout(environment)).await?;
                    }
                }
                Ok(())
            }
        }
    }

    async fn list(&self, client: &Client) -> Result<(), Failure> {
        let status = self.status.and_then(|status| status.to_possible_value());
        let status = status.as_ref().map(|status| status.get_name());
        let filters = [("status", status), ("workflow", self.workflow.as_deref())];
        let runs = pages(client, Operation::ListTasks, "tasks", &filters, self.limit).await?;
        if self.json {
            return runs.iter().try_for_each(say);
        }
        let mut rows = vec![["RUN", "WORKFLOW", "STATUS", "ACCEPTED", "TOOK"].map(str::to_owned).to_vec()];
        for run in runs {
            let run: Task = serde_json::from_value(run)?;
            let took = in_words(run.took(SystemClock.now()));
            rows.push(vec![run.task_id, run.workflow, run.status, seconds(run.accepted_at), took]);
        }
        if rows.len() == 1 {
            return say("There is no such run.");
        }
        table(&rows).iter().try_for_each(say)
    }
}

/// How many of a list, for those who want some.
///
/// # Errors
/// In words, if it is no number from 1.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|limit| *limit > 0).ok_or_else(|| format!("a number from 1, not {text}"))
}

/// The first so many of a list, page after page.
///
/// # Errors
/// If the gateway doesn't give one.
pub(super) async fn pages(
    client: &Client,
    operation: Operation,
    name: &str,
    filters: &[(&str, Option<&str>)],
    limit: usize,
) -> Result<Vec<Value>, Failure> {
    let (mut found, mut before): (Vec<Value>, Option<String>) = (Vec::new(), None);
    for _ in 0..PAGES {
        let size = limit.saturating_sub(found.len()).clamp(1, 100).to_string();
        let query = [&[("limit", Some(size.as_str())), ("before", before.as_deref())], filters].concat();
        let page = client.call(Call::of(operation).query(&query)).await?;
        found.extend(list(&page, name).iter().cloned());
        before = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if before.is_none() || found.len() >= limit {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}
