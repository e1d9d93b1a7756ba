use super::{LEASE, Poller, seconds};
use local_aws::{Aws, AwsOptions, QueueOptions};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

#[test]
fn no_message_is_hidden_longer_than_the_queue_can_hide_it() {
    assert_eq!(seconds(Duration::from_secs(900)), 900);
    assert_eq!(seconds(Duration::MAX), 43_200);
}

async fn queue() -> (Aws, String) {
    let visibility_timeout = Duration::from_secs(900);
    let queue = QueueOptions { name: "q".to_owned(), visibility_timeout, max_receive_count: 5 };
    let aws = Aws::open(AwsOptions { queues: vec![queue], ..AwsOptions::in_memory("unused") }).unwrap();
    let url = aws.queue_url("q");
    aws.sqs().send_message().queue_url(&url).message_body("m").send().await.unwrap();
    (aws, url)
}

/// How many there are, and how many of them are hidden.
async fn depth(aws: &Aws, url: &str) -> (String, String) {
    let asked = aws.sqs().get_queue_attributes().queue_url(url).send().await.unwrap();
    let all = asked.attributes.unwrap();
    let of = |name: &str| all.iter().find(|(key, _)| key.as_str() == name).unwrap().1.clone();
    (of("ApproximateNumberOfMessages"), of("ApproximateNumberOfMessagesNotVisible"))
}

#[tokio::test(start_paused = true)]
async fn a_message_is_kept_as_long_as_its_handler_runs_and_comes_once() {
    let (aws, url) = queue().await;
    let (came, stopping) = (Arc::new(Mutex::new(0)), CancellationToken::new());
    let (noted, done) = (came.clone(), stopping.clone());
    let handler = move |_, _| {
        *noted.lock().unwrap() += 1;
        let done = done.clone();
        async move {
            tokio::time::sleep(LEASE * 10).await;
            done.cancel();
            Ok(())
        }
    };
    Poller::new(aws.sqs(), url.clone(), 4).run(handler, stopping).await;
    assert_eq!(*came.lock().unwrap(), 1);
    assert_eq!(depth(&aws, &url).await, ("0".to_owned(), "0".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_comes_again_later_each_time_and_is_a_dead_letter_after_the_fifth() {
    let (aws, url) = queue().await;
    let (came, stopping) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
    let (noted, start) = (came.clone(), Instant::now());
    let handler = move |_, received| {
        noted.lock().unwrap().push((received, start.elapsed().as_secs()));
        async move { if received == 3 { panic!("a test's panic") } else { Err("a test's failure".to_owned()) } }
    };
    let polling = Poller::new(aws.sqs(), url.clone(), 4).run(handler, stopping.clone());
    let ends = async {
        tokio::time::sleep(Duration::from_hours(12)).await;
        stopping.cancel();
    };
    tokio::join!(polling, ends);
    assert_eq!(*came.lock().unwrap(), [(1, 0), (2, 5), (3, 25), (4, 105), (5, 425)]);
    assert_eq!(depth(&aws, &format!("{url}-dead")).await.0, "1");
}

#[tokio::test(start_paused = true)]
async fn what_has_not_finished_within_the_drain_is_given_back() {
    let (aws, url) = queue().await;
    let stopping = CancellationToken::new();
    let stop = stopping.clone();
    let handler = move |_, _| {
        stop.cancel();
        pending()
    };
    let start = Instant::now();
    Poller::new(aws.sqs(), url.clone(), 4).run(handler, stopping).await;
    assert!(start.elapsed() <= super::DRAIN + Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(depth(&aws, &url).await, ("1".to_owned(), "0".to_owned()));
}
