//! The rendezvous: two halves in one item, each one conditional write that is told what the other has written.

use super::{Table, at};
use domain::id::RunId;
use domain::run::JobPath;
use domain::wait::{Arrival, ArrivalId, Opening, Reception, Verdict, WaitKey, Waiter};
use futures_util::future::join_all;
use serde_json::{Value, json};

fn key(key: &str) -> WaitKey {
    serde_json::from_value(json!({"route": "l:POST:/done", "key": key})).unwrap()
}

fn waiter(run: &str, attempt: u32) -> Waiter {
    Waiter { run: RunId::keyed("waits", run), job: JobPath::new("ask"), attempt }
}

fn arrival(result: Value) -> Arrival {
    Arrival { verdict: Verdict::Success, result }
}

fn id(name: &str) -> ArrivalId {
    ArrivalId::read(name)
}

async fn owed(table: &Table, wait: &WaitKey) -> bool {
    table.owes(&format!("wait#{}#{}", wait.route, wait.key), "wait").await.is_some()
}

pub(super) async fn the_second_of_the_two_halves_owes_the_message(table: &Table) {
    let store = &table.store;
    // The waiter first: the callback owes it.
    let (wait, who, what) = (key("waiter first"), waiter("a", 1), arrival(json!({"n": [1, null]})));
    assert_eq!(store.open_wait(&wait, &who, at(100)).await.unwrap(), Opening::Waits);
    assert!(!owed(table, &wait).await);
    assert_eq!(store.ended_wait(&wait).await.unwrap(), None);
    assert_eq!(store.receive_callback(&wait, &what, &id("1"), at(1)).await.unwrap(), Reception::Resumed);
    assert!(owed(table, &wait).await);
    assert_eq!(store.ended_wait(&wait).await.unwrap(), Some((who.clone(), Some(what.clone()))));
    // The callback first: the waiter is told, and nothing is owed.
    let wait = key("callback first");
    assert_eq!(store.receive_callback(&wait, &what, &id("1"), at(1)).await.unwrap(), Reception::Stored);
    assert_eq!(store.open_wait(&wait, &who, at(100)).await.unwrap(), Opening::Met(what.clone()));
    assert!(!owed(table, &wait).await);
    // Opened once more, as a repeated message does: the same answer.
    assert_eq!(store.open_wait(&wait, &who, at(100)).await.unwrap(), Opening::Met(what));
}

pub(super) async fn whoever_comes_second_is_told(table: &Table) {
    let store = &table.store;
    for n in 0..5 {
        let wait = key(&format!("crowd {n}"));
        let (first, second) = (waiter("first", 1), waiter("second", 1));
        let open = |who: Waiter| {
            let wait = wait.clone();
            async move { store.open_wait(&wait, &who, at(100)).await.unwrap() }
        };
        let arrivals = (0..6).map(|n| {
            let wait = wait.clone();
            async move { store.receive_callback(&wait, &arrival(json!(n)), &id("1"), at(1)).await.unwrap() }
        });
        let (one, other, told) = tokio::join!(open(first.clone()), open(second.clone()), join_all(arrivals));
        let taken: Vec<&Reception> = told.iter().filter(|told| **told != Reception::Duplicate).collect();
        assert_eq!(taken.len(), 1, "{told:?}");
        let refused = [(&one, &second), (&other, &first)]
            .into_iter()
            .filter(|(opening, holder)| **opening == Opening::Taken((*holder).clone()))
            .count();
        assert_eq!(refused, 1, "{one:?} {other:?}");
        let met = [&one, &other].iter().any(|opening| matches!(opening, Opening::Met(_)));
        // Exactly one of the two sides goes on with the run.
        assert_eq!(met, *taken[0] == Reception::Stored, "{one:?} {other:?} {told:?}");
        assert_eq!(owed(table, &wait).await, *taken[0] == Reception::Resumed);
    }
}

