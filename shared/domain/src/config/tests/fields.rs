//! What each field becomes, and what holds where it is absent.

use super::config;
use crate::config::{
    Call, Cloudflare, Completion, Component, Config, Controller, ForEach, Gateway, HttpClient, If, NamedTunnel, Ngrok,
    Retry, Routes, Runtime, SshAuth, SshConnection, SshTunnel, Step, Switch, Tls, Tunnel,
};
use crate::expr::{Sources, Template};
use crate::wait::MissingStatus;
use serde_json::{Value, json};
use std::time::Duration;

fn template(text: &str) -> Template {
    Template::parse(text, Sources::Any).expect("a template")
}

fn constant(value: impl Into<Value>) -> Template {
    Template::constant(value.into())
}

fn client<'c>(config: &'c Config, id: &str) -> &'c HttpClient {
    let Component::HttpClient(client) = &config.components[id] else { panic!("{id} calls HTTP") };
    client
}

/// The component `c` with these keys.
fn component(keys: &str) -> HttpClient {
    client(&config(&format!("component: {{id: c, {keys}}}")), "c").clone()
}

#[test]
fn a_callback_has_defaults_for_everything_but_its_path() {
    let config = config("listener: {path: /done}");
    let [listener] = config.listeners.as_slice() else { panic!("one listener") };
    assert_eq!((listener.id.as_str(), listener.host.as_str(), listener.port), ("listener-8090", "127.0.0.1", 8090));
    assert_eq!((listener.runtime, listener.max_concurrent_count), (Runtime::Native, None));
    let Routes::Callbacks(callbacks) = &listener.routes else { panic!("callbacks") };
    let callback = &callbacks[0];
    assert_eq!(callback.route.id.0, "POST /done");
    assert_eq!((callback.route.method.as_str(), callback.route.path.as_str()), ("POST", "/done"));
    assert_eq!(callback.identify_by, constant("__callback__"));
    assert_eq!((&callback.status, &callback.result, &callback.bulk), (&None, &None, &None));
    assert!(callback.success_when.is_empty() && callback.fail_when.is_empty());
    assert_eq!(
        config.controller,
        Controller { host: "127.0.0.1".to_owned(), port: 8080, tls: None, ..Controller::default() }
    );
}

#[test]
fn a_callback_reads_statuses_as_json_prints_them() {
    let config = config(
        "listener: {base_path: /w/, max_concurrent_count: 3, runtime: docker, id: in, host: '::1', port: 9000, callbacks: \
         [{path: /done, method: put, status: '${body.s}', success_when: [200, true, 1.50, null, done], fail_when: no, on_missing_status: progress, \
         bulk: true, item: '${body.items}', identify_by: '${item.id}', result: {a: ['${item.x}', 1]}}, {path: /}]}",
    );
    let listener = &config.listeners[0];
    assert_eq!((listener.id.as_str(), listener.host.as_str(), listener.port), ("in", "::1", 9000));
    assert_eq!((listener.runtime, listener.max_concurrent_count), (Runtime::Docker, Some(3)));
    let Routes::Callbacks(callbacks) = &listener.routes else { panic!("callbacks") };
    assert_eq!(callbacks[0].route.id.0, "PUT /w/done");
    assert_eq!(callbacks[0].success_when, ["200", "true", "1.50", "null", "done"]);
    assert_eq!(callbacks[0].fail_when, ["no"]);
    assert_eq!(callbacks[0].on_missing_status, Some(MissingStatus::Progress));
    assert_eq!(callbacks[1].on_missing_status, None);
    assert_eq!(callbacks[0].status, Some(template("${body.s}")));
    assert_eq!(callbacks[0].bulk, Some(template("${body.items}")));
    assert_eq!(callbacks[0].identify_by, template("${item.id}"));
    let list = Template::list(vec![template("${item.x}"), constant(1)]);
    assert_eq!(callbacks[0].result, Some(Template::object(vec![("a".to_owned(), list)])));
    assert_eq!(callbacks[1].route.path, "/w");
}

