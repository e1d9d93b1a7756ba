//! The retry policy, as properties.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn settings(more: &serde_json::Value) -> Settings {
    let mut fields = json!({"url": "https://example.com/", "events": ["*"]});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Settings::read(fields.as_object().unwrap().clone(), None).unwrap()
}

fn attempt(status: Option<u16>, error: Option<ErrorClass>, retry_after: Option<u64>) -> Attempt {
    Attempt {
        at: Timestamp::UNIX_EPOCH,
        took_ms: 1,
        status,
        error,
        retry_after,
        request_headers: vec![("a".into(), "b".into())],
        response_body: "no".into(),
        truncated: false,
    }
}

fn delivery() -> Delivery {
    let id = DeliveryId::parse("c.evt_1.ep_1").unwrap();
    Delivery::new(id, EventType::parse("a.b").unwrap(), Timestamp::UNIX_EPOCH)
}

/// Plays attempts, each when it is due, until the delivery ends; the pauses in seconds.
fn play(settings: &Settings, attempts: impl Iterator<Item = Attempt>, jitter: f64) -> (Delivery, Vec<f64>) {
    let (mut delivery, mut now, mut pauses) = (delivery(), Timestamp::UNIX_EPOCH, Vec::new());
    for attempt in attempts {
        let (after, next) = delivery.record(attempt, settings, now, jitter);
        delivery = after;
        let Next::Retry(due) = next else { break };
        pauses.push(due.duration_since(now).as_secs_f64());
        now = due;
    }
    (delivery, pauses)
}

#[test]
fn the_default_schedule_is_ten_attempts_over_three_days() {
    let failing = std::iter::repeat_with(|| attempt(Some(500), None, None));
    // A third of the way from 0.9 to 1.2 multiplies by one.
    let (delivery, pauses) = play(&settings(&json!({})), failing, 1.0 / 3.0);
    let expected: Vec<f64> = SCHEDULE.iter().map(|seconds| *seconds as f64).collect();
    assert!(pauses.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3), "{pauses:?}");
    assert_eq!((pauses.len(), delivery.attempts, delivery.status()), (9, 10, "exhausted"));
    assert!(matches!(delivery.state, State::Exhausted { why: GaveUp::Tries, .. }));
}

#[test]
fn an_endpoints_own_delay_doubles_and_its_retries_are_counted_after_the_first_attempt() {
    let failing = std::iter::repeat_with(|| attempt(None, Some(ErrorClass::Connect), None));
    let (delivery, pauses) = play(&settings(&json!({"retry_delay": 60, "max_retries": 3})), failing, 1.0 / 3.0);
    assert!(pauses.iter().zip([60.0, 120.0, 240.0]).all(|(a, b)| (a - b).abs() < 1e-3), "{pauses:?}");
    assert_eq!((pauses.len(), delivery.attempts), (3, 4));
    let none = play(&settings(&json!({"max_retries": 0})), std::iter::once(attempt(Some(503), None, None)), 0.5);
    assert!(none.1.is_empty() && none.0.status() == "exhausted");
}

#[test]
fn only_2xx_is_success_and_what_can_not_help_is_not_repeated() {
    let after = |a: Attempt| delivery().record(a, &settings(&json!({})), Timestamp::UNIX_EPOCH, 0.5).1;
    for status in [200, 201, 204, 299] {
        assert_eq!(after(attempt(Some(status), None, None)), Next::Done, "{status}");
    }
    for status in [100, 199, 301, 302, 304, 400, 401, 404, 429, 500, 503] {
        assert!(matches!(after(attempt(Some(status), None, None)), Next::Retry(_)), "{status}");
    }
    assert_eq!(after(attempt(Some(410), None, None)), Next::GiveUp(GaveUp::Gone));
    for error in [ErrorClass::ForbiddenAddress, ErrorClass::BadUrl, ErrorClass::BadHeader] {
        assert_eq!(after(attempt(None, Some(error), None)), Next::GiveUp(GaveUp::Permanent));
    }
    // An answer whose body broke off is none.
    assert!(matches!(after(attempt(Some(200), Some(ErrorClass::Protocol), None)), Next::Retry(_)));
}

