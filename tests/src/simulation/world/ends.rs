//! How handlers end: well, badly, or by the death of their process.

use super::super::process::Process;
use super::super::queue::Message;
use super::{Kind, World};
use jiff::SignedDuration;
use local_aws::StreamRecord;

impl World<'_> {
    pub(super) fn message_ended(&mut self, message: &Message, result: Result<(), String>) {
        let mut state = self.shared.lock();
        state.tally.count("messages worked on");
        if let Err(error) = result {
            state.tally.count("messages that failed");
            state.note(format_args!("message {} failed", message.id));
            if !error.contains("unavailable") {
                state.violation(format!("message {} failed: {error}", message.body));
            }
            return;
        }
        let (duplicate, now) = (state.weather.duplicate, state.now);
        if state.strikes(duplicate) {
            state.tally.count("messages that came again");
            let later = now + SignedDuration::from_secs(state.dice.pick(&[0, 1, 60, 3_600]));
            state.queue.show_again(message.id, later);
            return;
        }
        state.note(format_args!("message {} is done", message.id));
        let batch = state.queue.delete(message.id);
        drop(state);
        if let Some(batch) = batch {
            self.settle(batch);
        }
    }

    /// Records whose messages are all done are forgotten.
    fn settle(&mut self, batch: u64) {
        if !self.shared.lock().queue.owes(batch)
            && let Some(sequences) = self.owed.remove(&batch)
        {
            self.aws.stream().remove(&sequences).expect("the stream");
        }
    }

    pub(super) fn relay_ended(&mut self, batch: u64, records: Vec<StreamRecord>, done: bool) {
        let mut state = self.shared.lock();
        let duplicate = state.weather.duplicate;
        if !done || state.strikes(duplicate / 2.0) {
            state.tally.count("batches of the stream relayed again");
            drop(state);
            // What this one has sent belongs to the same records.
            self.owed.insert(batch, Vec::new());
            self.records = records;
            return;
        }
        state.tally.count("batches of the stream relayed");
        drop(state);
        let sequences: Vec<u64> = records.iter().map(|record| record.sequence).collect();
        self.cursor = sequences.last().copied().unwrap_or(self.cursor);
        self.owed.insert(batch, sequences);
        self.settle(batch);
    }

    pub(super) fn sweep_again(&mut self) {
        let mut state = self.shared.lock();
        let at = state.now + SignedDuration::from_secs(60);
        state.sweeps.insert(at);
    }

    /// A process dies: whatever it was doing stops where it stands.
    pub(super) fn crash(&mut self) {
        self.crashes += 1;
        let dead = self.shared.lock().dice.below(self.processes.len());
        self.restart(dead);
    }

    /// A process dies, and another takes its place.
    pub(super) fn restart(&mut self, dead: usize) {
        let mut state = self.shared.lock();
        let cloud = state.weather.cloud;
        state.tally.count("crashes");
        state.note(format_args!("process {dead} dies"));
        drop(state);
        let (died, alive): (Vec<_>, Vec<_>) = self.tasks.drain(..).partition(|task| task.process == dead);
        self.tasks = alive;
        let mut records = None;
        for task in died {
            match task.kind {
                Kind::Ask(ask) => self.shared.lock().unanswered(ask),
                Kind::Relay(of) => records = Some(of),
                Kind::Sweep => self.sweep_again(),
                Kind::Message(_) => {}
            }
        }
        if cloud {
            self.records = records.or_else(|| Some(std::mem::take(&mut self.records))).unwrap_or_default();
        } else {
            // The queue is gone. The stream still has all that is not done, and is read from its beginning.
            self.shared.lock().queue.forget_all();
            self.owed.clear();
            self.records.clear();
            self.cursor = 0;
        }
        self.processes[dead] = Process::start(self.stage, &self.file(), &self.clients, &self.shared, dead);
    }
}