#[test]
fn a_listener_with_a_workflow_is_a_trigger() {
    for text in [
        "listener: {workflow: w, path: /a, input: {x: '${body.x}'}, dedupe_by: '${body.id}'}",
        "listener: {triggers: [{workflow: w, path: /a, input: {x: '${body.x}'}, dedupe_by: '${body.id}'}]}",
        "listener: {type: trigger, workflow: w, path: /a, input: {x: '${body.x}'}, dedupe_by: '${body.id}'}",
    ] {
        let config = config(text);
        assert_eq!((config.listeners[0].id.as_str(), config.listeners[0].port), ("listener-8091", 8091));
        let Routes::Triggers(triggers) = &config.listeners[0].routes else { panic!("triggers: {text}") };
        assert_eq!(triggers[0].workflow, "w");
        assert_eq!(triggers[0].route.id.0, "POST /a");
        let input = Template::object(vec![("x".to_owned(), template("${body.x}"))]);
        assert_eq!((&triggers[0].input, &triggers[0].bulk), (&Some(input), &None));
        assert_eq!(triggers[0].dedupe_by, Some(template("${body.id}")));
    }
}

#[test]
fn one_or_several_in_either_form_are_all_read() {
    let config = config(
        "listener: {path: /a}\nlisteners: [{path: /b}, {id: given, path: /c}]\n\
         gateway: [{type: http-tunnel, driver: ngrok, port: 1}]\n\
         workflows: {w1: {jobs: [{component: logger}]}, w2: {id: w2, jobs: [{component: logger}]}}\n\
         component: {id: c1, endpoint: 'https://h'}\ncomponents: {c2: {endpoint: 'https://h'}}\n",
    );
    let listeners: Vec<&str> = config.listeners.iter().map(|listener| listener.id.as_str()).collect();
    assert_eq!(listeners, ["listener-8090", "listener-8090-2", "given"]);
    assert!(config.workflows.keys().eq(["w1", "w2"]));
    assert!(config.workflows.values().map(|workflow| &workflow.id).eq(["w1", "w2"]));
    assert!(config.components.keys().eq(["c1", "c2", "logger"]));
    assert_eq!(config.gateways[0].id, "gateway-1");
}

#[test]
fn gateways_and_the_controller_are_read_whole() {
    let text = "controller: {host: 0.0.0.0, port: 443, tls: {cert: c.pem, key: k.pem}}\n\
        listeners: [{port: 1, path: /a}, {port: 2, path: /b}, {port: 3, path: /c}, {port: 4, path: /d}, {port: 5, path: /e}, {port: 6, path: /f}]\n\
        gateways:\n  - {type: http-tunnel, driver: cloudflare, port: [1, '2'], runtime: docker}\n  \
        - {type: http-tunnel, driver: ngrok, ports: 3, id: n}\n  \
        - {type: ssh-tunnel, port: 4, connection: {host: h, auth: {type: keyfile, username: u, keyfile: ~/.ssh/id}}}\n  \
        - {type: ssh-tunnel, port: 5, connection: {host: h, port: 222, auth: {type: password, username: u, password: '${env.P}'}}}\n  \
        - {type: ssh-tunnel, port: 6, connection: {host: h, auth: {type: agent, username: u}}}\n";
    let config = config(text);
    let tls = Some(Tls { cert: "c.pem".to_owned(), key: "k.pem".to_owned() });
    assert_eq!(config.controller, Controller { host: "0.0.0.0".to_owned(), port: 443, tls, ..Controller::default() });
    let username = || "u".to_owned();
    let ssh = |port, auth| {
        let connection = SshConnection { host: "h".to_owned(), port, auth, host_key: None, known_hosts: None };
        let (remote_port, remote_host, public_url) = (None, String::new(), None);
        Tunnel::Ssh(Box::new(SshTunnel { connection, remote_port, remote_host, public_url }))
    };
    let keyfile = SshAuth::Keyfile { username: username(), keyfile: "~/.ssh/id".to_owned(), passphrase: None };
    let password = SshAuth::Password { username: username(), password: template("${env.P}") };
    let expected = [
        Gateway {
            runtime: Runtime::Docker,
            ..Gateway::new("gateway-1", vec![1, 2], Tunnel::Cloudflare(Cloudflare::default()))
        },
        Gateway::new("n", vec![3], Tunnel::Ngrok(Ngrok::default())),
        Gateway::new("gateway-3", vec![4], ssh(22, keyfile)),
        Gateway::new("gateway-4", vec![5], ssh(222, password)),
        Gateway::new("gateway-5", vec![6], ssh(22, SshAuth::Agent { username: username() })),
    ];
    assert_eq!(config.gateways, expected);
}

