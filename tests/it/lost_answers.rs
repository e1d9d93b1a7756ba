//! Writes whose answer gets lost: the SDK repeats them, and they find what they have written themselves.

use domain::id::RunId;
use domain::run::Run;
use local_aws::fault::{Answer, Call, Fault, Faults};
use local_aws::{Aws, AwsOptions};
use platform::store::{NewRun, Store};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Loses the answer of the first `PutItem`.
#[derive(Debug, Default)]
struct LosesOne(AtomicBool);

impl Faults for LosesOne {
    fn strike(&self, call: Call<'_>) -> Option<Fault> {
        let is_first = call.operation == "PutItem" && !self.0.swap(true, Ordering::Relaxed);
        is_first.then_some(Fault::After(Answer::Internal))
    }
}

#[tokio::test]
async fn a_new_run_whose_write_was_repeated_is_no_repetition() {
    let faults: Option<Arc<dyn Faults>> = Some(Arc::new(LosesOne::default()));
    let aws = Aws::open(AwsOptions { faults, ..AwsOptions::in_memory("ringback") }).unwrap();
    let store = Store::new(aws.dynamodb(), "ringback".to_owned(), 1, Duration::from_secs(60));
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let run = Run::accept(RunId::random([7; 16]), "w".to_owned(), json!({}), None, now);
    assert!(matches!(store.add_run(&run, None).await.unwrap(), NewRun::Accepted));
    assert!(matches!(store.add_run(&run, None).await.unwrap(), NewRun::Duplicate(Some(_))), "another request");
}
