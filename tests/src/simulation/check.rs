//! What must be so when everything is quiet. What can be told sooner is told by the [`watch`](super::watch), the
//! [`answers`](super::answers) and the [`service`](super::service).

mod callbacks;
mod events;
mod runs;

use super::stage::Stage;
use super::state::State;
use aws_sdk_dynamodb::types::AttributeValue;
use local_aws::Aws;
use std::collections::BTreeSet;

/// What is left in the table.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Waits that nothing has ended, each with its run.
    open: Vec<(String, String)>,
    /// Callbacks that nobody came to wait for.
    unclaimed: BTreeSet<String>,
}

impl Left {
    /// Reads it, by a way that no weather reaches.
    pub(super) fn read(aws: &Aws, stage: &Stage) -> Self {
        let page = stage.runtime.block_on(aws.dynamodb().scan().table_name(&stage.settings.table).send());
        let items = page.expect("the table").items.unwrap_or_default();
        let text =
            |value: Option<&AttributeValue>| value.and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        let (waiting, others): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.contains_key("waiting"));
        let waiting = waiting.into_iter();
        // One that was given away has its job.
        let unclaimed = others.into_iter().filter(|item| item.contains_key("arrived") && !item.contains_key("closed"));
        let unclaimed = unclaimed.map(|item| text(item.get("pk"))).collect();
        let open = waiting.filter(|item| !item.contains_key("arrived") && !item.contains_key("closed"));
        Self { unclaimed, open: open.map(|item| (text(item.get("pk")), text(item.get("run")))).collect() }
    }
}

/// Checks everything.
pub(super) fn all(state: &mut State, left: &Left) {
    let mut wrong: Vec<String> = Vec::new();
    // Where clocks jump, a wait may be opened in the past of all others, and its run may have ended before its timer is secured
    // against that: then no job waits there any more.
    let is_over = |run: &str| state.watch.runs.get(run).is_some_and(|(run, _)| run.has_ended());
    let open = left.open.iter().filter(|(_, run)| state.weather.slack().is_zero() || !is_over(run));
    wrong.extend(open.map(|(wait, _)| format!("{wait} is still open after its deadline")));
    runs::check(state, &mut wrong);
    callbacks::check(state, left, &mut wrong);
    events::check(state, &mut wrong);
    wrong.into_iter().for_each(|what| state.violation(what));
}
