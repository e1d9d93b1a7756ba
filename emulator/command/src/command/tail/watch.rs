//! What has changed since the last look.

use super::Events;
use crate::client::{Call, Client, ClientError};
use crate::command::Failure;
use crate::command::deliveries::endpoint;
use crate::command::output::{list, text};
use crate::timeline::{Task, in_words};
use contract::Operation;
use jiff::Timestamp;
use platform::clock::{Clock, SystemClock};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Pages of one look, at most.
const PAGES: usize = 10;
/// Runs that are asked for one by one in one look, at most.
const SINGLE: usize = 50;
/// So many are remembered; beyond, those that have ended and were not in the newest pages are forgotten.
const REMEMBERED: usize = 10_000;

/// One change.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) at: Timestamp,
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) status: String,
    pub(super) workflow: Option<String>,
    pub(super) source: Option<String>,
    pub(super) note: String,
}

/// How each stood at the last look.
#[derive(Debug)]
struct Stood {
    /// Changes with each change.
    mark: String,
    ended: bool,
    look: u64,
}

/// Remembers.
#[derive(Debug)]
pub(super) struct Watch {
    events: Vec<Events>,
    stood: HashMap<String, Stood>,
    look: u64,
}

impl Watch {
    pub(super) fn new(events: &[Events]) -> Self {
        Self { events: events.to_vec(), stood: HashMap::new(), look: 0 }
    }

    /// What has changed, oldest first; at the first look, all of the newest page.
    pub(super) async fn look(&mut self, client: &Client) -> Result<Vec<Change>, Failure> {
        self.look += 1;
        let (mut tasks, mut deliveries) = (Vec::new(), Vec::new());
        if self.events.contains(&Events::Runs) {
            tasks = self.newest(client, (Operation::ListTasks, "tasks"), "task_id").await?;
            tasks.extend(self.left(client, &tasks).await?);
        }
        if self.events.contains(&Events::Deliveries) {
            deliveries = self.newest(client, (Operation::ListDeliveries, "deliveries"), "id").await?;
        }
        // Only once everything is there: a look that failed has seen nothing.
        let mut changes = Vec::new();
        for task in &tasks {
            changes.extend(self.run(task)?);
        }
        changes.extend(deliveries.iter().filter_map(|delivery| self.delivery(delivery)));
        changes.sort_by_key(|change| change.at);
        if self.stood.len() > REMEMBERED {
            let look = self.look;
            self.stood.retain(|_, stood| !stood.ended || stood.look == look);
        }
        Ok(changes)
    }

    /// The newest page, and those before it until one holds what was seen before.
    async fn newest(
        &self,
        client: &Client,
        (operation, name): (Operation, &str),
        id: &str,
    ) -> Result<Vec<Value>, ClientError> {
        let (mut found, mut before): (Vec<Value>, Option<String>) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = client
                .call(Call::of(operation).query(&[("limit", Some("100")), ("before", before.as_deref())]))
                .await?;
            let known = list(&page, name)
                .iter()
                .any(|one| one.get(id).and_then(Value::as_str).is_some_and(|id| self.stood.contains_key(id)));
            found.extend(list(&page, name).iter().cloned());
            before = page.get("next").and_then(Value::as_str).map(str::to_owned);
            if before.is_none() || known || self.look == 1 {
                break;
            }
        }
        Ok(found)
    }

    /// Runs that have not ended and are not among these.
    async fn left(&self, client: &Client, tasks: &[Value]) -> Result<Vec<Value>, ClientError> {
        let seen: HashSet<&str> = tasks.iter().map(|task| text(task, "/task_id")).collect();
        let left = self
            .stood
            .iter()
            .filter(|(id, stood)| id.starts_with("run_") && !stood.ended && !seen.contains(id.as_str()));
        let mut found = Vec::new();
        for (id, _) in left.take(SINGLE) {
            match client.call(Call::of(Operation::ShowTask).id(id)).await {
                Ok(task) => found.push(task),
                Err(ClientError::Problem { status: 404, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn run(&mut self, task: &Value) -> Result<Option<Change>, Failure> {
        let task: Task = serde_json::from_value(task.clone())?;
        if !self.has_changed(&task.task_id, task.status.clone(), task.has_ended()) {
            return Ok(None);
        }
        let at = match task.status.as_str() {
            "queued" => task.accepted_at,
            _ if task.has_ended() => task.ended_at.unwrap_or(task.accepted_at),
            _ if self.look == 1 => task.started_at.unwrap_or(task.accepted_at),
            _ => SystemClock.now(),
        };
        let mut note = task.workflow.clone();
        if task.has_ended() {
            note = format!("{note}  {}", in_words(task.took(at)));
        }
        if let Some(message) = task.error.get("message").and_then(Value::as_str) {
            note = format!("{note}  {message}");
        }
        let (workflow, source) = (Some(task.workflow), task.source);
        Ok(Some(Change { at, kind: "run", id: task.task_id, status: task.status, workflow, source, note }))
    }

    fn delivery(&mut self, delivery: &Value) -> Option<Change> {
        let (id, status) = (text(delivery, "/id").to_owned(), text(delivery, "/status").to_owned());
        let tries = delivery.get("attempt_count").and_then(Value::as_u64).unwrap_or_default();
        let ended = matches!(status.as_str(), "delivered" | "exhausted");
        let tried = self.stood.get(&id).and_then(|stood| stood.mark.rsplit(' ').next()?.parse::<u64>().ok());
        if !self.has_changed(&id, format!("{status} {tries}"), ended) {
            return None;
        }
        let time = |name: &str| text(delivery, name).parse::<Timestamp>().ok();
        // Without an attempt it was something else that changed it, since the last look.
        let known = (tried != Some(tries)).then(|| time("/last_attempt_at").or_else(|| time("/created_at")));
        let at = known.flatten().unwrap_or_else(|| SystemClock.now());
        let mut note = format!("{} to {}", text(delivery, "/event_type"), endpoint(delivery));
        if tries > 1 {
            note = format!("{note}, try {tries}");
        }
        let why = text(delivery, "/error_message");
        if !why.is_empty() {
            note = format!("{note}: {why}");
        }
        Some(Change { at, kind: "delivery", id, status, workflow: None, source: None, note })
    }

    fn has_changed(&mut self, id: &str, mark: String, ended: bool) -> bool {
        let look = self.look;
        match self.stood.get_mut(id) {
            Some(stood) => {
                let changed = stood.mark != mark;
                *stood = Stood { mark, ended, look };
                changed
            }
            None => {
                self.stood.insert(id.to_owned(), Stood { mark, ended, look });
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_delivery_that_changes_without_an_attempt_changes_now() {
        let mut watch = Watch::new(&[Events::Deliveries]);
        let tried = "2026-01-01T00:00:00Z";
        let delivery = |status: &str, tries: u32| {
            json!({"id": "c.e.p", "status": status, "attempt_count": tries, "event_type": "a.b", "webhook_id": "ep_1",
                "endpoint_name": "", "last_attempt_at": tried, "created_at": tried})
        };
        let before = SystemClock.now();
        let first = watch.delivery(&delivery("exhausted", 1)).unwrap();
        assert_eq!((first.at.to_string().as_str(), first.note.as_str()), (tried, "a.b to ep_1"));
        assert!(watch.delivery(&delivery("retrying", 1)).unwrap().at >= before);
        assert_eq!(watch.delivery(&delivery("delivered", 2)).unwrap().at.to_string(), tried);
        assert!(watch.delivery(&delivery("delivered", 2)).is_none());
    }
}
