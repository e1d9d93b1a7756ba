//! The order of jobs: what is written, what follows from position, what a template reads.

use super::{check, config};
use crate::config::{Block, If, Step};

#[test]
fn an_order_that_cannot_be_is_refused() {
    check(&[
        (
            "workflow:
  jobs:
    - {id: build, component: logger}
    - {id: test, component: logger, depends_on: [biuld]}
",
            "f:4:50: error[unknown_job]: `depends_on` of `test`: there is no job `biuld` beside it; did you mean \
             `build`?",
        ),
        (
            "workflow:
  jobs:
    - {id: a, component: logger, depends_on: [b]}
    - {id: b, component: logger}
",
            "f:3:47: error[job_cycle]: these jobs wait for each other: `a` depends on `b`, `b` stands below `a`",
        ),
        (
            "workflow:
  jobs:
    - {id: a, component: logger, depends_on: [a]}
",
            "f:3:47: error[job_cycle]: a job can't wait for itself: `a` depends on `a`",
        ),
        (
            "workflow:
  jobs:
    - {id: a, component: logger, depends_on: [c]}
    - {id: b, component: logger, depends_on: [a]}
    - {id: c, component: logger, depends_on: [b]}
",
            "f:5:47: error[job_cycle]: these jobs wait for each other: `a` depends on `c`, `c` depends on `b`, `b` \
             depends on `a`",
        ),
        (
            "workflow:
  jobs:
    - {id: a, component: logger}
    - id: b
      type: if
      condition: input.x
      then: [{id: c, component: logger, depends_on: [a]}]
",
            "f:7:54: error[unknown_job]: `depends_on` of `c`: `a` is in a block around it; let the job around it wait \
             for that",
        ),
        (
            "workflow:
  jobs:
    - {id: a, component: logger, depends_on: b}
    - {id: b, component: logger, depends_on: a}
    - {id: c, component: logger, depends_on: [d]}
    - {id: d, component: logger, depends_on: [c]}
",
            "f:4:46: error[job_cycle]: these jobs wait for each other: `a` depends on `b`, `b` depends on `a`
f:6:47: error[job_cycle]: these jobs wait for each other: `c` depends on `d`, `d` depends on `c`",
        ),
        (
            "workflow:
  jobs:
    - {id: a, component: logger}
    - {id: b, component: logger, depends_on: [], input: {x: '${jobs.a.output}'}}
    - {id: c, component: logger, depends_on: []}
    - {id: d, component: logger}
",
            "",
        ),
        (
            "workflow:
  jobs:
    - id: a
      component: logger
      input: ${jobs.b.output}
    - id: b
      component: logger
",
            "f:5:16: error[job_cycle]: these jobs wait for each other: `a` reads the output of `b`, `b` stands below \
             `a`",
        ),
        (
            "workflow:
  jobs:
    - id: a
      component: logger
      input: ${jobs.a.output}
",
            "f:5:16: error[job_cycle]: a job can't wait for itself: `a` reads the output of `a`",
        ),
        (
            "workflow:
  jobs:
    - id: build
      component: logger
    - id: test
      component: logger
      output: ${jobs.biuld.output.x}
",
            "f:7:17: error[unknown_job]: `test` reads `${jobs.biuld}`, but there is no job `biuld`; did you mean \
             `build`?",
        ),
        (
            "workflow:
  output: ${jobs.biuld.output}
  jobs:
    - id: build
      component: logger
",
            "f:2:13: error[unknown_job]: there is no job `biuld` in this workflow; did you mean `build`?",
        ),
        (
            "workflow:
  jobs:
    - {id: a, component: logger}
    - {id: b, component: logger, depends_on: []}
    - id: c
      type: if
      condition: ${input.x}
      depends_on: []
      then:
        - {id: d, component: logger, input: '${jobs.a.output}'}
        - {id: e, component: logger, input: '${jobs.d.output}'}
      else:
        - {id: d, component: logger, input: '${jobs.nope.output}'}
",
            "f:13:48: error[unknown_job]: `d` reads `${jobs.nope}`, but there is no job `nope`",
        ),
        (
            "workflow:
  jobs:
    - id: a
      component: logger
      on_error: [{id: h, component: logger, input: '${jobs.a.output}'}]
",
            "",
        ),
        (
            "workflow:
  jobs:
    - id: a
      type: if
      condition: input.x
      then: [{id: h, component: logger, input: '${jobs.a.output}'}]
",
            "f:6:51: error[job_cycle]: a job can't wait for itself: `a` reads the output of `a`",
        ),
    ]);
}

