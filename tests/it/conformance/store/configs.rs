//! Runtime configuration: a change and its line in the history are one transaction.

use super::{Table, at};
use futures_util::future::join_all;
use platform::store::{ConfigChange, ConfigEntry, ConfigKind, Saved};
use serde_json::json;

fn entry(name: &str, n: i64) -> ConfigEntry {
    let secrets = [("secret".to_owned(), vec!["sealed".to_owned()])].into();
    ConfigEntry { name: name.to_owned(), content: json!({"n": n}), secrets, version: 0, updated_at: at(n) }
}

fn change(name: &str, action: &str, n: i64) -> ConfigChange {
    let (kind, name) = (ConfigKind::Source, name.to_owned());
    ConfigChange {
        at: at(n),
        kind,
        name,
        action: action.to_owned(),
        by: "tests".to_owned(),
        fields: vec!["n".to_owned()],
    }
}

async fn lines(table: &Table, name: &str) -> Vec<String> {
    let (all, _) = table.store.config_history(None, 100).await.unwrap();
    all.into_iter().filter(|line| line.name == name).map(|line| line.action).collect()
}

pub(super) async fn a_change_and_its_line_are_written_together_or_not_at_all(table: &Table) {
    let store = &table.store;
    let save = async |n, version| {
        store.save_config(&entry("together", n), version, &change("together", "replaced", n)).await.unwrap()
    };
    assert_eq!(save(1, 0).await, Saved::Written(1));
    assert_eq!(save(2, 1).await, Saved::Written(2));
    // Lost, and no line tells of it.
    assert_eq!(save(3, 0).await, Saved::Conflict);
    assert_eq!(save(4, 1).await, Saved::Conflict);
    assert_eq!(lines(table, "together").await, ["replaced", "replaced"]);
    let read = store.config(ConfigKind::Source, "together").await.unwrap().unwrap();
    assert_eq!(read, ConfigEntry { version: 2, ..entry("together", 2) });
    assert!(!store.delete_config(1, &change("together", "deleted", 5)).await.unwrap());
    assert!(store.delete_config(2, &change("together", "deleted", 5)).await.unwrap());
    assert_eq!(store.config(ConfigKind::Source, "together").await.unwrap(), None);
    assert_eq!(lines(table, "together").await, ["deleted", "replaced", "replaced"]);
}

pub(super) async fn of_changes_at_once_one_is_written(table: &Table) {
    let store = &table.store;
    let change = change("crowd", "created", 1);
    let each = (0..8).map(|n| {
        let (entry, change) = (entry("crowd", n), &change);
        async move { store.save_config(&entry, 0, change).await.unwrap() }
    });
    let written = join_all(each).await.into_iter().filter(|saved| *saved != Saved::Conflict).count();
    assert_eq!((written, lines(table, "crowd").await.len()), (1, 1));
    let names: Vec<String> =
        store.configs(ConfigKind::Source).await.unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["crowd"], "another kind, and what was deleted, is not among them");
    assert_eq!(store.configs(ConfigKind::Program).await.unwrap(), []);
}

pub(super) async fn the_history_is_read_in_pages(table: &Table) {
    let store = &table.store;
    for n in 0..9 {
        let name = format!("page{n}");
        store.save_config(&entry(&name, 100 + n), 0, &change(&name, "created", 100 + n)).await.unwrap();
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let (page, next) = store.config_history(before.as_deref(), 4).await.unwrap();
        assert!(page.len() <= 4);
        seen.extend(page.into_iter().map(|line| line.name).filter(|name| name.starts_with("page")));
        before = next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..9).rev().map(|n| format!("page{n}")).collect::<Vec<_>>());
}

/// A page of a query ends at 1 MB
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html>).
pub(super) async fn a_query_is_read_on_where_a_page_of_the_table_ends(table: &Table) {
    let store = &table.store;
    let large = ringback_tests::noise(500 << 10);
    for n in 0..8 {
        let name = format!("large{n}");
        let entry = ConfigEntry { content: json!(large), ..entry(&name, n) };
        let change = ConfigChange { kind: ConfigKind::Program, ..change(&name, "created", n) };
        assert_eq!(store.save_config(&entry, 0, &change).await.unwrap(), Saved::Written(1));
    }
    let read = store.configs(ConfigKind::Program).await.unwrap();
    let names: Vec<&str> = read.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, (0..8).map(|n| format!("large{n}")).collect::<Vec<_>>());
}
