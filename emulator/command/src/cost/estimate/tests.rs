use super::super::units::{ACCEPTED, BEGUN, CALL, CHILD, NOTHING, PAUSE, PROGRAM, PUBLICATION, QUESTION, Units, WAIT};
use super::run;
use domain::config::load;

const COMPONENTS: &str = "
listener: {id: back, path: /done, identify_by: '${body.id}'}
components:
  call: {endpoint: https://service.test/call, body: {}}
  wait:
    endpoint: https://service.test/wait
    body: {id: '${input.id}'}
    completion: {type: callback, wait_for: '${request.id}', callback: /done}
  poll:
    endpoint: https://service.test/poll
    body: {}
    completion: {type: polling, path: /state, interval: 1s, status: '${response.state}', success_when: [done]}
  log: {type: logger, message: hello}
  pause: {type: delay, duration: 1s}
  tell: {type: event, event: job.done}
  work: {type: program, program: work}
  child: {type: workflow, workflow: small}
  itself: {type: workflow, workflow: w}
programs: {work: {command: [true]}}
workflows:
  small: {jobs: [{component: call}]}
";

#[track_caller]
fn costs(jobs: &str, expected: Units) {
    let text = format!("{COMPONENTS}  w: {{jobs: {jobs}}}\n");
    let loaded = load(&text, "ringback.yml");
    let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    assert_eq!(run(&config, "w").expect("the workflow").units, expected, "{jobs}");
}

#[test]
fn each_kind_of_job_is_its_piece() {
    costs("[{component: call}]", ACCEPTED + CALL);
    costs("[{component: wait}]", ACCEPTED + CALL + WAIT);
    costs("[{component: poll}]", ACCEPTED + CALL + QUESTION);
    costs("[{component: tell}]", ACCEPTED + PUBLICATION);
    costs("[{component: pause}]", ACCEPTED + BEGUN + PAUSE);
    costs("[{component: work}]", ACCEPTED + BEGUN + PROGRAM);
    costs("[{component: log}]", ACCEPTED + BEGUN);
    costs("[{component: child}]", ACCEPTED + BEGUN + CHILD + ACCEPTED + CALL);
}

#[test]
fn jobs_add_up_and_a_log_line_costs_nothing_beside_others() {
    costs("[{component: call}, {component: wait}, {component: log}]", ACCEPTED + CALL + CALL + WAIT);
    costs("[{component: log}, {component: call}]", ACCEPTED + CALL);
    costs("[{component: call}, {component: work}]", ACCEPTED + CALL + PROGRAM);
    let beside = "[{id: a, component: call, depends_on: []}, {id: b, component: pause, depends_on: []}]";
    costs(beside, ACCEPTED + BEGUN + CALL + PAUSE);
}

#[test]
fn the_dearest_branch_counts_and_one_item_of_a_loop() {
    let branches = "[{type: if, condition: '${input.x}', then: [{component: call}], else: [{component: wait}]}]";
    costs(branches, ACCEPTED + CALL + WAIT);
    let empty = "[{type: if, condition: '${input.x}', then: [{component: call}]}]";
    costs(empty, ACCEPTED + BEGUN + CALL);
    costs("[{type: for-each, items: '${input.x}', do: [{component: call}]}]", ACCEPTED + CALL);
}

#[test]
fn a_workflow_that_starts_itself_is_counted_once() {
    costs("[{component: call}, {component: itself}]", ACCEPTED + CALL + CHILD + NOTHING);
}
