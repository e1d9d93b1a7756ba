//! Clocks that jump, and machines whose clocks differ: no timer is passed over, and nothing that comes before its time is lost
//! or waited for in memory.

use application::app::{App, Outside};
use domain::address::Guard;
use domain::config::{RouteId, load};
use domain::delivery::{Delivery, DeliveryId, State};
use domain::event::{CustomerId, EndpointId, EventId, EventType};
use domain::id::RunId;
use domain::run::{JobPath, JobState, Phase, Run, Stretch, Surroundings};
use domain::wait::{Opening, WaitKey, Waiter};
use jiff::{SignedDuration, Timestamp};
use local_aws::{Aws, AwsOptions, QueueOptions};
use platform::clock::Clock;
use platform::queue::{DeliverMessage, RunMessage};
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use platform::store::{Deadline, Owes, Placed, Store, Timer};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, json};
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use sweep::Sweeper;

const PAUSE: &str = "
components: {pause: {type: delay, duration: 2h}}
workflow: {id: w, jobs: [{id: a, component: pause}]}
";
/// How far a machine's clock may be from the time that it is, in seconds.
const OFF: [i64; 7] = [0, 0, -7200, -150, 3, 150, 7200];

/// A machine's clock: what time it is, and how far it is from that.
#[derive(Debug, Clone)]
struct Hands {
    time: Arc<Mutex<Timestamp>>,
    off: Arc<AtomicI64>,
}

impl Hands {
    fn new(time: &Arc<Mutex<Timestamp>>) -> Self {
        Self { time: time.clone(), off: Arc::default() }
    }

