//! The supervisor, with a driver that does as it is told, on a clock that is turned.

use super::supervisor::Supervisor;
use super::{Backoff, Driver, Open, PublicUrl, Reason};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How an attempt goes.
enum Attempt {
    Opens(&'static str),
    Fails,
    FailsForGood,
    Hangs,
}

/// Follows a script; says when each attempt was made, and how to end what it opened.
struct Scripted {
    script: Mutex<VecDeque<Attempt>>,
    attempts: mpsc::UnboundedSender<Instant>,
    opened: mpsc::UnboundedSender<oneshot::Sender<Reason>>,
}

struct Stage {
    attempts: mpsc::UnboundedReceiver<Instant>,
    opened: mpsc::UnboundedReceiver<oneshot::Sender<Reason>>,
}

impl Driver for Scripted {
    fn open(&self) -> BoxFuture<'_, Result<Open, Reason>> {
        async move {
            self.attempts.send(Instant::now()).unwrap();
            let attempt = self.script.lock().unwrap().pop_front().expect("another attempt");
            match attempt {
                Attempt::Fails => Err(Reason::passing("not now")),
                Attempt::FailsForGood => Err(Reason::lasting("never")),
                Attempt::Hangs => std::future::pending().await,
                Attempt::Opens(url) => {
                    let (end, ended) = oneshot::channel();
                    self.opened.send(end).unwrap();
                    let close = CancellationToken::new();
                    let closed = close.clone();
                    let ended = async move {
                        tokio::select! {
                            reason = ended => reason.unwrap_or_else(|_| Reason::passing("dropped")),
                            () = closed.cancelled() => Reason::passing("closed"),
                        }
                    };
                    Ok(Open { urls: vec![url.to_owned()], ended: ended.boxed(), close })
                }
            }
        }
        .boxed()
    }

    fn last_words(&self) -> Option<String> {
        Some("its last words".to_owned())
    }
}

const WAIT: Duration = Duration::from_secs(30);

fn stage(script: impl IntoIterator<Item = Attempt>) -> (Supervisor, Stage) {
    let (attempts, made) = mpsc::unbounded_channel();
    let (opened, ends) = mpsc::unbounded_channel();
    let driver = Scripted { script: Mutex::new(script.into_iter().collect()), attempts, opened };
    let supervisor = Supervisor::new(Box::new(driver), vec![8090], WAIT, Backoff::default());
    (supervisor, Stage { attempts: made, opened: ends })
}

/// Pauses before each attempt but the first, in seconds, with the jitter taken out.
fn pauses(stage: &mut Stage) -> Vec<f64> {
    let mut times = Vec::new();
    while let Ok(time) = stage.attempts.try_recv() {
        times.push(time);
    }
    times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
}

