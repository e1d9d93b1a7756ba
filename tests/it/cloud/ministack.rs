//! The same over `ministack`, whose table, stream and queues are nobody's of ours.

use super::{EMULATOR, Place, TOKEN, open};
use ringback_tests::{Process, StandIn, skip};

#[tokio::test]
async fn two_replicas_do_the_whole_story_over_somebody_elses_table() {
    let Some(python) = skip::python_with_stand_ins() else { return };
    let ministack = StandIn::ministack(&python).await;
    let place = Place::at(ministack.url.clone(), "test", open()).await;
    let (first, second) = (place.replica(&[]).await, place.replica(&[]).await);
    place.story("a", &first, &second).await;
    first.terminate();
    assert_eq!(first.ended().await.code, Some(0));
    place.story("b", &second, &second).await;
    // What --create has made is what it finds by itself; and a replica can be told where all is.
    let given = |name: &str| second.ready[name].as_str().unwrap().to_owned();
    let queue_url = given("queue_url");
    let more = ["--table", "elsewhere", "--queue-url", &queue_url];
    let third = Process::up_on_aws(EMULATOR, &place.file(), TOKEN, &place.env, &more).await;
    assert_eq!(third.ready["queue_url"], second.ready["queue_url"]);
    second.terminate();
    assert_eq!(second.ended().await.code, Some(0));
    place.story("c", &third, &third).await;
    // The dead letters' queue that --create made is the one that a redrive finds.
    let mut redrive = tokio::process::Command::new(EMULATOR);
    redrive.args(["redrive", "--json"]).env("RINGBACK_QUEUE_URL", &queue_url).envs(place.env.iter().cloned());
    let done = redrive.output().await.unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.contains(r#""moved":0"#), "{said}{}", String::from_utf8_lossy(&done.stderr));
}
