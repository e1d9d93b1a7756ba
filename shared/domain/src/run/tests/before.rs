//! Messages of rests and deadlines whose timers came due before the run said that it rests.

use super::fixture::{file, story};
use crate::run::{JobPath, Stretch};
use serde_json::{Value, json};

#[test]
fn a_run_knows_whether_it_has_come_to_what_a_message_is_about() {
    let file = file(
        "
        components:
          plain: {endpoint: 'https://a.test'}
          asked:
            endpoint: 'https://a.test'
            completion: {type: polling, endpoint: 'https://a.test/s', interval: 5s, status: '${response.s}', success_when: [done]}
        workflow:
          jobs: [{id: a, component: plain, retry: {max_attempts: 3}}, {id: b, component: asked}, {id: c, component: plain}]
        ",
    );
    let mut story = story(&file, json!({}));
    let wake = |job: &str, attempt, nth| Stretch::Wake { job: JobPath::new(job), attempt, nth };
    let deadline = |job: &str, attempt| Stretch::Deadline { job: JobPath::new(job), attempt };
    let before = |story: &super::fixture::Story<'_>, stretch: Stretch| story.run.is_before(&stretch);
    // The first call is under way: it may fail, and then rest.
    assert!(!before(&story, wake("a", 1, 0)) && before(&story, wake("a", 2, 0)) && before(&story, wake("a", 1, 1)));
    assert!(!before(&story, deadline("a", 1)) && before(&story, deadline("a", 2)) && before(&story, wake("b", 1, 1)));
    story.answer_with("a", 503, Value::Null);
    assert!(!before(&story, wake("a", 2, 0)) && before(&story, wake("a", 3, 0)) && !before(&story, wake("a", 1, 0)));
    story.wake();
    story.answer("a", json!(1));
    assert!(!before(&story, wake("a", 3, 0)), "it is done: no third attempt will come");
    assert!(before(&story, wake("b", 1, 1)), "its first question is promised with the answer to its call");
    story.answer("b", json!({"s": "working"}));
    assert!(!before(&story, wake("b", 1, 1)) && before(&story, wake("b", 1, 2)));
    story.wake();
    assert!(!before(&story, wake("b", 1, 1)) && before(&story, wake("b", 1, 2)));
    story.answer("b", json!({"s": "working"}));
    assert!(!before(&story, wake("b", 1, 1)) && !before(&story, wake("b", 1, 2)) && before(&story, wake("b", 1, 3)));
    for stretch in [Stretch::Start, Stretch::Stop, Stretch::Continue { version: 3 }] {
        assert!(!before(&story, stretch));
    }
    story.take(crate::run::Input::Cancel);
    assert!(!before(&story, wake("c", 1, 0)), "nothing comes any more");
}
