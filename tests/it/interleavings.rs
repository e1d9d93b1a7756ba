//! The rendezvous over every order of what can happen to it: the waiter (killed after any of its writes, or not), its
//! message again, a callback, its duplicate, and the deadline.
//!
//! Nothing runs by itself here: each step is one call of a function's handler, over the emulator's own AWS. After the
//! steps the stream is relayed and the queue is worked off, and then it must be so that
//!
//! - a callback that was answered `resumed` or `stored` completed the job, with its own result;
//! - of the two callbacks at most one was; the other was a duplicate, or both came after the deadline;
//! - a run whose callbacks all came too late failed with a time-out;
//! - the second job's call was made.

use application::app::{App, Outside};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use domain::address::Guard;
use domain::config::load;
use domain::id::RunId;
use domain::run::{Phase, Run, Surroundings};
use jiff::{SignedDuration, Timestamp};
use local_aws::fault::{Answer, Call, Fault, Faults, Service};
use local_aws::{Aws, AwsOptions, QueueOptions};
use platform::clock::Clock;
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// The run's first message is worked on; killed after so many writes, if it makes as many.
    Waiter {
        killed_after: Option<usize>,
    },
    /// The message comes again.
    WaiterAgain,
    Callback,
    Duplicate,
    /// The clock passes every deadline there is, and the timers are swept.
    Deadline,
}

/// How the job comes to its key.
#[derive(Debug, Clone, Copy)]
enum Key {
    /// From the service's answer: the wait is opened after the call.
    Answer,
    /// From the run: the wait is opened before the call.
    Run,
}

#[tokio::test]
async fn no_callback_is_lost_in_any_order() {
    let world = World::start().await;
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for key in [Key::Answer, Key::Run] {
        for killed_after in [None, Some(1), Some(2), Some(3), Some(4), Some(5)] {
            let waiter = Step::Waiter { killed_after };
            let steps = [waiter, Step::WaiterAgain, Step::Callback, Step::Duplicate, Step::Deadline];
            for order in orders(&steps) {
                *outcomes.entry(world.play(key, &order).await).or_default() += 1;
            }
        }
    }
    // Each way that it can end was seen; otherwise the steps don't do what they say.
    let ends: Vec<&str> = outcomes.keys().copied().collect();
    assert_eq!(ends, ["completed", "timed out"], "{outcomes:?}");
}

/// All orders in which a message comes before its repetition, and a callback before its duplicate.
fn orders(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in steps.iter().enumerate() {
        let must_wait = match first {
            Step::WaiterAgain => steps.iter().any(|step| matches!(step, Step::Waiter { .. })),
            Step::Duplicate => steps.contains(&Step::Callback),
            Step::Waiter { .. } | Step::Callback | Step::Deadline => false,
        };
        if !must_wait {
            let mut others = steps.to_vec();
            others.remove(index);
            all.extend(orders(&others).into_iter().map(|order| [vec![*first], order].concat()));
        }
    }
    all
}

/// One AWS and one service for all the plays; each has a run, a key and a clock of its own.
struct World {
    aws: Aws,
    killer: Arc<Killer>,
    service: String,
    sender: Sender,
    optimised: Arc<Mutex<Vec<String>>>,
    plays: AtomicUsize,
}

