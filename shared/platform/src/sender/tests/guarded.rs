//! Where parcels may not go, whatever names lead there.

use super::{Act, Server, answer, parcel, ranges};
use crate::sender::resolver::{LookUpError, judged};
use crate::sender::{ErrorClass, Sender};
use domain::address::{AddressKind, Guard, Reach, Refusal};
use std::net::IpAddr;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[tokio::test]
async fn nothing_of_this_machine_is_reached_unless_it_is_named() {
    let server = Server::start(Act::Say(answer("200 OK", "", ""))).await;
    let port = server.address.port();
    let strict = Sender::new(1 << 10, Guard::default()).unwrap();
    let elsewhere = Sender::new(1 << 10, ranges(&["10.0.0.0/8"])).unwrap();
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"] {
        let url = format!("http://{host}:{port}/");
        for sender in [&strict, &elsewhere] {
            let failure = sender.post(&parcel(&*url)).await.answer.unwrap_err();
            assert_eq!(failure.class, ErrorClass::ForbiddenAddress, "{url}: {}", failure.message);
        }
    }
    assert!(server.heads().is_empty());
}

#[tokio::test]
async fn a_name_may_lead_to_a_named_range_and_keeps_its_name() {
    let server = Server::start(Act::Say(answer("200 OK", "", ""))).await;
    let port = server.address.port();
    let sender = Sender::new(1 << 10, ranges(&["127.0.0.0/8"])).unwrap();
    for _ in 0..2 {
        let exchange = sender.post(&parcel(format!("http://localhost:{port}/"))).await;
        assert_eq!(exchange.answer.unwrap().status, 200);
        assert_eq!(exchange.remote, Some(server.address));
    }
    assert!(server.heads().iter().all(|head| head.contains(&format!("host: localhost:{port}\r\n"))));
}

#[tokio::test]
async fn the_resolver_of_the_client_judges_what_a_name_leads_to() {
    // The URL's own judgement is passed by, as a name that turns inward after it would.
    let server = Server::start(Act::Say(answer("200 OK", "", ""))).await;
    let url = format!("http://localhost:{}/", server.address.port());
    let strict = Sender::new(1 << 10, Guard::default()).unwrap();
    let error = strict.guarded.get().unwrap().post(&url).send().await.unwrap_err();
    let failure = crate::sender::Failure::from_client(&error);
    assert_eq!(failure.class, ErrorClass::ForbiddenAddress);
    assert_eq!(failure.message, "the host leads to a loopback address, not to one of the public internet");
    let elsewhere = Sender::new(1 << 10, ranges(&["10.0.0.0/8"])).unwrap();
    let (_, target) = elsewhere.guard().judge(&url).unwrap();
    let error = elsewhere.client_for(&target).unwrap().post(&url).send().await.unwrap_err();
    let failure = crate::sender::failure::on_the_way(&error, &target);
    assert_eq!(failure.class, ErrorClass::ForbiddenAddress);
    assert_eq!(failure.message, Refusal::InternalName.to_string());
    assert_eq!(elsewhere.look_up(&target).await.unwrap_err(), failure);
    assert!(server.heads().is_empty());
}

#[test]
fn one_bad_answer_refuses_all_and_none_is_no_name() {
    let guard = Guard::default();
    let all = |found: &[&str]| judged(&guard, &Reach::Anywhere, found.iter().map(|text| ip(text)));
    assert_eq!(all(&["8.8.8.8", "2606:4700::1111"]), Ok(vec![ip("8.8.8.8"), ip("2606:4700::1111")]));
    let private = Err(LookUpError::Refused(Refusal::Address(AddressKind::Private)));
    assert_eq!(all(&["8.8.8.8", "10.0.0.1"]), private);
    assert_eq!(all(&["10.0.0.1", "8.8.8.8"]), private);
    assert_eq!(all(&[]), Err(LookUpError::Unknown));
}

#[tokio::test]
async fn a_name_without_an_address_has_the_class_of_names() {
    // `.test` is given to nobody (RFC 6761, section 6.2).
    let sender = Sender::new(1 << 10, Guard::default()).unwrap();
    let failure = sender.post(&parcel("http://no-such-host.test/")).await.answer.unwrap_err();
    assert_eq!((failure.class, failure.class.is_permanent()), (ErrorClass::Dns, false), "{}", failure.message);
}
