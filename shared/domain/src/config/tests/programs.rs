//! The section `programs`, and components of type `program`.

use super::{check, config};
use crate::config::program::{Action, Command};
use crate::config::{Call, Component, Step, load};
use std::time::Duration;

fn command(text: &str) -> Command {
    config(text).programs["p"].command().expect("a command").clone()
}

#[test]
fn a_program_has_defaults_for_everything_but_its_command() {
    let program = config("programs: {p: {command: [python, scripts/deploy.py]}}").programs["p"].clone();
    let command = program.command().expect("a command");
    assert_eq!(command.argv, ["python", "scripts/deploy.py"]);
    assert_eq!(command.pass_env, ["PATH", "HOME", "LANG"]);
    assert_eq!(
        (command.output_limit, command.max_concurrent, &command.user, &command.cwd),
        (65_536, None, &None, &None)
    );
    assert_eq!((program.timeout, program.retry()), (Duration::from_mins(10), None));
    assert_eq!(command.env, []);
}

#[test]
fn a_function_needs_no_command() {
    let program = config("program: {id: p, function: thumbnails, timeout: 1m}").programs["p"].clone();
    assert_eq!(program.action, Action::Invoke { function: "thumbnails".to_owned() });
    assert_eq!((program.command(), program.timeout), (None, Duration::from_mins(1)));
}

#[test]
fn each_program_is_a_workflow_of_one_job_that_only_its_name_finds() {
    let config = config("programs: {p: {command: [x], retry: {max_attempts: 2}}}");
    let workflow = config.workflow("program:p").expect("a workflow");
    let [job] = workflow.jobs.jobs.as_slice() else { panic!("one job") };
    assert_eq!(
        (workflow.id.as_str(), job.id.as_str(), job.retry.map(|retry| retry.max_attempts)),
        ("program:p", "p", Some(2))
    );
    let Step::Call(Call { component }) = &job.step else { panic!("a call") };
    assert!(matches!(config.component(component), Some(Component::Program(call)) if call.program == "p"));
    assert!(
        config.workflow("p").is_none() && config.workflow("program:q").is_none() && config.component("p").is_none()
    );
    assert!(config.workflows.is_empty() && config.components.is_empty(), "it isn't one of the file's");
}

#[test]
fn a_command_that_is_one_text_is_split_at_blanks_and_that_is_said() {
    let text = "programs: {p: {command: \"python  a.py '$X y' | tee\"}}";
    assert_eq!(command(text).argv, ["python", "a.py", "'$X", "y'", "|", "tee"]);
    check(&[(
        text,
        "f:1:25: warning[command_is_text]: `command` is a list: this text is split at blanks, into [\"python\", \"a.py\", \
         \"'$X\", \"y'\", \"|\", \"tee\"], and no shell reads it",
    )]);
    let told = load(text, "f").diagnostics;
    assert!(told.iter().all(|told| !told.code.refuses_start()));
    assert_eq!(command("programs: {p: {command: [x, '', 1, true]}}").argv, ["x", "", "1", "true"]);
}

#[test]
fn what_is_wrong_with_a_program_is_said_in_its_place() {
    check(&[
        ("programs: {p: {}}", "f:1:12: error[missing_key]: a program needs the key `command`, or `function`"),
        (
            "programs: {p: {command: [x], function: f}}",
            "f:1:30: error[conflicting_keys]: `command` and `function` contradict each other: a program runs here or \
             in AWS Lambda",
        ),
        (
            "programs: {p: {function: f, cwd: /tmp}}",
            "f:1:29: error[conflicting_keys]: `cwd` means nothing to a function in AWS Lambda",
        ),
        ("programs: {p: {command: []}}", "f:1:25: error[bad_value]: `command` names no program"),
        ("programs: {p: {command: ['']}}", "f:1:25: error[bad_value]: `command` names no program"),
        ("programs: {p: {command: [x, {a: 1}]}}", "f:1:29: error[wrong_type]: expected text, not a mapping"),
        (
            "programs: {p: {command: [x, '${body.y}']}}",
            "f:1:30: error[expression_not_allowed]: an expression isn't possible here: this is needed before any \
             request",
        ),
        ("programs: {p: {command: [\"a\\0b\"]}}", "f:1:26: error[bad_value]: an argument can't hold a NUL character"),
        (
            "programs: {p: {command: [x], params: [-a, 'b c', a-b, a_b]}}",
            "f:1:39: error[bad_id]: `-a` can't be a parameter: it begins with `-`
f:1:43: error[bad_id]: `b c` can't be an id: letters, digits, `-`, `_` and `.`, 128 at most
f:1:55: error[duplicate_id]: `a_b` and `a-b` are both `RINGBACK_PARAM_A_B` in the environment",
        ),
        (
            "programs: {p: {command: [x], pass_env: ['A=B'], env: {'': x}, output_limit: 65537, timeout: 0}}",
            "f:1:41: error[bad_value]: `A=B` can't be the name of an environment variable
f:1:54: error[bad_value]: `` can't be the name of an environment variable
f:1:77: error[bad_value]: `output_limit` is at most 65536: it is kept in one item of the table
f:1:93: error[bad_duration]: `timeout` can't be zero",
        ),
        (
            "programs: {p: {command: [x], env: {A: '${body.x}'}}}",
            "f:1:42: error[misplaced_source]: `body` has no value in a program's environment, which can read: env",
        ),
        (
            "programs: [{command: [x]}, 1]",
            "f:1:12: error[missing_key]: a program needs the key `id`: the name that rules use
f:1:28: error[wrong_type]: a program is a mapping, not `1`",
        ),
        (
            "programs: {deploy: {command: [x]}}\ncomponents: {c: {type: program, program: deplyo}}",
            "f:2:42: warning[undefined_program]: this file has no program `deplyo`; did you mean `deploy`?",
        ),
        (
            "programs: {p: {command: [x]}}\ncomponents: {c: {type: program, program: p, params: [a]}}",
            "f:2:53: error[wrong_type]: `params` must be a mapping, not a list",
        ),
        (
            "programs: {p: {command: [x]}}\ncomponents: {c: {type: program, program: p, params: {-a: 1}}}",
            "f:2:54: error[bad_id]: `-a` can't be a parameter: it begins with `-`",
        ),
    ]);
}