impl World {
    async fn start() -> Self {
        let killer = Arc::new(Killer::default());
        let queues = vec![QueueOptions {
            name: "calls".to_owned(),
            visibility_timeout: Duration::from_secs(900),
            max_receive_count: 1000,
        }];
        let faults: Option<Arc<dyn Faults>> = Some(killer.clone());
        let aws = Aws::open(AwsOptions { queues, faults, ..AwsOptions::in_memory("ringback") }).unwrap();
        let optimised = Arc::new(Mutex::new(Vec::new()));
        let seen = optimised.clone();
        let answer = |body: axum::Json<Value>| async move { axum::Json(json!({"task_id": body["run"]})) };
        let optimise = move |body: axum::Json<Value>| {
            seen.lock().unwrap().push(body["run"].as_str().unwrap().to_owned());
            async { axum::Json(json!({"ok": true})) }
        };
        let router = Router::new()
            .route("/generate", axum::routing::post(answer))
            .route("/optimise", axum::routing::post(optimise));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "a stub outlives the call that starts it")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let sender = Sender::new(1 << 20, Guard::default()).unwrap();
        Self { aws, killer, service, sender, optimised, plays: AtomicUsize::new(0) }
    }

    /// Plays one order to its end, and says how it ended.
    async fn play(&self, key: Key, order: &[Step]) -> &'static str {
        let number = self.plays.fetch_add(1, Ordering::Relaxed);
        let app = self.app(key, number);
        let id = RunId::random(u128::try_from(number).unwrap().to_be_bytes());
        let run = Run::accept(id.clone(), "image".to_owned(), json!({}), None, app.now());
        app.store.add_run(&run, None).await.unwrap();
        let first = json!({"work": "run", "run": id, "stretch": "start"}).to_string();
        let mut answers = Vec::new();
        for step in order {
            match step {
                Step::Waiter { killed_after } => {
                    self.killer.kill_after(*killed_after);
                    let worked = deliver::handle(app.clone(), first.clone(), 1).await;
                    let killed = self.killer.rest();
                    assert_eq!(worked.is_err(), killed, "{order:?}: {worked:?}");
                }
                Step::WaiterAgain => deliver::handle(app.clone(), first.clone(), 1).await.unwrap(),
                Step::Callback => answers.push((self.callback(&app, &id, "first").await, "first")),
                Step::Duplicate => answers.push((self.callback(&app, &id, "first").await, "second")),
                Step::Deadline => {
                    app.clock.sleep_until(app.now() + SignedDuration::from_hours(48)).await;
                    sweep::Sweeper::default().sweep(&app).await.unwrap();
                }
            }
        }
        self.work_off(&app).await;
        self.judge(&app, &id, order, &answers).await
    }

    async fn judge(&self, app: &App, id: &RunId, order: &[Step], answers: &[(String, &str)]) -> &'static str {
        let told = format!("{order:?} {answers:?}");
        let run = app.store.run(id).await.unwrap().unwrap().run;
        let taken: Vec<&str> =
            answers.iter().filter(|(status, _)| status == "resumed" || status == "stored").map(|(_, n)| *n).collect();
        let calls = self.optimised.lock().unwrap().iter().filter(|run| *run == id.as_str()).count();
        match (taken.as_slice(), run.phase()) {
            ([one], Phase::Completed { .. }) => {
                let generated = serde_json::to_value(run.jobs()["generate"].state()).unwrap();
                assert_eq!((*one, &generated["output"]["from"]), ("first", &json!("first")), "{told}");
                assert!(calls >= 1, "{told}: the second job was not called");
                let other = answers.iter().find(|(_, name)| name != one).unwrap();
                assert_eq!(other.0, "duplicate", "{told}");
                "completed"
            }
            ([], Phase::Failed { error, .. }) => {
                assert_eq!(error.code, "timeout", "{told}");
                assert!(answers.iter().all(|(status, _)| status == "ignored"), "{told}");
                "timed out"
            }
            (taken, phase) => panic!("{told}: taken {taken:?}, but the run is {phase:?}"),
        }
    }

    async fn callback(&self, app: &Arc<App>, id: &RunId, from: &str) -> String {
        let body = json!({"task_id": id, "from": from}).to_string();
        let request = Request::post("/done").header("content-type", "application/json").body(Body::from(body)).unwrap();
        let answer = callback::router(app, &app.config.listeners).oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        answer["status"].as_str().unwrap().to_owned()
    }

    /// Relays what the table owes and works the queue off, until nothing is left.
    async fn work_off(&self, app: &Arc<App>) {
        let mut last = 0;
        loop {
            let records = self.aws.stream().read_after(last, 100).unwrap();
            let Some(newest) = records.last().map(|record| record.sequence) else { break };
            last = newest;
            relay::handle(app.clone(), records.into_iter().map(|record| record.record).collect()).await.unwrap();
            let sqs = self.aws.sqs();
            let url = self.aws.queue_url("calls");
            loop {
                let page = sqs.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
                let Some(messages) = page.messages.filter(|messages| !messages.is_empty()) else { break };
                for message in messages {
                    deliver::handle(app.clone(), message.body.unwrap(), 1).await.unwrap();
                    sqs.delete_message()
                        .queue_url(&url)
                        .receipt_handle(message.receipt_handle.unwrap())
                        .send()
                        .await
                        .unwrap();
                }
            }
        }
        self.aws.stream().trim(last).unwrap();
    }

    fn app(&self, key: Key, number: usize) -> Arc<App> {
        let wait_for = match key {
            Key::Answer => "${response.task_id}",
            Key::Run => "${context.run_id}",
        };
        let text = format!(
            r#"
listener: {{type: http-callback, path: /done, identify_by: "${{body.task_id}}", result: {{from: "${{body.from}}"}}}}
components:
  generator:
    type: http-client
    endpoint: {service}/generate
    body: {{run: "${{context.run_id}}"}}
    completion: {{type: callback, wait_for: "{wait_for}"}}
  optimiser: {{type: http-client, endpoint: {service}/optimise, body: {{run: "${{context.run_id}}"}}}}
workflow:
  id: image
  jobs: [{{id: generate, component: generator}}, {{id: optimise, component: optimiser}}]
"#,
            service = self.service
        );
        let loaded = load(&text, "ringback.yml");
        let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let settings = Settings { shards: 1, queue_url: self.aws.queue_url("calls"), ..Settings::default() };
        // A dead process doesn't try again.
        let once = self.aws.dynamodb().config().to_builder().retry_config(RetryConfig::disabled()).build();
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(once);
        let outside = Outside {
            clock: Arc::new(HandClock::at(number)),
            ..Outside::through(
                dynamodb,
                self.aws.sqs(),
                settings,
                self.sender.clone(),
                Some(Arc::new(KeyRing::generate())),
            )
        };
        let surroundings = Surroundings::of(&config, Map::new(), |_| None);
        Arc::new(App::new(outside, Arc::new(config), surroundings).unwrap())
    }
}

