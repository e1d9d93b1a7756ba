//! The key of secrets, from the first start to a rotation.

use crate::EMULATOR;
use platform::secret::KeyRing;
use reqwest::Method;
use ringback_tests::{Process, Service, eventually, run, send};
use serde_json::json;
use std::path::Path;

const FILE: &str = "listener: {path: /hook, workflow: w}\nworkflow: {id: w, jobs: [{component: logger}]}\n";

async fn rotate(data: &Path) -> ringback_tests::Finished {
    run(EMULATOR, Path::new("."), &["rotate-key", "--data", &data.display().to_string()], "").await
}

fn ring(data: &Path) -> KeyRing {
    KeyRing::parse(&std::fs::read_to_string(data.join("key")).unwrap()).unwrap()
}

#[tokio::test]
async fn a_key_is_made_at_the_first_start_and_rotated_while_nothing_runs() {
    let directory = tempfile::tempdir().unwrap();
    let (file, data) = (directory.path().join("ringback.yml"), directory.path().join("data"));
    std::fs::write(&file, FILE).unwrap();
    let missing = rotate(&data).await;
    assert_eq!(missing.code, Some(1));
    assert!(missing.err.contains("there is no directory") && !data.exists(), "{}", missing.err);

    let process = Process::up(EMULATOR, &file, &data).await;
    let first = ring(&data);
    let sealed = first.seal(b"secret", "acme/ep_1");
    let running = rotate(&data).await;
    assert_eq!(running.code, Some(1));
    assert!(running.err.contains("is in use by an emulator"), "{}", running.err);
    process.kill().await;

    let process = Process::up(EMULATOR, &file, &data).await;
    assert!(ring(&data).ids().eq(first.ids()), "a start keeps the key");
    process.kill().await;

    let done = rotate(&data).await;
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let second = ring(&data);
    assert_eq!((first.ids().count(), second.ids().count()), (1, 2));
    assert!(second.ids().all(|id| done.out.contains(id.as_str())), "{}", done.out);
    assert!(!done.out.contains(second.to_text().split(',').next().unwrap()), "the key itself is not shown");
    assert!(second.needs_resealing(&sealed));
    assert_eq!(*second.open(&sealed, "acme/ep_1").unwrap(), b"secret");
    Process::up(EMULATOR, &file, &data).await.kill().await;
}

#[tokio::test]
async fn nothing_starts_without_the_key_of_what_is_stored() {
    let directory = tempfile::tempdir().unwrap();
    let (file, data) = (directory.path().join("ringback.yml"), directory.path().join("data"));
    std::fs::write(&file, FILE).unwrap();
    let process = Process::up(EMULATOR, &file, &data).await;
    process.trigger("/hook", &json!({"password": "hunter2"})).await.task_id();
    process.kill().await;
    let copy = directory.path().join("copy");
    std::fs::rename(data.join("key"), &copy).unwrap();
    let arguments = ["up", "-f", &file.display().to_string(), "--data", &data.display().to_string()].map(str::to_owned);
    let refused = run(EMULATOR, Path::new("."), &arguments.each_ref().map(String::as_str), "").await;
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    assert!(refused.err.contains("is gone") && refused.err.contains("restore the file"), "{}", refused.err);
    assert!(!data.join("key").exists());
    std::fs::rename(&copy, data.join("key")).unwrap();
    Process::up(EMULATOR, &file, &data).await.kill().await;
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_starts_with_a_key_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let (file, data) = (directory.path().join("ringback.yml"), directory.path().join("data"));
    std::fs::write(&file, FILE).unwrap();
    Process::up(EMULATOR, &file, &data).await.kill().await;
    let key = data.join("key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let (file, shown) = (file.display().to_string(), data.display().to_string());
    let up = ["up", "--ephemeral-ports", "--data", &shown, "-f", &file];
    let done = run(EMULATOR, directory.path(), &up, "").await;
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("can be read by others (mode 644)"), "{}", done.err);
    assert_eq!(rotate(&data).await.code, Some(1));
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_of_the_environment_takes_the_place_of_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ringback.yml");
    std::fs::write(&file, FILE).unwrap();
    let with = |key: &str, arguments: &'static [&'static str]| {
        let key = format!("RINGBACK_KEY={key}");
        let directory = directory.path().to_owned();
        async move { run("env", &directory, &[&[key.as_str(), EMULATOR], arguments].concat(), "").await }
    };
    let done = with("c2hvcnQ=", &["up", "--ephemeral-ports"]).await;
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("RINGBACK_KEY: key 1 must be 32 bytes") && !done.err.contains("c2hvcnQ"), "{}", done.err);
    assert!(!directory.path().join(".ringback").exists());
    std::fs::create_dir(directory.path().join(".ringback")).unwrap();
    let done = with(&KeyRing::generate().to_text(), &["rotate-key"]).await;
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("the key comes from RINGBACK_KEY"), "{}", done.err);
}

