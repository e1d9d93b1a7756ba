//! A process with all that it has started, which never outlives the test.
//!
//! A killed worker or gateway leaves its programs behind: each leads a process group of its own, and goes on. A [`Family`]
//! finds them while it still knows whose they are, and kills them with it, when the test says so or lets go of it.

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};
use tokio::process::Child;

/// How long killed processes may take to be gone.
const GONE: Duration = Duration::from_secs(60);

/// A process and its descendants.
pub(crate) struct Family(Child);

impl Family {
    pub(crate) fn of(child: Child) -> Self {
        Self(child)
    }

    /// Ends all of it as a power cut would: SIGKILL, at once. Nothing happens where the process has ended already, and has
    /// been waited for: what it then left is no longer known as its own.
    ///
    /// # Panics
    /// If one of them is still there after a minute.
    pub(crate) fn kill(&mut self) {
        let Some(head) = self.0.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) else { return };
        // While it stands still, it can start no other.
        let _ = kill_process(head, Signal::STOP);
        let descendants = descendants(head);
        let _ = self.0.start_kill();
        for one in &descendants {
            let _ = kill_process(*one, Signal::KILL);
        }
        let until = Instant::now() + GONE;
        while !descendants.iter().all(|one| is_gone(*one)) || matches!(self.0.try_wait(), Ok(None)) {
            assert!(Instant::now() < until, "processes that were killed are still there: {descendants:?}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Deref for Family {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Family {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

/// The processes that this one has started, and those that they have. Linux alone tells; elsewhere there are none.
fn descendants(head: Pid) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let all: Vec<(Pid, Pid)> = entries
        .filter_map(|entry| {
            let id = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            Some((id, parent(id)?))
        })
        .collect();
    let (mut found, mut known) = (Vec::new(), HashSet::from([head]));
    // Each round finds one more generation.
    loop {
        let next: Vec<Pid> = all
            .iter()
            .filter(|(id, parent)| known.contains(parent) && !known.contains(id))
            .map(|(id, _)| *id)
            .collect();
        if next.is_empty() {
            return found;
        }
        known.extend(&next);
        found.extend(next);
    }
}

/// `/proc/<pid>/stat`, `proc_pid_stat(5)`: the parent is the second field after the name in parentheses, the state the first.
fn stat(id: Pid) -> Option<(char, i32)> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn parent(id: Pid) -> Option<Pid> {
    Pid::from_raw(stat(id)?.1)
}

/// One that has ended, and that its new parent has not asked for its end, is gone too.
fn is_gone(id: Pid) -> bool {
    test_kill_process(id).is_err() || stat(id).is_none_or(|(state, _)| state == 'Z')
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use tokio::io::{AsyncBufReadExt, BufReader};

    /// A shell whose grandchild leads a group of its own, as a worker's programs do; and the grandchild.
    async fn family() -> (Family, Pid) {
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", "set -m; sh -c 'sleep 1000 & echo $!; wait' & wait"]);
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let id = lines.next_line().await.unwrap().unwrap().parse().unwrap();
        (Family::of(child), Pid::from_raw(id).unwrap())
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_family_that_is_killed_or_let_go() {
        let (mut killed, first) = family().await;
        let (dropped, second) = family().await;
        assert!(!is_gone(first) && !is_gone(second));
        killed.kill();
        drop(dropped);
        assert!(is_gone(first) && is_gone(second));
    }

    #[tokio::test]
    async fn one_that_has_ended_by_itself_is_left_alone() {
        let mut family = Family::of(tokio::process::Command::new("true").spawn().unwrap());
        family.wait().await.unwrap();
        family.kill();
    }
}
