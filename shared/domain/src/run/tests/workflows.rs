//! Workflows of every shape, for the properties.

pub(super) const WORKFLOWS: &str = r#"
listener:
  port: 8090
  callbacks: [{path: /done, identify_by: "${body.key}"}, {path: /other, identify_by: "${body.key}"}]
programs:
  ship: {command: [ship], params: [key], retry: {max_attempts: 2, delay: 1s}}
  fun: {function: f}
components:
  ship: {type: program, program: ship, params: {key: "${input.key}"}}
  fun: {type: program, program: fun}
  plain: {endpoint: "https://a.test/call"}
  logger: {type: logger, message: seen}
  late: {endpoint: "https://a.test/call", completion: {type: callback, callback: /done, wait_for: "${response.key}"}}
  early:
    endpoint: https://a.test/call
    body: {key: "${context.job}"}
    timeout: 20s
    completion: {type: callback, callback: /done, wait_for: "${request.key}", timeout: 10m}
  fixed: {endpoint: "https://a.test/call", completion: {type: callback, callback: /other, wait_for: fixed, timeout: 5m}}
  polled:
    endpoint: https://a.test/call
    completion:
      type: polling
      endpoint: https://a.test/how-far
      interval: 5s
      timeout: 30s
      status: ${response.status}
      success_when: [ok]
      fail_when: [bad]
  pause: {type: delay, duration: 10s}
  child: {type: workflow, workflow: linear, timeout: 1h}
  told: {type: event, event: "told.${context.workflow}", data: {at: "${context.timestamp}"}}
workflows:
  - id: shipping
    jobs:
      - {id: first, component: ship, depends_on: [], retry: {max_attempts: 3, delay: 1s}}
      - id: each
        type: for-each
        items: [1, 2]
        depends_on: []
        do:
          - {id: pause, component: pause}
          - id: send
            component: ship
            timeout: 30s
            retry: {max_attempts: 2, delay: 1s}
            on_error: [{id: sorry, component: ship, on_error: [{id: said, component: logger}]}]
        on_error: [{id: well, component: logger}]
      - {id: fun, component: fun, retry: {max_attempts: 3, delay: 1s}}
      - {id: last, component: late}
  - {id: linear, jobs: [{id: a, component: plain}, {id: b, component: late}, {id: c, component: logger}]}
  - id: parallel
    jobs:
      - {id: a, component: early, depends_on: []}
      - {id: b, component: late, depends_on: []}
      - {id: c, component: pause, depends_on: []}
      - {id: d, component: plain, depends_on: [a, c]}
      - {id: e, component: plain, depends_on: [b, c]}
  - id: retried
    jobs:
      - id: a
        component: early
        timeout: 1m
        retry: {max_attempts: 3, delay: 1s, backoff: 2}
        on_error: [{id: sorry, component: late, retry: {max_attempts: 2, delay: 0}}, {id: said, component: logger}]
      - {id: b, component: plain}
  - id: nested
    jobs:
      - {id: first, component: plain}
      - id: each
        type: for-each
        items: [1, 2, 3, 4, 5]
        max_concurrent: 2
        timeout: 2m
        retry: {max_attempts: 2, delay: 3s}
        do:
          - {id: fetch, component: early, retry: {max_attempts: 2, delay: 1s}}
          - id: pick
            type: switch
            value: ${item}
            cases:
              - {value: "1", then: [{id: one, component: late, on_error: [{id: sorry, component: plain}]}]}
              - {value: 2, then: [{id: two, type: if, condition: "${item}", then: [{id: in, component: polled}]}]}
            default: [{id: rest, component: logger}]
        on_error: [{id: whole, component: plain}]
      - {id: last, component: logger}
  - id: rested
    jobs:
      - {id: pause, component: pause}
      - {id: a, component: early, timeout: 40s}
      - {id: beside, component: polled, depends_on: []}
      - {id: again, type: if, condition: 'input.yes | true', retry: {max_attempts: 3, delay: 2s}, then: [{id: b, component: early}]}
  - id: fixed
    jobs:
      - {id: a, component: fixed, depends_on: [], retry: {max_attempts: 2, delay: 1s}}
      - {id: b, component: fixed, depends_on: [], on_error: [{id: sorry, component: plain}]}
      - {id: c, component: fixed, depends_on: [a]}
  - id: telling
    jobs:
      - {id: first, component: told}
      - id: each
        type: for-each
        items: [1, 2]
        retry: {max_attempts: 2, delay: 1s}
        do: [{id: call, component: plain}, {id: tell, component: told, retry: {max_attempts: 2, delay: 1s}}]
        on_error: [{id: sorry, component: told}]
      - {id: pause, component: pause}
      - {id: last, component: told}
  - {id: polling, jobs: [{id: a, component: polled, retry: {max_attempts: 2, delay: 1s}}, {id: b, component: polled}]}
  - id: parent
    jobs:
      - {id: a, component: child, retry: {max_attempts: 2, delay: 1s}, on_error: [{id: sorry, component: pause}]}
      - {id: b, component: child, timeout: 30s, depends_on: []}
"#;

/// Their names; the first is of the workflow that the child runs follow.
pub(super) const NAMES: [&str; 10] =
    ["linear", "parallel", "retried", "nested", "rested", "fixed", "telling", "polling", "parent", "shipping"];
