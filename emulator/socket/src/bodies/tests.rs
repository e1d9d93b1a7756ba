use super::*;
use edge::problem::{Code, Problem};
use edge::request::read_body;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

const KIB: usize = 1024;
const LIMIT: usize = 1024 * KIB;

/// A body that comes piece by piece, and what sends it.
fn coming(share: Share, by: Instant) -> (UnboundedSender<usize>, Body) {
    let (sender, receiver) = unbounded_channel::<usize>();
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        let length = receiver.recv().await?;
        Some((Ok::<_, io::Error>(Bytes::from(vec![b'x'; length])), receiver))
    });
    (sender, share.counted(Body::from_stream(pieces), by, ()))
}

fn by() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn code(read: Result<Bytes, Problem>) -> Code {
    read.expect_err("a problem").code
}

#[tokio::test(start_paused = true)]
async fn the_slowest_body_makes_room_for_a_quick_one() {
    let bodies = Bodies::new(LIMIT);
    let (slow_share, quick_share) = (bodies.open(), bodies.open());
    let (slow, body) = coming(slow_share, by());
    slow.send(500 * KIB).unwrap();
    let slowly = timeout(Duration::from_secs(20), read_body(body, LIMIT));
    let quickly = async {
        tokio::time::advance(Duration::from_secs(5)).await;
        let (quick, body) = coming(quick_share, by());
        quick.send(700 * KIB).unwrap();
        drop(quick);
        read_body(body, LIMIT).await
    };
    let (slowly, quickly) = tokio::join!(slowly, quickly);
    assert_eq!(code(slowly.expect("it is dropped before its own time is over")), Code::RequestTimeout);
    assert_eq!(quickly.unwrap().len(), 700 * KIB);
}

#[tokio::test(start_paused = true)]
async fn a_body_for_which_no_room_comes_is_told_to_come_again() {
    let bodies = Bodies::new(LIMIT);
    // It has come whole, and is being handled.
    let handled = bodies.open();
    let (sender, body) = coming(handled.clone(), by());
    sender.send(700 * KIB).unwrap();
    drop(sender);
    read_body(body, LIMIT).await.unwrap();
    let send = |length: usize| {
        let (sender, body) = coming(bodies.open(), by());
        sender.send(length).unwrap();
        async { (read_body(body, LIMIT).await, sender).0 }
    };
    assert_eq!(code(send(100 * KIB).await), Code::Overloaded);
    let small = coming(bodies.open(), by());
    small.0.send(10 * KIB).unwrap();
    drop(small.0);
    assert_eq!(read_body(small.1, LIMIT).await.unwrap().len(), 10 * KIB, "there is room for small ones");
    drop(handled);
    let (sender, body) = coming(bodies.open(), by());
    sender.send(100 * KIB).unwrap();
    drop(sender);
    assert!(read_body(body, LIMIT).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_body_has_its_time_and_no_more() {
    let bodies = Bodies::new(LIMIT);
    let (sender, body) = coming(bodies.open(), by());
    sender.send(KIB).unwrap();
    let began = Instant::now();
    assert_eq!(code(read_body(body, LIMIT).await), Code::RequestTimeout);
    assert_eq!(began.elapsed().as_secs(), 30);
    drop(sender);
}

#[tokio::test]
async fn a_body_tells_the_length_that_was_announced() {
    let bodies = Bodies::new(LIMIT);
    let body = bodies.open().counted(Body::from("hello"), by(), ());
    assert_eq!(HttpBody::size_hint(&body).exact(), Some(5));
}
