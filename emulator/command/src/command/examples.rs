//! What `--help` shows below the options: examples for each command, and below the list of commands the exit codes.

use super::exit;
use clap::Command;

/// Examples by command. One that has examples of its own is not here.
const EXAMPLES: [(&str, &str); 20] = [
    (
        "init",
        "emulator init
  emulator init github
  emulator init image-callback --dir images --force",
    ),
    (
        "up",
        "emulator up
  emulator up -f examples/image-callback.yml --data /var/lib/ringback
  emulator up --tunnel cloudflare
  emulator up --tunnel none --json
  emulator up --time-scale 3600 --faults duplicate=0.2,reorder,throttle=0.1 --seed 7",
    ),
    (
        "work",
        "emulator work -f ringback.yml --concurrency 4
  emulator work --only deploy,test --patience 2m",
    ),
    (
        "forward",
        "emulator forward --url https://api.example.com --source github
  emulator forward --url https://api.example.com --since 2h --once --header 'x-token: …'",
    ),
    (
        "demo",
        "emulator demo
  emulator demo --image-service",
    ),
    (
        "trigger",
        "emulator trigger image --data '{\"prompt\": \"a cat\"}' --wait
  emulator trigger image --data @input.json --key order-17
  emulator trigger program:deploy --data '{\"branch\": \"main\"}'
  echo '{\"prompt\": \"a cat\"}' | emulator trigger /images --listener-url http://127.0.0.1:8091 --data -",
    ),
    (
        "publish",
        "emulator publish order.paid --data '{\"order\": 1}'
  emulator publish order.paid --data @order.json --customer acme --id order-1-paid",
    ),
    (
        "runs",
        "emulator runs
  emulator runs --status failed --workflow image --limit 5
  emulator runs show run_0123456789abcdef0123456789abcdef
  emulator runs cancel run_0123456789abcdef0123456789abcdef
  emulator runs --json | jq -r .task_id",
    ),
    (
        "waits",
        "emulator waits
  emulator waits --state unclaimed --json
  emulator waits adopt /done IMG-7 --for img-7",
    ),
    (
        "deliveries",
        "emulator deliveries --status exhausted --since 2d
  emulator deliveries show default.evt_1.ep_1
  emulator deliveries retry default.evt_1.ep_1
  emulator deliveries recover --endpoint ep_1 --since 2d --dry-run
  emulator deliveries enable ep_1",
    ),
    (
        "tail",
        "emulator tail
  emulator tail --workflow image --status failed
  emulator tail --events deliveries --json | jq .note
  emulator tail --once -n 5",
    ),
    (
        "replay",
        "emulator replay run_0123456789abcdef0123456789abcdef --dry-run
  emulator replay run_0123456789abcdef0123456789abcdef --key after-the-fix --wait",
    ),
    (
        "import",
        "emulator import hooks.json > ringback.yml
  emulator import hooks.yaml --from webhook
  emulator import model-compose.yml > ringback.yml",
    ),
    (
        "check",
        "emulator check
  emulator check examples/github.yml --strict",
    ),
    (
        "plan",
        "emulator plan -f ringback.yml
  emulator plan -f ringback.yml | jq .",
    ),
    (
        "cost",
        "emulator cost
  emulator cost -f examples/image-callback.yml --answer-in 2s --json",
    ),
    (
        "redrive",
        "emulator redrive --list
  emulator redrive --max 100 --dry-run
  emulator redrive --endpoint-url http://127.0.0.1:4566",
    ),
    (
        "rotate-key",
        "emulator rotate-key
  emulator rotate-key --data /var/lib/ringback --drop-older",
    ),
    ("schema", "emulator schema > ringback.schema.json"),
    (
        "completions",
        "emulator completions bash > /etc/bash_completion.d/emulator
  emulator completions zsh > ~/.zfunc/_emulator
  emulator completions fish > ~/.config/fish/completions/emulator.fish",
    ),
];

/// The commands with their examples.
pub(super) fn with(commands: Command) -> Command {
    let commands = commands.after_help(exit::HELP);
    EXAMPLES.iter().fold(commands, |commands, (name, examples)| {
        commands.mut_subcommand(name, |command| {
            let before = command.get_after_help().map(|text| format!("{text}\n\n")).unwrap_or_default();
            command.after_help(format!("{before}Examples:\n  {examples}"))
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::command::command_line;

    #[test]
    fn every_command_has_examples_and_the_whole_tells_its_exit_codes() {
        let commands = command_line();
        assert!(commands.get_after_help().unwrap().to_string().contains("Exit codes:"));
        for command in
            commands.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set())
        {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let shown = format!("emulator {}", command.get_name());
            assert!(
                help.contains("Examples:") && help.contains(&shown),
                "`{}` has no examples: {help}",
                command.get_name()
            );
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        command_line().debug_assert();
    }
}
