//! Canaries: a text in every place that can hold a secret, and none of them anywhere that outlives the story.

use reqwest::Method;
use ringback_tests::subscriber::{TO_THIS_MACHINE, create, publish};
use ringback_tests::{
    File, Gateway, ManualClock, Provider, Reply, Request, Service, Subscriber, eventually, send, watch,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// Texts that nothing may show, by the place that each is put in.
#[derive(Default)]
struct Canaries(BTreeMap<&'static str, String>);

impl Canaries {
    /// The canary of a place: no other text has its letters.
    fn of(&mut self, place: &'static str) -> String {
        let seed = ringback_tests::noise(4096).into_bytes();
        let at = (self.0.len() + 1) * 24;
        let letters: String = seed
            .iter()
            .cycle()
            .skip(at)
            .filter(|b| b.is_ascii_alphanumeric())
            .take(20)
            .map(|b| char::from(*b))
            .collect();
        self.0.entry(place).or_insert_with(|| format!("canary{letters}{}", place.len())).clone()
    }

    /// Fails if one of them is in there: as it is, or in base64, whatever stands before it.
    fn look(&self, what: &str, bytes: &[u8]) {
        for (place, canary) in &self.0 {
            let found = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!found(canary.as_bytes()), "the canary of {place} is in {what}: {}", near(bytes, canary));
        }
    }
}

/// The surroundings of a text, to find its origin.
fn near(bytes: &[u8], canary: &str) -> String {
    let text = String::from_utf8_lossy(bytes);
    let at = text.find(canary).unwrap_or_default();
    text.chars().skip(text[..at].chars().count().saturating_sub(300)).take(400).collect()
}

const FILE: &str = r#"
sources:
  in-query: {scheme: {query: k, algorithm: token}, secret: "${env.QUERY_SECRET}", rules: {"*": call}}
  in-header: {token: "${env.OWN}", header: X-Own, rules: {"*": call}}
  github: {secret: WRITTEN_OUT, rules: {push: call}}
  meta: {scheme: meta, secret: "${env.META}", verify_token: "${env.META_VERIFY}", rules: {"*": call}}
listeners:
  - {path: "/start/{token}", workflow: call, verify: {token: "${env.ROUTE}", header: X-Route}}
  - {path: /done, identify_by: "${body.id}", verify: {token: "${env.CALLBACK}", header: X-Done}}
components:
  - id: service
    endpoint: https://service.test/x
    headers: {Authorization: "Bearer ${env.SERVICE}"}
    params: {api_key: "${env.PARAMETER}"}
    body: {password: "${input.password}", back: "${context.callback_url}", token: "${input.body.password}"}
    completion: {type: callback, wait_for: "${context.callback_token}", timeout: 1h}
  - {id: failing, endpoint: https://failing.test/x, headers: {X-Api-Key: "${env.FAILING}"}, body: {secret: "${input.password}"}}
  - {id: say, type: logger}
workflows:
  call: {jobs: [{id: say, component: say, input: {message: "${input}", data: "${env.SERVICE}"}}, {id: call, component: service, input: "${input}"}], output: "${jobs.call.output.n}"}
  fails: {jobs: [{component: failing, input: "${input}"}]}
programs:
  of-file: {command: [sh, -c, "printenv FILE_TOKEN", sh], env: {FILE_TOKEN: "${env.PROGRAM}"}, params: [password]}
"#;

/// Says back whatever it is sent, as services do in their errors.
fn echo(status: u16) -> impl Fn(Request) -> std::future::Ready<Reply> + Clone + Send + Sync + 'static {
    move |request: Request| {
        let said = json!({"headers": request.headers, "query": request.query, "body": request.body});
        std::future::ready(Reply::status(status, said))
    }
}

/// The whole story; the answers of the API are looked through as they come.
struct Story {
    gateway: Gateway,
    clock: ManualClock,
    canaries: Canaries,
    service: Service,
    tasks: Vec<String>,
}

impl Story {
    async fn begin(data: &Path) -> Self {
        let (mut canaries, clock) = (Canaries::default(), ManualClock::new());
        let (service, failing) = (Service::scripted(echo(200)).await, Service::scripted(echo(400)).await);
        let text =
            format!("{TO_THIS_MACHINE}\n{}", FILE.replace("WRITTEN_OUT", &canaries.of("a secret written in the file")));
        let file = File::new(text).calling("https://service.test", &service).calling("https://failing.test", &failing);
        let file = [
            "QUERY_SECRET",
            "OWN",
            "META",
            "META_VERIFY",
            "ROUTE",
            "CALLBACK",
            "SERVICE",
            "PARAMETER",
            "FAILING",
            "PROGRAM",
        ]
        .into_iter()
        .fold(file, |file, name| file.env(name, &canaries.of(name)));
        let file = file.data(data).clock(&clock).with(|options| options.settings.runtime_programs = true);
        Self { gateway: file.run().await, clock, canaries, service, tasks: Vec::new() }
    }

    fn canary(&mut self, place: &'static str) -> String {
        self.canaries.of(place)
    }

    /// Requests of providers and callers.
    async fn receive(&mut self) {
        let api = self.gateway.api.clone();
        let url = |path: String| format!("{api}{path}");
        let body = json!({"id": 1, "password": self.canary("a body's password"), "user": {"api_key": self.canary("deep in a body")}});
        let by_query = url(format!("/api/webhooks/in-query?k={}", self.canaries.0["QUERY_SECRET"]));
        let by_header = url("/api/webhooks/in-header".to_owned());
        let in_path = self.canary("the path of a route");
        let by_route = self.gateway.trigger_url(&format!("/start/{in_path}"));
        let post = |url: &str| self.gateway.request(Method::POST, url);
        let requests = [
            post(&by_query).json(&body),
            post(&by_header).header("X-Own", &self.canaries.0["OWN"]).json(&body),
            post(&by_route).header("X-Route", &self.canaries.0["ROUTE"]).header("Cookie", "a=b").json(&body),
            post(&by_route)
                .header("X-Route", &self.canaries.0["ROUTE"])
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(format!("password={}&x=1", self.canaries.0["a body's password"])),
        ];
        for request in requests {
            self.tasks.push(send(request).await.task_id());
        }
        let pushed = json!({"ref": "refs/heads/main", "password": self.canary("a signed body")}).to_string();
        let github = Provider::new(
            "github",
            &self.canaries.0["a secret written in the file"],
            &self.clock,
            "/api/webhooks/github",
        );
        let signed = github.request(&self.gateway, "", pushed.as_bytes(), &[("X-GitHub-Event", "push")]);
        self.tasks.push(send(signed.try_clone().unwrap()).await.task_id());
        // `/api/requests` shows signatures: each proves its own body alone.
        watch::may_show(signed.build().unwrap().headers()["x-hub-signature-256"].to_str().unwrap());
        let input = json!({"password": self.canary("a task's input"), "list": [{"client_secret": self.canary("deep in an input")}]});
        self.tasks.push(self.gateway.start("call", input.clone()).await);
        self.tasks.push(self.gateway.start("fails", input).await);
        // Refused, and answered alike.
        for header in ["X-Own", "Authorization"] {
            let forged = self.canary("a forged token");
            send(self.gateway.request(Method::POST, &by_header).header(header, forged).json(&body))
                .await
                .is_problem(401, "unauthorized");
        }
    }

    /// Sources and programs that the API takes.
    async fn configure(&mut self) {
        let token = self.canary("a token of a source of the API");
        let source = json!({"name": "new", "token": token, "header": "X-New", "rules": {"*": "call"}});
        assert_eq!(send(self.gateway.api(Method::POST, "/api/config/webhooks").json(&source)).await.status, 201);
        let url = format!("{}/api/webhooks/new", self.gateway.api);
        let told =
            self.gateway.request(Method::POST, &url).header("X-New", &token).json(&json!({"said": token, "n": 1}));
        self.tasks.push(send(told).await.task_id());
        let environment = self.canary("a program's environment");
        let program =
            json!({"name": "of-api", "command": ["printenv", "API_TOKEN"], "env": {"API_TOKEN": environment}});
        assert_eq!(send(self.gateway.api(Method::POST, "/api/config/programs").json(&program)).await.status, 201);
        for program in ["of-file", "of-api"] {
            let input = json!({"password": self.canary("a program's input")});
            let task = self.gateway.start(&format!("program:{program}"), input).await;
            let ended = self.gateway.finished(&task).await;
            assert_eq!(ended["result"]["stdout"], "********\n", "the program has had its secret: {ended}");
            self.tasks.push(task);
        }
    }

    /// Callbacks, with a secret in what they bring.
    async fn call_back(&mut self) {
        let brought = self.canary("what a callback brings");
        let calls = eventually("the service is called", async || {
            let calls = self.service.requests();
            if calls.len() >= 7 { Ok(calls) } else { Err(calls.len()) }
        })
        .await;
        for (n, call) in calls.into_iter().enumerate() {
            let url = call.body["back"].as_str().expect("an address").to_owned();
            let token = url.split_once("callback_token=").expect("a token").1.to_owned();
            assert!(token.starts_with("cbt_"), "{url}");
            let place: &'static str =
                ["token 0", "token 1", "token 2", "token 3", "token 4", "token 5", "token 6", "token 7"][n];
            self.canaries.0.insert(place, token);
            let result = json!({"password": brought, "n": n});
            let back =
                self.gateway.request(Method::POST, &url).header("X-Done", &self.canaries.0["CALLBACK"]).json(&result);
            let answer = send(back).await;
            assert!(
                ["resumed", "stored"].contains(&answer.body["status"].as_str().unwrap_or_default()),
                "{}",
                answer.body
            );
        }
        let unclaimed = json!({"id": "nobody", "result": {"password": brought}});
        let url = self.gateway.callback_url("/done");
        send(self.gateway.request(Method::POST, &url).header("X-Done", &self.canaries.0["CALLBACK"]).json(&unclaimed))
            .await;
    }

    /// An event that is delivered, fails, and is tried again.
    async fn deliver(&mut self) {
        let receiver = Service::scripted(echo(500)).await;
        let (header, secret) = (self.canary("an endpoint's header"), self.canary("an endpoint's secret"));
        let fields = json!({
            "url": receiver.url, "events": ["*", "job.*"], "secret": secret, "max_retries": 0,
            "headers": {"Authorization": format!("Bearer {header}"), "X-Any": self.canary("any header of an endpoint")},
        });
        let made = create(&self.gateway, &fields).await;
        let id = made.body["webhook_id"].as_str().expect("an id").to_owned();
        let data = json!({"user": "u", "password": self.canary("an event's data")});
        let event = publish(&self.gateway, &json!({"event": "user.created", "data": data})).await;
        let sent = receiver.next_request().await;
        assert_eq!(sent.body["data"], data, "the receiver has all of it");
        assert_eq!(sent.header("authorization"), format!("Bearer {header}"));
        let list = format!("/api/webhooks/deliveries?webhook_id={id}&status=exhausted&event=user.created");
        let delivery = eventually("the delivery is given up", async || {
            let shown = self.gateway.get(&list).await.body;
            shown["deliveries"][0]["id"].as_str().map(str::to_owned).ok_or(shown)
        })
        .await;
        self.gateway.get(&format!("/api/deliveries/{delivery}")).await;
        assert_eq!(self.gateway.post(&format!("/api/deliveries/{delivery}/retry")).await.status, 202);
        assert_eq!(receiver.next_request().await.body["data"], data, "what is tried again has all of it too");
        send(self.gateway.api(Method::POST, &format!("/api/webhooks/{id}/test")).json(&json!({}))).await;
        for path in
            [format!("/api/events/{event}"), format!("/api/webhooks/{id}"), format!("/api/webhooks/{id}/diagnose")]
        {
            assert_eq!(self.gateway.get(&path).await.status, 200, "{path}");
        }
    }

    /// Everything that tells of it afterwards.
    async fn ask(&mut self) {
        for task in self.tasks.clone() {
            self.gateway.finished(&task).await;
            self.gateway.post(&format!("/api/tasks/{task}/replay?dry_run=true")).await;
        }
        let again = self.gateway.post(&format!("/api/tasks/{}/rerun", self.tasks[0])).await.task_id();
        self.gateway.get(&format!("/api/tasks/{again}")).await;
        for path in [
            "/api/tasks",
            "/api/requests",
            "/api/waits",
            "/api/waits?state=unclaimed",
            "/api/webhooks",
            "/api/webhooks/deliveries",
            "/api/webhooks/endpoints",
            "/api/webhooks/stats",
            "/api/config/webhooks",
            "/api/config/programs",
            "/api/config/history",
            "/api/config/webhooks/new",
            "/api/config/programs/of-api",
            "/api/tokens",
            "/api/workflows",
            "/api/gateways",
        ] {
            let answer = self.gateway.get(path).await;
            assert_eq!(answer.status, 200, "{path}");
            self.canaries.look(path, answer.body.to_string().as_bytes());
        }
    }
}

#[tokio::test]
async fn no_secret_outlives_its_use_in_the_state_the_log_or_an_answer() {
    let directory = tempfile::tempdir().unwrap();
    let mut story = Story::begin(directory.path()).await;
    story.receive().await;
    story.configure().await;
    story.call_back().await;
    story.deliver().await;
    story.ask().await;
    let Story { gateway, canaries, .. } = story;
    let made = send(gateway.api(Method::POST, "/api/tokens").json(&json!({"customer_id": "c"}))).await;
    let token = made.body["token"].as_str().expect("a token").to_owned();
    gateway.stop().await;

    let mut canaries = canaries;
    canaries.0.insert("a customer's token", token);
    assert!(canaries.0.len() > 30, "{:?}", canaries.0.keys());
    canaries.look("the log", watch::logged().as_bytes());
    let (files, cells) = state(directory.path());
    assert!(files.iter().any(|(name, _)| name == "table.db") && cells.len() > 50, "{} cells", cells.len());
    for (name, bytes) in files.iter().chain(&cells) {
        canaries.look(name, bytes);
    }
    // What is looked through is really there: texts that are no secrets are found in it.
    for there in ["refs/heads/main", "user.created", "sealed:v1."] {
        let found = cells.iter().any(|(_, bytes)| bytes.windows(there.len()).any(|window| window == there.as_bytes()));
        assert!(found, "{there}");
    }
}

/// Bytes, each with the name of their place.
type Places = Vec<(String, Vec<u8>)>;

/// Every file, and every cell of the table with what is packed in it.
fn state(directory: &Path) -> (Places, Places) {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            files.push((entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()));
        }
    }
    let table = rusqlite::Connection::open(directory.join("table.db")).unwrap();
    let names: Vec<String> = {
        let mut statement = table.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut cells = Vec::new();
    for name in names {
        let mut statement = table.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let bytes = match row.get_ref(column).unwrap() {
                    rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes) => bytes.to_vec(),
                    _ => continue,
                };
                cells.extend(packed(&bytes).into_iter().map(|inner| (format!("a packed cell of {name}"), inner)));
                cells.push((format!("a cell of {name}"), bytes));
            }
        }
    }
    (files, cells)
}

