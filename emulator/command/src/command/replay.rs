use super::Failure;
use super::follow::follow;
use super::output::{clipped, list, say, text};
use super::paint::Paint;
use super::trigger::started;
use crate::client::{Call, Connection};
use clap::Args;
use contract::Operation;
use platform::environment::Environment;
use serde_json::Value;

/// Characters of a value.
const VALUE: usize = 60;

/// Puts the request that started a run through today's rules and triggers.
#[derive(Debug, Args)]
pub struct Replay {
    /// The run that the request started.
    run_id: String,
    /// Only say what would be started, and in what its input would differ.
    #[arg(long)]
    dry_run: bool,
    /// Start all that matches today, not only what matched then too.
    #[arg(long)]
    all: bool,
    /// Makes a repetition name the same new run.
    #[arg(long, value_name = "IDEMPOTENCY-KEY")]
    key: Option<String>,
    /// Follow it to its end; the exit code is 0 only if it completed.
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
    /// Print the answer as JSON.
    #[arg(long, conflicts_with = "wait")]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Replay {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        let client = self.connection.client()?;
        let flag = |set: bool| set.then_some("true");
        let query = [("dry_run", flag(self.dry_run)), ("all", flag(self.all))];
        let replay = Call::of(Operation::ReplayTask).id(&self.run_id).query(&query).key(self.key.as_deref());
        let answer = client.call(replay).await?;
        if self.json {
            return say(answer);
        }
        if self.dry_run {
            return tell(&answer);
        }
        let runs = started(&answer);
        if runs.is_empty() {
            return Err(format!("nothing was started: {}", text(&answer, "/detail")).into());
        }
        for run in runs {
            say(run)?;
            if self.wait {
                follow(&client, run, Paint::for_stdout(environment)).await?;
            }
        }
        Ok(())
    }
}

/// What a dry run found.
fn tell(answer: &Value) -> Result<(), Failure> {
    say(format!(
        "{} came by {} and started {}.",
        text(answer, "/task_id"),
        text(answer, "/by"),
        text(answer, "/was/workflow")
    ))?;
    let starts = list(answer, "would_start");
    if starts.is_empty() {
        say("Today it would start nothing: no rule matches it.")?;
    }
    for start in starts {
        let changes = list(start, "changes");
        let same = if changes.is_empty() { ", with the same input." } else { ", with another input:" };
        say(format!("Today it would start {}{same}", text(start, "/workflow")))?;
        for change in changes {
            let shown =
                |name: &str| change.get(name).map_or("nothing".to_owned(), |value| clipped(&value.to_string(), VALUE));
            let at = match text(change, "/at") {
                "" => "/",
                at => at,
            };
            say(format!("  {at}: {} → {}", shown("was"), shown("now")))?;
        }
    }
    for other in list(answer, "also_matches").iter().filter_map(Value::as_str) {
        say(format!("It would also match {other}, which --all starts too."))?;
    }
    say("Nothing was started.")
}