#[test]
fn what_a_gateway_may_say_besides_is_read() {
    let text = "listeners: [{port: 1, path: /a}, {port: 2, path: /b}]\ngateways:\n  \
        - {type: http-tunnel, driver: cloudflare, port: [1, 2], hostname: [a.example.com, b.example.com], token: '${env.T}'}\n  \
        - {type: http-tunnel, driver: cloudflare, port: 1, hostname: a.example.com, credentials_file: ~/t.json}\n  \
        - {type: http-tunnel, driver: ngrok, port: 8080, hostname: a.ngrok.app, authtoken: '${env.T}', expose_api: true, \
           on_url: [python, register.py, ''], start_timeout: 5s}\n  \
        - {type: ssh-tunnel, port: 1, remote_port: 0, remote_host: localhost, public_url: 'https://h.example.com/', \
           connection: {host: h, host_key: 'SHA256:uNiVztksCsDhcc0u9e8BrrJXVGzDBwpBQkLO4HYfpSY', known_hosts: k, \
           auth: {type: agent, username: u}}}\n";
    let config = config(text);
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let token = Some(NamedTunnel::Token(template("${env.T}")));
    let cloudflare = |hostnames: &[&str], named| Tunnel::Cloudflare(Cloudflare { hostnames: owned(hostnames), named });
    let ngrok = Ngrok { authtoken: Some(template("${env.T}")), hostnames: owned(&["a.ngrok.app"]) };
    let ssh = SshTunnel {
        connection: SshConnection {
            host: "h".to_owned(),
            port: 22,
            auth: SshAuth::Agent { username: "u".to_owned() },
            host_key: Some("SHA256:uNiVztksCsDhcc0u9e8BrrJXVGzDBwpBQkLO4HYfpSY".to_owned()),
            known_hosts: Some("k".to_owned()),
        },
        remote_port: Some(0),
        remote_host: "localhost".to_owned(),
        public_url: Some("https://h.example.com".to_owned()),
    };
    let expected = [
        Gateway::new("gateway-1", vec![1, 2], cloudflare(&["a.example.com", "b.example.com"], token)),
        Gateway::new(
            "gateway-2",
            vec![1],
            cloudflare(&["a.example.com"], Some(NamedTunnel::Credentials("~/t.json".to_owned()))),
        ),
        Gateway {
            expose_api: true,
            on_url: owned(&["python", "register.py", ""]),
            start_timeout: Duration::from_secs(5),
            ..Gateway::new("gateway-3", vec![8080], Tunnel::Ngrok(ngrok))
        },
        Gateway::new("gateway-4", vec![1], Tunnel::Ssh(Box::new(ssh))),
    ];
    assert_eq!(config.gateways, expected);
}

#[test]
fn an_address_is_joined_with_one_slash() {
    let table = [
        ("base_url: 'https://h/v1', path: /x", "https://h/v1/x"),
        ("base_url: 'https://h/v1/', path: x", "https://h/v1/x"),
        ("base_url: 'https://h', path: '?q=1'", "https://h?q=1"),
        ("base_url: 'https://h', path: '/u/${input.id}'", "https://h/u/${input.id}"),
        ("base_url: 'https://h/'", "https://h/"),
        ("endpoint: '${env.BASE}/x'", "${env.BASE}/x"),
    ];
    for (keys, url) in table {
        assert_eq!(component(keys).request.url, Some(template(url)), "{keys}");
    }
    assert_eq!(component("path: /x").request.url, None);
}

#[test]
fn a_host_is_literal_unless_a_run_can_choose_it() {
    let table = [
        ("https://api.example.com/${input.x}", true),
        ("https://api.example.com?x=${input.x}", true),
        ("https://api.example.com#${input.x}", true),
        (r"https://api.example.com\\${input.x}", true),
        ("https://${env.HOST}/x", true),
        ("https://${env.HOST}:${env.PORT}/x", true),
        ("${env.BASE}/x/${input.y}", true),
        ("${env.BASE}/x?u=https://${input.y}", true),
        ("${gateway:8090.public_url}/x", true),
        ("${input.url}", false),
        ("${input.url}/x", false),
        ("https://${input.host}/x", false),
        ("https://api.example.com${input.x}", false),
        ("https://api.example.com:${input.port}/x", false),
        ("https://${input.sub}.example.com/x", false),
        ("https://${env.HOST | ${input.host}}/x", false),
        ("${env.BASE}${input.x}", false),
        ("${env.SCHEME}://${input.host}/x", false),
        ("${input.scheme}://h/x", false),
    ];
    for (url, literal) in table {
        assert_eq!(component(&format!("endpoint: \"{url}\"")).request.host_is_literal, literal, "{url}");
    }
    assert!(!component("path: /x").request.host_is_literal);
}

