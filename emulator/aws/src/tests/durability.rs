use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::*;
use crate::OpenError;

/// Set in the child: the directory that it writes to.
const CHILD_DATA: &str = "RINGBACK_TEST_CHILD_DATA";
/// The child stops by itself after so many writes.
const CHILD_WRITES: usize = 20_000;
/// The parent kills it after it heard of so many.
const HEARD: usize = 300;

fn in_directory(data: PathBuf) -> AwsOptions {
    AwsOptions { data: Some(data), ..options() }
}

#[tokio::test]
async fn everything_is_there_when_it_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    {
        let aws = Aws::open(in_directory(directory.path().to_owned())).unwrap();
        put(&aws, "a", true).send().await.unwrap();
        put(&aws, "b", true).send().await.unwrap();
        aws.stream().remove(&[1]).unwrap();
    }
    let aws = Aws::open(in_directory(directory.path().to_owned())).unwrap();
    let left = aws.stream().read_after(0, 10).unwrap();
    assert_eq!(left.iter().map(|record| record.sequence).collect::<Vec<_>>(), [2]);
    let again = put(&aws, "a", true).send().await.unwrap_err().into_service_error();
    assert!(again.is_conditional_check_failed_exception());
    put(&aws, "c", true).send().await.unwrap();
    assert_eq!(aws.stream().read_after(2, 10).unwrap()[0].sequence, 3);
}

#[tokio::test]
async fn a_directory_has_one_emulator() {
    let directory = tempfile::tempdir().unwrap();
    let first = Aws::open(in_directory(directory.path().to_owned())).unwrap();
    let second = Aws::open(in_directory(directory.path().to_owned())).err().unwrap();
    assert!(
        matches!(&second, OpenError::InUse { path, pid: Some(pid) } if path == directory.path() && *pid == std::process::id())
    );
    assert!(second.to_string().contains(&*directory.path().to_string_lossy()));
    drop(first);
    Aws::open(in_directory(directory.path().to_owned())).unwrap();
}

/// Writes until it is killed, and tells of each write that was acknowledged. Without its variable it isn't the
/// child, and does nothing.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a child is told by its environment")]
async fn child() {
    let Some(data) = std::env::var_os(CHILD_DATA) else { return };
    let aws = Aws::open(in_directory(data.into())).unwrap();
    let mut out = std::io::stdout();
    writeln!(out).unwrap();
    for n in 0..CHILD_WRITES {
        let id = format!("{}-{n}", std::process::id());
        let write = put(&aws, &id, n % 2 == 0).item("body", text(&"x".repeat(600)));
        write.send().await.unwrap();
        writeln!(out, "acknowledged {} {id}", n % 2 == 0).unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn kill_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut heard = Vec::new();
    // The second child starts from what the first left behind.
    for round in 1..=2 {
        heard.extend(run_and_kill(directory.path()));
        assert!(heard.len() >= round * HEARD, "only {} writes were acknowledged", heard.len());
        let aws = Aws::open(in_directory(directory.path().to_owned())).unwrap();
        let records = aws.stream().read_after(0, usize::MAX).unwrap();
        let owing: Vec<_> = records.iter().map(|record| &record.record.change.new_image["pk"]).collect();
        for (owed, id) in &heard {
            let pk = format!("run#{id}");
            let get = aws.dynamodb().get_item().table_name(TABLE);
            let found = get.key("pk", text(&pk)).key("sk", text("run")).send().await.unwrap();
            assert!(found.item().is_some(), "{pk} was acknowledged and is lost");
            let in_stream = owing.contains(&&serde_dynamo::AttributeValue::S(pk));
            assert_eq!(in_stream, *owed);
        }
    }
}

/// Runs this test binary as the child, kills it amid its writes, and answers what it said was acknowledged: whether
/// the item owed work, and its id.
fn run_and_kill(data: &Path) -> Vec<(bool, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["tests::durability::child", "--exact", "--nocapture"])
        .env(CHILD_DATA, data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heard = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        // The kill may cut the last line short.
        if let Some((owed, id)) = line.strip_prefix("acknowledged ").and_then(|l| l.split_once(' ')) {
            heard.push((owed == "true", id.to_owned()));
        }
        if heard.len() == HEARD {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    heard
}
