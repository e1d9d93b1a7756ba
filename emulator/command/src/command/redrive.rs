//! `emulator redrive`: sends dead letters back to their queues.

use super::{Failure, output};
use crate::dead_letters::{DeadLetters, Moved};
use clap::Args;
use platform::environment::Environment;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Sends dead letters back.
#[derive(Debug, Args)]
#[command(
    after_help = "A dead letter is a message that our own code could not process five times: repair the cause first. Work that
was done meanwhile is recognised and not done again. It needs AWS credentials and a region, as the AWS CLI does. For a
gateway on the same machine: start that with `--aws-port N`, and this with AWS_ENDPOINT_URL=http://127.0.0.1:N,
AWS_REGION=local, AWS_ACCESS_KEY_ID=<the API's token>, any AWS_SECRET_ACCESS_KEY, and the queue URLs that `up --json` prints;
its dead letters live as long as its process."
)]
pub struct Redrive {
    /// The queue of calls, whose dead letters go back to it; `RINGBACK_QUEUE_URL` where absent.
    #[arg(long, value_name = "URL")]
    queue_url: Option<String>,
    /// The queue of programs, likewise; `RINGBACK_PROGRAMS_QUEUE_URL` where absent.
    #[arg(long, value_name = "URL")]
    programs_queue_url: Option<String>,
    /// Where AWS is, instead of `AWS_ENDPOINT_URL`.
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Say of each what it is about, and move nothing. What it holds is not shown.
    #[arg(long)]
    list: bool,
    /// Say what would be moved, and move nothing.
    #[arg(long, conflicts_with = "list")]
    dry_run: bool,
    /// At most so many of each queue.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    max: u32,
    /// Print one JSON line for each queue.
    #[arg(long)]
    json: bool,
}

impl Redrive {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        let given = |option: &Option<String>, name| option.clone().or_else(|| environment.text(name));
        let calls = given(&self.queue_url, "RINGBACK_QUEUE_URL").map(|url| ("calls", url));
        let programs = given(&self.programs_queue_url, "RINGBACK_PROGRAMS_QUEUE_URL").map(|url| ("programs", url));
        let queues: Vec<(&str, String)> = calls.into_iter().chain(programs).collect();
        if queues.is_empty() {
            let text = "no queue: this works on queues in AWS. Give --queue-url or --programs-queue-url, or set \
                        RINGBACK_QUEUE_URL or RINGBACK_PROGRAMS_QUEUE_URL. A local emulator's queues are reached if it was \
                        started with --aws-port: see `emulator redrive --help`";
            return Err(text.into());
        }
        let mut loading = platform::aws_settings();
        if let Some(url) = &self.endpoint_url {
            loading = loading.endpoint_url(url);
        }
        let aws = loading.load().await;
        if aws.region().is_none() {
            return Err("no AWS region: set AWS_REGION".into());
        }
        // Both are looked up before anything is moved.
        let mut found = Vec::new();
        for (name, url) in queues {
            found.push((name, DeadLetters::of(aws_sdk_sqs::Client::new(&aws), &url).await?));
        }
        for (name, letters) in found {
            if self.list || self.dry_run {
                self.look(name, &letters).await?;
            } else {
                self.send_back(name, &letters).await?;
            }
        }
        Ok(())
    }

    fn max(&self) -> usize {
        usize::try_from(self.max).unwrap_or(usize::MAX)
    }

    async fn look(&self, name: &str, letters: &DeadLetters) -> Result<(), Failure> {
        let seen = letters.look(self.max()).await?;
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for letter in &seen {
            *kinds.entry(letter.kind).or_default() += 1;
        }
        if self.json {
            let mut line = json!({"queue": name, "dead_letters": letters.name, "found": seen.len(), "kinds": kinds});
            if let (true, Value::Object(line)) = (self.list, &mut line) {
                line.insert("letters".to_owned(), json!(seen));
            }
            return output::say(line);
        }
        let kinds: Vec<String> = kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let kinds = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
        output::say(format_args!("{name}: {} in {}{kinds}", count(seen.len()), letters.name))?;
        for letter in seen.iter().filter(|_| self.list) {
            output::say(format_args!("  {letter}"))?;
        }
        self.say_if_more(letters, seen.len()).await
    }

    async fn send_back(&self, name: &str, letters: &DeadLetters) -> Result<(), Failure> {
        let tell = |moved: usize| {
            if !self.json && moved.is_multiple_of(100) {
                output::complain(format_args!("{name}: {moved} sent back"));
            }
        };
        let Moved { moved, unknown } =
            letters.send_back(self.max(), tell).await.map_err(|error| format!("{name}: {error}"))?;
        if self.json {
            let left = letters.count().await?;
            return output::say(json!({"queue": name, "moved": moved, "unknown": unknown, "left": left}));
        }
        let unreadable = match unknown {
            0 => String::new(),
            some => format!(", {some} of which this version can't read"),
        };
        output::say(format_args!("{name}: {} sent back from {}{unreadable}", count(moved), letters.name))?;
        self.say_if_more(letters, moved).await
    }

    /// The bound was reached: there may be more.
    async fn say_if_more(&self, letters: &DeadLetters, done: usize) -> Result<(), Failure> {
        if done < self.max() {
            return Ok(());
        }
        let all = letters.count().await?;
        let left = if self.list || self.dry_run { all.saturating_sub(done) } else { all };
        output::say(format_args!("  --max {}: about {left} are left", self.max))
    }
}

fn count(letters: usize) -> String {
    if letters == 1 { "1 dead letter".to_owned() } else { format!("{letters} dead letters") }
}
