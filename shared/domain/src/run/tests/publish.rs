//! Jobs that publish an event: what event it is, and what the job has of it.

use super::fixture::{File, Story, file, story};
use crate::event::{Event, Origin};
use crate::run::{Input, JobError, JobPath, Outcome, Owed, Stretch};
use serde_json::{Value, json};

/// A file whose only job publishes an event by that component.
fn telling(component: &str) -> File {
    file(&format!(
        "components: {{tell: {{type: event, {component}}}}}\n\
         workflow: {{jobs: [{{id: tell, component: tell, retry: {{max_attempts: 2, delay: 1s}}}}]}}"
    ))
}

fn event_of(story: &Story<'_>) -> Result<Event, JobError> {
    story.run.publication(&JobPath::new("tell"), story.plan(), story.now)
}

#[track_caller]
fn published(component: &str, input: Value) -> Event {
    event_of(&story(&telling(component), input)).expect("an event")
}

#[track_caller]
fn refused(component: &str, input: Value) -> (String, String) {
    let error = event_of(&story(&telling(component), input)).expect_err("no event");
    (error.code, error.message)
}

#[test]
fn an_event_says_what_the_component_says() {
    let component = "event: 'order.${input.what}', data: {order: '${input.order}', by: '${context.job}'}, \
                     customer_id: '${input.customer}', event_id: 'order-${input.order}', source: /shop";
    let file = telling(component);
    let story = story(&file, json!({"what": "paid", "order": 7, "customer": 42}));
    let event = event_of(&story).expect("an event");
    assert_eq!(event.event_type.as_str(), "order.paid");
    assert_eq!(event.data, json!({"order": 7, "by": "tell"}));
    assert_eq!((event.customer.as_str(), event.id.as_str(), event.source.as_str()), ("42", "order-7", "/shop"));
    assert_eq!(event.origin, Origin::Run { run: story.run.id.to_string(), job: "tell".to_owned() });
}

#[test]
fn what_a_component_leaves_out_is_filled_in() {
    for component in [
        "event: job.completed",
        "event: job.completed, event_id: '${input.no}', customer_id: '${input.no}', source: '${input.no}'",
    ] {
        let event = published(component, json!({"a": [1]}));
        assert_eq!(event.data, json!({"a": [1]}), "the input itself");
        assert_eq!((event.customer.as_str(), event.source.as_str()), ("default", "ringback"));
        assert!(event.id.as_str().starts_with("evt_") && event.given_id.is_none(), "{event:?}");
    }
    assert_eq!(published("event: x, data: '${input.no}'", json!({"a": 1})).data, Value::Null, "null was given");
}

#[test]
fn an_id_that_is_no_name_is_kept_beside_one_that_is() {
    let event = published("event: x, event_id: 'order #7'", json!({}));
    assert_eq!(event.given_id.as_deref(), Some("order #7"));
    assert_eq!(event.id, published("event: x, event_id: 'order #7'", json!({"other": 1})).id);
}

#[test]
fn every_attempt_of_a_job_publishes_the_same_event_and_every_job_another() {
    let file = telling("event: x, data: '${context.attempt}'");
    let mut story = story(&file, json!({}));
    let first = event_of(&story).expect("an event");
    story.take(Input::Refused(JobPath::new("tell"), 1, JobError::new("unreachable", "nobody is there")));
    story.wake();
    let second = event_of(&story).expect("an event");
    assert_eq!((first.id.clone(), &first.data, &second.data), (second.id.clone(), &json!(1), &json!(2)));
    assert!(second.repeats(&first), "although its data has changed");
    let another = Event { origin: Origin::Run { run: "another".to_owned(), job: "tell".to_owned() }, ..second.clone() };
    assert!(!another.repeats(&first) && !Event { origin: Origin::Api, ..second.clone() }.repeats(&first));
    assert!(Event { origin: Origin::Api, ..first.clone() }.repeats(&first), "the same content is the same event");
    assert!(
        !Event { customer: crate::event::CustomerId::parse("c").expect("a name"), ..first.clone() }.repeats(&first)
    );

    let each = "components: {tell: {type: event, event: x}}\n\
                workflow: {jobs: [{id: each, type: for-each, items: [1, 2], component: tell}]}";
    let each = self::file(each);
    let story = self::story(&each, json!({}));
    let paths: Vec<_> = story.run.jobs.keys().skip(1).cloned().collect();
    assert_eq!(
        story.run.owed_by(&Stretch::Start),
        paths.iter().map(|path| Owed::Publish(path.clone(), 1)).collect::<Vec<_>>()
    );
    let ids: std::collections::HashSet<_> =
        paths.iter().map(|path| story.run.publication(path, story.plan(), story.now).expect("an event").id).collect();
    assert_eq!(ids.len(), 2);
}

