//! What the simulation found, each in the smallest world that shows it: handlers called by hand over the emulator's AWS.

mod sweeps;

pub(crate) use sweeps::without_retries;

use application::app::{App, Outside};
use axum::body::Body;
use axum::http::Request;
use domain::address::Guard;
use domain::config::{Routes, load};
use domain::delivery::ErrorClass;
use domain::endpoint::{BREAKER_FAILURES, Endpoint, Health, Settings as EndpointSettings};
use domain::event::{CustomerId, EndpointId, Event, EventId, EventType, Origin};
use domain::id::RunId;
use domain::run::{JobPath, Phase, Run, Surroundings};
use domain::wait::{Arrival, ArrivalId, Opening, Verdict, WaitKey, Waiter};
use futures_util::future::BoxFuture;
use local_aws::fault::Faults;
use local_aws::{Aws, AwsOptions, QueueOptions};
use platform::secret::KeyRing;
use platform::sender::{Failure, Sender, Transport};
use platform::settings::Settings;
use ringback_tests::ManualClock;
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Notify;
use tower::ServiceExt;

#[tokio::test]
async fn a_delivery_that_is_put_off_is_promised_once_however_often_its_message_comes() {
    let world = World::new("{}", Scripted::default());
    let (app, endpoint) = (&world.app, endpoint(&world.app));
    app.store.save_endpoint(&endpoint, 0, &[]).await.unwrap();
    let failed = |health: Option<Health>| Some(Health::failed(health.as_ref(), true, app.now()));
    let open = (0..BREAKER_FAILURES).fold(None, |health, _| failed(health));
    let name = (&endpoint.customer, &endpoint.id);
    app.store.save_health(name, open.as_ref(), 0, &[], app.now()).await.unwrap();
    app.store.add_event(&event(app)).await.unwrap();

    let [first] = world.relayed().await.try_into().expect("one message");
    for received in [1, 2, 2] {
        deliver::handle(app.clone(), first.clone(), received).await.unwrap();
    }
    let [put_off] = world.relayed().await.try_into().expect("one promise");

    // Its time comes, twice: whoever is second finds that the first has put it off again.
    world.clock.advance(Duration::from_secs(40));
    app.store.save_health(name, failed(open).as_ref(), 1, &[], app.now()).await.unwrap();
    app.directory.forget(name.0);
    for received in [1, 2] {
        deliver::handle(app.clone(), put_off.clone(), received).await.unwrap();
    }
    assert_eq!(world.relayed().await.len(), 1);
}

#[tokio::test]
async fn an_attempt_that_took_its_key_over_is_not_refused_by_itself() {
    let world = World::new("{}", Scripted::default());
    let (store, now) = (&world.app.store, world.app.now());
    let waiter = |attempt| Waiter { run: RunId::random([1; 16]), job: JobPath::new("job"), attempt };
    let wait = WaitKey { route: domain::config::RouteId("back".to_owned()), key: "k".to_owned() };
    store.open_wait(&wait, &waiter(1), now).await.unwrap();
    store.expire_wait(&wait, now).await.unwrap();
    // Two messages of the same attempt have both seen the one before.
    for _ in 0..2 {
        assert_eq!(store.replace_wait(&wait, &waiter(2), now, &waiter(1)).await.unwrap(), Opening::Waits);
    }
    let arrival = Arrival { verdict: Verdict::Success, result: json!(1) };
    store.receive_callback(&wait, &arrival, &ArrivalId::read("1"), now).await.unwrap();
    assert_eq!(store.replace_wait(&wait, &waiter(2), now, &waiter(1)).await.unwrap(), Opening::Met(arrival));
    let other = Waiter { job: JobPath::new("other"), ..waiter(1) };
    assert_eq!(store.replace_wait(&wait, &other, now, &waiter(1)).await.unwrap(), Opening::Taken(waiter(2)));
}

