//! Events, their deliveries, and what goes through them.

use super::{Table, at};
use domain::delivery::{Delivery, DeliveryId};
use domain::event::{CustomerId, EndpointId, Event, EventId, EventType};
use domain::operation::{Operation, OperationId, Page};
use platform::queue::DeliverMessage;
use platform::store::{NewEvent, Saved};
use serde_json::{Value, json};

fn event(id: &str, data: &Value) -> Event {
    let fields = json!({
        "id": id, "customer": "store", "type": "job.completed", "data": data, "timestamp": at(0),
        "source": "tests", "version": "1.0", "accepted_at": at(0), "origin": "api",
    });
    serde_json::from_value(fields).unwrap()
}

fn delivery(customer: &str, event: &str, seconds: i64) -> Delivery {
    let id = DeliveryId::parse(&format!("{customer}.{event}.ep")).unwrap();
    Delivery::new(id, EventType::parse("job.completed").unwrap(), at(seconds))
}

pub(super) async fn an_event_is_stored_once_and_another_under_its_id_is_told_apart(table: &Table) {
    let store = &table.store;
    let large = event("large", &json!("again and ".repeat(10_000)));
    for one in [event("small", &json!({"n": 1})), large] {
        assert_eq!(store.add_event(&one).await.unwrap(), NewEvent::Accepted);
        assert_eq!(store.add_event(&one).await.unwrap(), NewEvent::Duplicate);
        let other = event(one.id.as_str(), &json!({"n": 2}));
        assert_eq!(store.add_event(&other).await.unwrap(), NewEvent::Taken);
        assert_eq!(store.event(&one.customer, &one.id).await.unwrap(), Some(one));
    }
    let nobody = EventId::parse("nobody").unwrap();
    assert_eq!(store.event(&CustomerId::parse("store").unwrap(), &nobody).await.unwrap(), None);
}

pub(super) async fn deliveries_are_stored_over_the_version_that_was_read(table: &Table) {
    let store = &table.store;
    let one = delivery("versions", "e1", 0);
    let message = DeliverMessage { delivery: one.id.clone(), attempt: 1, event: None, due: None, again: 0 };
    // There is nothing to be reminded of yet.
    store.remind_delivery(&message).await.unwrap();
    assert!(store.delivery(&one.id).await.unwrap().is_none());
    assert_eq!(store.save_delivery(&one, 0, &[], at(1)).await.unwrap(), Saved::Written(1));
    assert_eq!(store.save_delivery(&one, 0, &[], at(1)).await.unwrap(), Saved::Conflict);
    assert_eq!(store.save_delivery(&one, 2, &[], at(1)).await.unwrap(), Saved::Conflict);
    let owes = async || table.owes("event#versions#e1", "delivery#ep").await;
    assert_eq!(owes().await, None);
    store.remind_delivery(&message).await.unwrap();
    assert_eq!(owes().await.unwrap()[0]["delivery"], json!(one.id));
    assert_eq!(store.save_delivery(&one, 1, &[], at(1)).await.unwrap(), Saved::Written(2));
    assert_eq!(owes().await, None, "a put takes away what was owed");
    let stored = store.delivery(&one.id).await.unwrap().unwrap();
    assert_eq!((stored.delivery, stored.version), (one, 2));
}

pub(super) async fn a_delivery_is_reminded_of_a_message_only_as_what_comes_after_the_last_time(table: &Table) {
    let store = &table.store;
    let one = delivery("reminded", "e1", 0);
    store.save_delivery(&one, 0, &[], at(1)).await.unwrap();
    let message =
        |due, again| DeliverMessage { delivery: one.id.clone(), attempt: 1, event: None, due: Some(at(due)), again };
    let owes = async || {
        let owed = table.owes("event#reminded#e1", "delivery#ep").await.unwrap();
        (owed[0]["due"].clone(), owed[0].get("again").cloned().unwrap_or(json!(0)))
    };
    // Each time: when it is due, how often it came before, and what the delivery owes then.
    for (due, again, owed) in [
        (30, 0, (30, 0)),
        (30, 2, (30, 2)),
        (30, 1, (30, 2)),
        (30, 0, (30, 2)),
        (40, 0, (40, 0)),
        (30, 2, (40, 0)),
        (30, 3, (30, 3)),
        (40, 1, (40, 1)),
    ] {
        store.remind_delivery(&message(due, again)).await.unwrap();
        assert_eq!(owes().await, (json!(at(owed.0)), json!(owed.1)), "{due} {again}");
    }
    store.save_delivery(&one, 1, &[], at(1)).await.unwrap();
    store.remind_delivery(&message(30, 1)).await.unwrap();
    assert_eq!(owes().await, (json!(at(30)), json!(1)), "a change begins anew");
}

pub(super) async fn deliveries_are_listed_by_customer_newest_first_in_pages(table: &Table) {
    let store = &table.store;
    for n in 0..30 {
        store.save_delivery(&delivery("pages", &format!("e{n}"), n), 0, &[], at(n)).await.unwrap();
        store.save_delivery(&delivery("other", &format!("e{n}"), n), 0, &[], at(n)).await.unwrap();
    }
    let customer = CustomerId::parse("pages").unwrap();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let places = store.delivery_places(&customer, before.as_deref(), Some(at(5)), 7).await.unwrap();
        let Some(last) = places.last() else { break };
        before = Some(last.cursor.clone());
        assert_eq!(store.deliveries_at(&places).await.unwrap().len(), places.len());
        seen.extend(places.into_iter().map(|place| place.created_at));
    }
    assert_eq!(seen, (5..30).rev().map(at).collect::<Vec<_>>());
}

pub(super) async fn an_operation_owes_its_next_step(table: &Table) {
    let store = &table.store;
    let id: OperationId = serde_json::from_value(json!("op_1")).unwrap();
    let whose = (CustomerId::parse("store").unwrap(), EndpointId::parse("ep").unwrap());
    let one = Operation::recover(id.clone(), whose, (at(0), at(10)), at(20));
    assert_eq!(store.save_operation(&one, 0, at(20)).await.unwrap(), Saved::Written(1));
    let owes = async || table.owes(&format!("operation#{id}"), "operation").await;
    assert_eq!(owes().await.unwrap()[0]["step"], 0);
    let next = one.clone().advance(Page { found: 1, done: 1, next: Some("c".to_owned()) }, at(21));
    assert_eq!(store.save_operation(&next, 1, at(21)).await.unwrap(), Saved::Written(2));
    assert_eq!(store.save_operation(&next, 1, at(21)).await.unwrap(), Saved::Conflict);
    assert_eq!(owes().await.unwrap()[0]["step"], 1);
    let done = next.advance(Page::default(), at(22));
    assert_eq!(store.save_operation(&done, 2, at(22)).await.unwrap(), Saved::Written(3));
    assert_eq!(owes().await, None);
    assert_eq!(store.operation(&id).await.unwrap().unwrap().operation, done);
}
