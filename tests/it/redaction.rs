//! No secret is said: not in a log line of ours, however much is logged, not in an answer, not in what is stored for replay.
//! That holds in every test of this suite ([`watch`]); here it is provoked.

use crate::sources::{GITHUB_SECRET, PUSH};
use domain::id::RunId;
use reqwest::Method;
use ringback_tests::subscriber::TO_THIS_MACHINE;
use ringback_tests::{File, ManualClock, Provider, Reply, Service, Subscriber, send, watch};
use serde_json::{Value, json};

const TOKEN: &str = "s3cret-token-1111";
const OWN_HEADER: &str = "s3cret-own-header-2222";
const OF_API: &str = "s3cret-of-the-api-3333";
const PASSED_ON: &str = "s3cret-passed-on-4444";
const ENDPOINT: &str = "s3cret-of-an-endpoint-5555";
const COOKIE: &str = "s3cret-cookie-6666";
const QUERY: &str = "s3cret-query-7777";
const LEARNED: &str = "s3cret_learned_8888";
const PRESENTED: &str = "s3cret-presented-9999";

const SECRETS: [&str; 10] =
    [GITHUB_SECRET, TOKEN, OWN_HEADER, OF_API, PASSED_ON, ENDPOINT, COOKIE, QUERY, LEARNED, PRESENTED];

const FILE: &str = r#"
delivery: {allow_private: [127.0.0.0/8]}
sources:
  github: {secret: "${env.GITHUB_SECRET}", rules: {push: [{target: call, input: {branch: "${branch}"}}]}}
  custom: {token: "${env.TOKEN}", rules: {bad: [{when: "body.n + 'x' == 1", target: call}], "*": call}}
  own: {token: "${env.OWN}", header: X-Own, rules: {"*": [{target: call, input: 1}]}}
  notion: {scheme: notion, rules: {"*": call}}
listeners:
  - {path: /start, workflow: call, input: 2, verify: {token: "${env.OWN}", header: X-Own}}
  - {path: /done, identify_by: "${body.id}", verify: custom}
component: {id: service, endpoint: https://service.test/x, headers: {Authorization: "Bearer ${env.PASSED_ON}"}, body: {a: 1}}
workflow: {id: call, jobs: [{component: service}]}
"#;

#[tokio::test]
async fn no_secret_is_logged_answered_or_stored_for_replay() {
    let service = Service::answering(json!({"ok": true})).await;
    let clock = ManualClock::new();
    let file = [("GITHUB_SECRET", GITHUB_SECRET), ("TOKEN", TOKEN), ("OWN", OWN_HEADER), ("PASSED_ON", PASSED_ON)]
        .iter()
        .fold(File::new(FILE), |file, (name, value)| file.env(name, value));
    let gateway = file.calling("https://service.test", &service).clock(&clock).run().await;
    let at = |path: &str| format!("{}{path}", gateway.api);
    let post = |url: &str| gateway.request(Method::POST, url).header("Cookie", COOKIE);
    let mut answers: Vec<Value> = Vec::new();
    let mut runs: Vec<String> = Vec::new();

    // Genuine requests.
    let github = Provider::new("github", GITHUB_SECRET, &clock, "/api/webhooks/github");
    runs.push(github.send(&gateway, "", PUSH, &[("X-GitHub-Event", "push"), ("Cookie", COOKIE)]).await.task_id());
    let custom = post(&at(&format!("/api/webhooks/custom?access_token={QUERY}"))).bearer_auth(TOKEN);
    runs.push(send(custom.json(&json!({"event": "bad", "n": 1}))).await.task_id());
    runs.push(send(post(&at("/api/webhooks/own")).header("X-Own", OWN_HEADER).json(&json!({}))).await.task_id());
    runs.push(send(post(&gateway.trigger_url("/start")).header("X-Own", OWN_HEADER).json(&json!({}))).await.task_id());
    let done = post(&gateway.callback_url("/done")).bearer_auth(TOKEN).json(&json!({"id": 1}));
    answers.push(send(done).await.body);
    // Forged ones, which bring secrets of their own.
    for (path, header) in [("github", "X-Hub-Signature-256"), ("custom", "X-Webhook-Token"), ("own", "X-Own")] {
        let forged = post(&at(&format!("/api/webhooks/{path}"))).header(header, PRESENTED);
        answers.push(send(forged.bearer_auth(PRESENTED).json(&json!({}))).await.body);
    }
    // A secret that the provider sends.
    let offer = post(&at("/api/webhooks/notion")).json(&json!({"verification_token": LEARNED}));
    assert_eq!(send(offer).await.status, 200);
    // Secrets of the API.
    for fields in [
        json!({"name": "new", "token": OF_API, "rules": {"*": "call"}}),
        json!({"name": "new", "token": OF_API, "rules": {"*": "nobody"}}),
        json!({"name": "github", "secret": [OF_API], "scheme": "standard-webhooks"}),
    ] {
        answers.push(send(gateway.api(Method::POST, "/api/config/webhooks").json(&fields)).await.body);
    }
    runs.push(send(post(&at("/api/webhooks/new")).bearer_auth(OF_API).json(&json!({"n": 9}))).await.task_id());
    let endpoint = json!({"url": service.url, "events": ["*"], "secret": ENDPOINT, "headers": {"X-Key": PASSED_ON}});
    answers.push(send(gateway.api(Method::POST, "/api/webhooks").json(&endpoint)).await.body);

    for run in &runs {
        answers.push(gateway.finished(run).await);
        let stored = gateway.app().store.run(&RunId::parse(run).unwrap()).await.unwrap().unwrap();
        let request = stored.request.unwrap_or_default();
        assert_eq!(request["headers"]["cookie"], "********", "{request}");
        answers.push(request);
    }
    for path in
        ["/api/config/webhooks", "/api/config/webhooks/new", "/api/config/history", "/api/webhooks", "/api/tasks"]
    {
        answers.push(gateway.get(path).await.body);
    }
    gateway.stop().await;

    // The whole gateway runs on this thread.
    let logged = watch::logged();
    // Something was logged at all, and of each kind.
    for said in ["a request was refused", "could not be evaluated", "accepted", "has sent its secret"] {
        assert!(logged.contains(said), "{said}: {logged}");
    }
    let answered: String = answers.iter().map(|answer| format!("{answer}\n")).collect();
    for secret in SECRETS {
        for (what, text) in [("logged", &logged), ("answered", &answered)] {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret} is {what}: {line:?}");
        }
    }
}

