//! The process group of a program: the program and all that it has started.

use rustix::process::{Pid, Signal, kill_process_group};

/// Ends the group when it goes out of scope, whatever the reason.
#[derive(Debug)]
pub struct Group(Option<Pid>);

impl Group {
    /// The group that the process of this id leads.
    pub fn led_by(id: Option<u32>) -> Self {
        Self(id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Asks all of them to end.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends all of them.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // That nobody is left to get it is as good.
        let _ = self.0.map(|leader| kill_process_group(leader, signal));
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
