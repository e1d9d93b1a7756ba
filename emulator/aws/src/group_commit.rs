//! Group commit: requests that find the table busy wait together, and share one transaction.
//!
//! ```text
//! request ─► waiting ─► whoever has the turn takes all: BEGIN ─► [SAVEPOINT ─► action ─► RELEASE]* ─► COMMIT ─► answers
//! ```
//!
//! Guarantees: nobody is answered before the transaction that holds their write, and whatever they read, is committed. A
//! request that fails leaves nothing behind, and the others as they are.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use dynoxide::storage::Storage;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use tokio::sync::oneshot;

use super::{connector::Reply, database::Database};

/// At most so many share a transaction: the first of them waits for the last.
const LARGEST: usize = 64;

/// A request on its way to the table.
pub(super) struct Waiting {
    pub(super) operation: String,
    pub(super) body: Vec<u8>,
    answer: oneshot::Sender<Reply>,
}

/// Those who wait, in the order in which they came.
#[derive(Default)]
pub(super) struct Waiters {
    waiting: Mutex<VecDeque<Waiting>>,
}

impl Waiters {
    /// Joins them. Whoever has the next turn answers.
    pub(super) fn join(&self, operation: &str, body: &[u8]) -> oneshot::Receiver<Reply> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { operation: operation.to_owned(), body: body.to_vec(), answer };
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(waiting);
        answered
    }

    /// The next of them that can share a transaction; one that can't comes alone. Those who have gone are left out: nothing is
    /// written that nobody waits for any more.
    pub(super) fn next(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| !one.answer.is_closed());
        let can_share = waiting.iter().take(LARGEST).take_while(|one| can_share(&one.operation)).count();
        let count = can_share.max(1).min(waiting.len());
        waiting.drain(..count).collect()
    }
}

impl Waiting {
    /// Whoever asked may have gone since; what was written stays.
    pub(super) fn answer(self, reply: Reply) {
        let _ = self.answer.send(reply);
    }
}

/// Operations whose whole effect is undone with their savepoint.
fn can_share(operation: &str) -> bool {
    matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem" | "GetItem" | "Query")
}

impl Database {
    /// Runs an action for each request in one transaction, and answers when it is committed. What an action that answers
    /// `Err` has written is undone.
    pub(super) fn together<R, A>(
        &self,
        requests: &[R],
        action: impl Fn(&Storage, &R) -> Result<A, A>,
    ) -> rusqlite::Result<Vec<A>> {
        self.with(|storage| {
            execute(storage, "BEGIN IMMEDIATE")?;
            let joined = Joined::new(&self.joined);
            let answers = requests.iter().map(|request| member(storage, || action(storage, request)));
            let answers = answers.collect::<rusqlite::Result<Vec<_>>>();
            drop(joined);
            let committed = answers.and_then(|answers| execute(storage, "COMMIT").map(|()| answers));
            if committed.is_err() && !storage.conn().is_autocommit() {
                execute(storage, "ROLLBACK")?;
            }
            committed
        })
    }
}

fn member<A>(storage: &Storage, action: impl FnOnce() -> Result<A, A>) -> rusqlite::Result<A> {
    execute(storage, "SAVEPOINT member")?;
    let answer = action();
    if answer.is_err() {
        execute(storage, "ROLLBACK TO member")?;
    }
    execute(storage, "RELEASE member")?;
    Ok(match answer {
        Ok(answer) | Err(answer) => answer,
    })
}

fn execute(storage: &Storage, statement: &str) -> rusqlite::Result<()> {
    storage.conn().prepare_cached(statement)?.execute([]).map(|_| ())
}

/// While it lives, an action's own transaction is part of the group's.
struct Joined<'a>(&'a AtomicBool);

impl<'a> Joined<'a> {
    fn new(joined: &'a AtomicBool) -> Self {
        joined.store(true, Ordering::Relaxed);
        Self(joined)
    }
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// dynoxide begins and ends a transaction for each write. Where it is part of a group these statements compile to nothing:
/// `SQLITE_IGNORE` disallows the action and lets the statement compile (<https://www.sqlite.org/c3ref/set_authorizer.html>).
pub(super) fn authorize(joined: &AtomicBool, context: &AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Transaction { .. } if joined.load(Ordering::Relaxed) => Authorization::Ignore,
        _ => Authorization::Allow,
    }
}
