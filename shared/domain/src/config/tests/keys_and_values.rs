//! Errors of keys and values, each with its place and the nearest right name.

use super::check;

#[test]
fn an_unknown_key_is_named_with_the_nearest_right_one() {
    check(&[
("listner: {path: /a}", "f:1:1: error[unknown_key]: a configuration has no key `listner`; did you mean `listener`?"),
("tunnels: {}", "f:1:1: error[unknown_key]: a configuration has no key `tunnels`"),
("listener: {path: /a, prot: 1}", "f:1:22: error[unknown_key]: a callback listener has no key `prot`; did you mean `port`?"),
("listener: {path: /a, identifyBy: x}", "f:1:22: error[unknown_key]: a callback listener has no key `identifyBy`; did you mean `identify_by`?"),
("listener: {path: /a, identify-by: x}", "f:1:22: error[unknown_key]: a callback listener has no key `identify-by`; did you mean `identify_by`?"),
("listener: {path: /a, type: http-trigger, workflow: default, identify_by: x}
workflow: {jobs: [{component: logger}]}
", "f:1:61: error[unknown_key]: a trigger listener has no key `identify_by`"),
("listener:
  callbacks:
    - path: /a
      identify: x
", "f:4:7: error[unknown_key]: a callback has no key `identify`; did you mean `identify_by`?"),
("gateway: {type: http-tunnel, drivr: ngrok, port: 1}", "f:1:30: error[unknown_key]: an http-tunnel gateway has no key `drivr`; did you mean `driver`?"),
("controller: {prt: 1}", "f:1:14: error[unknown_key]: a controller has no key `prt`; did you mean `port`?"),
("controller: {tls: {cert: a, certificate: b}}", "f:1:14: error[missing_key]: `tls` needs the key `key`
f:1:29: error[unknown_key]: `tls` has no key `certificate`"),
("component: {id: c, base_uri: 'https://h'}", "f:1:1: warning[component_without_address]: this component doesn't say where to call: no `base_url`, no `endpoint`
f:1:20: error[unknown_key]: an http-client component has no key `base_uri`; did you mean `base_url`?"),
("component: {id: c, endpoint: 'https://h', completion: {type: callback, waitfor: x}}", "f:1:43: error[unknown_callback]: this waits for a callback, but the file has no callback route
f:1:72: error[unknown_key]: a callback completion has no key `waitfor`; did you mean `wait_for`?"),
("workflow: {job: []}", "f:1:12: error[unknown_key]: a workflow has no key `job`; did you mean `jobs`?"),
("workflow: {jobs: [{component: logger, depend_on: []}]}", "f:1:39: error[unknown_key]: a job has no key `depend_on`; did you mean `depends_on`?"),
("workflow: {jobs: [{component: logger, retry: {attempts: 3}}]}", "f:1:47: error[unknown_key]: `retry` has no key `attempts`"),
("workflow: {jobs: [{component: logger, zzz: 3}]}", "f:1:39: error[unknown_key]: a job has no key `zzz`"),
("workflow: {jobs: [{component: logger, condition: 3}]}", "f:1:39: error[unknown_key]: a job has no key `condition`"),
]);
}

#[test]
fn a_missing_or_contradicting_key_is_named() {
    check(&[
        (
            "listener: {type: http-callback, callbacks: [{method: POST}]}",
            "f:1:45: error[missing_key]: a route needs the key `path`",
        ),
        ("listener: {method: POST}", "f:1:1: error[missing_key]: a route needs the key `path`"),
        ("listener: {type: http-trigger, path: /a}", "f:1:1: error[missing_key]: a trigger needs the key `workflow`"),
        (
            "listener: {path: /a, bulk: true}",
            "f:1:1: error[missing_key]: `bulk` needs `item`: where the list is in the request",
        ),
        (
            "listener: {path: /a, item: '${body.x}'}",
            "f:1:22: error[conflicting_keys]: `item` has a meaning only with `bulk: true`",
        ),
        (
            "listener: {path: /a, success_when: [a]}",
            "f:1:22: error[missing_key]: `success_when` needs `status`: the value it judges",
        ),
        (
            "listener: {path: /a, fail_when: [a]}",
            "f:1:22: error[missing_key]: `fail_when` needs `status`: the value it judges",
        ),
        (
            "listener: {path: /a, status: x, success_when: [a, b], fail_when: [b]}",
            "f:1:66: error[conflicting_keys]: `b` is in `success_when` and in `fail_when`",
        ),
        (
            "gateway: {port: 1}",
            "f:1:1: error[missing_key]: an http-tunnel gateway needs the key `driver`
f:1:1: error[missing_key]: an http-tunnel gateway needs the key `type`",
        ),
        (
            "gateway: {type: http-tunnel, port: 1}",
            "f:1:1: error[missing_key]: an http-tunnel gateway needs the key `driver`",
        ),
        (
            "gateway: {type: http-tunnel, driver: ngrok}",
            "f:1:1: error[missing_key]: a gateway needs the key `port`: the local port it exposes",
        ),
        (
            "gateway: {type: http-tunnel, driver: ngrok, ports: []}",
            "f:1:1: error[missing_key]: a gateway needs the key `port`: the local port it exposes",
        ),
        (
            "gateway: {type: ssh-tunnel, port: 1}",
            "f:1:1: error[missing_key]: an ssh-tunnel gateway needs the key `connection`",
        ),
        (
            "gateway: {type: ssh-tunnel, port: 1, connection: {host: h}}",
            "f:1:38: error[missing_key]: an SSH connection needs the key `auth`",
        ),
        (
            "gateway: {type: ssh-tunnel, port: 1, connection: {host: h, auth: {username: u}}}",
            "f:1:60: error[missing_key]: `auth` needs the key `type`: keyfile, password or agent",
        ),
        (
            "gateway: {type: ssh-tunnel, port: 1, connection: {host: h, auth: {type: keyfile, username: u}}}",
            "f:1:60: error[missing_key]: a keyfile auth needs the key `keyfile`",
        ),
        ("controller: {tls: {cert: a}}", "f:1:14: error[missing_key]: `tls` needs the key `key`"),
        (
            "components: [{endpoint: 'https://h'}]",
            "f:1:14: error[missing_key]: a component needs the key `id`: the name that jobs use",
        ),
        (
            "component: {id: w, type: workflow}",
            "f:1:1: error[missing_key]: a workflow component needs the key `workflow`",
        ),
        ("component: {id: d, type: delay}", "f:1:1: error[missing_key]: a delay component needs the key `duration`"),
        (
            "component: {id: c, endpoint: 'https://h', completion: {}}",
            "f:1:43: error[missing_key]: `completion` needs the key `type`: callback or polling",
        ),
        ("workflow: {title: x}", "f:1:1: error[missing_key]: a workflow needs the key `jobs`"),
        ("workflow: {jobs: []}", "f:1:18: error[bad_value]: the workflow `default` has no jobs"),
        ("workflow: {jobs: [{id: a}]}", "f:1:19: error[missing_key]: a job needs the key `component`"),
        (
            "workflows: [{jobs: [{component: logger}]}, {jobs: [{component: logger}]}]",
            "f:1:44: error[missing_key]: a workflow needs the key `id` here: only one of a file may go without",
        ),
        (
            "workflow: {jobs: [{type: if, then: []}]}",
            "f:1:19: error[missing_key]: a job of type `if` needs the key `condition`",
        ),
        (
            "workflow: {jobs: [{type: if, condition: input.x}]}",
            "f:1:19: error[missing_key]: a job of type `if` needs `then` or `else`",
        ),
        (
            "workflow: {jobs: [{type: switch, cases: []}]}",
            "f:1:19: error[missing_key]: a job of type `switch` needs the key `value`",
        ),
        (
            "workflow: {jobs: [{type: switch, value: '${input.x}'}]}",
            "f:1:19: error[missing_key]: a job of type `switch` needs the key `cases`",
        ),
        (
            "workflow: {jobs: [{type: switch, value: '${input.x}', cases: [{then: []}]}]}",
            "f:1:63: error[missing_key]: a case needs the key `value`",
        ),
        (
            "workflow: {jobs: [{type: for-each, do: []}]}",
            "f:1:19: error[missing_key]: a job of type `for-each` needs the key `items`",
        ),
        (
            "workflow: {jobs: [{type: for-each, items: x}]}",
            "f:1:19: error[missing_key]: a job of type `for-each` needs `do` or `component`",
        ),
        (
            "component: {id: c, endpoint: 'https://h', completion: {type: polling}}",
            "f:1:43: warning[component_without_address]: this poll doesn't say where to ask: no `endpoint`, and no `path` behind a `base_url`",
        ),
        ("component: {id: c, base_url: 'https://h', completion: {type: polling, path: /s}}", ""),
    ]);
}

#[test]
fn a_wrong_type_or_value_is_quoted() {
    check(&[
        ("listener: 5", "f:1:11: error[wrong_type]: `listener` must be a mapping or a list, not `5`"),
        ("listeners: /a", "f:1:12: error[wrong_type]: `listeners` must be a mapping or a list, not `/a`"),
        ("listener: [5]", "f:1:12: error[wrong_type]: a callback listener must be a mapping, not `5`"),
        ("listener: {path: [/a]}", "f:1:18: error[wrong_type]: expected text, not a list"),
        (
            "listener: {path: /a, bulk: yes, item: x}",
            "f:1:28: error[wrong_type]: expected true or false, not `yes`; did you mean `true`?",
        ),
        ("listener: {path: /a, bulk: 2}", "f:1:28: error[wrong_type]: expected true or false, not `2`"),
        ("listener: {path: /a, identify_by: [a]}", "f:1:35: error[wrong_type]: expected text, not a list"),
        (
            "listener: {path: /a, status: s, success_when: [[a]]}",
            "f:1:48: error[wrong_type]: `success_when` lists texts, numbers or booleans, not a list",
        ),
        ("listener: {callbacks: {path: /a}}", "f:1:23: error[wrong_type]: `callbacks` must be a list, not a mapping"),
        ("listener: {port: abc, path: /a}", "f:1:18: error[bad_port]: `abc` is not a TCP port (1 to 65535)"),
        ("listener: {port: 0, path: /a}", "f:1:18: error[bad_port]: `0` is not a TCP port (1 to 65535)"),
        ("listener: {port: 65536, path: /a}", "f:1:18: error[bad_port]: `65536` is not a TCP port (1 to 65535)"),
        ("listener: {port: 80.5, path: /a}", "f:1:18: error[bad_port]: `80.5` is not a TCP port (1 to 65535)"),
        (
            "listener: {port: '${env.PORT}', path: /a}",
            "f:1:19: error[expression_not_allowed]: an expression isn't possible here: this is needed before any request",
        ),
        (
            "listener: {max_concurrent_count: -1, path: /a}",
            "f:1:34: error[bad_value]: `max_concurrent_count` must be a whole number of at least 0, not `-1`",
        ),
        (
            "listener: {max_concurrent_count: many, path: /a}",
            "f:1:34: error[bad_value]: `max_concurrent_count` must be a whole number of at least 0, not `many`",
        ),
        (
            "source: {id: s, token: '${env.T}', max_body: 25165825, rules: {}}",
            "f:1:46: error[bad_value]: `max_body` must be a whole number of bytes from 1 to 25165824, not `25165825`",
        ),
        (
            "source: {id: s, token: '${env.T}', max_body: 0, rules: {}}",
            "f:1:46: error[bad_value]: `max_body` must be a whole number of bytes from 1 to 25165824, not `0`",
        ),
        (
            "listener: {runtime: dokcer, path: /a}",
            "f:1:21: error[bad_value]: `dokcer` is none of: native, docker; did you mean `docker`?",
        ),
        (
            "listener: {type: http-calback, path: /a}",
            "f:1:18: error[bad_value]: `http-calback` is none of: http-callback, http-trigger, http-source, callback, trigger, source; did you mean `http-callback`?",
        ),
        (
            "listener: {method: PSOT, path: /a}",
            "f:1:20: error[bad_value]: `PSOT` is none of: GET, POST, PUT, PATCH, DELETE; did you mean `POST`?",
        ),
        (
            "listener: {method: get it, path: /a}",
            "f:1:20: error[bad_value]: `get it` is none of: GET, POST, PUT, PATCH, DELETE",
        ),
        (
            "listener: {id: a#b, path: /a}",
            "f:1:16: error[bad_id]: `a#b` can't be an id: letters, digits, `-`, `_` and `.`, 128 at most",
        ),
        ("listener: {id: '', path: /a}", "f:1:16: error[bad_value]: expected text, not an empty one"),
        ("listener: {host: '', path: /a}", "f:1:18: error[bad_value]: expected text, not an empty one"),
        ("controller: []", "f:1:13: error[wrong_type]: `controller` must be a mapping, not a list"),
        ("controller: {type: grpc-server}", "f:1:20: error[bad_value]: `grpc-server` is none of: http-server"),
        ("controller: {tls: yes}", "f:1:19: error[wrong_type]: `tls` must be a mapping, not `yes`"),
        (
            "gateway: {type: http-tunel, driver: ngrok, port: 1}",
            "f:1:17: error[bad_value]: `http-tunel` is none of: http-tunnel, ssh-tunnel; did you mean `http-tunnel`?",
        ),
        (
            "gateway: {type: http-tunnel, driver: cloudfare, port: [1, x]}",
            "f:1:38: error[bad_value]: `cloudfare` is none of: ngrok, cloudflare; did you mean `cloudflare`?
f:1:59: error[bad_port]: `x` is not a TCP port (1 to 65535)",
        ),
        (
            "gateway: {type: ssh-tunnel, port: 1, connection: {host: h, auth: {type: key, username: u}}}",
            "f:1:73: error[bad_value]: `key` is none of: keyfile, password, agent",
        ),
        ("components: 5", "f:1:13: error[wrong_type]: `components` must be a mapping or a list, not `5`"),
        ("components: {a: 5}", "f:1:17: error[wrong_type]: an http-client component must be a mapping, not `5`"),
        ("components: {a: null}", "f:1:17: error[wrong_type]: an http-client component must be a mapping, not nothing"),
        ("components: [a]", "f:1:14: error[wrong_type]: a component is a mapping, not `a`"),
        (
            "component: {id: c, type: http-clinet}",
            "f:1:26: error[bad_value]: `http-clinet` is none of: http-client, logger, workflow, delay, event, program; did you mean `http-client`?",
        ),
        (
            "component: {id: c, endpoint: 'https://h', headers: [a]}",
            "f:1:52: error[wrong_type]: `headers` must be a mapping, not a list",
        ),
        (
            "component: {id: c, endpoint: 'https://h', headers: {a b: 1}}",
            "f:1:53: error[bad_value]: `a b` can't be a header's name",
        ),
        (
            "component: {id: c, endpoint: 'https://h', headers: {Accept: 1, accept: 2}}",
            "f:1:64: error[duplicate_key]: the header `accept` stands twice",
        ),
        (
            "component: {id: c, endpoint: 'https://h', params: {a: [1]}}",
            "f:1:55: error[wrong_type]: expected text, not a list",
        ),
        (
            "component: {id: c, endpoint: 'https://h', method: BREW}",
            "f:1:51: error[bad_value]: `BREW` is none of: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS",
        ),
        (
            "component: {id: c, endpoint: api.example.com/x}",
            "f:1:30: error[bad_url]: `api.example.com/x` is not an address: it must begin with http:// or https:// and a host; did you mean `https://api.example.com/x`?",
        ),
        (
            "component: {id: c, base_url: 'ftp://h'}",
            "f:1:30: error[bad_url]: `ftp://h` is not an address: it must begin with http:// or https:// and a host",
        ),
        (
            "component: {id: c, base_url: 'https://'}",
            "f:1:30: error[bad_url]: `https://` is not an address: it must begin with http:// or https:// and a host",
        ),
        (
            "component: {id: c, base_url: 'https://h h'}",
            "f:1:30: error[bad_url]: `https://h h` is not an address: it must begin with http:// or https:// and a host",
        ),
        (
            "component: {id: c, endpoint: 'https://h', base_url: 'https://h'}",
            "f:1:43: error[conflicting_keys]: `endpoint` and `base_url` contradict each other: `endpoint` is the whole address",
        ),
        (
            "component: {id: c, endpoint: 'https://h', path: /x}",
            "f:1:43: error[conflicting_keys]: `endpoint` and `path` contradict each other: `endpoint` is the whole address",
        ),
        (
            "component: {id: c, endpoint: 'https://h', completion: {type: webhook}}",
            "f:1:62: error[bad_value]: `webhook` is none of: callback, polling",
        ),
        (
            "component: {id: c, endpoint: 'https://h', completion: [1]}",
            "f:1:55: error[wrong_type]: `completion` must be a mapping, not a list",
        ),
        ("workflow: {jobs: {a: 1}}", "f:1:18: error[wrong_type]: expected a list of jobs, not a mapping"),
        ("workflow: {jobs: [a]}", "f:1:19: error[wrong_type]: a job must be a mapping, not `a`"),
        (
            "workflow: {jobs: [{type: iff, condition: input.x}]}",
            "f:1:26: error[bad_value]: `iff` is none of: component, if, switch, for-each; did you mean `if`?",
        ),
        (
            "workflow: {jobs: [{id: a.b, component: logger}]}",
            "f:1:24: error[bad_id]: `a.b` can't be a job's id: letters, digits, `-` and `_`",
        ),
        ("workflow: {jobs: [{id: [a], component: logger}]}", "f:1:24: error[wrong_type]: expected text, not a list"),
        ("workflow: {jobs: [{component: [a]}]}", "f:1:31: error[wrong_type]: expected text, not a list"),
        (
            "workflow: {jobs: [{component: '${input.c}'}]}",
            "f:1:32: error[expression_not_allowed]: an expression isn't possible here: this is needed before any request",
        ),
        (
            "workflow: {jobs: [{type: if, condition: input.x, then: {component: logger}}]}",
            "f:1:56: error[wrong_type]: expected a list of jobs, not a mapping",
        ),
        (
            "workflow: {jobs: [{type: switch, value: '${input.x}', cases: {a: []}}]}",
            "f:1:62: error[wrong_type]: `cases` must be a list, not a mapping",
        ),
        (
            "workflow: {jobs: [{type: switch, value: '${input.x}', cases: [{value: '${input.x}', then: []}]}]}",
            "f:1:72: error[expression_not_allowed]: an expression isn't possible here: this is needed before any request",
        ),
        (
            "workflow: {jobs: [{type: switch, value: '${input.x}', cases: [{value: [1], then: []}]}]}",
            "f:1:71: error[wrong_type]: expected text, not a list",
        ),
        (
            "workflow: {jobs: [{type: for-each, items: x, do: [], component: logger}]}",
            "f:1:54: error[conflicting_keys]: `do` and `component` contradict each other: both say what is done with each item",
        ),
        (
            "workflow: {jobs: [{type: for-each, items: x, do: [], max_concurrent: 0}]}",
            "f:1:70: error[bad_value]: `max_concurrent` must be a whole number of at least 1, not `0`",
        ),
        (
            "workflow: {jobs: [{component: logger, retry: {max_attempts: 0}}]}",
            "f:1:61: error[bad_value]: `max_attempts` must be a whole number of at least 1, not `0`",
        ),
        (
            "workflow: {jobs: [{component: logger, retry: {backoff: 0.5}}]}",
            "f:1:56: error[bad_value]: `backoff` is a number from 1 to 100, `fixed` or `exponential`, not `0.5`",
        ),
        (
            "workflow: {jobs: [{component: logger, retry: {backoff: linear}}]}",
            "f:1:56: error[bad_value]: `backoff` is a number from 1 to 100, `fixed` or `exponential`, not `linear`",
        ),
        (
            "workflow: {jobs: [{component: logger, retry: 3}]}",
            "f:1:46: error[wrong_type]: `retry` must be a mapping, not `3`",
        ),
        (
            "workflows: {a: {id: b, jobs: [{component: logger}]}}",
            "f:1:21: error[conflicting_keys]: `id` says `b`, the key above `a`; did you mean `a`?",
        ),
        ("workflow: {title: [a], jobs: [{component: logger}]}", "f:1:19: error[wrong_type]: expected text, not a list"),
    ]);
}

#[test]
fn a_duration_that_is_none_is_quoted() {
    check(&[
        (
            "component: {id: c, endpoint: 'https://h', timeout: 5 minutes}",
            "f:1:52: error[bad_duration]: `5 minutes` is not a duration; write \"250ms\", \"30s\", \"5m\", \"2h\" or \"3d\", or a number of milliseconds",
        ),
        (
            "component: {id: c, endpoint: 'https://h', timeout: 0}",
            "f:1:52: error[bad_duration]: `timeout` can't be zero",
        ),
        (
            "component: {id: c, endpoint: 'https://h', timeout: -5}",
            "f:1:52: error[bad_duration]: a duration can't be negative: `-5`",
        ),
        (
            "component: {id: c, endpoint: 'https://h', timeout: [5]}",
            "f:1:52: error[wrong_type]: expected a duration, not a list",
        ),
        (
            "component: {id: c, endpoint: 'https://h', completion: {type: polling, endpoint: 'https://h', interval: 0s}}",
            "f:1:104: error[bad_duration]: `interval` can't be zero",
        ),
        (
            "component: {id: d, type: delay, duration: soon}",
            "f:1:43: error[bad_duration]: `soon` is not a duration; write \"250ms\", \"30s\", \"5m\", \"2h\" or \"3d\", or a number of milliseconds",
        ),
        (
            "component: {id: d, type: delay, duration: [1]}",
            "f:1:43: error[wrong_type]: expected a duration, not a list",
        ),
        (
            "workflow: {jobs: [{component: logger, timeout: 1y, retry: {delay: 500d}}]}",
            r#"f:1:48: error[bad_duration]: `1y` is not a duration; write "250ms", "30s", "5m", "2h" or "3d", or a number of milliseconds
f:1:67: error[bad_duration]: a duration may be 365d at most, not `500d`"#,
        ),
    ]);
}

#[test]
fn what_stands_twice_is_named() {
    check(&[
        (
            "listeners: [{id: a, path: /a}, {id: a, path: /b}]",
            "f:1:37: error[duplicate_id]: there is another listener with the id `a`",
        ),
        (
            "components: [{id: a, endpoint: 'https://h'}, {id: a, endpoint: 'https://h'}]",
            "f:1:51: error[duplicate_id]: there is another component with the id `a`",
        ),
        (
            "workflows: [{id: a, jobs: [{component: logger}]}, {id: a, jobs: [{component: logger}]}]",
            "f:1:56: error[duplicate_id]: there is another workflow with the id `a`",
        ),
        (
            "workflows: [{id: default, jobs: [{component: logger}]}, {jobs: [{component: logger}]}]",
            "f:1:57: error[missing_key]: a workflow needs the key `id` here: only one of a file may go without",
        ),
        (
            "gateways: [{id: g, type: http-tunnel, driver: ngrok, port: 1}, {id: g, type: http-tunnel, driver: ngrok, port: 2}]",
            "f:1:69: error[duplicate_id]: there is another gateway with the id `g`",
        ),
        (
            "workflow: {jobs: [{id: a, component: logger}, {id: a, component: logger}]}",
            "f:1:52: error[duplicate_id]: there is another job with the id `a` in this block",
        ),
        (
            "gateway: {type: http-tunnel, driver: ngrok, port: 1, ports: [2]}",
            "f:1:54: error[conflicting_keys]: `port` and `ports` contradict each other: they are one setting",
        ),
        (
            "listener: {path: /a, callbacks: [{path: /b}]}",
            "f:1:12: error[conflicting_keys]: `path` beside `callbacks`: it belongs to one of the list's entries",
        ),
        (
            "listener: {method: POST, callbacks: [{path: /b}]}",
            "f:1:12: error[conflicting_keys]: `method` beside `callbacks`: it belongs to one of the list's entries",
        ),
        (
            "listener: {callbacks: []}",
            "f:1:12: warning[listener_without_routes]: `callbacks` is empty: this listener answers 404",
        ),
    ]);
}

#[test]
fn what_the_file_does_not_define_is_a_warning() {
    check(&[
        (
            "components: {deploy: {endpoint: 'https://h'}}
workflow: {jobs: [{component: delpoy}]}
",
            "f:2:31: warning[undefined_component]: this file has no component `delpoy`; did you mean `deploy`?",
        ),
        (
            "listener: {workflow: biuld, path: /a}
workflow: {id: build, jobs: [{component: logger}]}
",
            "f:1:22: warning[undefined_workflow]: this file has no workflow `biuld`; did you mean `build`?",
        ),
        (
            "component: {id: c, type: workflow, workflow: child}",
            "f:1:46: warning[undefined_workflow]: this file has no workflow `child`",
        ),
        (
            "component: {id: logger, endpoint: 'https://h'}
workflow: {jobs: [{component: logger}]}
",
            "",
        ),
        (
            "component: {id: c, path: /x}",
            "f:1:1: warning[component_without_address]: this component doesn't say where to call: no `base_url`, no `endpoint`",
        ),
        (
            "listener: {port: 1}",
            "f:1:1: warning[listener_without_routes]: this listener has no routes: it answers 404 to everything",
        ),
    ]);
}
