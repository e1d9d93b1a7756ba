//! A recovery that is killed after any of its writes, or whose message comes again, goes on and begins each delivery's new
//! round exactly once.
//!
//! Nothing runs by itself here: each step is one call of `deliver`'s handler, over the emulator's own AWS.

use crate::interleavings::Killer;
use application::app::{App, Outside};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use domain::address::Guard;
use domain::config::load;
use domain::delivery::{Delivery, DeliveryId, GaveUp};
use domain::endpoint::{Disabled, DisabledBy, Endpoint, Settings as EndpointSettings};
use domain::event::{CustomerId, EndpointId, EventType};
use domain::operation::{Operation, OperationId, State};
use domain::run::Surroundings;
use jiff::{SignedDuration, Timestamp};
use local_aws::fault::Faults;
use local_aws::{Aws, AwsOptions, QueueOptions};
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use platform::store::Saved;
use ringback_tests::ManualClock;
use serde_json::{Map, json};
use std::sync::Arc;
use std::time::Duration;

/// More than a step reads, so that there are three steps.
const EXHAUSTED: u64 = 205;

struct World {
    app: Arc<App>,
    killer: Arc<Killer>,
    clock: ManualClock,
    endpoint: Endpoint,
    deliveries: Vec<DeliveryId>,
    _aws: Aws,
}

#[tokio::test]
async fn killed_after_any_write_it_goes_on_and_begins_each_round_once() {
    for killed_after in [0, 1, 7, 99, 100, 101] {
        let world = World::start().await;
        let operation = world.asked().await;
        // The first step is killed, done again, and its message comes once more.
        world.killer.kill_after(Some(killed_after));
        assert!(world.step(&operation, 0).await.is_err() == world.killer.rest(), "killed after {killed_after}");
        world.clock.advance(Duration::from_secs(60));
        world.step(&operation, 0).await.unwrap();
        world.step(&operation, 0).await.unwrap();
        // A message of a step that isn't owed yet does nothing.
        world.step(&operation, 2).await.unwrap();
        let stored = world.app.store.operation(&operation).await.unwrap().unwrap();
        assert_eq!((stored.operation.owed(), stored.operation.done), (Some(1), 100), "killed after {killed_after}");
        world.step(&operation, 1).await.unwrap();
        world.step(&operation, 2).await.unwrap();
        let ended = world.app.store.operation(&operation).await.unwrap().unwrap().operation;
        assert_eq!((ended.found, ended.done), (EXHAUSTED, EXHAUSTED), "killed after {killed_after}");
        assert!(matches!(ended.state, State::Completed { .. }), "{ended:?}");
        for id in &world.deliveries {
            let stored = world.app.store.delivery(id).await.unwrap().unwrap();
            assert_eq!((stored.version, stored.delivery.status()), (2, "pending"), "{id}");
        }
    }
}

#[tokio::test]
async fn what_it_began_and_what_failed_again_meanwhile_is_not_begun_twice() {
    let world = World::start().await;
    let operation = world.asked().await;
    world.killer.kill_after(Some(5));
    world.step(&operation, 0).await.unwrap_err();
    world.killer.rest();
    let mut given_up = Vec::new();
    for id in &world.deliveries {
        let stored = world.app.store.delivery(id).await.unwrap().unwrap();
        if stored.version == 2 {
            let again = stored.delivery.give_up(GaveUp::Permanent, world.app.now());
            world.app.store.save_delivery(&again, 2, &[], world.app.now()).await.unwrap();
            given_up.push(id.clone());
        }
    }
    assert_eq!(given_up.len(), 5);
    for step in 0..3 {
        world.step(&operation, step).await.unwrap();
    }
    let ended = world.app.store.operation(&operation).await.unwrap().unwrap().operation;
    assert_eq!((ended.found, ended.done), (EXHAUSTED, EXHAUSTED));
    for id in &given_up {
        assert_eq!(world.app.store.delivery(id).await.unwrap().unwrap().delivery.status(), "exhausted");
    }
}