pub(super) async fn a_wait_that_was_closed_ignores_what_comes(table: &Table) {
    let store = &table.store;
    let (wait, who) = (key("closed"), waiter("a", 1));
    store.open_wait(&wait, &who, at(100)).await.unwrap();
    assert_eq!(store.record_progress(&wait, &json!(50), at(1)).await.unwrap(), Reception::Stored);
    store.close_wait(&wait, &waiter("another", 1).run, &who.job).await.unwrap();
    assert_eq!(store.ended_wait(&wait).await.unwrap(), None, "it isn't that one's");
    store.close_wait(&wait, &who.run, &who.job).await.unwrap();
    assert_eq!(store.ended_wait(&wait).await.unwrap(), Some((who.clone(), None)));
    assert_eq!(store.receive_callback(&wait, &arrival(json!(1)), &id("1"), at(2)).await.unwrap(), Reception::Late);
    assert_eq!(store.record_progress(&wait, &json!(90), at(2)).await.unwrap(), Reception::Late);
    assert_eq!(store.open_wait(&wait, &who, at(100)).await.unwrap(), Opening::Closed);
    assert!(!owed(table, &wait).await);
}

pub(super) async fn a_deadline_closes_what_still_waits_and_nothing_else(table: &Table) {
    let store = &table.store;
    let (late, early, over) = (key("late"), key("early"), key("over"));
    for (wait, name) in [(&late, "late"), (&early, "early"), (&over, "over")] {
        store.open_wait(wait, &waiter(name, 1), at(100)).await.unwrap();
    }
    store.receive_callback(&over, &arrival(json!(1)), &id("1"), at(1)).await.unwrap();
    store.expire_wait(&early, at(99)).await.unwrap();
    store.expire_wait(&late, at(100)).await.unwrap();
    store.expire_wait(&over, at(100)).await.unwrap();
    store.expire_wait(&key("nobody"), at(100)).await.unwrap();
    assert_eq!(store.ended_wait(&early).await.unwrap(), None);
    assert_eq!(store.ended_wait(&late).await.unwrap(), Some((waiter("late", 1), None)));
    assert!(owed(table, &late).await);
    let (_, arrived) = store.ended_wait(&over).await.unwrap().unwrap();
    assert_eq!(arrived, Some(arrival(json!(1))));
}

pub(super) async fn a_later_attempt_takes_the_place_of_an_earlier_one(table: &Table) {
    let store = &table.store;
    let (wait, first, second) = (key("attempts"), waiter("a", 1), waiter("a", 2));
    store.open_wait(&wait, &first, at(100)).await.unwrap();
    let failed = Arrival { verdict: Verdict::Failure, result: json!("no") };
    store.receive_callback(&wait, &failed, &id("failed"), at(1)).await.unwrap();
    assert_eq!(store.open_wait(&wait, &second, at(200)).await.unwrap(), Opening::Waits);
    assert!(!owed(table, &wait).await, "what came for the first is gone");
    assert_eq!(
        store.receive_callback(&wait, &arrival(json!("yes")), &id("1"), at(2)).await.unwrap(),
        Reception::Resumed
    );
    assert_eq!(store.ended_wait(&wait).await.unwrap(), Some((second.clone(), Some(arrival(json!("yes"))))));
    let stranger = waiter("b", 1);
    assert_eq!(store.open_wait(&wait, &stranger, at(300)).await.unwrap(), Opening::Taken(second.clone()));
    assert_eq!(store.replace_wait(&wait, &stranger, at(300), &first).await.unwrap(), Opening::Taken(second.clone()));
    assert_eq!(store.replace_wait(&wait, &stranger, at(300), &second).await.unwrap(), Opening::Waits);
}

/// What came for an attempt that was given up counts for the attempt after it, unless it says that the first has failed.
pub(super) async fn what_came_for_an_earlier_attempt_counts_unless_it_is_a_failure(table: &Table) {
    let store = &table.store;
    let all =
        [(Verdict::Success, true), (Verdict::Unmapped, true), (Verdict::NoStatus, false), (Verdict::Failure, false)];
    for (n, (verdict, counts)) in all.into_iter().enumerate() {
        let (wait, first, second) = (key(&format!("verdict {n}")), waiter("a", 1), waiter("a", 2));
        let came = Arrival { verdict, result: json!(n) };
        store.open_wait(&wait, &first, at(100)).await.unwrap();
        store.receive_callback(&wait, &came, &id("1"), at(1)).await.unwrap();
        assert_eq!(store.give_up_wait(&wait, &first).await.unwrap(), Some(came.clone()), "{verdict:?}");
        assert_eq!(store.give_up_wait(&wait, &second).await.unwrap(), counts.then(|| came.clone()), "{verdict:?}");
        let opened = store.open_wait(&wait, &second, at(200)).await.unwrap();
        assert_eq!(opened, if counts { Opening::Met(came) } else { Opening::Waits }, "{verdict:?}");
    }
}

