//! Runs: one item each, every change over the version that was read.

use super::{Table, at};
use domain::id::RunId;
use domain::run::{JobPath, Phase, Run, Status, Stretch};
use futures_util::future::join_all;
use platform::queue::RunMessage;
use platform::store::{NewRun, Saved, StoreError, Stored};
use serde_json::{Value, json};

/// A run of this name that has not begun.
pub(super) fn run(name: &str, seconds: i64, input: Value) -> Run {
    Run::accept(RunId::keyed("store", name), "image".to_owned(), input, None, at(seconds))
}

/// The run as it is stored when it has completed: only an input changes a run, so this one is read.
pub(super) fn ended(run: &Run) -> Run {
    let (started_at, ended_at) = (run.accepted_at, at(60));
    let mut stored = serde_json::to_value(run).unwrap();
    stored["phase"] = json!(Phase::Completed { started_at, ended_at, output: json!({"url": "u"}) });
    serde_json::from_value(stored).unwrap()
}

fn timer(run: &Run) -> RunMessage {
    RunMessage {
        run: run.id.clone(),
        stretch: Stretch::Wake { job: JobPath::new("ask"), attempt: 1, nth: 0 },
        due: Some(at(30)),
        again: 0,
    }
}

fn pk(run: &Run) -> String {
    format!("run#{}", run.id)
}

pub(super) async fn a_run_is_stored_once_and_read_as_it_was(table: &Table) {
    let store = &table.store;
    let odd = json!({"": null, "text": "ä\u{0}\u{1F600}", "large": 18_446_744_073_709_551_615_u64, "list": [[], {}]});
    let (one, request) =
        (run("once", 0, odd), json!({"headers": {"x": "y"}, "body": "x".repeat(2000), "delivery_id": "d-1"}));
    assert_eq!(store.run(&one.id).await.unwrap().map(|stored| stored.version), None);
    assert!(matches!(store.add_run(&one, Some(&request)).await.unwrap(), NewRun::Accepted));
    let other = run("once", 5, json!("another"));
    let repeated = join_all((0..8).map(|_| store.add_run(&other, None))).await;
    for added in repeated {
        let NewRun::Duplicate(Some(known)) = added.unwrap() else { panic!("it is there, and told") };
        assert_eq!((&known.id, known.accepted_at, known.status), (&one.id, one.accepted_at, Status::Queued));
        assert_eq!((known.later, known.delivery.as_deref()), (0, Some("d-1")));
        let first = store.read(&known).unwrap();
        assert_eq!((first.run, first.version, first.request), (one.clone(), 1, Some(request.clone())));
    }
    let stored = store.run(&one.id).await.unwrap().unwrap();
    assert_eq!((stored.run, stored.version, stored.request), (one.clone(), 1, Some(request)));
    let start = json!([{"work": "run", "run": one.id, "stretch": "start"}]);
    assert_eq!(table.owes(&pk(&one), "run").await, Some(start));
}

pub(super) async fn of_two_changes_of_one_version_one_is_written(table: &Table) {
    let store = &table.store;
    let one = run("race", 0, json!(1));
    let added = join_all((0..8).map(|_| store.add_run(&one, None))).await;
    assert_eq!(added.iter().filter(|added| matches!(added, Ok(NewRun::Accepted))).count(), 1);
    for version in 1..=3 {
        let changes = join_all((0..8).map(|_| store.save_run(&one, version, &[], at(1)))).await;
        let mut written: Vec<Saved> = changes.into_iter().map(Result::unwrap).collect();
        written.retain(|saved| *saved != Saved::Conflict);
        assert_eq!(written, [Saved::Written(version + 1)]);
    }
    assert_eq!(store.save_run(&one, 3, &[], at(1)).await.unwrap(), Saved::Conflict);
    let nobody = run("nobody", 0, json!(1));
    assert_eq!(store.save_run(&nobody, 1, &[], at(1)).await.unwrap(), Saved::Conflict);
    assert!(store.run(&nobody.id).await.unwrap().is_none());
}

pub(super) async fn of_several_later_runs_of_one_identity_one_is_stored(table: &Table) {
    let store = &table.store;
    let first = run("first", 0, json!(1));
    store.add_run(&first, None).await.unwrap();
    for (number, is_over) in [(1, false), (2, true)] {
        let stored = store.run(&first.id).await.unwrap().unwrap();
        assert_eq!(store.known_run(&first.id).await.unwrap().unwrap().later, number - 1);
        if is_over {
            // What it owes has been told, and isn't told again.
            store.save_run(&ended(&first), stored.version, &[timer(&first).into()], at(60)).await.unwrap();
        }
        let (stored, known) = (store.run(&first.id).await.unwrap(), store.known_run(&first.id).await.unwrap().unwrap());
        assert_eq!(known.has_ended(), is_over);
        let later = Run::accept(first.id.again(0, number), "image".to_owned(), json!(number), None, at(100));
        let request = json!({"body": number});
        let added = join_all((0..8).map(|_| store.add_later_run(&known, &later, &request, at(100)))).await;
        assert_eq!(added.into_iter().filter(|added| *added.as_ref().unwrap()).count(), 1, "{number}");
        let read = store.run(&later.id).await.unwrap().unwrap();
        assert_eq!((read.run, read.version, read.request), (later.clone(), 1, Some(request)));
        assert!(table.owes(&pk(&later), "run").await.is_some());
        assert_eq!(table.owes(&pk(&first), "run").await, None);
        assert_eq!(store.known_run(&first.id).await.unwrap().unwrap().later, number);
        let version = |stored: Option<Stored>| stored.map(|stored| stored.version);
        let counted = store.run(&first.id).await.unwrap();
        assert_eq!(version(counted), version(stored), "a change that was begun before the count can be written");
    }
}

