//! `import`: what it prints is accepted by `check`.

use super::{EMULATOR, printed, refused};
use ringback_tests::{Finished, run};
use std::path::Path;

async fn import(directory: &Path, name: &str, text: &str) -> Finished {
    std::fs::write(directory.join(name), text).unwrap();
    run(EMULATOR, directory, &["import", name], "").await
}

const HOOKS_YAML: &str = "
- id: redeploy
  execute-command: /var/scripts/redeploy.sh
  command-working-directory: /var/webhook
  trigger-rule:
    and:
      - match: {type: ip-whitelist, ip-range: 104.192.143.0/24}
      - or:
          - match: {type: value, value: refs/heads/master, parameter: {source: payload, name: ref}}
          - match: {type: regex, regex: '^v[0-9]+', parameter: {source: header, name: X-Tag}}
      - not:
          match: {type: value, value: 'true', parameter: {source: payload, name: draft}}
- id: report
  execute-command: /usr/bin/report
  http-methods: [GET]
  pass-file-to-command: [{source: payload, name: binary}]
";

#[tokio::test]
async fn hooks_are_printed_as_a_file_that_check_accepts_and_the_rest_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let imported = import(directory.path(), "hooks.yaml", HOOKS_YAML).await;
    for words in ["hooks[1].http-methods", "hooks[1].pass-file-to-command", "hooks[1]: it takes every request"] {
        assert!(imported.err.contains(words), "{words}: {}", imported.err);
    }
    let yaml = printed(imported);
    assert!(yaml.contains("allow_ips: [\"104.192.143.0/24\"]"), "{yaml}");
    std::fs::write(directory.path().join("ringback.yml"), &yaml).unwrap();
    let checked = printed(run(EMULATOR, directory.path(), &["check"], "").await);
    assert!(checked.contains("redeploy") && checked.contains("report"), "{checked}");
}

#[tokio::test]
async fn a_file_that_is_no_other_project_s_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    refused(&import(directory.path(), "x.json", "5").await, 1, &["neither"]);
    refused(&import(directory.path(), "x.json", "[{}]").await, 1, &["no hook", "line 1"]);
    refused(&run(EMULATOR, directory.path(), &["import", "nowhere.json"], "").await, 2, &["nowhere.json"]);
}
