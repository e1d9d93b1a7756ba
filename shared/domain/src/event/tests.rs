use super::*;
use crate::json;

fn published(text: &str) -> Event {
    let fields = json::read_as(text).expect("an object");
    let published = Published::read(fields).expect("an event");
    let customer = published.customer.clone().unwrap_or_default();
    published.accept(customer, None, Origin::Api, [0; 16], Timestamp::UNIX_EPOCH)
}

#[test]
fn data_is_delivered_with_the_numbers_that_were_published() {
    let data = "{\"a\":1000000000000000000001,\"b\":1.10,\"c\":-0,\"d\":[0.1000,1e+400],\"e\":1e-7}";
    let event = published(&format!("{{\"event\":\"order.paid\",\"data\":{data}}}"));
    let stored: Event = serde_json::from_str(&serde_json::to_string(&event).expect("JSON")).expect("the event");
    for format in [Format::Default, Format::Standard, Format::CloudEvents] {
        let body = String::from_utf8(format.body(&stored)).expect("text");
        assert!(body.contains(&format!("\"data\":{data}")), "{body}");
    }
}

#[test]
fn an_event_is_published_again_if_its_data_is_equal_by_value() {
    let event = |data: &str| published(&format!("{{\"event\":\"order.paid\",\"id\":\"e\",\"data\":{data}}}"));
    for (first, again, repeated) in [("[1.10]", "[1.1]", true), ("1e2", "100", true), ("1.10", "1.11", false)] {
        assert_eq!(event(again).repeats(&event(first)), repeated, "{first} {again}");
    }
}

#[test]
fn numbers_that_name_something_do_it_by_value() {
    let ids = ["7", "7.0", "7e0"].map(|id| {
        let event = published(&format!("{{\"event\":\"order.paid\",\"id\":{id},\"customer_id\":{id},\"data\":1}}"));
        (event.id.to_string(), event.customer.to_string())
    });
    assert!(ids.iter().all(|one| *one == ("7".to_owned(), "7".to_owned())), "{ids:?}");
}
