//! How an operation goes on, as properties.

use super::*;
use proptest::prelude::*;

fn begun() -> Operation {
    let (customer, endpoint) = (CustomerId::parse("c").unwrap(), EndpointId::parse("ep_1").unwrap());
    let id = OperationId::keyed(&customer, &endpoint, &["since", "until"]);
    Operation::recover(id, (customer, endpoint), (at(0), at(100)), at(200))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

proptest! {
    #[test]
    fn it_adds_up_what_its_pages_came_to_and_ends_with_the_last(pages in prop::collection::vec((0_u64..100, 0_u64..100), 1..20)) {
        let mut operation = begun();
        let last = pages.len() - 1;
        for (index, (found, done)) in pages.iter().enumerate() {
            prop_assert_eq!(operation.owed(), Some(index as u64));
            let next = (index < last).then(|| format!("after {index}"));
            operation = operation.advance(Page { found: *found, done: *done, next: next.clone() }, at(300));
            prop_assert_eq!(&operation.cursor, &next);
        }
        prop_assert_eq!(operation.owed(), None);
        prop_assert_eq!(operation.state, State::Completed { at: at(300) });
        prop_assert_eq!(operation.found, pages.iter().map(|(found, _)| found).sum::<u64>());
        prop_assert_eq!(operation.done, pages.iter().map(|(_, done)| done).sum::<u64>());
    }
}

#[test]
fn one_that_failed_owes_nothing_and_keeps_what_it_did() {
    let page = Page { found: 3, done: 2, next: Some("on".into()) };
    let failed = begun().advance(page, at(300)).fail("the endpoint is disabled", at(301));
    assert_eq!((failed.owed(), failed.done, failed.state.as_str()), (None, 2, "failed"));
}

#[test]
fn an_id_is_the_same_for_the_same_words_and_for_no_others() {
    let id = |customer: &str, asked: &[&str]| {
        OperationId::keyed(&CustomerId::parse(customer).unwrap(), &EndpointId::parse("ep_1").unwrap(), asked)
    };
    assert_eq!(id("c", &["a", "b"]), id("c", &["a", "b"]));
    assert_ne!(id("c", &["a", "b"]), id("c", &["ab"]));
    assert_ne!(id("c", &["a"]), id("d", &["a"]));
    assert_eq!(OperationId::parse(id("c", &[]).as_str()), Some(id("c", &[])));
    for bad in ["", "op_", "op_1", "run_0123456789abcdef0123456789abcdef", "op_0123456789ABCDEF0123456789ABCDEF"] {
        assert_eq!(OperationId::parse(bad), None, "{bad}");
    }
}
