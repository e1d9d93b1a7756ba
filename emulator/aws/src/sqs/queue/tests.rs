use proptest::prelude::*;

use super::*;

const VISIBILITY: Duration = Duration::from_secs(30);

fn message(id: &str, group: Option<&str>) -> Outgoing {
    Outgoing {
        id: id.into(),
        body: "".into(),
        attributes: Arc::default(),
        group: group.map(Into::into),
        sent_at_ms: 0,
        debt: None,
    }
}

fn ids(received: &Received) -> Vec<&str> {
    received.deliveries.iter().map(|delivery| &*delivery.message.id).collect()
}

#[test]
fn a_received_message_is_hidden_until_its_time_out_and_then_has_a_new_receipt() {
    let mut queue = Queue::new(VISIBILITY, None);
    let now = Instant::now();
    queue.send(message("a", None), now, now);
    let first = queue.receive(1, None, now, 1).deliveries.remove(0);
    assert_eq!(ids(&queue.receive(1, None, now, 1)), [""; 0]);
    assert_eq!(queue.next_visible_at(), Some(now + VISIBILITY));
    let later = now + VISIBILITY;
    let second = queue.receive(1, None, later, 2).deliveries.remove(0);
    assert_eq!((second.receive_count, second.first_received_at_ms), (2, 1));
    assert!(queue.delete(first.receipt).is_none());
    assert!(queue.delete(second.receipt).is_some());
    assert_eq!(queue.next_visible_at(), None);
}

#[test]
fn groups_take_turns() {
    let mut queue = Queue::new(VISIBILITY, None);
    let now = Instant::now();
    for (id, group) in [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b")] {
        queue.send(message(id, Some(group)), now, now);
    }
    assert_eq!(ids(&queue.receive(10, None, now, 0)), ["a1", "b1", "a2", "a3"]);
}

#[test]
fn a_group_that_is_not_admitted_stays_in_its_place_and_in_order() {
    let mut queue = Queue::new(VISIBILITY, None);
    let now = Instant::now();
    for (id, group) in [("a1", Some("a")), ("a2", Some("a")), ("b1", Some("b")), ("c1", None), ("b2", Some("b"))] {
        queue.send(message(id, group), now, now);
    }
    let not_a = |group: Option<&str>| group != Some("a");
    assert_eq!(ids(&queue.receive_of(not_a, 10, None, now, 0)), ["b1", "c1", "b2"]);
    assert!(!queue.has_visible(not_a, now) && queue.has_visible(|_| true, now));
    queue.send(message("a3", Some("a")), now, now);
    assert_eq!(ids(&queue.receive(2, None, now, 0)), ["a1", "a2"]);
    assert_eq!(ids(&queue.receive_of(|_| true, 10, None, now, 0)), ["a3"]);
}

#[test]
fn visibility_can_be_changed_only_in_flight() {
    let mut queue = Queue::new(VISIBILITY, None);
    let now = Instant::now();
    queue.send(message("a", None), now, now);
    let delivery = queue.receive(1, None, now, 0).deliveries.remove(0);
    assert!(queue.change_visibility(delivery.receipt, now));
    assert!(queue.has_visible(|_| true, now));
    assert!(!queue.change_visibility(delivery.receipt, now + VISIBILITY));
    assert_eq!(queue.depth(now), Depth { visible: 1, in_flight: 0, delayed: 0 });
    // It was taken by then, and may be deleted although it is visible again.
    assert!(queue.delete(delivery.receipt).is_some());
    assert_eq!(ids(&queue.receive(1, None, now, 0)), [""; 0]);
}

proptest! {
    /// Whatever is sent is received until it is deleted or dead, and never more often than allowed.
    #[test]
    fn nothing_is_lost(
        sends in prop::collection::vec((0u64..20, prop::option::of(0u8..3)), 1..40),
        fates in prop::collection::vec(any::<bool>(), 1..400),
    ) {
        let start = Instant::now();
        let mut queue = Queue::new(Duration::from_secs(5), Some(3));
        for (n, (delay, group)) in sends.iter().enumerate() {
            let group = group.map(|group| group.to_string());
            queue.send(message(&n.to_string(), group.as_deref()), start + Duration::from_secs(*delay), start);
        }
        let mut fates = fates.into_iter().cycle();
        let mut now = start;
        let (mut deleted, mut dead) = (0, 0);
        loop {
            let received = queue.receive(10, None, now, 0);
            dead += received.dead.len();
            for delivery in received.deliveries {
                prop_assert!(delivery.receive_count <= 3);
                if fates.next().unwrap() {
                    deleted += usize::from(queue.delete(delivery.receipt).is_some());
                }
            }
            if queue.has_visible(|_| true, now) {
                continue;
            }
            match queue.next_visible_at() {
                Some(at) => now = at,
                None => break,
            }
        }
        prop_assert_eq!(deleted + dead, sends.len());
    }
}
