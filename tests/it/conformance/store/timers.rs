//! Timers: partitions sorted by due time, read from a cursor to now.

use super::{SHARDS, Table, at};
use domain::config::RouteId;
use domain::id::RunId;
use domain::run::{JobPath, Phase, Run, Stretch};
use domain::wait::{Arrival, Verdict, WaitKey, Waiter};
use jiff::SignedDuration;
use platform::queue::RunMessage;
use platform::store::{Deadline, Store, Timer};
use serde_json::json;

fn timer(name: &str) -> Timer {
    let (run, stretch) = (RunId::keyed("timers", name), Stretch::Wake { job: JobPath::new("ask"), attempt: 1, nth: 0 });
    Timer::Run(RunMessage { run, stretch, due: None })
}

pub(super) async fn timers_are_found_when_they_are_due_in_their_order(table: &Table) {
    let store = &table.store;
    for n in 0..40 {
        store.add_timer(at(n), &timer(&n.to_string())).await.unwrap();
    }
    // The same timer for the same time is the same item.
    store.add_timer(at(3), &timer("3")).await.unwrap();
    let after = Store::timer_key(at(2), SignedDuration::ZERO);
    let mut found = 0;
    for shard in 0..SHARDS {
        let page = store.due_timers(shard, &after, at(29)).await.unwrap();
        assert_eq!(page.next, None);
        let keys: Vec<&str> = page.timers.iter().map(|(key, _)| key.as_str()).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        // One that was due exactly now is found, and one at the cursor too.
        found += page.timers.len();
    }
    assert_eq!(found, 28, "those due at 2 to 29");
    let all = (0..40).map(|n| timer(&n.to_string()));
    let mut left: Vec<Timer> = all.collect();
    let first = Store::timer_key(at(0), SignedDuration::from_secs(60));
    for shard in 0..SHARDS {
        for (_, timer) in store.due_timers(shard, &first, at(100)).await.unwrap().timers {
            left.retain(|other| *other != timer);
        }
    }
    assert_eq!(left, []);
}

/// So nobody may ask from the beginning of a shard by an empty key
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>).
pub(super) async fn a_key_that_is_empty_is_refused(table: &Table) {
    let asked = table.store.due_timers(0, "", at(0)).await;
    assert_eq!(asked.is_ok(), table.takes_empty_keys, "{asked:?}");
}

/// Each shard has its own, and all of them are one item.
pub(super) async fn no_cursor_goes_back(table: &Table) {
    let store = &table.store;
    store.ready().await.unwrap();
    let key = |seconds| Store::timer_key(at(seconds), SignedDuration::ZERO);
    let mut expected: Vec<(u8, String)> = (0..SHARDS).map(|shard| (shard, "0".repeat(15))).collect();
    assert_eq!(store.cursors().await.unwrap(), expected);
    type Seconds = (u8, i64);
    let steps: [(&[Seconds], &[Seconds]); 4] = [
        (&[(0, 10), (1, 10)], &[(0, 10), (1, 10)]),
        (&[(0, 5)], &[]),
        // One that is further already holds up no other.
        (&[(0, 11), (1, 9), (3, 1)], &[(0, 11), (3, 1)]),
        (&[], &[]),
    ];
    for (to, changed) in steps {
        let to: Vec<(u8, String)> = to.iter().map(|(shard, seconds)| (*shard, key(*seconds))).collect();
        store.advance_cursors(&to).await.unwrap();
        for (shard, seconds) in changed {
            expected[usize::from(*shard)].1 = key(*seconds);
        }
        assert_eq!(store.cursors().await.unwrap(), expected);
    }
}

/// More than are read at once, two of them of one wait.
pub(super) async fn deadlines_are_moot_when_their_own_waiter_was_met_or_closed(table: &Table) {
    let store = &table.store;
    let wait = |name: String| WaitKey { route: RouteId("POST /moot".to_owned()), key: name };
    let waiter = |attempt| Waiter { run: RunId::keyed("timers", "moot"), job: JobPath::new("ask"), attempt };
    let deadline = |wait: WaitKey, waiter| Timer::Wait(Deadline { wait, waiter });
    let arrival = Arrival { verdict: Verdict::Success, result: json!(null) };
    let mut timers = Vec::new();
    for n in 0..120 {
        let wait = wait(format!("met {n}"));
        store.open_wait(&wait, &waiter(1), at(0)).await.unwrap();
        store.receive_callback(&wait, &arrival, at(0)).await.unwrap();
        timers.push((format!("moot {n}"), deadline(wait, Some(waiter(1)))));
    }
    store.open_wait(&wait("closed".to_owned()), &waiter(1), at(0)).await.unwrap();
    assert!(store.expire_wait(&wait("closed".to_owned()), at(0)).await.unwrap());
    timers.push(("moot closed".to_owned(), deadline(wait("closed".to_owned()), Some(waiter(1)))));
    let moot = timers.len();
    // What may be, or become, otherwise: of the next attempt, of nobody known, open, not there, called back too early.
    timers.push(("next".to_owned(), deadline(wait("closed".to_owned()), Some(waiter(2)))));
    timers.push(("unknown".to_owned(), deadline(wait("closed".to_owned()), None)));
    store.open_wait(&wait("open".to_owned()), &waiter(1), at(0)).await.unwrap();
    timers.push(("open".to_owned(), deadline(wait("open".to_owned()), Some(waiter(1)))));
    timers.push(("absent".to_owned(), deadline(wait("absent".to_owned()), Some(waiter(1)))));
    store.receive_callback(&wait("early".to_owned()), &arrival, at(0)).await.unwrap();
    timers.push(("early".to_owned(), deadline(wait("early".to_owned()), Some(waiter(1)))));
    let found = store.moot_timers(&timers).await.unwrap();
    assert_eq!((found.len(), found.iter().all(|key| key.starts_with("moot "))), (moot, true), "{found:?}");
}

pub(super) async fn a_deadline_of_a_run_is_moot_when_it_has_ended_or_was_reminded(table: &Table) {
    let store = &table.store;
    let run = |n| Run::accept(RunId::random([n; 16]), "w".to_owned(), json!({}), None, at(0));
    let deadline = |n, attempt| RunMessage {
        run: run(n).id,
        stretch: Stretch::Deadline { job: JobPath::new("child"), attempt },
        due: None,
    };
    for n in 91..94 {
        store.add_run(&run(n), None).await.unwrap();
    }
    let ended = Run { phase: Phase::Completed { started_at: at(0), ended_at: at(0), output: json!(1) }, ..run(91) };
    store.save_run(&ended, 1, &[], at(0)).await.unwrap();
    store.remind_run(&deadline(92, 1)).await.unwrap();
    let all = [(91, 1), (92, 1), (92, 2), (93, 1), (99, 1)];
    let named = |(n, attempt): (u8, u32)| (format!("{n}/{attempt}"), Timer::Run(deadline(n, attempt)));
    let found = store.moot_timers(&all.map(named)).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["91/1", "92/1"]);
}
