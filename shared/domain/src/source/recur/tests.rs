use super::*;

const WINDOW: Option<Duration> = Some(Duration::from_secs(60));

fn judge(
    window: Option<Duration>,
    delivery: Option<&str>,
    after: i64,
    failed: bool,
    before: Option<&str>,
) -> Recurrence {
    let at = |second| Timestamp::from_second(1_000_000 + second).unwrap();
    let recognition = Recognition { window, delivery, now: at(after) };
    recognition.judge(&Earlier { accepted_at: at(0), failed, delivery: before })
}

#[test]
fn a_request_is_a_repetition_within_its_window_and_for_ever_without_one() {
    use Recurrence::{Again, Repetition};
    for (window, after, expected) in [
        (WINDOW, 0, Repetition),
        (WINDOW, 59, Repetition),
        (WINDOW, 60, Again),
        // The run before was accepted while a clock was ahead: a little makes no difference, much is another time.
        (WINDOW, -59, Repetition),
        (WINDOW, -60, Again),
        (None, 0, Repetition),
        (None, 100_000_000, Repetition),
        (None, -900_000, Repetition),
    ] {
        assert_eq!(judge(window, None, after, false, None), expected, "{window:?} {after}");
        assert_eq!(
            judge(window, None, after, true, None),
            expected,
            "{window:?} {after}: a failed run changes nothing"
        );
    }
}

#[test]
fn only_the_same_delivery_of_a_failed_run_runs_again() {
    use Recurrence::{Again, Repetition};
    for (now, failed, before, expected) in [
        (Some("d"), true, Some("d"), Again),
        (Some("d"), false, Some("d"), Repetition),
        (Some("e"), true, Some("d"), Repetition),
        (Some("d"), true, None, Repetition),
        (None, true, Some("d"), Repetition),
        (None, true, None, Repetition),
    ] {
        assert_eq!(judge(None, now, 5, failed, before), expected, "{now:?} {failed} {before:?}");
    }
}
