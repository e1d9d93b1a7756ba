use super::*;
use crate::{Catalogue, GRACE, LEASE, WorkerOptions};
use domain::id::RunId;
use local_aws::{Aws, AwsOptions};
use platform::clock::SystemClock;
use platform::store::Store;
use serde_json::json;
use std::sync::Arc;

const FILE: &str = "programs: {echo: {command: [cat]}}";

/// What comes of the program `echo` for a run with that input, by a worker that has keys, or none.
async fn outcome(has_keys: bool, input: Value) -> ProgramOutcome {
    let aws = Aws::open(AwsOptions::in_memory("ringback")).unwrap();
    let store = Store::new(aws.dynamodb(), "ringback".to_owned(), 1, Duration::from_secs(3600));
    let config = Arc::new(domain::config::load(FILE, "ringback.yml").config.unwrap());
    let catalogue = Catalogue::File { config: config.clone(), env: Value::Null, overlay: None, store: store.clone() };
    let worker = Worker::new(WorkerOptions {
        store,
        has_keys,
        sqs: aws.sqs(),
        queue_url: String::new(),
        catalogue,
        only: Vec::new(),
        concurrency: 1,
        lease: LEASE,
        patience: GRACE,
        grace: GRACE,
        environment: Default::default(),
        clock: Arc::new(SystemClock),
    });
    let begun = Timestamp::UNIX_EPOCH;
    let run = Run::accept(RunId::keyed("test", "one"), "w".to_owned(), input, None, begun);
    let mut stored = serde_json::to_value(&run).unwrap();
    let state = json!({"state": "program", "errand": {"program": "echo"}});
    stored["jobs"] = json!({"job": {"attempt": 1, "started_at": begun.to_string(), "state": state}});
    let run: Run = serde_json::from_value(stored).unwrap();
    let job = serde_json::from_value(json!("job")).unwrap();
    let message = ProgramMessage { run: run.id.clone(), job, attempt: 1, program: "echo".to_owned() };
    let program = config.programs.get("echo");
    worker.run((program, &Value::Null), &message, &run, &CancellationToken::new()).await.unwrap()
}

#[tokio::test]
async fn a_text_that_only_looks_sealed_is_given_to_the_program_by_a_worker_with_keys() {
    let input = json!({"text": "sealed:v1.but not really"});
    match outcome(true, input.clone()).await {
        ProgramOutcome::Ended(ended) => {
            let shown = ended.stdout.to_string();
            assert!(shown.contains("sealed:v1.but not really"), "{shown}");
        }
        ProgramOutcome::Refused(error) => panic!("{error}"),
    }
    match outcome(false, input).await {
        ProgramOutcome::Refused(error) => assert_eq!(error.code, "no_key"),
        ProgramOutcome::Ended(_) => panic!("without keys it can't be told from a secret"),
    }
}
