use super::super::crowd::Crowd;
use super::*;
use tokio::sync::Notify;

#[tokio::test(start_paused = true)]
async fn a_connection_that_winds_up_makes_room_at_once() {
    let limits = Limits::default();
    let place = Crowd::new(1).enter(limits).await;
    let (_drain, draining) = watch::channel(None);
    let winds_up = Notify::new();
    let hangs = pin!(std::future::pending::<()>());
    let idle = Instant::now() + limits.idle;
    let watched = watch(hangs, |_| winds_up.notify_one(), &place.member, &limits, draining);
    let dismissal = async {
        winds_up.notified().await;
        place.member.dismissed.cancel();
    };
    tokio::join!(watched, dismissal);
    assert!(Instant::now() < idle + limits.handshake, "it is not waited for any longer");
}