const WORKFLOW: &str = r#"
components:
  - {id: say, type: logger}
  - {id: service, endpoint: https://service.test/x, headers: {X-Api-Key: "${env.PASSED_ON}"}, params: {key: "${env.QUERY}"}, body: "${input}"}
workflow:
  jobs:
    - id: say
      component: say
      input: {message: "I say ${env.PASSED_ON} and ${input.password}.", data: {all: "${input}", env: "${env.PASSED_ON}"}}
    - {id: call, component: service, input: "${input}"}
  output: {token: "${jobs.call.output.token}", ours: "for ${env.PASSED_ON}", branch: "${input.branch}"}
"#;

/// A secret by its name in the input, two by their value in the environment, and a result that is asked for.
#[tokio::test]
async fn what_a_workflow_logs_and_is_given_is_shown_without_secrets() {
    watch::may_show("made-for-the-caller");
    let service = Service::answering(json!({"token": "made-for-the-caller"})).await;
    let file = File::new(WORKFLOW).calling("https://service.test", &service).env("PASSED_ON", PASSED_ON);
    let gateway = file.env("QUERY", QUERY).run().await;
    let input = json!({"password": PRESENTED, "user": {"api_token": TOKEN}, "branch": "main", "max_tokens": 7});
    let task = gateway.start("default", input.clone()).await;
    let ended = gateway.finished(&task).await;

    let hidden = "********";
    let shown = json!({"password": hidden, "user": {"api_token": hidden}, "branch": "main", "max_tokens": 7});
    assert_eq!(ended["input"], shown);
    // The result is what was asked for; of our own secrets nothing is in it.
    let result = json!({"token": "made-for-the-caller", "ours": "for ********", "branch": "main"});
    assert_eq!(ended["result"], result, "{ended:#}");
    assert_eq!(gateway.tasks().await[0]["result"], result);
    // What is hidden is there all the same, for the service and for a repetition.
    let called = service.next_request().await;
    assert_eq!((called.header("x-api-key"), &called.body), (PASSED_ON, &input));
    let again = gateway.post(&format!("/api/tasks/{task}/rerun")).await.task_id();
    assert_eq!(gateway.finished(&again).await["input"], shown);
    assert_eq!(service.next_request().await.body, input);

    let log = watch::logged();
    let line = log.lines().find(|line| line.contains("I say")).unwrap();
    assert!(line.contains("I say ******** and ********."), "{line}");
    for secret in [PASSED_ON, PRESENTED, TOKEN, QUERY] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    gateway.stop().await;
}

/// A service may say back what it was sent; what we say of that is without it.
#[tokio::test]
async fn an_error_that_quotes_secrets_is_told_without_them() {
    let said = json!({"seen": format!("Bearer {PASSED_ON}"), "for": format!("<{PRESENTED}>"), "why": "no"});
    let service = Service::answering_in_turn([Reply::status(400, said)]).await;
    let file = File::new(format!("{TO_THIS_MACHINE}\n{WORKFLOW}")).calling("https://service.test", &service);
    let gateway = file.env("PASSED_ON", PASSED_ON).env("QUERY", QUERY).run().await;
    let customer = Service::answering(json!({})).await;
    let customer = Subscriber::new(&gateway, customer, json!({"events": ["job.failed"]})).await;

    let task = gateway.start("default", json!({"password": PRESENTED})).await;
    let shown = json!({"seen": "Bearer ********", "for": "<********>", "why": "no"});
    assert_eq!(gateway.error_of(&task).await["detail"]["body"], shown);
    let notice = customer.service.next_request().await;
    assert_eq!(notice.body["data"]["error"]["detail"]["body"], shown, "{}", notice.body);
    gateway.stop().await;
}
