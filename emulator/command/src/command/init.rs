use super::Failure;
use super::exit::Usage;
use super::output::say;
use clap::Args;
use std::io::ErrorKind;
use std::path::PathBuf;

/// A file to begin with.
pub(crate) struct Template {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it does.
    what: &'static str,
    /// The file.
    pub(crate) text: &'static str,
    /// What to do next.
    next: &'static str,
}

/// All of them.
pub(crate) const TEMPLATES: [Template; 4] = [
    Template {
        name: "github",
        what: "pushes to a GitHub repository run a program, each once",
        text: include_str!("init/github.yml"),
        next: "export GITHUB_SECRET='the secret of the webhook in the repository settings'",
    },
    Template {
        name: "slack",
        what: "events of a Slack app start a workflow",
        text: include_str!("init/slack.yml"),
        next: "export SLACK_SIGNING_SECRET='the signing secret of the app'",
    },
    Template {
        name: "image-callback",
        what: "call a slow service, wait for its callback, go on",
        text: include_str!("init/image-callback.yml"),
        next: "emulator demo --image-service   # in another terminal: a service to call",
    },
    Template {
        name: "outbound",
        what: "deliver events to customers' endpoints: signed, retried, logged",
        text: include_str!("init/outbound.yml"),
        next: "emulator publish order.paid --data '{\"order\": 1}'   # once it runs, and an endpoint is made",
    },
];

/// Writes a file to begin with.
#[derive(Debug, Args)]
pub struct Init {
    /// Which; they are listed where none is named.
    template: Option<String>,
    /// Where to write `ringback.yml`.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

impl Init {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let Some(name) = &self.template else {
            say("Templates:\n")?;
            TEMPLATES.iter().try_for_each(|one| say(format!("  {:<15} {}", one.name, one.what)))?;
            return say("\n`emulator init TEMPLATE` writes ringback.yml from one.");
        };
        let Some(template) = TEMPLATES.iter().find(|one| one.name == name) else {
            let names = TEMPLATES.map(|one| one.name).join(", ");
            return Err(Usage(format!("there is no template `{name}`; there is: {names}")).into());
        };
        std::fs::create_dir_all(&self.dir).map_err(|error| format!("{}: {error}", self.dir.display()))?;
        let path = self.dir.join("ringback.yml");
        let mut options = std::fs::OpenOptions::new();
        options.write(true);
        if self.force {
            options.create(true).truncate(true)
        } else {
            options.create_new(true)
        };
        let written =
            options.open(&path).and_then(|mut file| std::io::Write::write_all(&mut file, template.text.as_bytes()));
        written.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => format!("{} is there already: --force writes over it", path.display()),
            _ => format!("{} can't be written: {error}", path.display()),
        })?;
        let file = path.display();
        say(format!("{file} is written: {}.\n\nNext:\n", template.what))?;
        for line in [template.next.to_owned(), format!("emulator check {file}"), format!("emulator up -f {file}")] {
            say(format!("  {line}"))?;
        }
        say("\nThe file's comments say how to try it.")
    }
}
