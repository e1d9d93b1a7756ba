//! Timers: partitions sorted by due time, read from a cursor to now.

use super::{SHARDS, Table, at};
use domain::id::RunId;
use domain::run::{JobPath, Stretch};
use jiff::SignedDuration;
use platform::queue::RunMessage;
use platform::store::{Store, Timer};

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