/// Together they have more bytes than a query returns at once, and the oldest has the last name.
pub(super) async fn the_oldest_of_many_kept_callbacks_is_met_first(table: &Table) {
    let store = &table.store;
    let (wait, first, second) =
        (key("many kept"), waiter("a", 1), Waiter { job: JobPath::new("next"), ..waiter("a", 1) });
    store.open_wait(&wait, &first, at(100)).await.unwrap();
    store.receive_callback(&wait, &arrival(json!(0)), &id("0"), at(1)).await.unwrap();
    for (second, name) in ["z", "a", "b", "c", "d", "e"].into_iter().enumerate() {
        let came = arrival(json!({"name": name, "noise": ringback_tests::noise(250 << 10)}));
        let told = store.receive_callback(&wait, &came, &id(name), at(2 + second as i64)).await.unwrap();
        assert_eq!(told, Reception::Stored, "{name}");
    }
    let Opening::Met(met) = store.replace_wait(&wait, &second, at(200), &first).await.unwrap() else {
        panic!("none is met")
    };
    assert_eq!(met.result["name"], "z");
}

/// The process that opened the second wait has died before it looked for what was kept for it.
pub(super) async fn a_deadline_finds_the_callback_that_was_kept_for_its_job(table: &Table) {
    let store = &table.store;
    let (wait, first, second) =
        (key("opener died"), waiter("a", 1), Waiter { job: JobPath::new("next"), ..waiter("a", 1) });
    store.open_wait(&wait, &first, at(100)).await.unwrap();
    store.receive_callback(&wait, &arrival(json!(0)), &id("zero"), at(1)).await.unwrap();
    store.receive_callback(&wait, &arrival(json!(1)), &id("one"), at(2)).await.unwrap();
    let kept = table.take(&format!("wait#{}#{}", wait.route, wait.key), "next#one").await;
    assert_eq!(store.replace_wait(&wait, &second, at(200), &first).await.unwrap(), Opening::Waits);
    table.put(kept).await;
    assert!(store.expire_wait(&wait, at(200)).await.unwrap());
    assert!(owed(table, &wait).await);
    assert_eq!(store.ended_wait(&wait).await.unwrap(), Some((second, Some(arrival(json!(1))))));
}

/// Two jobs of a run wait under one key, one after the other.
pub(super) async fn a_repetition_of_what_one_job_took_is_none_for_the_next(table: &Table) {
    let store = &table.store;
    let (wait, first, second) = (key("shared"), waiter("a", 1), Waiter { job: JobPath::new("next"), ..waiter("a", 1) });
    let one = arrival(json!("one"));
    store.open_wait(&wait, &first, at(100)).await.unwrap();
    assert_eq!(store.receive_callback(&wait, &one, &id("one"), at(1)).await.unwrap(), Reception::Resumed);
    // Before the second job waits, and afterwards.
    assert_eq!(store.receive_callback(&wait, &one, &id("one"), at(2)).await.unwrap(), Reception::Duplicate);
    assert_eq!(store.open_wait(&wait, &second, at(200)).await.unwrap(), Opening::Taken(first.clone()));
    assert_eq!(store.replace_wait(&wait, &second, at(200), &first).await.unwrap(), Opening::Waits);
    assert_eq!(store.receive_callback(&wait, &one, &id("one"), at(3)).await.unwrap(), Reception::Duplicate);
    assert_eq!(store.ended_wait(&wait).await.unwrap(), None, "it waits on");
    assert_eq!(store.receive_callback(&wait, &one, &id("two"), at(4)).await.unwrap(), Reception::Resumed);
    assert_eq!(store.ended_wait(&wait).await.unwrap(), Some((second, Some(one))));
}

