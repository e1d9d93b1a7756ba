//! Jobs inside jobs: branches and loops.

use super::fixture::{File, file, story};
use crate::run::{Effect, Input, JobPath, MAX_ITEMS, Stretch};
use serde_json::{Value, json};

const CALL: &str = "component: {id: c, endpoint: 'https://a.test', body: '${input}'}\n";

fn with_jobs(jobs: &str) -> File {
    file(&format!("{CALL}workflow: {{jobs: {jobs}}}"))
}

#[test]
fn outputs_of_a_loop_stand_in_the_items_order() {
    let file = with_jobs("[{id: each, type: for-each, items: '${input.list}', component: c}]");
    let mut story = story(&file, json!({"list": ["a", "b", "c"]}));
    for index in [2, 0, 1] {
        let job = format!("each/{index}/each");
        let item = story.call(&job).body.expect("a body");
        story.answer(&job, json!({"of": item}));
    }
    assert_eq!(story.result(), &json!([{"of": "a"}, {"of": "b"}, {"of": "c"}]));
}

#[test]
fn a_loop_has_no_more_items_in_progress_than_it_may() {
    let file = with_jobs(
        "[{id: each, type: for-each, items: [1, 2, 3, 4], max_concurrent: 2,
           do: [{id: a, component: c}, {id: b, component: c}]}]",
    );
    let mut story = story(&file, json!({}));
    let running = |story: &super::fixture::Story<'_>| {
        let jobs = story.run.jobs.iter().filter(|(_, job)| job.state.status().as_str() == "running");
        jobs.map(|(path, _)| path.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(running(&story), "each each/0/a each/1/a");
    story.answer("each/1/a", json!(1));
    assert_eq!(running(&story), "each each/0/a each/1/b");
    story.answer("each/1/b", json!(1));
    assert_eq!(running(&story), "each each/0/a each/2/a");
    for job in ["each/0/a", "each/0/b", "each/2/a", "each/2/b", "each/3/a", "each/3/b"] {
        story.answer(job, json!(job));
    }
    assert_eq!(story.result(), &json!(["each/0/b", 1, "each/2/b", "each/3/b"]));
}

#[test]
fn a_loop_over_nothing_is_done_and_over_what_is_no_list_fails() {
    let file = with_jobs("[{id: each, type: for-each, items: '${input.list}', component: c}]");
    assert_eq!(story(&file, json!({"list": []})).result(), &json!([]));
    assert_eq!(
        story(&file, json!({"list": "abc"})).failure(),
        ("not_a_list", "`items` must be a list, and is \"abc\"")
    );
    let many = vec![Value::Null; MAX_ITEMS + 1];
    assert_eq!(story(&file, json!({"list": many})).failure().0, "too_many_items");
}

#[test]
fn a_long_loop_of_blocks_that_end_at_once_is_quick() {
    let file = with_jobs(
        "[{id: each, type: for-each, items: '${input.list}', max_concurrent: 1, do: [
            {id: a, type: if, condition: '${item}', then: [{id: said, component: logger, input: {data: '${item}'}}]},
            {id: b, component: logger, input: {data: '${jobs.a.output}'}}]}]",
    );
    let list: Vec<usize> = (1..=MAX_ITEMS).collect();
    let story = story(&file, json!({"list": list}));
    assert_eq!(story.result(), &json!(list));
    assert_eq!(story.effects.len(), 2 * MAX_ITEMS);
}

#[test]
fn one_branch_runs_and_its_output_is_the_jobs() {
    let file = with_jobs(
        "[{id: decide, type: if, condition: '${input.n > 1}', then: [{id: yes, component: c}],
           else: [{id: no, component: c}], output: {got: '${output}'}}]",
    );
    for (n, branch) in [(2, "then/yes"), (1, "else/no")] {
        let mut story = story(&file, json!({"n": n}));
        assert_eq!(story.jobs(), format!("decide running, decide/{branch} running"));
        story.answer(&format!("decide/{branch}"), json!(branch));
        assert_eq!(story.result(), &json!({"got": branch}));
    }
    let file = with_jobs("[{id: decide, type: if, condition: '${input.no}', then: [{id: yes, component: c}]}]");
    assert_eq!(story(&file, json!({})).result(), &Value::Null);
}

#[test]
fn cases_are_compared_as_text() {
    let file = with_jobs(
        "[{id: pick, type: switch, value: '${input.v}', cases: [
            {value: 1, then: [{id: one, component: logger, input: {data: one}}]},
            {value: 'true', then: [{id: yes, component: logger, input: {data: yes}}]},
            {value: 1, then: [{id: never, component: logger, input: {data: never}}]}],
           default: [{id: other, component: logger, input: {data: other}}]}]",
    );
    let cases = [
        (json!(1), json!("one")),
        (json!("1"), json!("one")),
        (json!(true), json!("yes")),
        (json!("true"), json!("yes")),
        (json!(1.5), json!("other")),
        (Value::Null, json!("other")),
    ];
    for (value, expected) in cases {
        assert_eq!(story(&file, json!({"v": value})).result(), &expected, "{value}");
    }
}