pub(super) async fn a_change_owes_its_messages_and_the_next_one_takes_them_back(table: &Table) {
    let store = &table.store;
    let one = run("owing", 0, json!(1));
    store.add_run(&one, None).await.unwrap();
    store.save_run(&one, 1, &[], at(1)).await.unwrap();
    assert_eq!(table.owes(&pk(&one), "run").await, None);
    store.save_run(&one, 2, &[timer(&one).into()], at(1)).await.unwrap();
    let owed = table.owes(&pk(&one), "run").await.unwrap();
    assert_eq!((&owed[0]["work"], &owed[0]["run"]), (&json!("run"), &json!(one.id)));
    store.save_run(&one, 3, &[], at(1)).await.unwrap();
    assert_eq!(table.owes(&pk(&one), "run").await, None);
    store.remind_run(&timer(&one)).await.unwrap();
    assert_eq!(table.owes(&pk(&one), "run").await, Some(owed));
    // A reminder changes nothing of the run: who has read it may write it.
    assert_eq!(store.save_run(&one, 4, &[], at(1)).await.unwrap(), Saved::Written(5));
}

pub(super) async fn a_run_is_reminded_of_a_message_only_as_what_comes_after_the_last_time(table: &Table) {
    let store = &table.store;
    let one = run("reminded", 0, json!(1));
    store.add_run(&one, None).await.unwrap();
    let stretch = |nth| Stretch::Wake { job: JobPath::new("ask"), attempt: 1, nth };
    let owes = async || {
        let owed = table.owes(&pk(&one), "run").await.unwrap();
        (owed[0].get("nth").cloned().unwrap_or(json!(0)), owed[0].get("again").cloned().unwrap_or(json!(0)))
    };
    // Each time: which wake, how often it came before, and what the run owes then. A change of the run begins nothing anew.
    for (version, (wake, again, owed)) in
        [(0, 0, (0, 0)), (0, 2, (0, 2)), (0, 1, (0, 2)), (1, 0, (1, 0)), (0, 0, (1, 0)), (0, 2, (1, 0)), (0, 3, (0, 3))]
            .into_iter()
            .enumerate()
    {
        let message = RunMessage { stretch: stretch(wake), again, ..timer(&one) };
        store.remind_run(&message).await.unwrap();
        assert_eq!(owes().await, (json!(owed.0), json!(owed.1)), "{wake} {again}");
        let owed = RunMessage { stretch: stretch(owed.0), again: owed.1, ..timer(&one) };
        store.save_run(&one, version as u64 + 1, &[owed.into()], at(1)).await.unwrap();
    }
}

pub(super) async fn a_run_that_has_ended_is_reminded_of_nothing(table: &Table) {
    let store = &table.store;
    let one = ended(&run("ended", 0, json!(1)));
    store.add_run(&one, None).await.unwrap();
    store.save_run(&one, 1, &[], at(60)).await.unwrap();
    store.remind_run(&timer(&one)).await.unwrap();
    assert_eq!(table.owes(&pk(&one), "run").await, None);
    assert_eq!(store.run(&one.id).await.unwrap().unwrap().run, one);
    let nobody = run("forgotten", 0, json!(1));
    store.remind_run(&timer(&nobody)).await.unwrap();
    assert!(store.run(&nobody.id).await.unwrap().is_none());
}

/// The store's own limit comes first for a run; DynamoDB's, of the whole item, is met by what a run owes besides.
pub(super) async fn what_does_not_fit_is_refused_and_leaves_the_run_as_it_was(table: &Table) {
    let store = &table.store;
    let one = run("large", 0, json!(ringback_tests::noise(600 << 10)));
    store.add_run(&one, None).await.unwrap();
    let owes: Vec<_> = (0..2000).map(|_| timer(&one).into()).collect();
    let refused = store.save_run(&one, 1, &owes, at(1)).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{refused:?}");
    let version = if table.writes_what_is_too_large { 2 } else { 1 };
    assert_eq!(store.run(&one.id).await.unwrap().unwrap().version, version);
    let too_large = run("too large", 0, json!(ringback_tests::noise(900 << 10)));
    assert!(matches!(store.add_run(&too_large, None).await, Err(StoreError::TooLarge { .. })));
    assert!(store.run(&too_large.id).await.unwrap().is_none());
}