    fn jump_to(&self, off: i64) {
        self.off.store(off, Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.time.lock().unwrap() + SignedDuration::from_secs(self.off.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, time: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        panic!("it sleeps until {time}, and it is {}", self.now());
    }
}

/// Machines that share a table and a queue.
pub(crate) struct World {
    aws: Aws,
    time: Arc<Mutex<Timestamp>>,
    clocks: Vec<Hands>,
    pub(crate) apps: Vec<Arc<App>>,
}

impl World {
    pub(crate) fn new(file: &str, machines: usize) -> Self {
        let visibility_timeout = Duration::from_secs(900);
        let queues = vec![QueueOptions { name: "calls".to_owned(), visibility_timeout, max_receive_count: 1000 }];
        let aws = Aws::open(AwsOptions { queues, ..AwsOptions::in_memory("ringback") }).unwrap();
        let time = Arc::new(Mutex::new("2026-01-02T03:04:05Z".parse().unwrap()));
        let clocks: Vec<Hands> = (0..machines).map(|_| Hands::new(&time)).collect();
        let apps = clocks.iter().map(|clock| Arc::new(app(&aws, file, clock))).collect();
        Self { aws, time, clocks, apps }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.apps[0].store
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.time.lock().unwrap()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        *self.time.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    fn jump_to(&self, off: i64) {
        self.clocks.iter().for_each(|clock| clock.jump_to(off));
    }

    /// Swept by a process without memory.
    pub(crate) async fn sweep(&self) -> usize {
        Sweeper::default().sweep(&self.apps[0]).await.unwrap()
    }

    /// The messages that the table has come to owe since the last time; their delays pass.
    async fn relayed(&self) -> Vec<String> {
        let records = self.aws.stream().read_after(0, 100).unwrap();
        let Some(last) = records.last().map(|record| record.sequence) else { return Vec::new() };
        let mut messages = Vec::new();
        for record in &records {
            let Owes::Messages(owed) = Owes::read(&record.record.change.new_image).unwrap() else { continue };
            messages.extend(owed.iter().map(|message| serde_json::to_string(message).unwrap()));
        }
        self.aws.stream().trim(last).unwrap();
        messages
    }

    async fn run(&self, id: &RunId) -> Run {
        self.store().run(id).await.unwrap().unwrap().run
    }
}

fn app(aws: &Aws, file: &str, clock: &Hands) -> App {
    let settings = Settings { shards: 1, queue_url: aws.queue_url("calls"), ..Settings::default() };
    let config = load(file, "ringback.yml").config.unwrap();
    let outside = Outside {
        clock: Arc::new(clock.clone()),
        ..Outside::through(
            aws.dynamodb(),
            aws.sqs(),
            settings,
            Sender::new(1 << 20, Guard::default()).unwrap(),
            Some(Arc::new(KeyRing::generate())),
        )
    };
    let surroundings = Surroundings::of(&config, Map::new(), |_| None);
    App::new(outside, Arc::new(config), surroundings).unwrap()
}

fn wait(n: usize) -> WaitKey {
    WaitKey { route: RouteId("POST /done".to_owned()), key: format!("k{n}") }
}

fn waiter(n: usize) -> Waiter {
    Waiter { run: RunId::keyed("clocks", &n.to_string()), job: JobPath::new("ask"), attempt: 1 }
}

/// A wait that a machine is about to open: its timer is stored, and it is, or isn't yet.
struct Opens {
    n: usize,
    deadline: Timestamp,
    placed: Placed,
    is_open: bool,
}

/// Machines with clocks of their own write timers in three steps and sweep between them, in orders that are rolled; then all
/// clocks are right, and every wait must end.
#[tokio::test]
async fn no_timer_is_passed_over_whatever_the_clocks_say() {
    for seed in 0..60 {
        let world = World::new("{}", 3);
        let (mut dice, mut under_way, mut opened) = (StdRng::seed_from_u64(seed), Vec::<Opens>::new(), 0);
        let sweepers: Vec<Sweeper> = (0..3).map(|_| Sweeper::default()).collect();
        for _ in 0..120 {
            let machine = dice.random_range(0..3);
            let app = &world.apps[machine];
            match dice.random_range(0..10) {
                0 => world.pass(dice.random_range(1..90)),
                1 => world.clocks[machine].jump_to(OFF[dice.random_range(0..OFF.len())]),
                2 => drop(sweepers[machine].sweep(app).await.unwrap()),
                3 => drop(Sweeper::default().sweep(app).await.unwrap()),
                4 | 5 => {
                    let deadline = app.now() + SignedDuration::from_secs(dice.random_range(1..200));
                    let timer = Timer::Wait(Deadline { wait: wait(opened), waiter: Some(waiter(opened)) });
                    let placed = app.store.put_timer(deadline, &timer).await.unwrap();
                    under_way.push(Opens { n: opened, deadline, placed, is_open: false });
                    opened += 1;
                }
                _ if under_way.is_empty() => {}
                _ => {
                    let index = dice.random_range(0..under_way.len());
                    advance(app, &mut under_way, index).await;
                }
            }
        }
        world.jump_to(0);
        while !under_way.is_empty() {
            advance(&world.apps[0], &mut under_way, 0).await;
        }
        world.pass(3 * 3600);
        for _ in 0..4 {
            world.sweep().await;
            world.pass(60);
        }
        for n in 0..opened {
            let ended = world.store().ended_wait(&wait(n)).await.unwrap();
            assert_eq!(ended, Some((waiter(n), None)), "seed {seed}: the deadline of {n} was passed over");
        }
        assert_eq!(world.sweep().await, 0, "seed {seed}: in the end all is swept");
    }
}

async fn advance(app: &App, under_way: &mut Vec<Opens>, index: usize) {
    let opens = &mut under_way[index];
    if !opens.is_open {
        let opening = app.store.open_wait(&wait(opens.n), &waiter(opens.n), opens.deadline).await.unwrap();
        assert_eq!(opening, Opening::Waits);
        opens.is_open = true;
        return;
    }
    app.store.keep_cursor_behind(&opens.placed).await.unwrap();
    under_way.remove(index);
}

/// The clock was two hours ahead once, and a deadline was swept then.
#[tokio::test]
async fn what_is_promised_after_the_clock_was_ahead_comes_in_time() {
    for off in [150, 7200, 30 * 86_400] {
        let world = World::new(PAUSE, 1);
        world.jump_to(off);
        let past = world.apps[0].now() - SignedDuration::from_secs(90);
        let timer = Timer::Wait(Deadline { wait: wait(0), waiter: Some(waiter(0)) });
        world.store().add_timer(past, &timer).await.unwrap();
        world.store().open_wait(&wait(0), &waiter(0), past).await.unwrap();
        for _ in 0..3 {
            world.sweep().await;
        }
        world.jump_to(0);
        let soon = world.now() + SignedDuration::from_secs(3);
        let timer = Timer::Wait(Deadline { wait: wait(1), waiter: Some(waiter(1)) });
        let placed = world.store().put_timer(soon, &timer).await.unwrap();
        world.store().open_wait(&wait(1), &waiter(1), soon).await.unwrap();
        world.store().keep_cursor_behind(&placed).await.unwrap();
        world.pass(3);
        assert_eq!(world.sweep().await, 1, "{off}");
        assert_eq!(world.store().ended_wait(&wait(1)).await.unwrap(), Some((waiter(1), None)), "{off}");
    }
}

/// A sweep whose clock is ahead reminds a run of a rest that isn't over by the clock of whoever gets the message.
#[tokio::test]
async fn a_message_that_comes_before_its_time_is_put_off_and_comes_again() {
    let world = World::new(PAUSE, 1);
    let id = started(&world).await;
    for round in 0..3 {
        world.jump_to(7200);
        assert!(world.sweep().await >= 1, "round {round}");
        world.jump_to(0);
        let woken = world.relayed().await;
        assert!(!woken.is_empty(), "round {round}: it comes again");
        for message in woken {
            deliver::handle(world.apps[0].clone(), message, 1).await.unwrap();
        }
        let Some(JobState::Sleeping { .. }) = world.run(&id).await.jobs().get("a").map(|job| job.state().clone())
        else {
            panic!("round {round}: it sleeps on")
        };
    }
    world.pass(7200);
    assert!(world.sweep().await >= 1);
    for woken in world.relayed().await {
        deliver::handle(world.apps[0].clone(), woken, 1).await.unwrap();
    }
    assert!(matches!(world.run(&id).await.phase(), Phase::Completed { .. }));
}

/// The queue brings each message again, long after. If each copy went on by itself, there would be one more in each round.
#[tokio::test]
async fn copies_of_a_message_that_comes_before_its_time_go_on_as_one() {
    let world = World::new(PAUSE, 1);
    started(&world).await;
    let mut before = Vec::new();
    for round in 0..6 {
        world.jump_to(7200);
        world.sweep().await;
        world.jump_to(0);
        let woken = world.relayed().await;
        assert_eq!(woken.len(), 1, "round {round}");
        before.extend(woken);
        for message in &before {
            deliver::handle(world.apps[0].clone(), message.clone(), 1).await.unwrap();
        }
    }
}

async fn started(world: &World) -> RunId {
    let id = RunId::random([7; 16]);
    let run = Run::accept(id.clone(), "w".to_owned(), json!({}), None, world.now());
    world.store().add_run(&run, None).await.unwrap();
    let [first] = world.relayed().await.try_into().expect("one message");
    deliver::handle(world.apps[0].clone(), first, 1).await.unwrap();
    assert_eq!(world.relayed().await, Vec::<String>::new());
    id
}

/// Its timer is stored, and a machine whose clock is ahead sweeps it before the run says that it rests.
#[tokio::test]
async fn a_rest_that_is_over_before_it_is_stored_is_brought_again() {
    let world = World::new(PAUSE, 2);
    let id = RunId::random([7; 16]);
    let run = Run::accept(id.clone(), "w".to_owned(), json!({}), None, world.now());
    world.store().add_run(&run, None).await.unwrap();
    let [first] = world.relayed().await.try_into().expect("one message");
    let due = world.now() + SignedDuration::from_hours(2);
    let stretch = Stretch::Wake { job: JobPath::new("a"), attempt: 1, nth: 0 };
    let wake = RunMessage { run: id.clone(), stretch, due: Some(due), again: 0 };
    world.store().add_timer(due, &Timer::Run(wake)).await.unwrap();
    world.clocks[1].jump_to(7200);
    assert_eq!(Sweeper::default().sweep(&world.apps[1]).await.unwrap(), 1);
    let [woken] = world.relayed().await.try_into().expect("one message");
    deliver::handle(world.apps[1].clone(), woken, 1).await.unwrap();
    deliver::handle(world.apps[0].clone(), first, 1).await.unwrap();
    world.clocks[1].jump_to(0);
    world.pass(7300);
    for _ in 0..2 {
        Sweeper::default().sweep(&world.apps[0]).await.unwrap();
        for message in world.relayed().await {
            deliver::handle(world.apps[0].clone(), message, 1).await.unwrap();
        }
    }
    assert!(matches!(world.run(&id).await.phase(), Phase::Completed { .. }), "{:?}", world.run(&id).await);
}

#[tokio::test]
async fn a_try_that_is_due_before_its_delivery_says_so_is_brought_again() {
    let world = World::new("{}", 1);
    let (app, now) = (&world.apps[0], world.now());
    let id = DeliveryId {
        customer: CustomerId::default(),
        event: EventId::keyed(&["an event"]),
        endpoint: EndpointId::random([1; 12]),
    };
    let delivery = |due| Delivery {
        state: State::Pending { due, held: None },
        ..Delivery::new(id.clone(), EventType::parse("order.paid").unwrap(), now)
    };
    world.store().save_delivery(&delivery(now), 0, &[], now).await.unwrap();
    let message = |due, again| {
        let message = DeliverMessage { delivery: id.clone(), attempt: 1, event: None, due: Some(due), again };
        serde_json::to_string(&platform::queue::Message::from(message)).unwrap()
    };
    // What it was held until before is outdated; what it is held until later is not stored yet.
    let earlier = now - SignedDuration::from_secs(60);
    for (due, timers) in [(earlier, 0), (now - SignedDuration::from_nanos(1), 0)] {
        deliver::handle(app.clone(), message(due, 0), 2).await.unwrap();
        assert_eq!(due_timers(&world, 7200).await, timers);
    }
    world.pass(5);
    deliver::handle(app.clone(), message(now + SignedDuration::from_secs(1), 0), 2).await.unwrap();
    assert_eq!(due_timers(&world, 7200).await, 1, "it comes again in a minute");
    // An hour before its time: it is put off until then.
    deliver::handle(app.clone(), message(now + SignedDuration::from_hours(1), 0), 2).await.unwrap();
    assert_eq!((due_timers(&world, 3000).await, due_timers(&world, 7200).await), (1, 2));
    // Since then it is held until later still: what it was held until before is outdated, and not stored again.
    world.store().save_delivery(&delivery(now + SignedDuration::from_hours(3)), 1, &[], now).await.unwrap();
    deliver::handle(app.clone(), message(now + SignedDuration::from_mins(90), 0), 2).await.unwrap();
    assert_eq!(due_timers(&world, 7200).await, 2);
}

/// The first attempt of a delivery is put off far; its timer is stored first, and a sweep whose clock is ahead looks at it before
/// the delivery is stored.
#[tokio::test]
async fn a_timer_that_is_swept_before_its_delivery_is_stored_is_swept_again() {
    let world = World::new("{}", 1);
    let (now, sweeper) = (world.now(), Sweeper::default());
    let due = now + SignedDuration::from_hours(1);
    let id = DeliveryId {
        customer: CustomerId::default(),
        event: EventId::keyed(&["an event"]),
        endpoint: EndpointId::random([1; 12]),
    };
    let message = DeliverMessage { delivery: id.clone(), attempt: 1, event: None, due: Some(due), again: 0 };
    world.store().add_timer(due, &Timer::Deliver(message)).await.unwrap();
    world.jump_to(7200);
    assert_eq!(sweeper.sweep(&world.apps[0]).await.unwrap(), 1);
    assert_eq!(world.relayed().await, Vec::<String>::new(), "there is no delivery yet");
    let delivery = Delivery {
        state: State::Pending { due, held: None },
        ..Delivery::new(id, EventType::parse("order.paid").unwrap(), now)
    };
    world.store().save_delivery(&delivery, 0, &[], now).await.unwrap();
    sweeper.sweep(&world.apps[0]).await.unwrap();
    assert_eq!(world.relayed().await.len(), 1, "the same sweeper looks at it again");
}

async fn due_timers(world: &World, within: i64) -> usize {
    let until = world.now() + SignedDuration::from_secs(within);
    world.store().due_timers(0, "0", until, true).await.unwrap().timers.len()
}
