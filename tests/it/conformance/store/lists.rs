//! The list index: keys alone, in shards, read newest first and put together.

use super::{Table, at, runs};
use ringback_tests::noise;
use serde_json::json;

/// Later than the runs of other scenarios, which are in the same list.
const LATER: i64 = 10_000;

pub(super) async fn runs_are_listed_newest_first_in_pages_without_gaps(table: &Table) {
    let store = &table.store;
    let all: Vec<_> = (0..25).map(|n| runs::run(&format!("listed {n}"), LATER + n / 3, json!(n))).collect();
    for run in &all {
        store.add_run(run, None).await.unwrap();
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let (page, next) = store.list_runs(before.as_deref(), 4).await.unwrap();
        assert!(page.len() <= 4);
        seen.extend(page.into_iter().map(|stored| stored.run).filter(|run| run.accepted_at >= at(LATER)));
        before = next;
        if before.is_none() {
            break;
        }
    }
    let mut wanted = all;
    wanted.sort_by(|a, b| (b.accepted_at, &b.id).cmp(&(a.accepted_at, &a.id)));
    assert_eq!(seen, wanted);
}

/// A batch of reads ends at 16 MB and names what is left
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
pub(super) async fn a_list_is_read_on_where_a_batch_of_the_table_ends(table: &Table) {
    let store = &table.store;
    // At least 17 MB, whatever compression makes of it.
    let large = noise(600 << 10);
    for n in 0..60 {
        let run = runs::run(&format!("heavy {n}"), 2 * LATER + n, json!(large));
        store.add_run(&run, None).await.unwrap();
    }
    let (mut times, mut before) = (Vec::new(), None);
    // A page ends early where its runs would take too much memory, and the next one goes on there.
    while times.len() < 60 {
        let (page, next) = store.list_runs(before.as_deref(), 60).await.unwrap();
        times.extend(page.iter().map(|stored| stored.run.accepted_at));
        before = next;
        assert!(before.is_some() || times.len() >= 60, "{} runs were listed", times.len());
    }
    times.truncate(60);
    assert_eq!(times, (0..60).rev().map(|n| at(2 * LATER + n)).collect::<Vec<_>>());
}
