//! A component that writes a log line.

use super::{Component, Effort, ID, Kind, Reader, done};
use crate::config::cx::Cx;
use crate::config::draft::ComponentDraft;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::Map;
use crate::config::section::Item;
use crate::config::template::COMPONENT;
use crate::config::{Config, Job};
use crate::expr::{Template, to_text};
use crate::run::{Effect, JobError, JobPath, Run, Turn};

/// A log line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Logger {
    /// Over `input`; `info` where absent.
    pub level: Option<Template>,
    /// Over `input`; `input.message` where absent.
    pub message: Option<Template>,
    /// Over `input`; `input.data` where absent.
    pub data: Option<Template>,
}

pub(super) const READER: Reader = Reader { name: "logger", keys: &KEYS, read };

static KEYS: Keys = Keys {
    name: "a logger component",
    doc: "Writes a log line.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["logger"]), "Writes a log line.").required(),
        ID,
        Key::new("level", Shape::TextTemplate, "Over `input`; `input.level` or info where absent."),
        Key::new("message", Shape::TextTemplate, "Over `input`; `input.message` where absent."),
        Key::new("data", Shape::Template, "Over `input`; `input.data` where absent."),
    ]],
};

fn read(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &KEYS)?;
    let level = map.text_template(cx, "level", &COMPONENT);
    let message = map.text_template(cx, "message", &COMPONENT);
    let data = map.template(cx, "data", &COMPONENT);
    Some(done(map.at, Component::Logger(Logger { level, message, data })))
}

impl Kind for Logger {
    fn does(&self) -> String {
        "writes a log line".to_owned()
    }

    fn effort(&self, _config: &Config) -> Effort<'_> {
        Effort::Nothing
    }

    fn begin(&self, run: &mut Run, path: &JobPath, _job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError> {
        let input = run.step_input(path, turn.plan, turn.now)?.into_owned();
        let line = |template: &Option<Template>, field: &str| match template {
            Some(template) => run.with_input(path, template, &input, turn),
            None => Ok(input.get(field).cloned().unwrap_or_default()),
        };
        let (level, message) = (line(&self.level, "level")?, line(&self.message, "message")?);
        let data = line(&self.data, "data")?;
        turn.effects.push(Effect::Log {
            job: path.clone(),
            level: level.as_str().unwrap_or("info").to_ascii_lowercase(),
            message: to_text(&message).into_owned(),
            data: data.clone(),
        });
        // The data goes through, so that the next job's `output` is what was logged.
        let passed = if data.is_null() { input } else { data };
        run.settle(path, Ok(passed), turn);
        Ok(())
    }
}