#[test]
fn jobs_inside_see_the_item_and_the_jobs_beside_and_around() {
    let file = with_jobs(
        "[{id: token, component: c},
          {id: each, type: for-each, items: [7], do: [
            {id: token-of, component: c, input: '${jobs.token.output}-${item}'},
            {id: inner, type: if, condition: '${input.yes | true}', then: [
              {id: last, component: c, input: ['${jobs.token.output}', '${jobs.token-of.output}', '${item}']}]}]}]",
    );
    let mut story = story(&file, json!({}));
    story.answer("token", json!("t"));
    assert_eq!(story.call("each/0/token-of").body, Some(json!("t-7")));
    story.answer("each/0/token-of", json!("of"));
    assert_eq!(story.call("each/0/inner/then/last").body, Some(json!(["t", "of", 7])));
    assert_eq!(
        story.call("each/0/inner/then/last").idempotency_key,
        format!("{}/each/0/inner/then/last", story.run.id)
    );
}

#[test]
fn a_loop_that_is_tried_again_begins_anew_and_hears_no_more_of_before() {
    let file = with_jobs(
        "[{id: each, type: for-each, items: [1, 2], retry: {max_attempts: 3, delay: 1s},
           do: [{id: fetch, component: c}]}]",
    );
    let mut story = story(&file, json!({}));
    story.answer("each/0/fetch", json!("old"));
    story.answer_with("each/1/fetch", 500, json!("no"));
    assert_eq!(story.jobs(), "each retrying, each/0/fetch completed, each/1/fetch failed");
    story.wake();
    assert!(story.jobs().ends_with("each~2/0/fetch running, each~2/1/fetch running"), "{}", story.jobs());
    story.answer_with("each~2/0/fetch", 500, json!("no"));
    assert!(story.jobs().ends_with("each~2/0/fetch failed, each~2/1/fetch cancelled"), "{}", story.jobs());
    story.wake();
    let before = story.run.clone();
    for job in ["each/1/fetch", "each~2/1/fetch"] {
        story.answer_at(job, 1, json!("late"));
    }
    assert_eq!(story.run, before);
    story.answer("each~3/1/fetch", json!("b"));
    story.answer("each~3/0/fetch", json!("a"));
    assert_eq!(story.result(), &json!(["a", "b"]));
}

#[test]
fn an_error_of_one_item_is_handled_inside_the_loop() {
    let file = with_jobs(
        "[{id: each, type: for-each, items: [1, 2], do: [
            {id: fetch, component: c, on_error: [
              {id: sorry, component: c, input: '${item}: ${error.message} (${error.code}, ${error.detail.status})'}]},
            {id: then, component: c, input: '${jobs.fetch.output}'}]}]",
    );
    let mut story = story(&file, json!({}));
    story.answer_with("each/1/fetch", 404, json!("no"));
    let sorry = "each/1/fetch/on_error/sorry";
    assert_eq!(story.call(sorry).body, Some(json!("2: the service answered 404 (http_status, 404)")));
    story.answer(sorry, json!("instead"));
    assert_eq!(story.output("each/1/fetch"), &json!("instead"));
    assert_eq!(story.call("each/1/then").body, Some(json!("instead")));
    assert_eq!(story.job("each/0/fetch").state.status().as_str(), "running");
}

#[test]
fn a_block_has_a_deadline_of_its_own_that_spares_its_error_handler() {
    let file = with_jobs(
        "[{id: decide, type: if, condition: '${input.yes | true}', timeout: 10s, then: [{id: in, component: c}],
           on_error: [{id: sorry, component: c, input: '${error.code}'}]}]",
    );
    let mut story = story(&file, json!({}));
    let job = JobPath::new("decide");
    let at = story.now.checked_add(jiff::SignedDuration::from_secs(10)).expect("a time");
    assert_eq!(story.effects, [Effect::Wake { stretch: Stretch::Deadline { job: job.clone(), attempt: 1 }, at }]);
    story.take(Input::TimedOut(job.clone(), 1));
    assert_eq!(story.jobs(), "decide running, decide/then/in cancelled, decide/on_error/sorry running");
    assert_eq!(story.call("decide/on_error/sorry").body, Some(json!("timeout")));
    story.take(Input::TimedOut(job, 1));
    story.answer("decide/on_error/sorry", json!("mended"));
    assert_eq!(story.result(), &json!("mended"));
}