#[test]
fn a_request_is_read_whole() {
    let request = component(
        "endpoint: 'https://h', headers: {A: 'B ${env.X}', N: 3, Z: null}, params: {a: true, b: null, c: \
         '${input.c}'}, body: {x: null}",
    )
    .request;
    assert_eq!(request.headers, [("A".to_owned(), template("B ${env.X}")), ("N".to_owned(), constant("3"))]);
    assert_eq!(request.params, [("a".to_owned(), constant("true")), ("c".to_owned(), template("${input.c}"))]);
    assert_eq!(request.body, Some(constant(json!({"x": null}))));
    assert_eq!(request.method, "POST");
    assert_eq!(component("endpoint: 'https://h'").request.method, "GET");
    assert_eq!(component("endpoint: 'https://h', method: options").request.method, "OPTIONS");
}

#[test]
fn a_call_has_no_wait_and_no_limits_of_its_own_unless_written() {
    let plain = component("endpoint: 'https://h'");
    assert_eq!((plain.output, plain.timeout, plain.completion), (None, None, None));
    let limited = component("endpoint: 'https://h', timeout: 300000, output: '${response.x}'");
    assert_eq!(limited.timeout, Some(Duration::from_secs(300)));
    assert_eq!(limited.output, Some(template("${response.x}")));
}

#[test]
fn a_poll_takes_the_components_base_and_time() {
    let polls = |keys: &str| match component(keys).completion {
        Some(Completion::Polling(polling)) => *polling,
        other => panic!("{other:?}"),
    };
    let poll = polls(
        "base_url: 'https://h/v1', path: /x, timeout: 7s, completion: {type: polling, path: '/s/${response.id}'}",
    );
    assert_eq!(poll.request.url, Some(template("https://h/v1/s/${response.id}")));
    assert_eq!((poll.interval, poll.timeout), (Duration::from_secs(5), Duration::from_secs(7)));
    assert!(poll.request.host_is_literal);
    let poll = polls(
        "endpoint: 'https://h', completion: {type: polling, endpoint: 'https://s', status: '${response.s}', \
         success_when: ok, fail_when: [bad], on_missing_status: failure, result: '${response.r}', interval: 1.5s}",
    );
    assert_eq!((poll.interval, poll.timeout), (Duration::from_millis(1_500), Duration::from_hours(24)));
    assert_eq!((poll.success_when, poll.fail_when), (vec!["ok".to_owned()], vec!["bad".to_owned()]));
    assert_eq!(poll.on_missing_status, Some(MissingStatus::Failure));
    assert_eq!((poll.status, poll.result), (Some(template("${response.s}")), Some(template("${response.r}"))));
}

#[test]
fn the_other_components_are_read_whole() {
    let config = config(
        "workflow: {jobs: [{component: l}]}\ncomponents:\n  l: {type: logger, level: warn, message: 'm ${input.x}', data: [1]}\n  \
         w: {type: workflow, workflow: default, input: '${input.x}', output: '${output.y}'}\n  d: {type: delay, duration: 250}\n  \
         e: {type: delay, duration: '${input.pause}', output: '${input.x}'}\n",
    );
    let Component::Logger(logger) = &config.components["l"] else { panic!("a logger") };
    assert_eq!((&logger.level, &logger.message), (&Some(constant("warn")), &Some(template("m ${input.x}"))));
    assert_eq!(logger.data, Some(constant(json!([1]))));
    let Component::Workflow(child) = &config.components["w"] else { panic!("a workflow") };
    assert_eq!((child.workflow.as_str(), child.timeout), ("default", Duration::from_hours(24)));
    assert_eq!((&child.input, &child.output), (&Some(template("${input.x}")), &Some(template("${output.y}"))));
    let Component::Delay(delay) = &config.components["d"] else { panic!("a delay") };
    assert_eq!((&delay.duration, &delay.output), (&constant(250), &None));
    let Component::Delay(delay) = &config.components["e"] else { panic!("a delay") };
    assert_eq!((&delay.duration, &delay.output), (&template("${input.pause}"), &Some(template("${input.x}"))));
}

