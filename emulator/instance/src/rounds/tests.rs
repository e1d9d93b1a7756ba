use super::*;
use std::sync::Mutex;
use tokio::time::advance;

const S: Duration = Duration::from_secs(1);

/// The beginnings of all rounds, counted from the first one. The process is suspended for a minute after `held_up_after`.
async fn begun(held_up_after: Duration, work: Duration) -> Vec<Duration> {
    let (start, stopping, begun) = (Instant::now(), CancellationToken::new(), Mutex::new(Vec::new()));
    let rounds = async {
        while !stopping.is_cancelled() {
            let work = async {
                begun.lock().unwrap().push(start.elapsed());
                sleep(work).await;
            };
            round(work, 10 * S, &stopping).await;
        }
    };
    let suspension = async {
        sleep(held_up_after).await;
        advance(60 * S).await;
        sleep(30 * S).await;
        stopping.cancel();
    };
    tokio::join!(rounds, suspension);
    begun.into_inner().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_round_after_a_suspension_waits_for_what_came_meanwhile() {
    // In the pause, and in the middle of a round.
    for (held_up_after, work) in [(3 * S, Duration::ZERO), (3 * S, 5 * S)] {
        let begun = begun(held_up_after, work).await;
        assert!(begun[0] == Duration::ZERO && begun[1] >= 63 * S + CATCH_UP, "{begun:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn long_work_is_no_suspension() {
    let (start, stopping) = (Instant::now(), CancellationToken::new());
    round(sleep(60 * S), 10 * S, &stopping).await;
    assert_eq!(start.elapsed(), 70 * S);
}

#[test]
fn both_clocks_show_that_the_process_was_held_up() {
    let (at, wall) = (Instant::now(), Timestamp::UNIX_EPOCH);
    let late = |by_at: Duration, by_wall: Duration| Look::new(at, wall).again(at + by_at, wall + by_wall);
    assert_eq!(late(BEAT, BEAT), None);
    assert_eq!(late(BEAT + S, BEAT + S), None, "a busy machine is late too");
    assert_eq!(late(BEAT + 60 * S, BEAT + 60 * S), Some(60 * S));
    assert_eq!(late(BEAT, BEAT + 60 * S), Some(60 * S), "the machine slept");
    assert_eq!(Look::new(at, wall + 60 * S).again(at + BEAT, wall), None, "the wall clock was set back");
}
