use super::*;
use futures_util::FutureExt;
use std::pin::Pin;
use std::time::Duration;

const QUICKLY: End = End::Answered(Duration::from_millis(8));

fn endpoint(n: u8) -> EndpointId {
    EndpointId::random([n; 12])
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap()
}

/// What is given at once, at that time.
fn entered(lanes: &Lanes, n: u8, now: Timestamp) -> Option<Entry> {
    lanes.enter(&endpoint(n), now, false).now_or_never()
}

fn place(lanes: &Lanes, n: u8) -> Place {
    match entered(lanes, n, at(0)) {
        Some(Entry::Place(place)) => place,
        other => panic!("no place: {other:?}"),
    }
}

fn slot(lanes: &Lanes, n: u8, now: Timestamp) -> Timestamp {
    match entered(lanes, n, now) {
        Some(Entry::Later(slot)) => slot,
        other => panic!("no slot: {other:?}"),
    }
}

/// Those in line that have a place by now.
fn admitted(line: &mut Vec<Pin<Box<impl Future<Output = Entry>>>>) -> Vec<Place> {
    let mut given = Vec::new();
    line.retain_mut(|waiting| match waiting.as_mut().now_or_never() {
        Some(Entry::Place(place)) => {
            given.push(place);
            false
        }
        Some(Entry::Later(slot)) => panic!("a slot for what stands in line: {slot}"),
        None => true,
    });
    given
}

fn is_empty(lanes: &Lanes) -> bool {
    lanes.lock().is_empty()
}

#[test]
fn the_first_in_line_has_the_place_of_the_first_that_ends_and_other_endpoints_are_not_touched() {
    let lanes = Lanes::with_line(100);
    let mut places: Vec<Place> = (0..FIRST).map(|_| place(&lanes, 1)).collect();
    let one = endpoint(1);
    let mut line: Vec<_> = (0..5).map(|_| Box::pin(lanes.enter(&one, at(0), false))).collect();
    assert!(line.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
    assert!(!place(&lanes, 2).waited);
    while !line.is_empty() {
        drop(places.pop());
        let overtaking = line.iter_mut().skip(1).filter_map(|waiting| waiting.as_mut().now_or_never()).count();
        assert_eq!(overtaking, 0, "nothing overtakes the first");
        let Some(Entry::Place(place)) = line.remove(0).as_mut().now_or_never() else {
            panic!("the first has no place")
        };
        assert!(place.waited);
        places.push(place);
    }
    drop((line, places));
    assert!(is_empty(&lanes));
}

#[test]
fn what_finds_the_line_full_has_a_slot_behind_all_others_and_so_has_what_comes_before_them() {
    let lanes = Lanes::with_line(1);
    let places: Vec<Place> = (0..FIRST).map(|_| place(&lanes, 1)).collect();
    let one = endpoint(1);
    let mut in_line = Box::pin(lanes.enter(&one, at(0), false));
    assert!(in_line.as_mut().now_or_never().is_none());
    let slots: Vec<Timestamp> = (0..50).map(|n| slot(&lanes, 1, at(n))).collect();
    assert!(slots.first() >= Some(&at(1_000)) && slots.is_sorted_by(|one, next| one < next), "{slots:?}");
    // All ends; still nothing goes before those slots, but what comes at its slot.
    drop((places, in_line));
    assert!(!is_empty(&lanes));
    let next = slot(&lanes, 1, at(60));
    assert!(Some(&next) > slots.last());
    let comes = lanes.enter(&one, at(1_000), true).now_or_never();
    assert!(matches!(comes, Some(Entry::Place(_))), "{comes:?}");
    // Once the last slot is over, so is that.
    drop(comes);
    drop(entered(&lanes, 1, at(60_000)).filter(|entry| matches!(entry, Entry::Place(_))).expect("a place"));
    assert!(is_empty(&lanes));
}

#[test]
fn slots_are_as_far_apart_as_attempts_end() {
    let lanes = Lanes::with_line(0);
    let mut places: Vec<Place> = (0..FIRST).map(|_| place(&lanes, 1)).collect();
    for _ in 0..100 {
        places.pop().unwrap().ended(End::Answered(Duration::from_millis(320)), at(0));
        places.push(place(&lanes, 1));
    }
    let apart = |now| slot(&lanes, 1, now).duration_since(slot(&lanes, 1, now)).abs().as_millis();
    assert_eq!(apart(at(0)), 10, "320 ms in {FIRST} places");
    assert_eq!(apart(at(3_200)), 100, "nothing has ended for 3.2 s");
}

#[test]
fn it_widens_while_answers_are_quick_and_others_wait_and_narrows_after_failures() {
    let lanes = Lanes::with_line(1_000);
    let places: Vec<Place> = (0..FIRST).map(|_| place(&lanes, 1)).collect();
    let one = endpoint(1);
    let mut line: Vec<_> = (0..300).map(|_| Box::pin(lanes.enter(&one, at(0), false))).collect();
    assert!(line.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
    places.into_iter().for_each(|place| place.ended(QUICKLY, at(8)));
    let wide = admitted(&mut line);
    assert_eq!(wide.len(), WIDEST, "each that ended gave its place and widened the lane, up to its bound");
    wide.into_iter().for_each(|place| place.ended(End::Failed, at(9)));
    let half = admitted(&mut line);
    assert_eq!(half.len(), WIDEST / 2, "all of them failed at once");
    half.into_iter().for_each(|place| place.ended(End::Failed, at(10)));
    let narrow = admitted(&mut line);
    assert!((NARROWEST..=WIDEST / 4).contains(&narrow.len()), "{}", narrow.len());
    // An attempt that is dropped while it stands in line leaves no trace.
    drop(line);
    drop(narrow);
    assert!(is_empty(&lanes));
}