#[test]
fn a_job_is_read_whole() {
    let config = config(
        "workflow:\n  title: T\n  description: 5\n  output: '${jobs.a.output}'\n  jobs:\n    - id: a\n      component: logger\n      \
         input: '${input.x}'\n      output: '${output.y}'\n      timeout: 2m\n      retry: {max_attempts: 4, delay: 0, backoff: exponential}\n      \
         on_error: [{component: logger}]\n    - {component: {type: delay, duration: 1s}, retry: {}}\n    - {component: logger, retry: {backoff: 1.5}}\n",
    );
    let workflow = &config.workflows["default"];
    assert_eq!((workflow.title.as_deref(), workflow.description.as_deref()), (Some("T"), Some("5")));
    assert_eq!(workflow.output, Some(template("${jobs.a.output}")));
    let [first, second, third] = workflow.jobs.jobs.as_slice() else { panic!("three jobs") };
    assert_eq!((&first.input, &first.output), (&Some(template("${input.x}")), &Some(template("${output.y}"))));
    assert_eq!(first.timeout, Some(Duration::from_secs(120)));
    assert_eq!(first.retry, Some(Retry { max_attempts: 4, delay: Duration::ZERO, backoff: 2.0 }));
    assert_eq!(first.on_error.as_ref().map(|block| block.jobs[0].id.as_str()), Some("job-1"));
    assert_eq!(second.retry, Some(Retry { max_attempts: 3, delay: Duration::from_secs(1), backoff: 1.0 }));
    assert_eq!(third.retry.map(|retry| retry.backoff), Some(1.5));
    assert_eq!(second.step, Step::Call(Call { component: "default.job-2".to_owned() }));
    assert!(matches!(config.components["default.job-2"], Component::Delay(_)));
    assert!(matches!(config.components["logger"], Component::Logger(_)));
}

#[test]
fn branches_and_loops_are_read_whole() {
    let config = config(
        "workflow:\n  jobs:\n    - {id: i, type: if, condition: '${input.x}', then: [{component: logger}]}\n    \
         - {id: s, type: switch, value: '${input.x}', cases: [{value: 1, then: [{component: logger}]}, {value: 'a'}], default: [{component: logger}]}\n    \
         - {id: t, type: switch, input: '${input.y}', cases: []}\n    \
         - {id: f, type: for-each, items: '${input.list}', component: logger}\n    \
         - {id: g, type: for-each, items: [1, 2], component: logger, input: '${item.x}', max_concurrent: 3}\n",
    );
    let steps: Vec<&Step> = config.workflows["default"].jobs.jobs.iter().map(|job| &job.step).collect();
    let Step::If(If { condition, then, otherwise }) = steps[0] else { panic!("an if") };
    assert_eq!((condition.template(), then.jobs.len(), otherwise.jobs.len()), (&template("${input.x}"), 1, 0));
    let Step::Switch(Switch { value, cases, otherwise }) = steps[1] else { panic!("a switch") };
    assert_eq!((value, otherwise.jobs.len()), (&template("${input.x}"), 1));
    let cases: Vec<_> = cases.iter().map(|(value, block)| (value.clone(), block.jobs.len())).collect();
    assert_eq!(cases, [(json!(1), 1), (json!("a"), 0)]);
    assert!(matches!(steps[2], Step::Switch(Switch { value, .. }) if *value == template("${input.y}")));
    let Step::ForEach(ForEach { items, block, max_concurrent }) = steps[3] else { panic!("a loop") };
    assert_eq!((items, *max_concurrent), (&template("${input.list}"), 16));
    assert_eq!((block.jobs[0].id.as_str(), &block.jobs[0].input), ("f", &Some(template("${item}"))));
    let Step::ForEach(ForEach { block, max_concurrent, .. }) = steps[4] else { panic!("a loop") };
    assert_eq!((&block.jobs[0].input, *max_concurrent), (&Some(template("${item.x}")), 3));
    assert_eq!(config.workflows["default"].jobs.jobs[4].input, None);
}

#[test]
fn yaml_may_share_parts() {
    let config = config(
        "components:\n  a: &base\n    endpoint: https://h\n    timeout: 5s\n    headers: &headers {X: '1'}\n  \
         b:\n    <<: *base\n    timeout: 9s\n  c: {endpoint: 'https://h', headers: *headers}\n",
    );
    assert_eq!(client(&config, "b").timeout, Some(Duration::from_secs(9)));
    assert_eq!(client(&config, "b").request.url, Some(template("https://h")));
    assert_eq!(client(&config, "c").request.headers, client(&config, "a").request.headers);
}
