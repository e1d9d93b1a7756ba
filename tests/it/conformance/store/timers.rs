//! Timers: partitions sorted by due time, read from a cursor to now.

use super::runs::ended;
use super::{SHARDS, Table, at};
use domain::config::RouteId;
use domain::id::RunId;
use domain::run::{JobPath, Run, Stretch};
use domain::wait::{Arrival, ArrivalId, Verdict, WaitKey, Waiter};
use jiff::SignedDuration;
use platform::queue::RunMessage;
use platform::store::{Cursor, Deadline, Store, Timer};
use serde_json::json;

fn timer(name: &str) -> Timer {
    let (run, stretch) = (RunId::keyed("timers", name), Stretch::Wake { job: JobPath::new("ask"), attempt: 1, nth: 0 });
    Timer::Run(RunMessage { run, stretch, due: None, again: 0 })
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
        let page = store.due_timers(shard, &after, at(29), true).await.unwrap();
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
        for (_, timer) in store.due_timers(shard, &first, at(100), false).await.unwrap().timers {
            left.retain(|other| *other != timer);
        }
    }
    assert_eq!(left, []);
}

/// So nobody may ask from the beginning of a shard by an empty key
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>).
pub(super) async fn a_key_that_is_empty_is_refused(table: &Table) {
    let asked = table.store.due_timers(0, "", at(0), false).await;
    assert_eq!(asked.is_ok(), table.takes_empty_keys, "{asked:?}");
}

/// The clock is behind what was swept.
pub(super) async fn a_range_that_ends_before_it_begins_holds_no_timers(table: &Table) {
    let after = Store::timer_key(at(5000), SignedDuration::ZERO);
    for all in [true, false] {
        let page = table.store.due_timers(0, &after, at(4000), all).await.unwrap();
        assert_eq!((page.timers, page.next), (Vec::new(), None));
    }
}

/// Each shard has its own, and all of them are one item.
pub(super) async fn a_cursor_moves_only_from_where_it_was_read(table: &Table) {
    let store = &table.store;
    store.ready().await.unwrap();
    let key = |seconds| Store::timer_key(at(seconds), SignedDuration::ZERO);
    let at_first = |shard| Cursor { shard, settled: "0".repeat(15), announced: "0".repeat(15), moves: 0 };
    let all: Vec<Cursor> = (0..SHARDS).map(at_first).collect();
    assert_eq!(store.cursors().await.unwrap(), all);
    let announced: Vec<Cursor> = all[..2].iter().map(|cursor| cursor.moved(&key(10), &key(10))).collect();
    store.move_cursors(&announced).await.unwrap();
    let expected: Vec<Cursor> = announced.iter().chain(&all[2..]).cloned().collect();
    assert_eq!(store.cursors().await.unwrap(), expected);
    // One was written meanwhile: it stays, and holds up no other.
    let stale = all[0].moved(&key(20), &key(20));
    assert!(!store.move_cursor(&stale).await.unwrap());
    let third = all[2].moved(&key(5), &key(5));
    store.move_cursors(&[stale, third.clone()]).await.unwrap();
    let mut expected = expected;
    expected[2] = third;
    assert_eq!(store.cursors().await.unwrap(), expected);
    assert!(store.move_cursor(&expected[0].moved(&key(20), &key(20))).await.unwrap());
}

/// However far ahead a clock has put the cursor.
pub(super) async fn a_timer_behind_the_cursor_takes_it_back_as_far_as_needed(table: &Table) {
    let store = &table.store;
    let years = Store::timer_key(at(100_000_000), SignedDuration::ZERO);
    let ahead: Vec<Cursor> = store
        .cursors()
        .await
        .unwrap()
        .iter()
        .map(|c| c.moved(&years, &years))
        .map(|c| c.moved(&years, &years))
        .collect();
    let ahead: Vec<Cursor> = ahead.into_iter().map(|cursor| Cursor { moves: cursor.moves - 1, ..cursor }).collect();
    store.move_cursors(&ahead).await.unwrap();
    assert!(store.cursors().await.unwrap().iter().all(|cursor| cursor.settled == years));
    for n in [700, 600, 650] {
        let new = timer(&format!("behind {n}"));
        store.add_timer(at(n), &new).await.unwrap();
        let mut found = false;
        for cursor in store.cursors().await.unwrap() {
            let page = store.due_timers(cursor.shard, &cursor.settled, at(1000), true).await.unwrap();
            found |= page.timers.iter().any(|(_, timer)| *timer == new);
        }
        assert!(found, "{n}");
    }
    // One that is ahead of it leaves it where it is.
    let before = store.cursors().await.unwrap();
    store.add_timer(at(200_000_000), &timer("ahead")).await.unwrap();
    assert_eq!(store.cursors().await.unwrap(), before);
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
        store.receive_callback(&wait, &arrival, &ArrivalId::read("1"), at(0)).await.unwrap();
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
    store.receive_callback(&wait("early".to_owned()), &arrival, &ArrivalId::read("1"), at(0)).await.unwrap();
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
        again: 0,
    };
    for n in 91..94 {
        store.add_run(&run(n), None).await.unwrap();
    }
    store.save_run(&ended(&run(91)), 1, &[], at(0)).await.unwrap();
    store.remind_run(&deadline(92, 1)).await.unwrap();
    let all = [(91, 1), (92, 1), (92, 2), (93, 1), (99, 1)];
    let named = |(n, attempt): (u8, u32)| (format!("{n}/{attempt}"), Timer::Run(deadline(n, attempt)));
    let found = store.moot_timers(&all.map(named)).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["91/1", "92/1"]);
}
