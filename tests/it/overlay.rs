//! Runtime configuration in the table, and what is remembered of it.

use application::overlay::{Overlay, REMEMBERED};
use jiff::Timestamp;
use platform::store::{ConfigChange, ConfigEntry, ConfigKind, Saved};
use ringback_tests::{File, Gateway};
use serde_json::{Value, json};
use std::time::Duration;

const FILE: &str = "workflow: {jobs: [{component: logger}]}";

async fn quiet() -> Gateway {
    // The sweep reads, and these tests count what they read themselves.
    File::new(FILE).with(|options| options.pace.sweep_every = Duration::from_secs(3600)).run().await
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn entry(name: &str, content: Value, second: i64) -> ConfigEntry {
    let secrets = [("secret".to_owned(), vec!["v1.sealed".to_owned()])].into();
    ConfigEntry { name: name.to_owned(), content, secrets, version: 0, updated_at: at(second) }
}

fn change(name: &str, action: &str, second: i64) -> ConfigChange {
    let (kind, fields) = (ConfigKind::Program, vec!["command".to_owned()]);
    let (name, action, by) = (name.to_owned(), action.to_owned(), "root token".to_owned());
    ConfigChange { at: at(second), kind, name, action, by, fields }
}

#[tokio::test]
async fn a_change_and_its_line_are_stored_together_or_not_at_all() {
    let gateway = quiet().await;
    let store = &gateway.app().store;
    let first = entry("deploy", json!({"command": ["a"]}), 1);
    let created = change("deploy", "created", 1);
    assert_eq!(store.save_config(&first, 0, &created).await.unwrap(), Saved::Written(1));
    let lost = change("deploy", "created", 2);
    assert_eq!(store.save_config(&first, 0, &lost).await.unwrap(), Saved::Conflict);
    let second = entry("deploy", json!({"command": ["b"]}), 3);
    let replaced = change("deploy", "replaced", 3);
    assert_eq!(store.save_config(&second, 1, &replaced).await.unwrap(), Saved::Written(2));
    assert!(!store.delete_config(1, &change("deploy", "deleted", 4)).await.unwrap());
    let found = store.config(ConfigKind::Program, "deploy").await.unwrap();
    assert_eq!(found, Some(ConfigEntry { version: 2, ..second }));
    assert_eq!(store.config(ConfigKind::Source, "deploy").await.unwrap(), None);
    let deleted = change("deploy", "deleted", 5);
    assert!(store.delete_config(2, &deleted).await.unwrap());
    assert_eq!(store.config(ConfigKind::Program, "deploy").await.unwrap(), None);
    let (newest, next) = store.config_history(None, 2).await.unwrap();
    assert_eq!(newest, [deleted, replaced]);
    let (oldest, end) = store.config_history(next.as_deref(), 2).await.unwrap();
    assert_eq!((oldest, end), (vec![created], None));
}

#[tokio::test]
async fn what_is_on_top_is_read_once_in_a_while_and_at_once_after_a_change() {
    let gateway = quiet().await;
    let store = &gateway.app().store;
    let overlay = Overlay::new(ConfigKind::Program, |entry| match entry.content["command"].as_str() {
        Some(command) => Ok(command.to_owned()),
        None => Err("no command".to_owned()),
    });
    assert!(overlay.recent(store, at(0)).await.unwrap().get("one").is_none());
    let one = entry("one", json!({"command": "go"}), 0);
    store.save_config(&one, 0, &change("one", "created", 0)).await.unwrap();
    store.save_config(&entry("bad", json!({}), 0), 0, &change("bad", "created", 0)).await.unwrap();
    let reads = || gateway.cost().calls_of("Query");
    let before = reads();
    assert!(overlay.recent(store, at(1)).await.unwrap().get("one").is_none());
    assert_eq!(reads(), before);
    let later = at(0).checked_add(REMEMBERED).unwrap();
    let entries = overlay.recent(store, later).await.unwrap();
    assert_eq!(entries.get("one").unwrap().thing.as_deref(), Some(&"go".to_owned()));
    // What can't be read is there all the same.
    assert_eq!(entries.get("bad").unwrap().thing, None);
    assert_eq!((entries.iter().count(), reads()), (2, before + 1));
    assert!(store.delete_config(1, &change("one", "deleted", 1)).await.unwrap());
    assert!(overlay.recent(store, later).await.unwrap().get("one").is_some());
    overlay.forget();
    assert!(overlay.recent(store, later).await.unwrap().get("one").is_none());
}
