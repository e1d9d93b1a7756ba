//! Files whose runs would wait for what never comes: an error or a warning before anything starts.

use super::{check, config, told};
use crate::config::{Completion, Component, load};

const LISTENER: &str = "listener: {port: 8090, path: /webhooks/callback, identify_by: '${body.data.task_id}'}\n";

/// Routes that components wait on, by component.
fn waits(text: &str) -> Vec<String> {
    let config = config(text);
    let of = |component: &Component| match component {
        Component::HttpClient(client) => match &client.completion {
            Some(Completion::Callback(wait)) => Some(wait.route.0.clone()),
            _ => None,
        },
        _ => None,
    };
    config.components.iter().filter_map(|(id, component)| Some(format!("{id}: {}", of(component)?))).collect()
}

/// A workflow that calls the component `c` with this input.
fn calling(input: &str) -> String {
    format!("workflow: {{jobs: [{{id: a, component: c, input: {input}}}]}}\n")
}

#[test]
fn the_runs_id_is_the_key_only_where_it_is_sent() {
    // Fields of the component, the job's input, the inferred key.
    let without = "${response.data.task_id | ${request.task_id}}";
    let with = "${response.data.task_id | ${request.task_id | ${context.run_id}}}";
    for (fields, input, key) in [
        ("body: {url: '${listener.url}'}", "'${input}'", without),
        ("body: {url: '${listener.url}', id: '${context.run_id}'}", "'${input}'", with),
        ("body: {url: '${listener.url}', id: 'run/${context.run_id}'}", "'${input}'", with),
        ("headers: {X-Id: '${context.run_id}'}, body: '${listener.url}'", "'${input}'", with),
        ("params: {id: '${context.run_id}', url: '${listener.url}'}", "'${input}'", with),
        ("body: {url: '${listener.url}', of: '${context}'}", "'${input}'", with),
        ("body: {url: '${listener.url}', of: '${context.job}'}", "'${input}'", without),
        ("body: {url: '${listener.url}', id: '${input.mine}'}", "{mine: '${context.run_id}'}", with),
        ("body: {url: '${listener.url}', all: '${input}'}", "{mine: '${context.run_id}'}", with),
        ("body: {url: '${listener.url}', id: '${input.other}'}", "{mine: '${context.run_id}'}", without),
        ("body: {url: '${listener.url}', id: '${context.run_id}', n: '${input.n + 1}'}", "'${input}'", with),
        ("body: {url: '${listener.url}', n: '${input.n + 1}'}", "'${input}'", without),
    ] {
        let text = format!("{LISTENER}component: {{id: c, endpoint: 'https://h', {fields}}}\n{}", calling(input));
        let inferred = load(&text, "f").inferred;
        assert_eq!(inferred[0].wait_for.as_deref(), Some(key), "{fields}, {input}");
    }
    // Each job must send it.
    let text = format!(
        "{LISTENER}component: {{id: c, endpoint: 'https://h', body: {{url: '${{listener.url}}', id: '${{input.id}}'}}}}\n\
         workflow: {{jobs: [{{id: a, component: c, input: {{id: '${{context.run_id}}'}}}}, {{id: b, component: c}}]}}\n"
    );
    assert_eq!(load(&text, "f").inferred[0].wait_for.as_deref(), Some(without));
}

#[test]
fn a_key_that_only_the_answer_can_bring_is_told_of() {
    let file = |fields: &str, job: &str| {
        format!(
            "{LISTENER}component: {{id: c, endpoint: 'https://h', {fields}}}\n\
             workflow: {{jobs: [{{id: a, component: c{job}}}]}}\n"
        )
    };
    let url = "url: '${listener.url}'";
    let uncertain = [("uncertain_key", 2)];
    for (text, expected) in [
        (file(&format!("body: {{{url}}}"), ""), &uncertain[..]),
        (file(&format!("body: {{{url}}}, output: {{id: '${{response.data.taskId}}'}}"), ""), &uncertain),
        // What is read of the answer is known to be there, and so is what is sent.
        (file(&format!("body: {{{url}}}, output: {{id: '${{response.data.task_id}}'}}"), ""), &[]),
        (file(&format!("body: {{{url}}}"), ", output: '${response.data.task_id}'"), &[]),
        (file(&format!("body: {{{url}}}"), ", output: '${output.data.task_id}'"), &[]),
        (file(&format!("body: {{{url}, task_id: '${{input.id}}'}}"), ""), &[]),
        (file(&format!("body: {{{url}, id: '${{context.run_id}}'}}"), ""), &[]),
        // It can't be told whether it is sent.
        (file("headers: {X-Url: '${listener.url}'}, body: '${input}'", ""), &[]),
        // A key that is written is its author's.
        (file("body: 1, completion: {type: callback, wait_for: '${response.x}'}", ""), &[]),
        (file("body: 1, completion: {type: callback}", ""), &uncertain),
        (file("body: {url: '${context.callback_url}'}", ""), &[]),
    ] {
        assert_eq!(told(&text), expected, "{text}");
    }
}

