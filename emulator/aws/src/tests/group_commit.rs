use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{future::join_all, poll};

use super::*;

/// Counts the table's commits from now on; they fail if that is asked for.
fn commits(aws: &Aws, fail: bool) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let hook = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        fail
    };
    aws.database.with(|storage| storage.conn().commit_hook(Some(hook)));
    count
}

async fn rows(aws: &Aws) -> Vec<String> {
    let all = aws.dynamodb().scan().table_name(TABLE).send().await.unwrap();
    let mut rows: Vec<_> = all.items().iter().map(|item| item["pk"].as_s().unwrap().clone()).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn requests_that_wait_together_share_a_transaction_and_not_their_failures() {
    let aws = aws();
    put(&aws, "a", true).send().await.unwrap();
    let commits = commits(&aws, false);
    let turn = aws.database.turn().await;
    let puts = [("b", true), ("a", true), ("c", false), ("d", true)];
    let mut writes = Box::pin(join_all(puts.map(|(id, owed)| put(&aws, id, owed).send())));
    assert!(poll!(&mut writes).is_pending());
    drop(turn);

    let answers = writes.await;
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, true]);
    assert_eq!(commits.load(Ordering::Relaxed), 1);
    assert_eq!(rows(&aws).await, ["run#a", "run#b", "run#c", "run#d"]);
    let owing = aws.stream().read_after(0, 10).unwrap();
    let owing = owing.iter().map(|record| record.record.change.new_image["pk"].clone()).collect::<Vec<_>>();
    assert_eq!(owing, ["run#a", "run#b", "run#d"].map(|pk| serde_dynamo::AttributeValue::S(pk.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_can_not_be_committed_is_answered_to_nobody_as_written() {
    let aws = aws();
    let commits = commits(&aws, true);
    let turn = aws.database.turn().await;
    let mut writes = Box::pin(join_all(["a", "b"].map(|id| put(&aws, id, true).send())));
    assert!(poll!(&mut writes).is_pending());
    drop(turn);
    assert!(writes.await.iter().all(Result::is_err));
    assert!(commits.load(Ordering::Relaxed) > 0);

    aws.database.with(|storage| storage.conn().commit_hook(None::<fn() -> bool>));
    assert_eq!(rows(&aws).await, Vec::<String>::new());
    put(&aws, "c", true).send().await.unwrap();
    assert_eq!(aws.stream().read_after(0, 10).unwrap().len(), 1);
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_written() {
    let aws = aws();
    let turn = aws.database.turn().await;
    let mut gone = Box::pin(put(&aws, "gone", true).send());
    let mut stays = Box::pin(put(&aws, "stays", true).send());
    assert!(poll!(&mut gone).is_pending() && poll!(&mut stays).is_pending());
    drop((gone, turn));
    stays.await.unwrap();
    assert_eq!(rows(&aws).await, ["run#stays"]);
}

#[tokio::test]
async fn what_a_member_wrote_before_it_failed_is_undone() {
    let aws = aws();
    aws.database.with(|storage| storage.conn().execute_batch("CREATE TABLE n (n)")).unwrap();
    let answers = aws.database.together(&[1, 2, 3], |storage, n| {
        // As dynoxide does it: a transaction of its own.
        storage.begin_transaction().unwrap();
        storage.conn().execute("INSERT INTO n VALUES (?1)", [n]).unwrap();
        if *n == 2 {
            storage.rollback().unwrap();
            return Err(*n);
        }
        storage.commit().unwrap();
        Ok(*n)
    });
    assert_eq!(answers.unwrap(), [1, 2, 3]);
    let sum = |storage: &dynoxide::storage::Storage| {
        storage.conn().query_row("SELECT group_concat(n) FROM n", [], |row| row.get::<_, String>(0))
    };
    assert_eq!(aws.database.with(sum).unwrap(), "1,3");
    // A transaction of one's own is one again.
    aws.database.with(|storage| storage.begin_transaction().and_then(|()| storage.rollback())).unwrap();
}