/// Each job's id and the ids it waits for.
fn order(block: &Block) -> Vec<(&str, Vec<&str>)> {
    let id = |index: &usize| block.jobs[*index].id.as_str();
    block.jobs.iter().map(|job| (job.id.as_str(), job.depends_on.iter().map(id).collect())).collect()
}

#[test]
fn a_job_waits_for_what_it_names_or_reads_or_else_for_the_job_above() {
    let config = config(
        "workflow:
  jobs:
    - {id: a, component: logger}
    - {id: b, component: logger}
    - {id: c, component: logger, depends_on: []}
    - {id: d, component: logger, depends_on: [], input: {x: '${jobs.a.output}'}}
    - {id: e, component: logger, depends_on: [c, a, c], output: '${jobs.d.output.x}'}
    - {id: f, component: logger, input: '${jobs[\"b\"]}'}
    - {component: logger, depends_on: a}
",
    );
    let block = &config.workflows["default"].jobs;
    let expected = [
        ("a", vec![]),
        ("b", vec!["a"]),
        ("c", vec![]),
        ("d", vec!["a"]),
        ("e", vec!["a", "c", "d"]),
        ("f", vec!["b", "e"]),
        ("job-7", vec!["a"]),
    ];
    assert_eq!(order(block), expected);
}

#[test]
fn a_branch_hands_what_it_reads_to_the_job_around_it() {
    let config = config(
        "workflow:
  jobs:
    - {id: a, component: logger}
    - {id: b, component: logger, depends_on: []}
    - id: branch
      type: if
      condition: ${input.x}
      depends_on: []
      then:
        - {id: inner, component: logger, input: '${jobs.a.output}'}
        - {id: next, component: logger, input: '${jobs.inner.output}'}
      on_error:
        - {id: tell, component: logger, input: '${jobs.branch}${jobs.b}'}
    - id: loop
      type: for-each
      items: ${jobs.b.output}
      depends_on: []
      do:
        - id: nested
          type: switch
          value: ${item}
          cases: [{value: 1, then: [{id: deep, component: logger, input: '${jobs.a}'}]}]
    - {id: alone, type: for-each, items: '${input}', component: logger, input: '${jobs.a}', depends_on: []}
",
    );
    let block = &config.workflows["default"].jobs;
    let expected =
        [("a", vec![]), ("b", vec![]), ("branch", vec!["a", "b"]), ("loop", vec!["a", "b"]), ("alone", vec!["a"])];
    assert_eq!(order(block), expected);
    let Step::If(If { then, otherwise, .. }) = &block.jobs[2].step else { panic!("a branch") };
    assert_eq!(order(then), [("inner", vec![]), ("next", vec!["inner"])]);
    assert_eq!(otherwise.jobs, []);
}

#[test]
fn a_name_means_the_nearest_job_of_that_name() {
    let config = config(
        "workflow:
  jobs:
    - {id: a, component: logger, depends_on: []}
    - id: branch
      type: if
      condition: input.x
      depends_on: []
      then:
        - {id: a, component: logger}
        - {id: b, component: logger, depends_on: [], input: '${jobs.a}'}
",
    );
    let block = &config.workflows["default"].jobs;
    assert_eq!(order(block), [("a", vec![]), ("branch", vec![])]);
}