#[tokio::test]
async fn it_fails_in_words_where_the_endpoint_is_disabled_meanwhile() {
    let world = World::start().await;
    let operation = world.asked().await;
    world.step(&operation, 0).await.unwrap();
    let disabled = Some(Disabled { at: world.app.now(), why: DisabledBy::Request });
    let endpoint = Endpoint { disabled, ..world.endpoint.clone() };
    assert_eq!(world.app.store.save_endpoint(&endpoint, 1, &[]).await.unwrap(), Saved::Written(2));
    world.step(&operation, 1).await.unwrap();
    let ended = world.app.store.operation(&operation).await.unwrap().unwrap().operation;
    assert_eq!(ended.done, 100);
    assert!(matches!(&ended.state, State::Failed { error, .. } if error.contains("disabled")), "{ended:?}");
}

impl World {
    async fn start() -> Self {
        let (killer, clock) = (Arc::new(Killer::default()), ManualClock::new());
        let faults: Option<Arc<dyn Faults>> = Some(killer.clone());
        let visibility_timeout = Duration::from_secs(900);
        let queues = vec![QueueOptions { name: "calls".to_owned(), visibility_timeout, max_receive_count: 1000 }];
        let aws = Aws::open(AwsOptions { queues, faults, ..AwsOptions::in_memory("ringback") }).unwrap();
        let settings = Settings { queue_url: aws.queue_url("calls"), ..Settings::default() };
        // A dead process doesn't try again.
        let once = aws.dynamodb().config().to_builder().retry_config(RetryConfig::disabled()).build();
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(once);
        let config = load("{}", "ringback.yml").config.unwrap();
        let outside = Outside {
            clock: Arc::new(clock.clone()),
            ..Outside::through(
                dynamodb,
                aws.sqs(),
                settings,
                Sender::new(1 << 20, Guard::default()).unwrap(),
                Some(Arc::new(KeyRing::generate())),
            )
        };
        let surroundings = Surroundings::of(&config, Map::new(), |_| None);
        let app = Arc::new(App::new(outside, Arc::new(config), surroundings).unwrap());
        let endpoint = endpoint(app.now());
        app.store.save_endpoint(&endpoint, 0, &[]).await.unwrap();
        let mut world = Self { app, killer, clock, endpoint, deliveries: Vec::new(), _aws: aws };
        for n in 0..EXHAUSTED {
            world.deliveries.push(world.exhausted(n).await);
        }
        world.clock.advance(Duration::from_secs(3600));
        world
    }

    async fn exhausted(&self, n: u64) -> DeliveryId {
        let id = DeliveryId::parse(&format!("default.evt_{n}.{}", self.endpoint.id)).unwrap();
        let created = self.app.now() + SignedDuration::from_millis(i64::try_from(n).unwrap());
        let delivery = Delivery::new(id.clone(), EventType::parse("job.failed").unwrap(), created);
        let delivery = delivery.give_up(GaveUp::Tries, created);
        self.app.store.save_delivery(&delivery, 0, &[], created).await.unwrap();
        id
    }

    async fn asked(&self) -> OperationId {
        let now = self.app.now();
        let whose = (self.endpoint.customer.clone(), self.endpoint.id.clone());
        let id = OperationId::keyed(&whose.0, &whose.1, &["a test"]);
        let operation = Operation::recover(id.clone(), whose, (now - SignedDuration::from_hours(2), now), now);
        assert_eq!(self.app.store.save_operation(&operation, 0, now).await.unwrap(), Saved::Written(1));
        id
    }

    async fn step(&self, operation: &OperationId, step: u64) -> Result<(), deliver::DeliverError> {
        let message = json!({"work": "operate", "operation": operation, "step": step});
        deliver::handle(self.app.clone(), message.to_string(), 1).await
    }
}

fn endpoint(now: Timestamp) -> Endpoint {
    let fields = json!({"url": "https://example.com/hook", "events": ["*"]});
    Endpoint {
        id: EndpointId::random([1; 12]),
        customer: CustomerId::default(),
        settings: EndpointSettings::read(fields.as_object().unwrap().clone(), None).unwrap(),
        secrets: Vec::new(),
        disabled: None,
        created_at: now,
        updated_at: now,
    }
}