fn about(pauses: &[f64], expected: &[f64]) {
    let near = |(pause, expected): (&f64, &f64)| (pause - expected).abs() <= expected * 0.2 + 0.01;
    assert!(pauses.len() == expected.len() && pauses.iter().zip(expected).all(near), "{pauses:?} {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn at_start_what_may_be_otherwise_is_tried_again() {
    let (supervisor, mut stage) = stage([Attempt::Fails, Attempt::Fails, Attempt::Opens("https://a.example")]);
    assert_eq!(supervisor.first().await.map(|open| open.urls).unwrap(), ["https://a.example"]);
    about(&pauses(&mut stage), &[1.0, 2.0]);
}

#[tokio::test(start_paused = true)]
async fn at_start_what_lasts_is_not_tried_again() {
    let (supervisor, mut stage) = stage([Attempt::FailsForGood]);
    assert_eq!(supervisor.first().await.err().unwrap(), "the gateway `g` can't be opened: never");
    assert!(pauses(&mut stage).is_empty());
}

#[tokio::test(start_paused = true)]
async fn at_start_nobody_waits_longer_than_they_said() {
    let began = Instant::now();
    let (supervisor, _stage) = stage([Attempt::Hangs]);
    let told = supervisor.first().await.err().unwrap();
    assert_eq!(told, "the gateway `g` can't be opened: it was not there within 30s: its last words");
    assert_eq!(began.elapsed(), WAIT);
    let (supervisor, _stage) = stage(std::iter::repeat_with(|| Attempt::Fails).take(100));
    assert_eq!(supervisor.first().await.err().unwrap(), "the gateway `g` can't be opened: not now");
    assert!(began.elapsed() <= WAIT * 2);
}

/// A gateway that is kept open, and what it publishes.
async fn kept(supervisor: Supervisor) -> (watch::Receiver<Arc<Vec<PublicUrl>>>, CancellationToken) {
    let open = supervisor.first().await.unwrap();
    let other = PublicUrl::new("other", "fake", 8090, "https://other.example");
    let first = PublicUrl::new("g", "fake", 8090, &open.urls[0]);
    let (publish, urls) = watch::channel(Arc::new(vec![first, other]));
    let stop = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "the supervisor is a task")]
    tokio::spawn(supervisor.keep(open, publish, stop.clone()));
    (urls, stop)
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_that_dies_is_opened_again_with_pauses_that_double() {
    use Attempt::{Fails, FailsForGood, Hangs, Opens};
    let script = [Opens("https://a.example"), Fails, FailsForGood, Hangs, Opens("https://b.example/")];
    let (supervisor, mut stage) = stage(script);
    let (mut urls, _stop) = kept(supervisor).await;
    stage.opened.recv().await.unwrap().send(Reason::passing("it died")).unwrap();
    urls.changed().await.unwrap();
    let seen = urls.borrow_and_update().clone();
    // In its old place, since of two gateways to one port the first counts.
    assert_eq!(
        *seen,
        [
            PublicUrl::new("g", "fake", 8090, "https://b.example"),
            PublicUrl::new("other", "fake", 8090, "https://other.example"),
        ]
    );
    // The one that hung took its whole time.
    about(&pauses(&mut stage), &[1.0, 2.0, 4.0, 30.0 + 8.0]);
}

#[tokio::test(start_paused = true)]
async fn one_that_opens_and_dies_at_once_is_not_opened_without_end() {
    let urls = ["https://a.example", "https://b.example", "https://c.example", "https://d.example"];
    let (supervisor, mut stage) = stage(urls.map(Attempt::Opens));
    let (mut urls, _stop) = kept(supervisor).await;
    for _ in 0..3 {
        stage.opened.recv().await.unwrap().send(Reason::passing("it died")).unwrap();
        urls.changed().await.unwrap();
    }
    about(&pauses(&mut stage), &[1.0, 2.0, 4.0]);
}

#[tokio::test(start_paused = true)]
async fn one_that_held_for_a_minute_is_opened_again_soon() {
    let urls = ["https://a.example", "https://b.example", "https://c.example"];
    let (supervisor, mut stage) = stage(urls.map(Attempt::Opens));
    let (mut urls, _stop) = kept(supervisor).await;
    for _ in 0..2 {
        let end = stage.opened.recv().await.unwrap();
        sleep(Duration::from_secs(60)).await;
        end.send(Reason::passing("it died")).unwrap();
        urls.changed().await.unwrap();
    }
    about(&pauses(&mut stage), &[61.0, 61.0]);
}

#[tokio::test(start_paused = true)]
async fn stopping_closes_it_and_opens_nothing_more() {
    let (supervisor, mut stage) = stage([Attempt::Opens("https://a.example")]);
    let (urls, stop) = kept(supervisor).await;
    let end = stage.opened.recv().await.unwrap();
    stop.cancel();
    // The task is over when nobody publishes any more.
    let mut urls = urls;
    assert!(urls.changed().await.is_err());
    assert!(end.is_closed());
}

#[test]
fn an_address_is_the_host_and_its_port() {
    let table = [
        ("https://a.ngrok.app", "a.ngrok.app"),
        ("https://a.ngrok.app/", "a.ngrok.app"),
        ("http://127.0.0.1:8090", "127.0.0.1:8090"),
        ("http://[::1]:8090/", "[::1]:8090"),
    ];
    for (url, address) in table {
        assert_eq!(PublicUrl::new("g", "ssh", 1, url).public_address, address);
    }
}