#[tokio::test]
async fn a_rotation_seals_secrets_anew_and_may_forget_the_keys_before() {
    let directory = tempfile::tempdir().unwrap();
    let (file, data) = (directory.path().join("ringback.yml"), directory.path().join("data"));
    std::fs::write(&file, ringback_tests::subscriber::TO_THIS_MACHINE).unwrap();
    let service = Service::answering(json!("ok")).await;
    let process = Process::up(EMULATOR, &file, &data).await;
    let headers = json!({"Authorization": "Bearer of-the-receiver"});
    let fields = json!({"url": service.url, "events": ["*"], "secret": "your_secret_key", "headers": headers});
    let made = send(process.api(Method::POST, "/api/webhooks").json(&fields)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    // What is sealed inside of an item: an event's data, needed again when its delivery is.
    let event = json!({"event": "user.created", "data": {"password": "of-a-new-user"}});
    let published = send(process.api(Method::POST, "/api/events").json(&event)).await;
    assert_eq!(service.next_request().await.body["data"]["password"], "of-a-new-user");
    let delivery = format!(
        "default.{}.{}",
        published.body["event_id"].as_str().unwrap(),
        made.body["webhook_id"].as_str().unwrap()
    );
    eventually("the delivery is stored", async || {
        let shown = send(process.api(Method::GET, &format!("/api/deliveries/{delivery}"))).await.body;
        if shown["status"] == "delivered" { Ok(()) } else { Err(shown) }
    })
    .await;
    let source = json!({"name": "custom", "auth_type": "token", "token": "a-token-of-theirs"});
    let made = send(process.api(Method::POST, "/api/config/webhooks").json(&source)).await;
    assert!(made.status < 300, "{}", made.body);
    process.kill().await;

    let shown = data.display().to_string();
    let arguments = ["rotate-key", "--drop-older", "--data", &shown];
    let done = run(EMULATOR, directory.path(), &arguments, "").await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("sealed with it now: 3"), "{}", done.out);
    assert_eq!(ring(&data).ids().count(), 1);

    let process = Process::up(EMULATOR, &file, &data).await;
    let event = json!({"event": "job.completed", "data": {}});
    assert_eq!(send(process.api(Method::POST, "/api/events").json(&event)).await.status, 202);
    let request = service.next_request().await;
    assert!(request.header("x-webhook-signature").starts_with("sha256="));
    assert_eq!(request.header("authorization"), "Bearer of-the-receiver");
    let again = process.api(Method::POST, &format!("/api/deliveries/{delivery}/retry"));
    assert_eq!(send(again).await.status, 202);
    assert_eq!(service.next_request().await.body["data"]["password"], "of-a-new-user");
    let url = format!("{}/api/webhooks/custom", process.api);
    let theirs = process.request(Method::POST, &url).bearer_auth("a-token-of-theirs").json(&json!({"event": "x"}));
    assert_eq!(send(theirs).await.body["detail"], "no rule matched");
    process.kill().await;
}