#[test]
fn the_job_has_what_publishing_answers() {
    let answer = |component: &str| {
        let file = telling(component);
        let mut story = story(&file, json!({"name": "n"}));
        assert_eq!(story.run.status(), crate::run::Status::Running);
        let event = event_of(&story).expect("an event");
        let outcome = Outcome::published(&event);
        assert!(matches!(outcome, Outcome::Answered { status: 202, .. }));
        story.take(Input::Answered(JobPath::new("tell"), 1, outcome));
        (event.id.to_string(), story.result().clone())
    };
    let (id, output) = answer("event: order.paid, customer_id: c1");
    assert_eq!(output, json!({"event_id": id, "event": "order.paid", "customer_id": "c1"}));
    let (id, output) = answer("event: order.paid, output: {told: '${response.event_id}', to: '${input.name}'}");
    assert_eq!(output, json!({"told": id, "to": "n"}));
}

#[test]
fn what_makes_no_event_is_said_in_words() {
    let cases = [
        ("event: '${input.x}'", json!({}), "bad_event", "`tell` publishes no event: `event` must be text"),
        (
            "event: '${input.x}'",
            json!({"x": "a b"}),
            "bad_event",
            "`tell` publishes no event: `a b` is no event type: names of letters, digits, `-` and `_`, joined by dots, \
             128 bytes at most",
        ),
        (
            "event: x, customer_id: '${input.x}'",
            json!({"x": "a/b"}),
            "bad_event",
            "`tell` publishes no event: `a/b` is no customer: 1 to 64 letters, digits, `-` and `_`",
        ),
        (
            "event: x, event_id: '${input.x}'",
            json!({"x": [1]}),
            "bad_event",
            "`tell` publishes no event: `id` must be text",
        ),
        (
            "event: x, source: '${input.x}'",
            json!({"x": true}),
            "bad_event",
            "`tell` publishes no event: `source` must be text",
        ),
    ];
    let reserved = [
        (
            "event: '${input.x}.disabled'",
            json!({"x": "endpoint"}),
            "reserved_event",
            "`tell` publishes no event: `endpoint.disabled` is an event of Ringback itself: types that begin with \
             `endpoint.` or `delivery.` can't be published",
        ),
        (
            "event: x, source: '${input.x}'",
            json!({"x": "ringback"}),
            "reserved_event",
            "`tell` publishes no event: the source `ringback` is Ringback itself: name another source, or leave it out",
        ),
    ];
    for (component, input, code, message) in cases.into_iter().chain(reserved) {
        assert_eq!(refused(component, input), (code.to_owned(), message.to_owned()), "{component}");
    }
    assert_eq!(refused("event: x, data: '${input.n + 1}'", json!({"n": "a"})).0, "template");
}

#[test]
fn what_the_catalogue_has_against_an_event_fails_the_job() {
    let text = "delivery: {strict_events: true, events: {order.paid: {schema: {required: [order]}}}}\n\
                components: {tell: {type: event, event: '${input.event}'}}\n\
                workflow: {jobs: [{id: tell, component: tell}]}";
    let file = file(text);
    let told = |input| event_of(&story(&file, input)).map_err(|error| (error.code, error.message));
    assert!(told(json!({"event": "order.paid", "order": 1})).is_ok());
    let violated = "`tell` publishes no event: the data is not what the schema of `order.paid` asks for: \
                    the data: \"order\" is a required property";
    assert_eq!(told(json!({"event": "order.paid"})), Err(("schema_violation".to_owned(), violated.to_owned())));
    let unknown = "`tell` publishes no event: there is no event type `order.payd`; did you mean `order.paid`?";
    assert_eq!(told(json!({"event": "order.payd"})), Err(("unknown_event_type".to_owned(), unknown.to_owned())));
}

#[test]
fn a_job_that_publishes_nothing_any_more_fails() {
    let (before, call) = (telling("event: x"), "component: {id: tell, endpoint: 'https://a.test'}");
    let after = file(&format!("{call}\nworkflow: {{jobs: [{{id: tell, component: tell}}]}}"));
    let mut story = story(&before, json!({}));
    let event = event_of(&story).expect("an event");
    story.file = &after;
    assert_eq!(event_of(&story).expect_err("nothing to publish").code, "unknown_component");
    story.take(Input::Answered(JobPath::new("tell"), 1, Outcome::published(&event)));
    assert_eq!(story.failure().0, "unknown_job");
}
