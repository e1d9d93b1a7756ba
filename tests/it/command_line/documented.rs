//! What is written about the commands, held against them.

use super::{EMULATOR, printed, refused};
use ringback_tests::run;
use std::collections::BTreeSet;
use std::path::Path;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    std::fs::read_to_string(path).unwrap()
}

fn names(command: &clap::Command, above: &str, found: &mut BTreeSet<String>) {
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set()) {
        let name = format!("{above} {}", inner.get_name());
        names(inner, &name, found);
        found.insert(name);
    }
}

#[test]
fn every_command_has_its_paragraph_and_no_paragraph_is_left_over() {
    let mut known = BTreeSet::new();
    names(&emulator::command::command_line(), "emulator", &mut known);
    let page = page();
    let headings = page.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    let documented: BTreeSet<String> = headings.map(str::to_owned).collect();
    assert_eq!(documented, known);
}

#[test]
fn the_exit_codes_are_told_alike() {
    let commands = emulator::command::command_line();
    let help = commands.get_after_help().unwrap().to_string();
    let page = page();
    for line in help.lines().skip(1) {
        let (code, words) = line.trim().split_once("  ").unwrap();
        assert!(page.contains(&format!("| {code} | {words} |")), "{line}");
    }
}

#[test]
fn the_example_of_jobs_that_clear_up_after_a_failure_can_be_used() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let page = std::fs::read_to_string(path).unwrap();
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let examples: Vec<&str> = blocks.filter(|block| block.contains("on_error:")).collect();
    assert_eq!(examples.len(), 1);
    let loaded = domain::config::load(examples[0], "docs/configuration.md");
    assert!(loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
}

#[tokio::test]
async fn help_has_examples_and_exit_codes() {
    let help = |arguments: &'static [&'static str]| run(EMULATOR, Path::new("."), arguments, "");
    assert!(printed(help(&["--help"]).await).contains("Exit codes:"));
    let waits = printed(help(&["waits", "--help"]).await);
    assert!(waits.contains("emulator waits adopt /done IMG-7 --for img-7"), "{waits}");
    refused(&help(&["wait"]).await, 2, &["waits"]);
}

#[tokio::test]
async fn completions_know_the_commands_of_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(run(EMULATOR, Path::new("."), &["completions", shell], "").await);
        assert!(script.contains("deliveries") && script.contains("adopt"), "{shell}");
    }
    refused(&run(EMULATOR, Path::new("."), &["completions", "dos"], "").await, 2, &["bash"]);
}
