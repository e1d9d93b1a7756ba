//! Endpoints, how they fail, what is counted for them, and their customers' tokens.

use super::{Table, at};
use application::slots::Slots;
use domain::endpoint::{Endpoint, Health, RateLimit};
use domain::event::{CustomerId, EndpointId};
use futures_util::future::join_all;
use platform::store::Counted;
use platform::store::{Saved, StoredToken};
use serde_json::json;

fn endpoint(customer: &str, id: &str, seconds: i64) -> Endpoint {
    let fields = json!({
        "id": id, "customer": customer, "name": "", "url": "https://example.com/", "events": ["*"], "secrets": [],
        "created_at": at(seconds), "updated_at": at(seconds),
    });
    serde_json::from_value(fields).unwrap()
}

pub(super) async fn endpoints_and_their_health_are_found_together(table: &Table) {
    let store = &table.store;
    let customer = CustomerId::parse("together").unwrap();
    for (n, id) in (0..).zip(["ep_a", "ep_b", "ep_c"]) {
        let one = endpoint("together", id, n);
        store.save_owner(&one.id, &customer).await.unwrap();
        assert_eq!(store.save_endpoint(&one, 0, &[]).await.unwrap(), Saved::Written(1));
        assert_eq!(store.save_endpoint(&one, 0, &[]).await.unwrap(), Saved::Conflict);
        // The next slot stands beside them, and is no endpoint.
        let rate = RateLimit { limit: 5, period: 60 };
        assert_eq!(store.slot_now((&customer, &one.id), rate, at(0)).await.unwrap(), Some(at(0)));
    }
    let ill = EndpointId::parse("ep_b").unwrap();
    let health = Health::failed(None, true, at(10));
    assert_eq!(store.save_health((&customer, &ill), Some(&health), 0, &[], at(10)).await.unwrap(), Saved::Written(1));
    assert_eq!(store.save_health((&customer, &ill), Some(&health), 0, &[], at(10)).await.unwrap(), Saved::Conflict);
    let found = store.endpoints(&customer).await.unwrap();
    let told: Vec<(&str, bool)> =
        found.iter().map(|(stored, health)| (stored.endpoint.id.as_str(), health.health.is_some())).collect();
    assert_eq!(told, [("ep_a", false), ("ep_b", true), ("ep_c", false)]);
    assert_eq!(store.owner(&ill).await.unwrap(), Some(customer.clone()));
    assert_eq!(store.health(&customer, &ill).await.unwrap().health, Some(health));

    assert!(store.delete_endpoint(&customer, &ill).await.unwrap());
    assert!(!store.delete_endpoint(&customer, &ill).await.unwrap());
    assert!(store.endpoint(&customer, &ill).await.unwrap().is_none());
    assert_eq!(store.health(&customer, &ill).await.unwrap().version, 0);
    assert_eq!(store.endpoints(&customer).await.unwrap().len(), 2);
    let (listed, _) = store.list_endpoints(None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|e| e.endpoint.id.as_str()).collect::<Vec<_>>(), ["ep_c", "ep_a"]);
}

pub(super) async fn slots_are_given_once_in_order_and_evenly_apart_however_many_ask_at_once(table: &Table) {
    let store = &table.store;
    let (customer, id) = (CustomerId::parse("slots").unwrap(), EndpointId::parse("ep").unwrap());
    let rate = RateLimit { limit: 5, period: 60 };
    let (one, other) = (Slots::default(), Slots::default());
    let reserve = async |slots: &Slots, now| slots.reserve(store, (&customer, &id), rate, now).await.unwrap();
    let mut slots = join_all((0..12).map(|n| reserve(if n % 3 == 0 { &one } else { &other }, at(0)))).await;
    slots.sort_unstable();
    assert_eq!(slots, (0..12).map(|n| at(12 * n)).collect::<Vec<_>>());
    assert_eq!(reserve(&one, at(100)).await, at(144), "those before it have the earlier ones");
    assert_eq!(reserve(&other, at(1_000)).await, at(1_000), "unused slots are not saved up");
    assert_eq!(reserve(&other, at(1_012)).await, at(1_012));
    // Clocks differ by seconds; one that was hours ahead doesn't hold up the endpoint for hours.
    assert_eq!(reserve(&one, at(1_020)).await, at(1_024));
    assert_eq!(reserve(&other, at(1_010)).await, at(1_036));
    assert_eq!(reserve(&one, at(9_000)).await, at(9_000));
    assert_eq!(reserve(&one, at(1_050)).await, at(1_050));
    assert_eq!(reserve(&other, at(1_051)).await, at(1_062));
    // While the clocks of two processes differ by hours, each keeps the spacing of its own slots.
    let (right, ahead) = (Slots::default(), Slots::default());
    for n in 0..4 {
        assert_eq!(reserve(&ahead, at(20_000 + n)).await, at(20_000 + 12 * n), "{n}");
        assert_eq!(reserve(&right, at(10_000 + n)).await, at(10_000 + 12 * n), "{n}");
    }
}

pub(super) async fn requests_are_counted_up_to_the_limit_however_many_come_at_once(table: &Table) {
    let store = &table.store;
    let rate = RateLimit { limit: 5, period: 60 };
    let requests = join_all((0..12).map(|_| store.count_request("github", rate, at(0)))).await;
    assert_eq!(requests.into_iter().filter(|may| *may.as_ref().unwrap() == Counted::Taken).count(), 5);
}

pub(super) async fn tokens_are_found_by_their_digest_and_listed(table: &Table) {
    let store = &table.store;
    let token = |n: i64| StoredToken {
        digest: format!("{n:064x}"),
        customer: CustomerId::parse("tokens").unwrap(),
        name: format!("token {n}"),
        may_publish: n % 2 == 0,
        created_at: at(n),
    };
    for n in 0..5 {
        store.add_token(&token(n)).await.unwrap();
    }
    assert_eq!(store.token(&token(3).digest).await.unwrap(), Some(token(3)));
    assert_eq!(store.tokens(3).await.unwrap(), [token(4), token(3), token(2)]);
    store.delete_token(&token(4).digest).await.unwrap();
    store.delete_token(&token(4).digest).await.unwrap();
    assert_eq!(store.token(&token(4).digest).await.unwrap(), None);
    assert_eq!(store.tokens(9).await.unwrap().len(), 4);
}