#[test]
fn a_replay_is_a_new_round_and_asking_twice_is_asking_once() {
    let failing = std::iter::repeat_with(|| attempt(Some(500), None, None));
    let (delivery, _) = play(&settings(&json!({"max_retries": 1})), failing, 0.5);
    assert_eq!((delivery.attempts, delivery.owed()), (2, None));
    let again = delivery.replay(Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(again.owed(), Some(3));
    assert_eq!(again.clone().replay(Timestamp::UNIX_EPOCH), None);
    let (again, next) =
        again.record(attempt(Some(500), None, None), &settings(&json!({"max_retries": 1})), Timestamp::UNIX_EPOCH, 0.5);
    assert!(matches!(next, Next::Retry(_)));
    assert_eq!(again.attempts, 3);
}

#[test]
fn what_somebody_asks_for_is_due_now_and_stays_asked_for_until_it_is_made() {
    let at = |seconds| Timestamp::from_second(seconds).unwrap();
    let id = DeliveryId::parse("c.evt_1.ep_1").unwrap();
    let pending = Delivery::new(id, EventType::parse("job.failed").unwrap(), at(0)).hold(at(30), Held::Breaker);
    let asked = pending.ask(at(10)).unwrap();
    assert_eq!((&asked.state, asked.asked, asked.owed()), (&State::Pending { due: at(10), held: None }, true, Some(1)));
    assert_eq!(asked.clone().ask(at(10)), None);
    assert_eq!(asked.clone().ask(at(20)), None);
    let held = asked.hold(at(15), Held::Breaker);
    assert!(held.asked);
    let settings = settings(&json!({"max_retries": 1}));
    let (failed, _) = held.record(attempt(Some(500), None, None), &settings, at(15), 0.5);
    assert!(!failed.asked);
    // It is a new round: this one's tries don't count in it.
    let again = failed.ask(at(16)).unwrap();
    assert_eq!((again.tries, again.attempts), (0, 1));
    let (given_up, _) =
        again.give_up(GaveUp::Tries, at(17)).record(attempt(Some(410), None, None), &settings, at(17), 0.5);
    assert!(given_up.ask(at(18)).unwrap().asked);
}

#[test]
fn a_slot_is_kept_until_the_attempt_is_made_or_somebody_asks() {
    let at = |seconds| Timestamp::from_second(seconds).unwrap();
    let id = DeliveryId::parse("c.evt_1.ep_1").unwrap();
    let new = Delivery::new(id, EventType::parse("job.failed").unwrap(), at(0));
    assert!(!new.has_slot());
    for (why, slot) in [(Held::RateLimit, true), (Held::Lane, true), (Held::Breaker, false)] {
        let held = new.clone().hold(at(30), why);
        assert_eq!((held.has_slot(), &held.state), (slot, &State::Pending { due: at(30), held: Some(why) }), "{why:?}");
        assert!(!held.clone().ask(at(1)).unwrap().has_slot());
        let (failed, next) = held.record(attempt(Some(500), None, None), &settings(&json!({})), at(30), 0.5);
        assert!(matches!(next, Next::Retry(_)) && !failed.has_slot(), "each attempt has a slot of its own");
    }
}

#[test]
fn what_was_stored_before_holds_had_a_reason_is_read_and_nothing_is_added_where_there_is_none() {
    let state: State = serde_json::from_value(json!({"state": "pending", "due": "2026-01-02T03:04:05Z"})).unwrap();
    let due = "2026-01-02T03:04:05Z".parse().unwrap();
    assert_eq!(state, State::Pending { due, held: None });
    assert_eq!(serde_json::to_value(state).unwrap(), json!({"state": "pending", "due": "2026-01-02T03:04:05Z"}));
    let held = State::Pending { due, held: Some(Held::RateLimit) };
    let stored = serde_json::to_value(&held).unwrap();
    assert_eq!(stored["held"], "rate_limit");
    assert_eq!(serde_json::from_value::<State>(stored).unwrap(), held);
}

#[test]
fn the_log_stays_small_and_its_newest_entries_whole() {
    let failing = std::iter::repeat_with(|| attempt(Some(500), None, None));
    let (delivery, _) = play(&settings(&json!({"max_retries": 50, "retry_delay": 1})), failing, 0.5);
    assert_eq!((delivery.attempts, delivery.log.len()), (51, KEPT));
    let whole = delivery.log.iter().filter(|a| !a.response_body.is_empty() && !a.request_headers.is_empty()).count();
    assert_eq!(whole, WHOLE);
}

#[test]
fn classes_have_stable_codes_and_four_are_permanent() {
    for class in ErrorClass::ALL {
        let stored = serde_json::to_value(class).unwrap();
        assert_eq!(stored, class.as_str());
        assert_eq!(serde_json::from_value::<ErrorClass>(stored).unwrap(), class);
    }
    let permanent: Vec<&str> =
        ErrorClass::ALL.into_iter().filter(|class| class.is_permanent()).map(ErrorClass::as_str).collect();
    assert_eq!(permanent, ["forbidden_address", "bad_url", "bad_header", "bad_secret"]);
}

proptest! {
    #[test]
    fn a_pause_is_within_its_jitter_never_below_what_was_asked_for_and_never_above_a_day(
        tries in 1_u32..60, retry_delay in prop::option::of(1_u32..=86_400), retries in prop::option::of(0_u32..=50),
        asked in prop::option::of(any::<u64>()), jitter in 0.0..1.0_f64,
    ) {
        let settings = settings(&json!({"retry_delay": retry_delay, "max_retries": retries}));
        let pause = delay(tries, &settings, asked, jitter);
        prop_assert_eq!(pause.is_none(), tries > retries.unwrap_or(9));
        if let Some(pause) = pause {
            let base = match retry_delay {
                Some(first) => f64::from(first) * 2_f64.powi(tries as i32 - 1),
                None => SCHEDULE[(tries as usize - 1).min(8)] as f64,
            };
            let (pause, day) = (pause.as_secs_f64(), 86_400.0);
            prop_assert!(pause <= day);
            prop_assert!(pause >= (base * 0.9).min(day) - 1e-6);
            let asked = asked.map_or(0.0, |asked| asked as f64).min(day);
            prop_assert!(pause >= asked);
            prop_assert!(pause <= (base * 1.2).min(day).max(asked) + 1e-6);
        }
    }

    #[test]
    fn whatever_comes_the_delivery_ends_after_its_tries_or_at_the_first_success(
        outcomes in prop::collection::vec((prop::option::of(100_u16..600), prop::option::of(0_u64..100)), 1..80),
        retries in 0_u32..=50,
    ) {
        let attempts = outcomes.iter().map(|(status, after)| {
            attempt(*status, status.is_none().then_some(ErrorClass::Timeout), *after)
        });
        let (delivery, pauses) = play(&settings(&json!({"max_retries": retries})), attempts, 0.5);
        prop_assert!(delivery.tries <= retries + 1);
        prop_assert_eq!(delivery.attempts as usize, delivery.log.len().max(delivery.attempts as usize));
        let won = outcomes.iter().position(|(status, _)| status.is_some_and(|s| (200..300).contains(&s)));
        match delivery.state {
            State::Delivered { .. } => prop_assert_eq!(won, Some(pauses.len())),
            State::Exhausted { why: GaveUp::Tries, .. } => prop_assert_eq!(delivery.tries, retries + 1),
            State::Exhausted { why, .. } => prop_assert_eq!(why, GaveUp::Gone),
            State::Pending { .. } => prop_assert_eq!(pauses.len(), outcomes.len()),
        }
    }
}
