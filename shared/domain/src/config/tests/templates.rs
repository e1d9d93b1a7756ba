//! Templates in their places.

use super::{check, config};
use crate::config::load;

#[test]
fn a_template_is_judged_where_it_stands() {
    check(&[
("listener:
  path: /a
  identify_by: ${body.task_id
", "f:3:16: error[bad_template]: this is never closed"),
("listener:
  path: /a
  result:
    url: ok
    all: [1, 'x ${bdy.url} y']
", "f:5:19: error[bad_template]: there is no source `bdy` here (text needs quotes); did you mean `body`?"),
(r#"listener:
  path: /a
  identify_by: "${body.id | }"
"#, "f:3:29: error[bad_template]: expected a default after `|`, not `}`"),
(r#"listener:
  path: /a
  identify_by: "é ${body.a +}"
"#, "f:3:28: error[bad_template]: the operator `+` needs a space on each side"),
(r#"listener:
  path: /a
  identify_by: "\u00e9 ${bdy.a}"
"#, "f:3:16: error[bad_template]: there is no source `bdy` here (text needs quotes); did you mean `body`?"),
("listener:
  path: /a
  result: >
    some ${body.x}
    and ${bdy.y}
", "f:4:5: error[bad_template]: there is no source `bdy` here (text needs quotes); did you mean `body`?"),
("listener:
  path: /a
  identify_by: ${jobs.a.output}
", "f:3:18: error[misplaced_source]: `jobs` has no value in a listener, which can read: body, query, header, path, method, context, env, gateway, listener"),
("listener:
  path: /a
  identify_by: ${item.id}
", "f:3:18: error[misplaced_source]: `item` has no value in a listener, which can read: body, query, header, path, method, context, env, gateway, listener"),
("listener:
  path: /a
  bulk: true
  item: ${item.list}
  identify_by: ${item.id}
", "f:4:11: error[misplaced_source]: `item` has no value in a listener, which can read: body, query, header, path, method, context, env, gateway, listener"),
("component: {id: c, endpoint: 'https://h', body: {x: '${body.id}'}}", "f:1:56: error[misplaced_source]: `body` has no \
    value in a component, which can read: input, item, context, env, gateway, listener"),
("component: {id: c, endpoint: 'https://h', body: {x: '${jobs.a.output}'}}", "f:1:56: error[misplaced_source]: `jobs` \
    has no value in a component, which can read: input, item, context, env, gateway, listener"),
("component: {id: c, endpoint: 'https://h', body: {x: '${response.id}'}}", "f:1:56: error[misplaced_source]: \
    `response` has no value in a component, which can read: input, item, context, env, gateway, listener"),
("component: {id: c, endpoint: 'https://h', body: {x: '${output}'}}", "f:1:56: error[misplaced_source]: `output` has \
    no value in a component, which can read: input, item, context, env, gateway, listener"),
("component: {id: c, endpoint: 'https://h', body: {x: '${gateway:8090.public_url}'}}", "f:1:56: warning[undefined_gateway]: no gateway and no listener of this file has the port 8090"),
("component: {id: c, endpoint: 'https://h', body: {x: '${listener.id}'}}", "f:1:56: warning[undefined_listener]: this \
    file has no listener"),
("component: {id: c, endpoint: 'https://h', body: {x: '${env.TOKEN}'}}", ""),
("component: {id: c, endpoint: 'https://h', body: {x: '$${nothing}'}}", ""),
("component: {id: c, endpoint: 'https://h/${body.id}', headers: {A: '${response.x}'}, params: {a: '${jobs.x}'}}", "f:1:43: error[misplaced_source]: `body` has no value in a component, which can read: input, item, context, env, gateway, listener
f:1:70: error[misplaced_source]: `response` has no value in a component, which can read: input, item, context, env, gateway, listener
f:1:100: error[misplaced_source]: `jobs` has no value in a component, which can read: input, item, context, env, gateway, listener"),
("component: {id: c, endpoint: 'https://h', output: {a: '${result.a} ${jobs.b}'}}", "f:1:70: error[misplaced_source]: \
    `jobs` has no value in a component's output, which can read: response, result, request, input, item, context, env, \
    gateway, listener"),
("component: {id: c, type: workflow, workflow: default, output: '${response}'}
workflow: {jobs: [{component: c}]}
", "f:1:66: error[misplaced_source]: `response` has no value in the output of a component of type `workflow`, which can read: output, input, item, context, env, gateway, listener"),
("workflow: {jobs: [{component: logger, input: '${response}'}]}", "f:1:49: error[misplaced_source]: `response` has no \
    value in a job, which can read: input, output, jobs, item, error, context, env, gateway, listener"),
("workflow: {jobs: [{component: logger, input: '${body.x}'}]}", "f:1:49: error[misplaced_source]: `body` has no value \
    in a job, which can read: input, output, jobs, item, error, context, env, gateway, listener"),
("workflow: {output: '${response}', jobs: [{component: logger}]}", "f:1:23: error[misplaced_source]: `response` has no \
    value in a workflow's output, which can read: input, output, jobs, context, env, gateway, listener"),
("gateway: {type: ssh-tunnel, port: 1, connection: {host: h, auth: {type: password, username: u, password: \
    '${input.p}'}}}", "f:1:109: error[misplaced_source]: `input` has no value in a gateway's connection, which can read: env"),
("gateway: {type: http-tunnel, driver: ngrok, port: 8080}
component: {id: c, endpoint: 'https://h', body: {u: '${gateway:8081.public_url}'}}
", "f:2:56: warning[undefined_gateway]: no gateway and no listener of this file has the port 8081; did you mean `gateway:8080`?"),
("listener: {path: /a}
component: {id: c, endpoint: 'https://h', body: {u: '${gateway:8090.port}', v: '${gateway:8090}'}}
", ""),
]);
}

#[test]
fn an_environment_variable_that_is_not_set_is_a_warning_unless_it_has_a_default() {
    let text = "component:\n  id: c\n  endpoint: ${env.BASE | \"https://h\"}/x\n  headers:\n    A: Bearer \
        ${env.TOKEN}\n    B: ${env.SET}-${env.TOKEN}\n";
    let loaded = load(text, "f");
    let names: Vec<&str> = loaded.env.iter().map(|read| read.name.as_str()).collect();
    assert_eq!(names, ["BASE", "TOKEN", "SET", "TOKEN"]);
    let warnings = loaded.env_warnings(&|name| name == "SET");
    let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "f:5:17: warning[unset_env]: the environment variable `TOKEN` is not set",
            "f:6:21: warning[unset_env]: the environment variable `TOKEN` is not set",
        ]
    );
    assert!(warnings.iter().all(|warning| &text[warning.span.offset..][..warning.span.length] == "env.TOKEN"));
}

#[test]
fn every_source_is_known_in_its_place() {
    config(include_str!("../../../../../tests/fixtures/config/everything.yml"));
    let text = "listener:\n  path: /a/{p}\n  identify_by: ${path.p}${query.q}${header.X-Id}${method}${body.b}${context.timestamp}\n\
                workflow:\n  jobs:\n    - id: a\n      component: logger\n      input: [\"${input}\", \"${output}\", \"${item}\", \"${error.message}\"]\n      \
                output: [\"${response}\", \"${result}\", \"${output}\", \"${jobs.b}\"]\n      depends_on: []\n    - \
                    {id: b, component: logger, depends_on: []}\n";
    config(text);
}
