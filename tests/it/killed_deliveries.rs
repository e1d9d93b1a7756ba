//! SIGKILL while events are being delivered: every one that was acknowledged arrives all the same.

use crate::EMULATOR;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use ringback_tests::subscriber::TO_THIS_MACHINE;
use ringback_tests::{Process, Service, eventually};
use serde_json::json;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Events at the most: they are published until the process is killed.
const EVENTS: usize = 100_000;
/// Arrivals after which the process is killed.
const KILLED_AFTER: usize = 200;
/// Requests of this test's own that are under way at once.
const CONNECTIONS: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_event_is_lost_when_the_process_is_killed_in_the_middle() {
    let place = tempfile::tempdir().unwrap();
    let (file, data) = (place.path().join("ringback.yml"), place.path().join("data"));
    std::fs::write(&file, TO_THIS_MACHINE).unwrap();
    let service = Service::answering(json!("ok")).await;
    let process = Process::up(EMULATOR, &file, &data).await;
    let fields = json!({"url": service.url, "events": ["*"]});
    let answer = ringback_tests::send(process.api(Method::POST, "/api/webhooks").json(&fields)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);

    let refused = AtomicUsize::new(0);
    let caller = (*process).clone();
    let is_alive = |_: &usize| std::future::ready(refused.load(Ordering::Relaxed) == 0);
    let publishing = stream::iter(0..EVENTS).take_while(is_alive).map(|n| {
        let event = json!({"event": "job.completed", "id": format!("event-{n}"), "data": {"n": n}});
        let request = caller.api(Method::POST, "/api/events").json(&event);
        let refused = &refused;
        async move {
            let acknowledged = request.send().await.is_ok_and(|answer| answer.status().is_success());
            refused.fetch_add(usize::from(!acknowledged), Ordering::Relaxed);
            acknowledged.then(|| format!("event-{n}"))
        }
    });
    let killing = async {
        eventually("some have arrived", || async {
            let calls = service.calls();
            if calls >= KILLED_AFTER { Ok(()) } else { Err(calls) }
        })
        .await;
        process.kill().await;
    };
    let publishing = publishing.buffer_unordered(CONNECTIONS).filter_map(std::future::ready).collect::<Vec<String>>();
    let (acknowledged, ()) = tokio::join!(publishing, killing);
    assert!(acknowledged.len() >= KILLED_AFTER, "{}", acknowledged.len());
    assert!(refused.load(Ordering::Relaxed) > 0, "it was killed after all had been published");

    let again = Process::up(EMULATOR, &file, &data).await;
    eventually("every acknowledged event has arrived", || async {
        let requests = service.requests();
        let arrived: HashSet<&str> = requests.iter().map(|request| request.header("webhook-id")).collect();
        let missing = acknowledged.iter().filter(|id| !arrived.contains(id.as_str())).count();
        if missing == 0 { Ok(()) } else { Err(missing) }
    })
    .await;
    again.terminate();
    assert_eq!(again.ended().await.code, Some(0));
}
