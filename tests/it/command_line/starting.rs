//! `init`: templates that are accepted and that run.

use super::{EMULATOR, printed, refused};
use ringback_tests::{File, Finished, run};
use std::path::Path;

const TEMPLATES: [&str; 4] = ["github", "slack", "image-callback", "outbound"];

async fn init(directory: &Path, arguments: &[&str]) -> Finished {
    run(EMULATOR, directory, &[&["init"], arguments].concat(), "").await
}

#[tokio::test]
async fn each_template_is_accepted_strictly_and_runs() {
    for name in TEMPLATES {
        let directory = tempfile::tempdir().unwrap();
        let said = printed(init(directory.path(), &[name]).await);
        assert!(said.contains("Next:") && said.contains("emulator up"), "{said}");
        let text = std::fs::read_to_string(directory.path().join("ringback.yml")).unwrap();
        let mut check = tokio::process::Command::new(EMULATOR);
        check.args(["check", "--strict"]).current_dir(directory.path());
        for variable in ["GITHUB_SECRET", "SLACK_SIGNING_SECRET"] {
            check.env(variable, "a secret");
        }
        let checked = check.output().await.unwrap();
        assert!(checked.status.success(), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
        let file = File::new(text).env("GITHUB_SECRET", "a secret").env("SLACK_SIGNING_SECRET", "a secret");
        let gateway = file.run().await;
        assert_eq!(gateway.get("/api/tasks").await.status, 200);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn templates_are_listed_and_a_file_is_written_over_only_by_force() {
    let directory = tempfile::tempdir().unwrap();
    let listed = printed(init(directory.path(), &[]).await);
    assert!(TEMPLATES.iter().all(|name| listed.contains(name)), "{listed}");
    std::fs::write(directory.path().join("ringback.yml"), "mine").unwrap();
    refused(&init(directory.path(), &["slack"]).await, 1, &["is there already", "--force"]);
    assert_eq!(std::fs::read_to_string(directory.path().join("ringback.yml")).unwrap(), "mine");
    printed(init(directory.path(), &["slack", "--force"]).await);
    assert!(std::fs::read_to_string(directory.path().join("ringback.yml")).unwrap().contains("SLACK"));
    printed(init(directory.path(), &["slack", "--dir", "a/new/one"]).await);
    assert!(directory.path().join("a/new/one/ringback.yml").exists());
    refused(&init(directory.path(), &["gitbucket"]).await, 2, &["image-callback"]);
}