#[tokio::test]
async fn a_run_that_has_failed_is_not_written_again_by_calls_that_are_under_way() {
    let file = "
components: {bad: {endpoint: 'http://service.test/500'}, good: {endpoint: 'http://service.test/200'}}
workflow: {id: w, jobs: [{id: a, component: bad, depends_on: []}, {id: b, component: good, depends_on: []}]}
";
    let world = World::new(file, Scripted::default());
    let run = world.started().await;
    let stored = world.app.store.run(&run).await.unwrap().unwrap();
    assert!(matches!(stored.run.phase(), Phase::Failed { .. }), "{stored:?}");
    assert_eq!(stored.version, 2, "once when it was accepted, once when it failed");
}

#[tokio::test]
async fn a_callback_that_was_acknowledged_while_its_call_broke_completes_the_job() {
    let file = "
listener: {type: http-callback, path: /done, identify_by: '${body.key}', result: '${body.from}'}
components:
  maker:
    endpoint: http://service.test/break
    completion: {type: callback, wait_for: '${context.run_id}'}
workflow: {id: w, jobs: [{id: a, component: maker}]}
";
    let service = Scripted::default();
    let world = World::new(file, service.clone());
    let app = world.app.clone();
    service.calls_back.set(app).ok().expect("once");
    let run = world.started().await;
    for message in world.relayed().await {
        deliver::handle(world.app.clone(), message, 1).await.unwrap();
    }
    let run = world.app.store.run(&run).await.unwrap().unwrap().run;
    assert!(matches!(run.phase(), Phase::Completed { output, .. } if output == "the service"), "{run:?}");
}

#[tokio::test]
async fn what_a_callback_was_to_begin_is_begun_though_its_key_has_been_used_again() {
    let file = "
listener: {type: http-callback, path: /done, identify_by: '${body.key}'}
components:
  waits: {endpoint: 'http://service.test/200', completion: {type: callback, wait_for: shared}}
  hangs: {endpoint: 'http://service.test/hang'}
workflow: {id: w, jobs: [{id: a, component: waits}, {id: c, component: hangs}]}
";
    let service = Scripted::default();
    let world = World::new(file, service.clone());
    let (app, run) = (&world.app, world.started().await);
    let Routes::Callbacks(callbacks) = &app.config.listeners[0].routes else { panic!("a callback listener") };
    let wait = WaitKey { route: callbacks[0].route.id.clone(), key: "shared".to_owned() };
    let arrival = Arrival { verdict: Verdict::Success, result: json!({}) };
    app.store.receive_callback(&wait, &arrival, &ArrivalId::read("1"), app.now()).await.unwrap();
    let [resume] = world.relayed().await.try_into().expect("one message");

    // The process dies while it makes the call that the callback has made due. Another job takes the key over.
    tokio::select! {
        _ = deliver::handle(app.clone(), resume.clone(), 1) => panic!("the call hangs"),
        () = service.hangs.notified() => {}
    }
    let waiter = |job| Waiter { run: run.clone(), job: JobPath::new(job), attempt: 1 };
    app.store.replace_wait(&wait, &waiter("b"), app.now(), &waiter("a")).await.unwrap();
    deliver::handle(app.clone(), resume, 2).await.unwrap();
    let run = app.store.run(&run).await.unwrap().unwrap().run;
    assert!(matches!(run.phase(), Phase::Completed { .. }), "{run:?}");
}

/// A service whose paths say what it answers. `/break` calls back, and then breaks the connection; `/hang` answers the second
/// time only.
#[derive(Clone, Default)]
struct Scripted {
    calls_back: Arc<OnceLock<Arc<App>>>,
    hung: Arc<AtomicBool>,
    hangs: Arc<Notify>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl Transport for Scripted {
    fn carry(&self, request: reqwest::Request) -> BoxFuture<'_, Result<reqwest::Response, Failure>> {
        Box::pin(async move {
            let path = request.url().path().trim_start_matches('/');
            if let Ok(status) = path.parse::<u16>() {
                return Ok(http::Response::builder().status(status).body("").unwrap().into());
            }
            if path == "hang" {
                if !self.hung.swap(true, Ordering::Relaxed) {
                    self.hangs.notify_one();
                    std::future::pending::<()>().await;
                }
                return Ok(http::Response::builder().status(200).body("").unwrap().into());
            }
            let app = self.calls_back.get().expect("an app");
            let key = request.headers()["idempotency-key"].to_str().unwrap().split('/').next().unwrap().to_owned();
            let body = json!({"key": key, "from": "the service"}).to_string();
            let callback = Request::post("/done").header("content-type", "application/json").body(Body::from(body));
            let answer = callback::router(app, &app.config.listeners).oneshot(callback.unwrap()).await.unwrap();
            let answer = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), json!({"status": "resumed"}));
            Err(Failure { class: ErrorClass::Reset, message: "it broke".to_owned() })
        })
    }
}