#[test]
fn an_address_that_is_written_out_waits_if_its_host_is_ours() {
    let wait = "c: POST /webhooks/callback";
    let public = "controller: {public_url: 'https://My.domain'}\n";
    let ngrok = "gateway: {type: http-tunnel, driver: ngrok, port: 8090, hostname: my.domain}\n";
    let elsewhere = "gateway: {type: http-tunnel, driver: ngrok, port: 8091, hostname: my.domain}\n\
                     listener: {port: 8091, path: /start, workflow: default}\n";
    let ssh = "gateway: {type: ssh-tunnel, port: 8090, remote_port: 9000, connection: {host: my.domain, auth: {type: \
        agent, username: u}}}\n";
    let at = |url: &str| format!("body: {{url: '{url}', id: '${{context.run_id}}'}}");
    let ours = at("https://my.domain/webhooks/callback");
    let foreign = [("foreign_address", 0)];
    for (head, fields, expected) in [
        (public, ours.clone(), Ok(wait)),
        (public, at("http://MY.domain/webhooks/callback?x=1"), Ok(wait)),
        (public, at("call https://my.domain:443/webhooks/callback please"), Ok(wait)),
        (ngrok, ours.clone(), Ok(wait)),
        (ssh, at("http://my.domain:9000/webhooks/callback"), Ok(wait)),
        ("", at("http://127.0.0.1:8090/webhooks/callback"), Ok(wait)),
        ("", at("http://localhost:8090/webhooks/callback"), Ok(wait)),
        ("", at("https://${gateway:8090.public_address}/webhooks/callback"), Ok(wait)),
        (
            "",
            "endpoint: 'https://h/x?cb=http://localhost:8090/webhooks/callback', body: '${context.run_id}'".into(),
            Ok(wait),
        ),
        ("", ours.clone(), Err(&foreign[..])),
        (public, at("https://other.domain/webhooks/callback"), Err(&foreign)),
        (public, at("https://my.domain:9000/webhooks/callback"), Err(&foreign)),
        (public, at("https://my.domain.evil/webhooks/callback"), Err(&foreign)),
        ("", at("http://127.0.0.1:8091/webhooks/callback"), Err(&foreign)),
        ("", at("${env.BASE}/webhooks/callback"), Err(&foreign)),
        ("", at("https://${env.HOST}/webhooks/callback"), Err(&foreign)),
        (elsewhere, ours, Err(&foreign)),
        (public, at("https://my.domain/webhooks/calback"), Err(&[("unmatched_address", 0)])),
        (public, at("https://my.domain/docs"), Err(&[])),
        ("", at("https://other.domain/other"), Err(&[])),
        // The service's own address is called, not sent.
        ("", "endpoint: 'http://localhost:8090/webhooks/callback'".into(), Err(&[])),
        ("", "base_url: 'http://localhost:8090', path: /webhooks/callback".into(), Err(&[])),
        ("", "endpoint: '${env.BASE}/webhooks/callback'".into(), Err(&[])),
        ("", "endpoint: 'https://${env.HOST}/webhooks/callback'".into(), Err(&[])),
    ] {
        let address =
            if fields.contains("endpoint") || fields.contains("base_url") { "" } else { "endpoint: 'https://h', " };
        let listener = if head == elsewhere {
            format!(
                "{}\n",
                LISTENER
                    .trim_end()
                    .replace("listener: ", "listeners: [")
                    .replace("'}", "'}, {port: 8091, path: /start, workflow: default}]")
            )
        } else {
            LISTENER.to_owned()
        };
        let head = head.replace("listener: {port: 8091, path: /start, workflow: default}\n", "");
        let text = format!(
            "{head}{listener}component: {{id: c, {address}{fields}}}\nworkflow: {{jobs: [{{component: c}}]}}\n"
        );
        let codes: Vec<&str> = told(&text).into_iter().map(|(code, _)| code).collect();
        match expected {
            Ok(wait) => assert_eq!((waits(&text), codes), (vec![wait.to_owned()], vec![]), "{text}"),
            Err(expected) => {
                let expected: Vec<&str> = expected.iter().map(|(code, _): &(&str, i32)| *code).collect();
                assert_eq!((waits(&text), codes), (vec![], expected), "{text}");
            }
        }
    }
}