pub(super) async fn another_callback_that_comes_before_the_next_job_waits_is_kept_for_it(table: &Table) {
    let store = &table.store;
    let (wait, first) = (key("early again"), waiter("a", 1));
    let named = |job: &str| Waiter { job: JobPath::new(job), ..waiter("a", 1) };
    let kept = |n: usize| Arrival { verdict: [Verdict::NoStatus, Verdict::Unmapped][n], result: json!(n + 1) };
    store.open_wait(&wait, &first, at(100)).await.unwrap();
    store.receive_callback(&wait, &arrival(json!(0)), &id("zero"), at(1)).await.unwrap();
    for (n, name) in ["one", "two"].into_iter().enumerate() {
        let came = kept(n);
        let second = i64::try_from(n).unwrap() + 2;
        assert_eq!(store.receive_callback(&wait, &came, &id(name), at(second)).await.unwrap(), Reception::Stored);
        assert_eq!(
            store.receive_callback(&wait, &came, &id(name), at(9)).await.unwrap(),
            Reception::Duplicate,
            "{name}"
        );
    }
    // Each of the next jobs has one, in their order, and their repetitions are known.
    let (second, third) = (named("second"), named("third"));
    let opened = store.replace_wait(&wait, &second, at(200), &first).await.unwrap();
    assert_eq!(opened, Opening::Met(kept(0)));
    assert_eq!(store.open_wait(&wait, &second, at(200)).await.unwrap(), Opening::Met(kept(0)));
    let opened = store.replace_wait(&wait, &third, at(300), &second).await.unwrap();
    assert_eq!(opened, Opening::Met(kept(1)));
    for name in ["zero", "one", "two"] {
        let told = store.receive_callback(&wait, &arrival(json!(name)), &id(name), at(10)).await.unwrap();
        assert_eq!(told, Reception::Duplicate, "{name}");
    }
    let fourth = named("fourth");
    assert_eq!(store.replace_wait(&wait, &fourth, at(400), &third).await.unwrap(), Opening::Waits, "no more has come");
    for name in ["zero", "one", "two"] {
        let told = store.receive_callback(&wait, &arrival(json!(name)), &id(name), at(10)).await.unwrap();
        assert_eq!(told, Reception::Duplicate, "{name}");
    }
}

/// Whichever comes first, the callback or the next job, the two meet.
pub(super) async fn a_callback_and_the_next_job_that_come_at_once_meet(table: &Table) {
    let store = &table.store;
    for n in 0..8 {
        let wait = key(&format!("at once {n}"));
        let (first, next) = (waiter("first", 1), waiter("next", 1));
        store.open_wait(&wait, &first, at(100)).await.unwrap();
        store.receive_callback(&wait, &arrival(json!(0)), &id("zero"), at(1)).await.unwrap();
        let (one, came, named) = (id("one"), arrival(json!(1)), &wait);
        let callback = store.receive_callback(named, &came, &one, at(2));
        let opening = store.replace_wait(named, &next, at(200), &first);
        let (told, opened) = tokio::join!(callback, opening);
        let (told, opened) = (told.unwrap(), opened.unwrap());
        let met = opened == Opening::Met(came.clone());
        assert!(met || told == Reception::Resumed, "{told:?} {opened:?}");
        assert_eq!(store.ended_wait(&wait).await.unwrap(), Some((next, Some(came))), "{told:?} {opened:?}");
    }
}

pub(super) async fn keys_of_any_length_and_of_any_letters_are_apart(table: &Table) {
    let store = &table.store;
    let keys = ["Ä#1", "ä#1", "a b", "a\u{0}b", &"k".repeat(1024), &"k".repeat(1025), &"k".repeat(4096)].map(key);
    for (n, wait) in keys.iter().enumerate() {
        assert_eq!(store.receive_callback(wait, &arrival(json!(n)), &id("1"), at(1)).await.unwrap(), Reception::Stored);
    }
    for (n, wait) in keys.iter().enumerate() {
        let met = store.open_wait(wait, &waiter(&n.to_string(), 1), at(100)).await.unwrap();
        assert_eq!(met, Opening::Met(arrival(json!(n))));
    }
}