/// Makes every call to the table fail from the n-th write on, as if the process had died after it.
#[derive(Debug, Default)]
pub(crate) struct Killer {
    /// Writes that still pass; negative where none is counted.
    left: AtomicI64,
    armed: std::sync::atomic::AtomicBool,
    killed: std::sync::atomic::AtomicBool,
}

impl Killer {
    pub(crate) fn kill_after(&self, writes: Option<usize>) {
        self.left.store(writes.map_or(i64::MAX, |writes| i64::try_from(writes).unwrap()), Ordering::SeqCst);
        self.armed.store(writes.is_some(), Ordering::SeqCst);
        self.killed.store(false, Ordering::SeqCst);
    }

    /// Lets everything pass again; whether anything was stopped.
    pub(crate) fn rest(&self) -> bool {
        self.armed.store(false, Ordering::SeqCst);
        self.killed.load(Ordering::SeqCst)
    }
}

impl Faults for Killer {
    fn strike(&self, call: Call<'_>) -> Option<Fault> {
        let writes = matches!(call.operation, "PutItem" | "UpdateItem");
        if !self.armed.load(Ordering::SeqCst) || call.service != Service::DynamoDb || !writes {
            return None;
        }
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return None;
        }
        self.killed.store(true, Ordering::SeqCst);
        Some(Fault::Before(Answer::Internal))
    }
}

/// A clock that stands still until it is turned.
struct HandClock(Mutex<Timestamp>);

impl HandClock {
    /// Each play begins after the end of the one before: what was swept stays swept.
    fn at(play: usize) -> Self {
        let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        Self(Mutex::new(first + SignedDuration::from_hours(100 * i64::try_from(play).unwrap())))
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, time: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut now = self.0.lock().unwrap();
        *now = time.max(*now);
        Box::pin(std::future::ready(()))
    }
}
