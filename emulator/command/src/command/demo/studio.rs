//! What the image service knows and does: which images it has begun, and how it calls back.

use super::exchange::{Answer, send};
use serde_json::json;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};

/// How it calls back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Once, when the image is done.
    Ordinary,
    /// Once, before it answers the request for the image.
    Impatient,
    /// Twice.
    Stuttering,
}

/// Its pace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// How long an image takes, at least.
    pace: Duration,
    /// An image is done only when somebody says so: on a busy machine a pace alone would decide what comes first.
    on_cue: bool,
    /// The number of the first image.
    first: u32,
}

/// Between the two callbacks of a stutterer: long enough to be told apart by eye.
const STUTTER: Duration = Duration::from_millis(60);

/// Something that it saw or did.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// When it began: a callback's answer may come after what the callback set going.
    pub(super) at: Instant,
    pub(super) image: String,
    pub(super) what: What,
}

/// What it was.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// An image was asked for; `again` with an idempotency key that it knows.
    Called { again: bool },
    /// It answers only now, after calling back.
    Answered,
    /// It called back, and this was the answer.
    CalledBack(Result<Answer, String>),
    /// An image was to be made smaller.
    Optimized { again: bool },
}

/// An image that is owed.
pub(super) struct Order {
    pub(super) image: String,
    pub(super) callback_url: String,
}

/// Its state.
pub(super) struct Studio {
    habits: Habits,
    memory: Mutex<Memory>,
    cue: Notify,
    seen: mpsc::UnboundedSender<Seen>,
    client: reqwest::Client,
}

struct Memory {
    manner: Manner,
    /// Images, and images made smaller, by the idempotency key of the request for them.
    by_key: HashMap<String, String>,
    begun: HashMap<String, Instant>,
}

impl Habits {
    /// For the story.
    pub(super) fn on_stage() -> Self {
        Self { pace: Duration::from_millis(250), on_cue: true, first: 1 }
    }

    /// For people at a terminal. Its numbers don't begin at 1, so that those of an earlier start aren't used again.
    pub(super) fn by_hand() -> Self {
        Self { pace: Duration::from_secs(2), on_cue: false, first: rand::random_range(1_000..900_000) }
    }
}

impl Studio {
    pub(super) fn new(habits: Habits, seen: mpsc::UnboundedSender<Seen>, client: reqwest::Client) -> Self {
        let memory = Memory { manner: Manner::Ordinary, by_key: HashMap::new(), begun: HashMap::new() };
        Self { habits, memory: Mutex::new(memory), cue: Notify::new(), seen, client }
    }

    pub(super) fn manner(&self) -> Manner {
        self.memory().manner
    }

    pub(super) fn behave(&self, manner: Manner) {
        self.memory().manner = manner;
    }

    /// The image in work may be done.
    pub(super) fn cue(&self) {
        self.cue.notify_one();
    }

    /// The image of a request, and whether it is a repeated one. A repetition begins nothing.
    pub(super) fn begin(&self, key: Option<&str>) -> (String, bool) {
        let mut memory = self.memory();
        if let Some(image) = key.and_then(|key| memory.by_key.get(key)) {
            return (image.clone(), true);
        }
        let number = u64::from(self.habits.first) + memory.begun.len() as u64;
        let image = format!("img-{number}");
        memory.begun.insert(image.clone(), Instant::now());
        memory.by_key.extend(key.map(|key| (key.to_owned(), image.clone())));
        (image, false)
    }

    /// Whether a request to make an image smaller is a repeated one.
    pub(super) fn knows(&self, key: Option<&str>, image: &str) -> bool {
        key.is_some_and(|key| self.memory().by_key.insert(key.to_owned(), image.to_owned()).is_some())
    }

    /// Whether an image is done; `None` if it was never asked for.
    pub(super) fn is_done(&self, image: &str) -> Option<bool> {
        self.memory().begun.get(image).map(|begun| begun.elapsed() >= self.habits.pace)
    }

    /// Makes an image, and calls back in its manner.
    pub(super) async fn fulfil(&self, order: &Order) {
        tokio::time::sleep(self.habits.pace).await;
        if self.habits.on_cue {
            self.cue.notified().await;
        }
        self.call_back(order).await;
        if self.manner() == Manner::Stuttering {
            tokio::time::sleep(STUTTER).await;
            self.call_back(order).await;
        }
    }

    pub(super) async fn call_back(&self, Order { image, callback_url }: &Order) {
        let output = json!({"url": image_url(image), "width": 1024, "height": 1024});
        let body = json!({"task_id": image, "status": "completed", "output": output});
        let at = Instant::now();
        let answer = send(self.client.post(callback_url).json(&body)).await;
        self.see_at(at, image, What::CalledBack(answer));
    }

    /// Tells whoever watches.
    pub(super) fn see(&self, image: &str, what: What) {
        self.see_at(Instant::now(), image, what);
    }

    fn see_at(&self, at: Instant, image: &str, what: What) {
        // Nobody watches any more at the end.
        let _ = self.seen.send(Seen { at, image: image.to_owned(), what });
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an image can be had, if it could.
pub(super) fn image_url(image: &str) -> String {
    format!("https://images.example/{image}.png")
}

/// Bytes before and after: of each image its own, so that a mix-up shows.
pub(super) fn sizes(image: &str) -> (u64, u64) {
    let number = image.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap_or(0) % 1_000;
    (1_400_000 + number * 48_611, 410_000 + number * 9_973)
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { image, what, at: _ } = self;
        match what {
            What::Called { again: false } => write!(f, "POST /v1/generate: {image} is begun"),
            What::Called { again: true } => write!(f, "POST /v1/generate: {image} once more, same idempotency key"),
            What::Answered => write!(f, "POST /v1/generate is answered: 202, {image}"),
            What::CalledBack(Ok(answer)) => write!(f, "called back about {image}: {answer}"),
            What::CalledBack(Err(reason)) => write!(f, "called back about {image}: {reason}"),
            What::Optimized { again: false } => write!(f, "POST /optimize: {image} made smaller"),
            What::Optimized { again: true } => write!(f, "POST /optimize: {image} once more, same idempotency key"),
        }
    }
}
