use super::{LEASE, Lease, Position, Progress};
use jiff::Timestamp;
use local_aws::{Aws, AwsOptions};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn two() -> (Lease, Lease) {
    let aws = Aws::open(AwsOptions::in_memory("ringback")).unwrap();
    let lease = |holder: &str| Lease::new(aws.dynamodb(), "ringback".to_owned(), holder.to_owned());
    (lease("a"), lease("b"))
}

fn progress(after: &str) -> Progress {
    Progress::from([("s1".to_owned(), Position::After(after.to_owned())), ("s0".to_owned(), Position::Ended)])
}

#[tokio::test]
async fn one_has_it_until_its_time_is_up_and_the_next_goes_on_from_there() {
    let (a, b) = two();
    assert_eq!(a.take(at(0)).await.unwrap(), Some(Progress::new()));
    assert_eq!(b.take(at(1)).await.unwrap(), None);
    assert!(a.keep(at(10), &progress("7")).await.unwrap());
    // Its time counts from when it was prolonged.
    assert_eq!(b.take(at(10 + LEASE.as_secs())).await.unwrap(), None);
    assert_eq!(b.take(at(11 + LEASE.as_secs())).await.unwrap(), Some(progress("7")));
}

#[tokio::test]
async fn who_has_lost_it_learns_so_and_writes_nothing() {
    let (a, b) = two();
    a.take(at(0)).await.unwrap();
    b.take(at(LEASE.as_secs() + 1)).await.unwrap();
    assert!(b.keep(at(40), &progress("9")).await.unwrap());
    assert!(!a.keep(at(41), &progress("3")).await.unwrap());
    assert!(!a.give_up(at(42), &progress("3")).await.unwrap());
    assert_eq!(b.take(at(43)).await.unwrap(), Some(progress("9")));
}

#[tokio::test]
async fn what_is_given_up_can_be_had_at_once() {
    let (a, b) = two();
    a.take(at(0)).await.unwrap();
    assert!(a.give_up(at(1), &progress("4")).await.unwrap());
    assert_eq!(b.take(at(1)).await.unwrap(), Some(progress("4")));
}

#[tokio::test]
async fn one_that_lasts_longer_than_any_can_be_had() {
    for (ahead, is_had) in [(LEASE.as_secs(), false), (LEASE.as_secs() + 1, true), (7200, true)] {
        let (a, b) = two();
        a.take(at(ahead)).await.unwrap();
        assert_eq!(b.take(at(0)).await.unwrap().is_some(), is_had, "{ahead}");
    }
}