#[test]
fn what_is_said_about_an_address_elsewhere_names_the_remedy() {
    check(&[(
        "listener: {path: /done}\ncomponent: {id: c, endpoint: 'https://h', body: {at: 'https://my.domain/done'}}\n",
        "f:2:54: warning[foreign_address]: `/done` is the path of POST /done on port 8090, but its host is neither \
         that of `controller.public_url` nor a gateway's: nothing waits for the callback; write \
         `${gateway:8090.public_url}/done`, or `completion: {type: callback, …}`",
    )]);
    // A wait that is written needs no address.
    let text = "listener: {path: /done}\ncomponent: {id: c, endpoint: 'https://h', body: {at: 'https://my.domain/done'}, \
                completion: {type: callback, wait_for: '${response.id}'}}\n";
    assert_eq!(told(text), []);
}

#[test]
fn a_status_that_completes_everything_or_nothing_is_told_of() {
    let route = |keys: &str| format!("listener: {{path: /a, {keys}}}");
    let poll = |keys: &str| {
        format!(
            "component: {{id: c, endpoint: 'https://h', completion: {{type: polling, endpoint: 'https://h', {keys}}}}}"
        )
    };
    for (keys, expected) in [
        ("status: S, success_when: [ok]", vec![]),
        ("status: S, success_when: [ok], fail_when: [bad]", vec![]),
        ("status: S, fail_when: [bad], result: R", vec![]),
        ("status: S, fail_when: [bad]", vec![("unjudged_status", 1)]),
        ("status: S", vec![("unjudged_status", 1)]),
        ("status: S, result: R", vec![("unjudged_status", 1)]),
        ("result: R", vec![]),
        ("on_missing_status: progress", vec![("missing_key", 1)]),
        ("status: S, success_when: [ok], on_missing_status: wait", vec![("bad_value", 1)]),
    ] {
        let route = route(&keys.replace('S', "'${body.s}'").replace('R', "'${body.r}'"));
        assert_eq!(told(&route), expected, "{route}");
        let poll = poll(&keys.replace('S', "'${response.s}'").replace('R', "'${response.r}'"));
        assert_eq!(told(&poll), expected, "{poll}");
    }
}

/// A file whose components wait on one route, with these jobs.
fn jobs(jobs: &str) -> String {
    format!(
        "listener: {{path: /done, identify_by: '${{body.id}}'}}\n\
         components:\n  \
         by_run: {{endpoint: 'https://h', body: {{cb: '${{listener.url}}', id: '${{context.run_id}}'}}}}\n  \
         by_job: {{endpoint: 'https://h', body: {{cb: '${{listener.url}}', id: '${{context.run_id}}/${{context.job}}'}}}}\n  \
         by_input: {{endpoint: 'https://h', completion: {{type: callback, wait_for: '${{input.id}}'}}}}\n  \
         by_answer: {{endpoint: 'https://h', body: {{cb: '${{listener.url}}'}}, output: '${{response.id}}'}}\n  \
         by_nothing: {{endpoint: 'https://h', completion: {{type: callback, wait_for: fixed}}}}\n  \
         by_token: {{endpoint: 'https://h', body: '${{context.callback_url}}'}}\n\
         workflow: {{jobs: [{jobs}]}}\n"
    )
}

#[test]
fn jobs_that_share_a_key_are_told_of() {
    let shared = |line| vec![("shared_key", line)];
    for (list, expected) in [
        ("{id: a, component: by_run}, {id: b, component: by_run}", shared(3)),
        ("{id: a, component: by_run}, {id: b, component: by_job}", vec![]),
        ("{id: a, component: by_job}, {id: b, component: by_job}", vec![]),
        ("{id: a, component: by_answer}, {id: b, component: by_answer}", vec![]),
        ("{id: a, component: by_token}, {id: b, component: by_token}", vec![]),
        ("{id: a, component: by_input}, {id: b, component: by_input}", shared(5)),
        (
            "{id: a, component: by_input, input: {id: '${input.x}'}}, {id: b, component: by_input, input: {id: \
             '${input.x}'}}",
            shared(5),
        ),
        (
            "{id: a, component: by_input, input: {id: '${input.x}'}}, {id: b, component: by_input, input: {id: \
             '${input.y}'}}",
            vec![],
        ),
        ("{id: a, component: by_input, input: {id: '${context.run_id}'}}, {id: b, component: by_run}", shared(5)),
        (
            "{id: a, component: logger}, {id: b, component: by_input, input: {id: '${output}'}}, {id: c, component: \
             by_input, input: {id: '${output}'}}",
            vec![],
        ),
        (
            "{id: a, component: logger}, {id: b, component: by_input, input: {id: '${jobs.a.output.x}'}}, {id: c, \
             component: by_input, input: {id: '${jobs.a.output.x}'}}",
            shared(5),
        ),
        // Only one branch runs, but the job behind it comes after it.
        (
            "{id: i, type: if, condition: input.x, then: [{id: a, component: by_run}], else: [{id: b, component: \
             by_run}]}",
            vec![],
        ),
        (
            "{id: i, type: if, condition: input.x, then: [{id: a, component: by_run}, {id: b, component: by_run}]}",
            shared(3),
        ),
        (
            "{id: i, type: if, condition: input.x, then: [{id: a, component: by_run}]}, {id: b, component: by_run}",
            shared(3),
        ),
        (
            "{id: i, type: switch, value: '${input.x}', cases: [{value: 1, then: [{id: a, component: by_run}]}], \
             default: [{id: b, component: by_run}]}",
            vec![],
        ),
        ("{id: a, component: by_run, on_error: [{id: b, component: by_run}]}", shared(3)),
        // Items of a loop are jobs of one run.
        ("{id: l, type: for-each, items: '${input.list}', component: by_run}", shared(3)),
        ("{id: l, type: for-each, items: '${input.list}', component: by_job}", vec![]),
        ("{id: l, type: for-each, items: '${input.list}', component: by_input, input: {id: '${item}'}}", vec![]),
        ("{id: l, type: for-each, items: '${input.list}', component: by_input, input: {id: '${input.x}'}}", shared(5)),
        // All runs share a constant.
        ("{id: a, component: by_nothing}", shared(7)),
        ("{id: a, component: by_input, input: {id: '${env.X}'}}", shared(5)),
        ("{id: a, component: by_input, input: {id: '${input.x as integer}'}}, {id: b, component: by_input}", vec![]),
    ] {
        assert_eq!(told(&jobs(list)), expected, "{list}");
    }
}

