//! The sweep of many timers, of timers that no longer matter, and of none: how far it comes, and what it writes.

use application::app::{App, Outside};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::config::RouteId;
use domain::id::RunId;
use domain::run::JobPath;
use domain::wait::{Arrival, ArrivalId, Verdict, WaitKey, Waiter};
use jiff::{SignedDuration, Timestamp};
use local_aws::fault::{Answer, Call, Fault, Faults};
use local_aws::{Aws, AwsOptions};
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use platform::store::{Deadline, Placed, Store, Timer};
use ringback_tests::ManualClock;
use serde_json::{Map, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use sweep::{BUDGET, Sweeper};
use tokio::sync::Notify;

/// More than two pages of timers hold.
const MANY: usize = 1200;
/// Due by then, for longer than the margin.
const LATER: Duration = Duration::from_secs(3 * 3600);

#[tokio::test]
async fn a_backlog_longer_than_a_sweeps_time_is_swept_by_several_each_timer_once() {
    let world = World::new(1);
    world.open(MANY).await;
    // Each write takes a second of a minute.
    world.weather.takes_ms.store(1000, Ordering::Relaxed);
    let mut sweeps = 0;
    // None has the memory of the one before.
    while Sweeper::default().sweep_within(&world.app, SignedDuration::from_mins(1)).await.unwrap() > 0 {
        sweeps += 1;
        assert!(sweeps <= MANY, "they come no further");
    }
    assert_eq!(world.open_waits(MANY).await, 0);
    assert!((MANY / 100..=MANY / 50).contains(&sweeps), "each had time for about 60: {sweeps}");
    // Each wait was written to once, and the cursor at each sweep's end, and after each full page.
    let writes = world.weather.updates();
    assert!((MANY + sweeps..=MANY + sweeps + MANY / 500).contains(&writes), "{writes} writes in {sweeps} sweeps");
}

#[tokio::test]
async fn a_write_that_fails_holds_up_its_own_shard_at_its_own_timer_alone() {
    const SHARDS: u8 = 4;
    let world = World::new(SHARDS);
    world.open(200).await;
    world.weather.fails.store(100, Ordering::Relaxed);
    Sweeper::default().sweep(&world.app).await.unwrap_err();
    assert_eq!(world.open_waits(200).await, 1, "all but the one whose write failed");
    // The others are told by a read to be over: the next write is that one's again.
    world.weather.fails.store(world.weather.updates() + 1, Ordering::Relaxed);
    Sweeper::default().sweep(&world.app).await.unwrap_err();
    let cursors = world.app.store.cursors().await.unwrap();
    let held: Vec<_> = cursors.into_iter().filter(|cursor| cursor.settled != cursor.announced).collect();
    let [held] = held.try_into().expect("one shard");
    let timers =
        async |from: &str| world.app.store.due_timers(held.shard, from, world.app.now(), true).await.unwrap().timers;
    let left = timers(&held.settled).await;
    assert_eq!(left[0].0, held.settled, "the cursor waits at that timer");
    let before = timers("0").await.len() - left.len();
    assert!(before > 10, "the others of its shard before it are passed: {before}");
    // Whoever comes next, without memory, begins there.
    assert_eq!(Sweeper::default().sweep(&world.app).await.unwrap(), left.len());
    assert_eq!(world.open_waits(200).await, 0);
}

#[tokio::test]
async fn a_sweep_that_is_killed_loses_nothing_and_keeps_its_full_pages() {
    let world = World::new(1);
    world.open(MANY).await;
    // The third page is under way.
    world.weather.tells.store(1100, Ordering::Relaxed);
    let sweeper = Sweeper::default();
    tokio::select! {
        biased;
        () = world.weather.told.notified() => {}
        swept = sweeper.sweep(&world.app) => panic!("it ended: {swept:?}"),
    }
    let open = world.open_waits(MANY).await;
    assert!(open > 0, "it was killed on its way");
    let left = world.left().await;
    assert!((open..=MANY - 1000).contains(&left), "{open} are open, and {left} will be looked at");
    assert_eq!(Sweeper::default().sweep(&world.app).await.unwrap(), left);
    assert_eq!(world.open_waits(MANY).await, 0);
}

#[tokio::test]
async fn a_sweep_that_finds_nothing_writes_nothing() {
    let world = World::new(4);
    for _ in 0..3 {
        assert_eq!(Sweeper::default().sweep(&world.app).await.unwrap(), 0);
        world.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(world.weather.updates(), 0);
    world.open(100).await;
    let sweeper = Sweeper::default();
    assert_eq!(sweeper.sweep(&world.app).await.unwrap(), 100);
    assert_eq!(world.weather.updates(), 101, "all cursors are one write");
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(sweeper.sweep(&world.app).await.unwrap(), 0);
    }
    assert_eq!(world.weather.updates(), 102, "what was announced is settled, and then nothing is written");
}

/// Writes that are under way at the end, with the SDK's tries of each, have the rest.
#[test]
fn the_function_is_ended_well_after_its_sweep_has() {
    let package = include_str!("../../functions/sweep/Cargo.toml");
    let timeout = package.lines().find_map(|line| line.strip_prefix("timeout = ")).unwrap();
    assert!(BUDGET + SignedDuration::from_secs(10) <= SignedDuration::from_secs(timeout.parse().unwrap()));
}

#[tokio::test]
async fn the_one_cursor_of_old_holds_for_shards_without_their_own() {
    let world = World::new(2);
    world.open(50).await;
    let (store, due) = (&world.app.store, world.due(20));
    let put = world.aws.dynamodb().put_item().table_name("ringback");
    let put = put.item("pk", AttributeValue::S("sweep".to_owned())).item("sk", AttributeValue::S("cursor".to_owned()));
    put.item("through", AttributeValue::N(due.as_millisecond().to_string())).send().await.unwrap();
    let own = Store::timer_key(world.due(30), SignedDuration::ZERO);
    let through = Store::timer_key(due, SignedDuration::ZERO);
    let [first, second] = store.cursors().await.unwrap().try_into().unwrap();
    assert_eq!((&first.settled, &first.announced, first.moves), (&through, &through, 0));
    let announced = second.moved(&own, &own);
    assert!(store.move_cursor(&announced).await.unwrap());
    assert!(store.move_cursor(&announced.moved(&own, &own)).await.unwrap());
    assert_eq!(store.cursors().await.unwrap()[1].settled, own);
    let left = world.left().await;
    assert!((20..30).contains(&left), "{left}");
    assert_eq!(Sweeper::default().sweep(&world.app).await.unwrap(), left);
    assert_eq!(world.open_waits(50).await, 50 - left);
}

#[tokio::test]
async fn a_deadline_whose_callback_came_is_not_written_to() {
    let world = World::new(1);
    world.open(10).await;
    for n in 0..9 {
        world.call_back(n).await;
    }
    let before = world.weather.updates();
    assert_eq!(Sweeper::default().sweep(&world.app).await.unwrap(), 10);
    assert_eq!(world.weather.updates() - before, 2, "the tenth, and the cursor");
    assert_eq!(world.open_waits(10).await, 0);
}

/// As where a role has no right to it.
#[tokio::test]
async fn deadlines_come_to_pass_where_nobody_can_tell_which_are_moot() {
    let world = World::new(1);
    world.open(10).await;
    world.call_back(0).await;
    world.weather.refuses_batches.store(1, Ordering::Relaxed);
    let before = world.weather.updates();
    assert_eq!(Sweeper::default().sweep(&world.app).await.unwrap(), 10);
    assert_eq!(world.weather.updates() - before, 11);
    assert_eq!(world.open_waits(10).await, 0);
}

/// The timer comes first, and the wait a moment later: a sweep may come between them.
#[tokio::test]
async fn a_wait_that_is_opened_after_its_timer_was_swept_is_closed_all_the_same() {
    let world = World::new(1);
    let (sweeper, due) = (Sweeper::default(), world.app.now());
    world.add_timer(0, due).await;
    assert_eq!(sweeper.sweep(&world.app).await.unwrap(), 1);
    world.app.store.open_wait(&wait(0), &waiter(0), due).await.unwrap();
    world.clock.advance(Duration::from_secs(59));
    sweeper.sweep(&world.app).await.unwrap();
    assert_eq!(world.open_waits(1).await, 0);
}

/// However long the wait takes to be opened: the cursor has passed the timer by then.
#[tokio::test]
async fn a_wait_that_is_opened_after_its_timer_was_passed_takes_the_cursor_back() {
    let world = World::new(1);
    let (store, due) = (&world.app.store, world.app.now());
    let placed = world.put_timer(0, due).await;
    for _ in 0..4 {
        world.clock.advance(Duration::from_secs(60));
        Sweeper::default().sweep(&world.app).await.unwrap();
    }
    assert_eq!(world.left().await, 0, "it was passed");
    store.open_wait(&wait(0), &waiter(0), due).await.unwrap();
    store.keep_cursor_behind(&placed).await.unwrap();
    assert_eq!(Sweeper::default().sweep(&world.app).await.unwrap(), 1);
    assert_eq!(world.open_waits(1).await, 0);
}

#[tokio::test]
async fn a_refused_write_is_repeated_until_its_timer_is_passed_and_not_longer() {
    let world = World::new(1);
    let (sweeper, due) = (Sweeper::default(), world.app.now());
    world.add_timer(0, due).await;
    // Seen; seen and announced; seen again and passed.
    for swept in [1, 1, 1, 0] {
        world.clock.advance(Duration::from_secs(31));
        assert_eq!(sweeper.sweep(&world.app).await.unwrap(), swept);
    }
}

fn wait(n: usize) -> WaitKey {
    WaitKey { route: RouteId("POST /done".to_owned()), key: format!("k{n}") }
}

fn waiter(n: usize) -> Waiter {
    Waiter { run: RunId::keyed("sweeps", &n.to_string()), job: JobPath::new("ask"), attempt: 1 }
}

/// What the calls to the table come to.
#[derive(Debug)]
struct Weather {
    clock: ManualClock,
    updates: AtomicUsize,
    /// What each change of an item takes.
    takes_ms: AtomicUsize,
    /// Which of them fails, from 1.
    fails: AtomicUsize,
    /// Which of them is told of.
    tells: AtomicUsize,
    told: Notify,
    refuses_batches: AtomicUsize,
}

impl Weather {
    fn updates(&self) -> usize {
        self.updates.load(Ordering::Relaxed)
    }
}

impl Faults for Weather {
    fn strike(&self, call: Call<'_>) -> Option<Fault> {
        let is = |number: &AtomicUsize, count| number.load(Ordering::Relaxed) == count;
        match call.operation {
            "UpdateItem" => {
                let count = self.updates.fetch_add(1, Ordering::Relaxed) + 1;
                self.clock.advance(Duration::from_millis(self.takes_ms.load(Ordering::Relaxed) as u64));
                if is(&self.tells, count) {
                    self.told.notify_one();
                }
                is(&self.fails, count).then_some(Fault::Before(Answer::Throttled))
            }
            "BatchGetItem" if is(&self.refuses_batches, 1) => Some(Fault::Before(Answer::Internal)),
            _ => None,
        }
    }
}

struct World {
    app: App,
    aws: Aws,
    clock: ManualClock,
    weather: Arc<Weather>,
    began: Timestamp,
}

impl World {
    fn new(shards: u8) -> Self {
        let clock = ManualClock::new();
        let number = AtomicUsize::default;
        let weather = Arc::new(Weather {
            clock: clock.clone(),
            updates: number(),
            takes_ms: number(),
            fails: number(),
            tells: number(),
            told: Notify::new(),
            refuses_batches: number(),
        });
        let faults: Option<Arc<dyn Faults>> = Some(weather.clone());
        let aws = Aws::open(AwsOptions { faults, ..AwsOptions::in_memory("ringback") }).unwrap();
        let table = crate::found_by_simulation::without_retries(&aws.dynamodb());
        let settings = Settings { shards, ..Settings::default() };
        let outside = Outside {
            clock: Arc::new(clock.clone()),
            ..Outside::through(
                table,
                aws.sqs(),
                settings,
                Sender::new(1 << 20, Default::default()).unwrap(),
                Some(Arc::new(KeyRing::generate())),
            )
        };
        let config = domain::config::load("{}", "ringback.yml").config.unwrap();
        let surroundings = domain::run::Surroundings::of(&config, Map::new(), |_| None);
        let app = App::new(outside, Arc::new(config), surroundings).unwrap();
        Self { app, aws, began: clock.time(), clock, weather }
    }

    fn due(&self, n: usize) -> Timestamp {
        self.began + SignedDuration::from_hours(1) + SignedDuration::from_millis(i64::try_from(n).unwrap())
    }

    async fn add_timer(&self, n: usize, due: Timestamp) {
        let placed = self.put_timer(n, due).await;
        self.app.store.keep_cursor_behind(&placed).await.unwrap();
    }

    async fn put_timer(&self, n: usize, due: Timestamp) -> Placed {
        let timer = Timer::Wait(Deadline { wait: wait(n), waiter: Some(waiter(n)) });
        self.app.store.put_timer(due, &timer).await.unwrap()
    }

    /// Opens so many waits, one deadline a millisecond, which have all passed when it returns; and counts from there.
    async fn open(&self, count: usize) {
        for n in 0..count {
            self.add_timer(n, self.due(n)).await;
            self.app.store.open_wait(&wait(n), &waiter(n), self.due(n)).await.unwrap();
        }
        self.clock.advance(LATER);
        self.weather.updates.store(0, Ordering::Relaxed);
    }

    async fn call_back(&self, n: usize) {
        let arrival = Arrival { verdict: Verdict::Success, result: json!(1) };
        self.app.store.receive_callback(&wait(n), &arrival, &ArrivalId::read("1"), self.began).await.unwrap();
    }

    /// How many of the first so many have not ended.
    async fn open_waits(&self, count: usize) -> usize {
        let mut open = 0;
        for n in 0..count {
            open += usize::from(self.app.store.ended_wait(&wait(n)).await.unwrap().is_none());
        }
        open
    }

    /// How many timers the next sweep will find.
    async fn left(&self) -> usize {
        let mut left = 0;
        for cursor in self.app.store.cursors().await.unwrap() {
            let mut after = cursor.settled;
            loop {
                let page = self.app.store.due_timers(cursor.shard, &after, self.app.now(), true).await.unwrap();
                left += page.timers.len();
                let Some(next) = page.next else { break };
                after = next;
            }
        }
        left
    }
}
