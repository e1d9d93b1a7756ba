//! Giving a callback that nobody waits for to the wait that it was meant for: over HTTP, and in every order of what can
//! happen at the same time.

use domain::config::RouteId;
use domain::id::RunId;
use domain::run::JobPath;
use domain::wait::{Adoption, Arrival, ArrivalId, Opening, Reception, Verdict, WaitKey, Waiter, adopt};
use jiff::{SignedDuration, Timestamp};
use local_aws::{Aws, AwsOptions};
use platform::store::Store;
use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, Service, job, send};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const FILE: &str = "
listeners:
  - {path: /done, identify_by: '${body.id}', status: '${body.status | done}', success_when: [done], fail_when: [failed],
     result: '${body.value}'}
  - {port: 8095, path: /other, identify_by: '${body.id}'}
component:
  id: service
  endpoint: https://service.test
  body: {id: '${input.id}', to: '${gateway:8090.public_url}/done'}
  completion: {type: callback, wait_for: '${request.id}', callback: /done}
  output: '${result}'
workflow: {jobs: [{id: ask, component: service}]}
";

async fn gateway() -> Gateway {
    let service = Service::answering(json!({})).await;
    File::new(FILE).calling("https://service.test", &service).run().await
}

async fn waits(gateway: &Gateway, state: &str) -> Vec<Value> {
    let answer = gateway.get(&format!("/api/waits?state={state}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["waits"].as_array().unwrap().clone()
}

async fn give(gateway: &Gateway, key: &str, wanted: &str) -> Answer {
    let body = json!({"route": "/done", "key": key, "for": wanted});
    send(gateway.api(Method::POST, "/api/waits/adopt").json(&body)).await
}

#[tokio::test]
async fn a_callback_under_a_wrong_key_completes_the_job_that_it_is_given_to() {
    let gateway = gateway().await;
    let task = gateway.start("default", json!({"id": "img-17"})).await;
    let other = gateway.start("default", json!({"id": "completely different"})).await;
    gateway.waiting(&task).await;
    gateway.waiting(&other).await;
    let told = gateway.call_back("/done", &json!({"id": "IMG-17", "value": {"url": "u"}})).await;
    assert_eq!(told.body["status"], "stored");

    let open = waits(&gateway, "open").await;
    let keys: BTreeSet<&str> = open.iter().map(|wait| wait["key"].as_str().unwrap()).collect();
    assert_eq!(keys, BTreeSet::from(["img-17", "completely different"]));
    assert!(
        open.iter().all(|wait| wait["job"] == "ask" && wait["deadline"].is_string() && wait["task_id"].is_string())
    );
    let unclaimed = waits(&gateway, "unclaimed").await;
    assert_eq!(unclaimed.len(), 1, "{unclaimed:?}");
    assert_eq!((&unclaimed[0]["key"], &unclaimed[0]["result"]), (&json!("IMG-17"), &json!({"url": "u"})));
    let nearest = json!({"key": "img-17", "distance": 3, "task_id": task, "job": "ask"});
    assert_eq!(unclaimed[0]["nearest"], nearest);

    let given = give(&gateway, "IMG-17", "img-17").await;
    assert_eq!((given.status, &given.body), (200, &json!({"status": "resumed", "task_id": task, "job": "ask"})));
    assert_eq!(gateway.result_of(&task).await, json!({"url": "u"}));
    // As if it had come with that key; and asking again changes nothing.
    assert_eq!(give(&gateway, "IMG-17", "img-17").await.body["status"], "duplicate");
    let told = gateway.call_back("/done", &json!({"id": "IMG-17", "value": {"url": "u"}})).await;
    assert_eq!(told.body["status"], "duplicate");
    // Another callback is kept for the next job of that key.
    let told = gateway.call_back("/done", &json!({"id": "img-17", "value": "late"})).await;
    assert_eq!(told.body["status"], "stored");
    assert_eq!(gateway.result_of(&task).await, json!({"url": "u"}));
    assert_eq!(waits(&gateway, "unclaimed").await, Vec::<Value>::new());
    // Another callback under the wrong key is not lost: it can be given, too.
    let told = gateway.call_back("/done", &json!({"id": "IMG-17", "value": "another"})).await;
    assert_eq!(told.body["status"], "stored");
    assert_eq!(waits(&gateway, "unclaimed").await[0]["result"], "another");
    let told = gateway.call_back("/done", &json!({"id": "IMG-17", "value": {"url": "u"}})).await;
    assert_eq!(told.body["status"], "duplicate", "its identity is remembered");
    assert_eq!(gateway.task(&other).await["status"], "waiting");
}

#[tokio::test]
async fn a_failure_that_is_given_fails_the_job() {
    let gateway = gateway().await;
    let task = gateway.start("default", json!({"id": "a"})).await;
    gateway.waiting(&task).await;
    gateway.call_back("/done", &json!({"id": "b", "status": "failed", "value": "why"})).await;
    assert_eq!(waits(&gateway, "unclaimed").await[0]["verdict"], "failure");
    give(&gateway, "b", "a").await;
    assert_eq!(gateway.error_of(&task).await["code"], "callback_failed");
}

#[tokio::test]
async fn what_can_t_be_given_is_refused_in_words_and_stays_where_it_is() {
    let gateway = gateway().await;
    let task = gateway.start("default", json!({"id": "a"})).await;
    gateway.waiting(&task).await;
    give(&gateway, "nothing came", "a").await.is_problem(404, "not_found");
    gateway.call_back("/done", &json!({"id": "early", "value": 1})).await;
    give(&gateway, "early", "nobody").await.is_problem(404, "not_found");
    give(&gateway, "early", "early").await.is_problem(400, "unusable_request");
    // Progress decides nothing, and is no callback that could be given.
    gateway.call_back("/done", &json!({"id": "progress", "status": "running"})).await;
    give(&gateway, "progress", "a").await.is_problem(404, "not_found");
    gateway.call_back("/done", &json!({"id": "a", "value": "own"})).await;
    assert_eq!(gateway.result_of(&task).await, "own");
    give(&gateway, "early", "a").await.is_problem(409, "conflict");
    give(&gateway, "a", "b").await.is_problem(409, "conflict");
    let keys: Vec<Value> = waits(&gateway, "unclaimed").await.iter().map(|wait| wait["key"].clone()).collect();
    assert_eq!(keys, ["early"]);
    for (body, status) in [
        (json!({"route": "/nowhere", "key": "early", "for": "a"}), 404),
        (json!({"key": "early", "for": "a"}), 400),
        (json!({"route": "/done", "key": "early", "for": "a", "more": 1}), 400),
    ] {
        let answer = send(gateway.api(Method::POST, "/api/waits/adopt").json(&body)).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
    }
    assert_eq!(gateway.get("/api/waits?state=lost").await.status, 400);
}

#[tokio::test]
async fn a_callback_is_unclaimed_only_until_its_own_job_begins_to_wait() {
    let gateway = gateway().await;
    gateway.call_back("/done", &json!({"id": "k", "value": 7})).await;
    assert_eq!(waits(&gateway, "unclaimed").await.len(), 1);
    let task = gateway.start("default", json!({"id": "k"})).await;
    assert_eq!(gateway.result_of(&task).await, 7);
    assert_eq!(waits(&gateway, "unclaimed").await, Vec::<Value>::new());
    assert_eq!(job(&gateway.task(&task).await, "ask")["status"], "completed");
}

#[tokio::test]
async fn the_list_of_unclaimed_callbacks_has_pages() {
    let gateway = gateway().await;
    for n in 0..5 {
        gateway.call_back("/done", &json!({"id": n, "value": n})).await;
    }
    let (mut seen, mut before) = (BTreeSet::new(), String::new());
    for _ in 0..3 {
        let page = gateway.get(&format!("/api/waits?state=unclaimed&limit=2{before}")).await.body;
        seen.extend(page["waits"].as_array().unwrap().iter().map(|wait| wait["key"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        before = format!("&before={}", next.replace('#', "%23"));
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

/// What can happen around a gift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The operator's request reads both waits…
    Read,
    /// …and writes; where it is stopped in between, the process died.
    Write,
    /// The whole request again.
    Again,
    /// The callback that the waiting job waits for.
    Own,
    /// A job begins to wait under the key of the early callback.
    Claimant,
    /// The waiting job's deadline.
    Deadline,
}

struct Play {
    store: Store,
    now: Timestamp,
    early: WaitKey,
    wanted: WaitKey,
}

fn waiter(number: u8) -> Waiter {
    Waiter { run: RunId::random([number; 16]), job: JobPath::new("job"), attempt: 1 }
}

fn id(from: &str) -> ArrivalId {
    ArrivalId::read(from)
}

fn arrival(from: &str) -> Arrival {
    Arrival { verdict: Verdict::Success, result: json!(from) }
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_is_taken_twice_in_any_order() {
    let aws = Aws::open(AwsOptions::in_memory("ringback")).unwrap();
    let store = Store::new(aws.dynamodb(), "ringback".to_owned(), 1, Duration::from_secs(86_400));
    let steps = [Step::Read, Step::Write, Step::Again, Step::Own, Step::Claimant, Step::Deadline];
    let mut ends = BTreeSet::new();
    let (first, mut seconds): (Timestamp, i64) = ("2026-01-01T00:00:00Z".parse().unwrap(), 0);
    for (number, order) in orders(&steps).into_iter().enumerate() {
        // Cut off after each step too: whatever is stored then must be sound.
        for length in 1..=order.len() {
            let route = RouteId(format!("POST /{number}/{length}"));
            let key = |key: &str| WaitKey { route: route.clone(), key: key.to_owned() };
            // Each play is newer than the ones before: what it leaves unclaimed is the newest of the list.
            seconds += 1;
            let now = first + SignedDuration::from_secs(seconds);
            let play = Play { store: store.clone(), now, early: key("early"), wanted: key("wanted") };
            ends.insert(play.through(&order[..length]).await);
        }
    }
    // Each way that it can end was seen; otherwise the steps don't do what they say.
    let all = ["claimed", "given", "open", "over by its deadline", "own"];
    assert_eq!(ends.into_iter().collect::<Vec<_>>(), all);
}

/// A write comes after its read, and the repetition after both.
fn orders(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in steps.iter().enumerate() {
        let early = match first {
            Step::Write => steps.contains(&Step::Read),
            Step::Again => steps.contains(&Step::Write) || steps.contains(&Step::Read),
            Step::Read | Step::Own | Step::Claimant | Step::Deadline => false,
        };
        if !early {
            let mut others = steps.to_vec();
            others.remove(index);
            all.extend(orders(&others).into_iter().map(|order| [vec![*first], order].concat()));
        }
    }
    all
}

impl Play {
    async fn through(&self, order: &[Step]) -> &'static str {
        let Self { store, now, early, wanted } = self;
        let deadline = *now + SignedDuration::from_hours(1);
        assert_eq!(
            store.receive_callback(early, &arrival("early"), &id("early"), *now).await.unwrap(),
            Reception::Stored
        );
        assert_eq!(store.open_wait(wanted, &waiter(1), deadline).await.unwrap(), Opening::Waits);
        let (mut read, mut given, mut own, mut claimed) = (None, false, None, None);
        for step in order {
            match step {
                Step::Read => read = Some(self.read().await),
                Step::Write => given |= self.write(read.take().unwrap()).await,
                Step::Again => {
                    let read = self.read().await;
                    given |= self.write(read).await;
                }
                Step::Own => {
                    own = Some(store.receive_callback(wanted, &arrival("own"), &id("own"), *now).await.unwrap());
                }
                Step::Claimant => {
                    claimed = Some(store.open_wait(early, &waiter(2), deadline).await.unwrap());
                }
                Step::Deadline => {
                    store.expire_wait(wanted, deadline + SignedDuration::from_secs(1)).await.unwrap();
                }
            }
        }
        let told = format!("{order:?}: given {given}, own {own:?}, claimed {claimed:?}");
        let (unclaimed, _) = store.list_unclaimed(None, 1).await.unwrap();
        let listed = unclaimed.iter().any(|one| one.wait == *early);
        let got = store.ended_wait(wanted).await.unwrap().map(|(who, what)| {
            assert_eq!(who, waiter(1), "{told}");
            what.map(|arrival| arrival.result)
        });
        let has_claimant = claimed == Some(Opening::Met(arrival("early")));
        // The early callback is in exactly one place: with the waiting job, with its own, or still unclaimed.
        assert_eq!([given, has_claimant, listed].iter().filter(|held| **held).count(), 1, "{told}, listed {listed}");
        assert_eq!(given, got == Some(Some(json!("early"))), "{told}: {got:?}");
        assert_eq!(own == Some(Reception::Resumed), got == Some(Some(json!("own"))), "{told}: {got:?}");
        if given {
            // Whoever comes with the early key finds it given, and a repetition of it is a duplicate.
            assert!(matches!(claimed, None | Some(Opening::Taken(_))), "{told}");
            assert_eq!(
                store.receive_callback(early, &arrival("early"), &id("early"), *now).await.unwrap(),
                Reception::Duplicate,
                "{told}"
            );
            // The callback that the waiting job waited for is another one: it is kept.
            let kept = if own.is_some() { Reception::Duplicate } else { Reception::Stored };
            assert_eq!(
                store.receive_callback(wanted, &arrival("own"), &id("own"), *now).await.unwrap(),
                kept,
                "{told}"
            );
        }
        match got {
            Some(Some(result)) if result == "early" => "given",
            Some(Some(_)) => "own",
            Some(None) => "over by its deadline",
            None if has_claimant => "claimed",
            None => "open",
        }
    }

    async fn read(&self) -> Option<(Timestamp, Arrival, Waiter)> {
        let early = self.store.wait_standing(&self.early).await.unwrap();
        let wanted = self.store.wait_standing(&self.wanted).await.unwrap();
        match adopt(early.as_ref(), wanted.as_ref(), &self.wanted) {
            Adoption::Give(waiter, at, arrival) => Some((at, arrival.clone(), waiter.clone())),
            _ => None,
        }
    }

    async fn write(&self, read: Option<(Timestamp, Arrival, Waiter)>) -> bool {
        let Some((at, arrival, waiter)) = read else { return false };
        let early = id("early");
        let (from, to) = ((&self.early, at, &arrival, Some(&early)), (&self.wanted, &waiter));
        self.store.give_callback(from, to, self.now).await.unwrap()
    }
}