struct World {
    app: Arc<App>,
    aws: Aws,
    clock: ManualClock,
}

impl World {
    fn new(file: &str, service: Scripted) -> Self {
        Self::build(file, service, None)
    }

    /// One whose calls to the table fail so, and are not tried again.
    fn in_weather(file: &str, service: Scripted, faults: Arc<dyn Faults>) -> Self {
        Self::build(file, service, Some(faults))
    }

    fn build(file: &str, service: Scripted, faults: Option<Arc<dyn Faults>>) -> Self {
        let visibility_timeout = Duration::from_secs(900);
        let queues = vec![QueueOptions { name: "calls".to_owned(), visibility_timeout, max_receive_count: 1000 }];
        let table = faults.is_some();
        let aws = Aws::open(AwsOptions { queues, faults, ..AwsOptions::in_memory("ringback") }).unwrap();
        let table = if table { without_retries(&aws.dynamodb()) } else { aws.dynamodb() };
        let (settings, clock) =
            (Settings { queue_url: aws.queue_url("calls"), ..Settings::default() }, ManualClock::new());
        let config = load(file, "ringback.yml").config.unwrap();
        let outside = Outside {
            clock: Arc::new(clock.clone()),
            ..Outside::through(
                table,
                aws.sqs(),
                settings,
                Sender::new(1 << 20, Guard::default()).unwrap().carried_by(Arc::new(service)),
                Some(Arc::new(KeyRing::generate())),
            )
        };
        let surroundings = Surroundings::of(&config, Map::new(), |_| None);
        let app = Arc::new(App::new(outside, Arc::new(config), surroundings).unwrap());
        Self { app, aws, clock }
    }

    /// A run of the file's workflow, after its first message.
    async fn started(&self) -> RunId {
        let id = RunId::random([7; 16]);
        let run = Run::accept(id.clone(), "w".to_owned(), json!({}), None, self.app.now());
        self.app.store.add_run(&run, None).await.unwrap();
        let [first] = self.relayed().await.try_into().expect("one message");
        deliver::handle(self.app.clone(), first, 1).await.unwrap();
        id
    }

    /// The messages that the table has come to owe since the last time.
    async fn relayed(&self) -> Vec<String> {
        let records = self.aws.stream().read_after(0, 100).unwrap();
        let Some(last) = records.last().map(|record| record.sequence) else { return Vec::new() };
        relay::handle(self.app.clone(), records.into_iter().map(|record| record.record).collect()).await.unwrap();
        self.aws.stream().trim(last).unwrap();
        let (sqs, url) = (self.aws.sqs(), self.aws.queue_url("calls"));
        let mut bodies = Vec::new();
        loop {
            let page = sqs.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
            let Some(messages) = page.messages.filter(|messages| !messages.is_empty()) else { return bodies };
            bodies.extend(messages.into_iter().filter_map(|message| message.body));
        }
    }
}

fn endpoint(app: &App) -> Endpoint {
    let fields = json!({"url": "https://example.com/hook", "events": ["*"]});
    Endpoint {
        id: EndpointId::random([1; 12]),
        customer: CustomerId::default(),
        settings: EndpointSettings::read(fields.as_object().unwrap().clone(), None).unwrap(),
        secrets: Vec::new(),
        disabled: None,
        created_at: app.now(),
        updated_at: app.now(),
    }
}

fn event(app: &App) -> Event {
    Event {
        id: EventId::keyed(&["an event"]),
        customer: CustomerId::default(),
        event_type: EventType::parse("order.paid").unwrap(),
        data: json!({}),
        timestamp: app.now(),
        source: "a test".to_owned(),
        version: "1.0".to_owned(),
        accepted_at: app.now(),
        origin: Origin::Api,
        given_id: None,
        attributes: Map::new(),
    }
}