/// The binary attributes in a cell, which stand there as base64, unpacked where they are compressed.
fn packed(bytes: &[u8]) -> Vec<Vec<u8>> {
    use base64::Engine;
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let mut found = Vec::new();
    for run in bytes.split(|byte| !is_base64(byte)).filter(|run| run.len() >= 16) {
        let Ok(decoded) = base64::engine::general_purpose::STANDARD.decode(run) else { continue };
        match zstd::bulk::decompress(&decoded, 16 << 20) {
            Ok(unpacked) => found.push(unpacked),
            Err(_) => found.push(decoded),
        }
    }
    found
}

/// State of an earlier version is read, and its secrets are sealed when it is next written.
#[tokio::test]
async fn runs_endpoints_and_waits_of_an_earlier_version_are_read_and_go_on() {
    let service = Service::answering(json!({"ok": true})).await;
    let text = "
listeners:
  - {path: /done, identify_by: '${body.id}'}
component: {id: service, endpoint: https://service.test, body: {back: '${context.callback_url}'},
            completion: {type: callback, wait_for: '${context.callback_token}', timeout: 1h}}
workflow: {id: ask, jobs: [{id: call, component: service}], output: '${jobs.call.output.n}'}
";
    let gateway = File::new(text).calling("https://service.test", &service).run().await;
    let task = gateway.start("ask", json!({"password": "of-before-0001"})).await;
    let url = service.next_request().await.body["back"].as_str().unwrap().to_owned();
    gateway.waiting(&task).await;
    // As the earlier version has kept it: the wait under the token, the run with its secrets in clear.
    let app = gateway.app();
    let id = domain::id::RunId::parse(&task).unwrap();
    let stored = app.store.run(&id).await.unwrap().unwrap();
    let token = url.split_once("callback_token=").unwrap().1.to_owned();
    let kept = domain::run::kept_key(token.clone());
    let mut run = serde_json::to_string(&stored.run).unwrap();
    assert!(run.contains(&kept));
    run = run.replace(&kept, &token);
    let run: domain::run::Run = serde_json::from_str(&run).unwrap();
    let domain::run::JobState::Waiting { wait, deadline, .. } = &run.jobs().values().next().unwrap().state() else {
        panic!("{run:?}")
    };
    let plain = platform::store::Store::new(
        gateway.dynamodb(),
        app.settings.table.clone(),
        app.settings.shards,
        app.settings.retention,
    );
    let waiter = domain::wait::Waiter { run: id.clone(), job: run.jobs().keys().next().unwrap().clone(), attempt: 1 };
    plain.open_wait(wait, &waiter, *deadline).await.unwrap();
    plain.save_run(&run, stored.version, &[], app.now()).await.unwrap();
    assert_eq!(app.store.run(&id).await.unwrap().unwrap().run.input, json!({"password": "of-before-0001"}).into());

    let answer = send(gateway.request(Method::POST, &url).json(&json!({"n": 7}))).await;
    assert_eq!(answer.body["status"], "resumed", "{}", answer.body);
    assert_eq!(gateway.result_of(&task).await, 7);
    let sealed = plain.run(&id).await.unwrap().unwrap().run.input;
    assert!(sealed["password"].as_str().unwrap().starts_with("sealed:v1."), "{sealed}");
    gateway.stop().await;
}

/// An event is read without a key on its way, so its names stay, also where one of them is a secret's value.
#[tokio::test]
async fn an_event_whose_names_say_a_secret_of_its_data_is_delivered() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let endpoint = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({})).await;
    watch::may_show("order-12345678");
    let event = json!({"event": "order.paid", "id": "order-12345678", "source": "order-12345678", "data": {"token": "order-12345678"}});
    publish(&gateway, &event).await;
    let sent = endpoint.service.next_request().await.body;
    assert_eq!((&sent["id"], &sent["data"]["token"]), (&json!("order-12345678"), &json!("order-12345678")));
    gateway.stop().await;
}
