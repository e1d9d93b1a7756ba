//! Takes over what the scenario's edits and its upgrade bring.

use super::super::edits::Edits;
use super::super::process::{File, Process};
use super::super::stage::Stage;
use super::super::state::Shared;
use super::World;
use local_aws::Aws;

/// A text of the file, as the version of Ringback that is running reads it.
pub(super) fn file(stage: &Stage, edition: usize, edits: &Edits) -> File {
    let edition = &stage.editions[edition];
    let config = if edits.upgrade.is_some() { &edition.before_upgrade } else { &edition.config };
    File { config: config.clone(), surroundings: edition.surroundings.clone() }
}

/// Keeps the text that version 0.1 follows, as it did when it took it over. No weather reaches this write.
///
/// # Panics
/// If the table can't be written.
pub(super) fn keep_text(stage: &Stage, edits: &Edits, aws: &Aws, shared: &Shared) {
    if edits.upgrade.is_some() {
        let process = Process::start(stage, &file(stage, 0, edits), &(aws.dynamodb(), aws.sqs()), shared, 0);
        stage.runtime.block_on(process.app.keep_definition(&stage.editions[0].text, false)).expect("the table");
    }
}

impl World<'_> {
    pub(super) fn file(&self) -> File {
        file(self.stage, self.edition, &self.edits)
    }

    /// Whether it is time for an edit or the upgrade, which has happened then.
    pub(super) fn change(&mut self) -> bool {
        let now = self.shared.lock().now;
        if self.edits.upgrade.is_some_and(|at| at <= now) {
            self.edits.upgrade = None;
            let mut state = self.shared.lock();
            state.tally.count("upgrades");
            state.note(format_args!("all processes are upgraded"));
            // Each process sweeps soon after its start.
            state.sweeps.insert(now);
            drop(state);
            (0..self.processes.len()).for_each(|process| self.restart(process));
            return true;
        }
        let Some((_, text)) = self.edits.edits.first().copied().filter(|(at, _)| *at <= now) else { return false };
        self.edits.edits.remove(0);
        // The file itself is the first one.
        self.edition = text + 1;
        let mut state = self.shared.lock();
        state.tally.count("edits of the file");
        state.note(format_args!("the file is edited: text {}", self.edition));
        drop(state);
        let file = self.file();
        self.processes.iter_mut().for_each(|process| *process = process.with_file(&file));
        true
    }
}
