//! A component that pauses.

use super::{Component, Effort, ID, Kind, Reader, done};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::draft::ComponentDraft;
use crate::config::duration;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::Map;
use crate::config::section::Item;
use crate::config::template::COMPONENT;
use crate::config::{Config, Job};
use crate::expr::Template;
use crate::run::{JobError, JobPath, JobState, Run, Turn, after};
use serde_json::Value;
use std::time::Duration;

/// A pause.
#[derive(Debug, Clone, PartialEq)]
pub struct Delay {
    /// Over `input`: a duration as text, or a number of milliseconds.
    pub duration: Template,
    /// Over `input`; `input` itself where absent.
    pub output: Option<Template>,
}

pub(super) const READER: Reader = Reader { name: "delay", keys: &KEYS, read };

static KEYS: Keys = Keys {
    name: "a delay component",
    doc: "Pauses.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["delay"]), "Pauses.").required(),
        ID,
        Key::new("duration", Shape::TextTemplate, "Over `input`: `\"30s\"`, or a number of milliseconds.").required(),
        Key::new("output", Shape::Template, "Over `input`; `input` itself where absent."),
    ]],
};

fn read(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &KEYS)?;
    let node = map.node("duration")?;
    // A number stays a number: as text it would still be milliseconds, but less clearly.
    let duration = map.template(cx, "duration", &COMPONENT)?;
    if let Some(scalar) = node.scalar().filter(|scalar| !scalar.text.contains("${")) {
        if let Err(message) = duration::from_json(&scalar.value) {
            cx.report(Code::BadDuration, node.span, message);
        }
    } else if node.scalar().is_none() {
        cx.report(Code::WrongType, node.span, format!("expected a duration, not {}", node.describe()));
    }
    let output = map.template(cx, "output", &COMPONENT);
    Some(done(map.at, Component::Delay(Delay { duration, output })))
}

impl Kind for Delay {
    fn does(&self) -> String {
        "pauses".to_owned()
    }

    fn effort(&self, _config: &Config) -> Effort<'_> {
        Effort::Pause
    }

    fn begin(&self, run: &mut Run, path: &JobPath, job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError> {
        let input = run.step_input(path, turn.plan, turn.now)?;
        let duration = duration_of(&run.with_input(path, &self.duration, &input, turn)?)?;
        let until = after(turn.now, duration);
        run.put(path, JobState::Sleeping { until });
        run.wake(path, 0, until, turn);
        run.set_deadline(path, job.timeout.filter(|timeout| *timeout < duration), turn);
        Ok(())
    }

    fn output(&self, run: &Run, path: &JobPath, came: Value, turn: &Turn<'_>) -> Result<Value, JobError> {
        match &self.output {
            Some(template) => run.component_output(path, template, &Value::Null, &Value::Null, turn),
            None => Ok(came),
        }
    }
}

/// A duration as the file writes it, computed: text with a unit, or milliseconds.
fn duration_of(value: &Value) -> Result<Duration, JobError> {
    let found = match value {
        Value::Number(number) => number.as_u64().map(Duration::from_millis),
        Value::String(text) => duration::parse(text).ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let wrong = || JobError::new("bad_duration", format!("{value} is no duration: write `250ms`, `30s`, `5m`, `2h`"));
    found.ok_or_else(wrong)
}