#[test]
fn the_default_key_is_one_for_all_runs() {
    let text = "listener: {path: /done}\ncomponent: {id: c, endpoint: 'https://h', body: '${listener.url}'}\n\
                workflow: {id: w, jobs: [{component: c}]}\n";
    check(&[(
        text,
        "f:2:1: warning[shared_key]: all runs of `w` wait on POST /done on port 8090 under one key, `__callback__`: a \
         second one fails with `key_taken` while the first waits; give the route an `identify_by`",
    )]);
}

#[test]
fn fields_that_a_source_does_not_have_are_errors() {
    let job = |input: &str| {
        format!(
            "listener: {{port: 8090, path: /done, identify_by: '${{body.id}}'}}\n\
             workflow: {{jobs: [{{id: x, component: logger, depends_on: []}}, {{id: y, component: logger, input: '{input}'}}]}}\n"
        )
    };
    for (input, told) in [
        (
            "${jobs.x.ouput.url}",
            "`jobs.x` has no field `ouput`; it has: status, output, error; did you mean `jobs.x.output`?",
        ),
        ("${jobs.x.result}", "`jobs.x` has no field `result`; it has: status, output, error"),
        (
            "a ${jobs[\"x\"].ouput} b",
            "`jobs.x` has no field `ouput`; it has: status, output, error; did you mean `jobs.x.output`?",
        ),
        (
            "${jobs.x.error.mesage}",
            "`jobs.x.error` has no field `mesage`; it has: code, message, detail; did you mean `jobs.x.error.message`?",
        ),
        (
            "${error.mesage}",
            "`error` has no field `mesage`; it has: code, message, detail; did you mean `error.message`?",
        ),
        (
            "${context.runid}",
            "`context` has no field `runid`; it has: run_id, workflow, job, attempt, timestamp, callback_url, \
             callback_token; did you mean `context.run_id`?",
        ),
        (
            "${gateway:8090.public_ur}",
            "`gateway:8090` has no field `public_ur`; it has: public_url, public_address, port, driver; did you mean \
             `gateway:8090.public_url`?",
        ),
        ("${listener.ur}", "`listener` has no field `ur`; it has: id, url; did you mean `listener.url`?"),
    ] {
        let report = super::report(&job(input));
        let (_, message) = report.split_once("error[unknown_field]: ").unwrap_or_else(|| panic!("{input}: {report}"));
        assert_eq!(message, told, "{input}");
    }
    for input in [
        "${jobs.x}",
        "${jobs.x.output.anything.at.all}",
        "${jobs.x.status}",
        "${jobs.x.error.detail.body.why}",
        "${jobs.x.error}",
        "${error.code}",
        "${context.attempt}",
        "${context}",
        "${gateway:8090.driver}",
        "${listener.id}",
        "${input.ouput}",
        "${env.ouput}",
    ] {
        assert_eq!(super::report(&job(input)), "", "{input}");
    }
    check(&[
        (
            "listener: {path: /a, identify_by: '${context.run_id}'}",
            "f:1:38: error[unknown_field]: `context` has no field `run_id`; it has: timestamp",
        ),
        (
            "workflow:\n  jobs:\n    - {id: x, component: logger}\n    - {id: y, component: logger, input: \"a \
             ${jobs.x.ouput.url}\"}\n",
            "f:4:46: error[unknown_field]: `jobs.x` has no field `ouput`; it has: status, output, error; did you mean \
             `jobs.x.output`?",
        ),
    ]);
}
