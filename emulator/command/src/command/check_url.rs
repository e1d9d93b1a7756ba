use super::{Failure, file, output};
use clap::Args;
use domain::address::{Guard, Reach, Target, TargetHost};
use ipnet::IpNet;
use platform::environment::Environment;
use platform::sender::Sender;
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::path::PathBuf;

/// Judges an address, or many.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  emulator check-url https://example.com/hook
  emulator check-url --allow-private 127.0.0.0/8 http://localhost:3000/hook
  echo '{\"url\": \"http://169.254.169.254/\"}' | emulator check-url --batch")]
pub struct CheckUrl {
    /// The address.
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    url: Option<String>,
    /// Read JSON lines {"url": …} and write {"allow": …, "reason": …} for each, in order.
    #[arg(long)]
    batch: bool,
    /// A range that may be called although it is not public; may be repeated.
    #[arg(long, value_name = "CIDR")]
    allow_private: Vec<IpNet>,
    /// A file whose `delivery.allow_private` holds too.
    #[arg(short, long)]
    file: Option<PathBuf>,
    /// Look names up, too, and judge what they lead to now.
    #[arg(long)]
    resolve: bool,
}

/// A verdict in words.
struct Verdict {
    allow: bool,
    reason: String,
}

impl CheckUrl {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        let mut ranges = self.allow_private.clone();
        if let Some(path) = &self.file {
            let read = file::read(path, environment)?;
            let Some(config) = read.loaded.config else {
                read.print_diagnostics();
                return Err(format!("{}: not read, see above", path.display()).into());
            };
            ranges.extend(config.delivery.allow_private);
        }
        let sender = Sender::new(0, Guard::allowing(ranges))?;
        match &self.url {
            None => self.batch(&sender).await,
            Some(url) => {
                let verdict = self.judge(&sender, url).await;
                if verdict.allow {
                    output::say(format_args!("allowed: {}", verdict.reason))
                } else {
                    Err(format!("refused: {}", verdict.reason).into())
                }
            }
        }
    }

    async fn batch(&self, sender: &Sender) -> Result<(), Failure> {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let mut lines = std::io::stdin().lock();
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            if !line.trim_ascii().is_empty() {
                let verdict = match url_of(&line) {
                    Ok(url) => self.judge(sender, &url).await,
                    Err(reason) => Verdict { allow: false, reason: reason.to_owned() },
                };
                writeln!(out, "{}", json!({"allow": verdict.allow, "reason": verdict.reason}))?;
            }
            line.clear();
        }
        Ok(out.flush()?)
    }

    async fn judge(&self, sender: &Sender, url: &str) -> Verdict {
        let refused = |reason: String| Verdict { allow: false, reason };
        let target = match sender.guard().judge(url) {
            Ok((_, target)) => target,
            Err(refusal) => return refused(refusal.to_string()),
        };
        if self.resolve
            && let Err(failure) = sender.look_up(&target).await
        {
            return refused(failure.message);
        }
        Verdict { allow: true, reason: words(sender.guard(), &target, self.resolve).to_owned() }
    }
}

fn words(guard: &Guard, target: &Target, resolved: bool) -> &'static str {
    match (&target.host, &target.reach) {
        (TargetHost::Address(address), _) if guard.allows(*address) => "an address of an allowed range",
        (TargetHost::Address(_), _) => "a public address",
        (TargetHost::Name(_), Reach::AllowedOnly(_)) => {
            "a name that may lead to an allowed range alone; resolved again when it is called"
        }
        (TargetHost::Name(_), Reach::Anywhere) if resolved => {
            "a name that leads to public or allowed addresses now; resolved again when it is called"
        }
        (TargetHost::Name(_), Reach::Anywhere) => "a public name; resolved again when it is called",
    }
}

fn url_of(line: &[u8]) -> Result<String, &'static str> {
    let value: Value = serde_json::from_slice(line).map_err(|_| "the line is not JSON")?;
    let url = value.get("url").ok_or("the line has no `url`")?;
    url.as_str().map(str::to_owned).ok_or("`url` is not text")
}
