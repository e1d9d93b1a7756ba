//! The `ringback.yml` of every scenario: a workflow for each way in which a run can wait, fail, and go on.

/// What outbound calls and one trigger are guarded by; neither may be in an answer.
pub(super) const SERVICE_KEY: &str = "service-key-4fd1b0c9";
pub(super) const TRIGGER_TOKEN: &str = "trigger-token-93ac77e2";
/// The API's bearer token.
pub(super) const API_TOKEN: &str = "api-token-6b0f21d8";

/// How long a job waits for its callback.
pub(super) const WAIT_MINUTES: i64 = 60;

/// Workflows that a trigger of that path starts.
pub(super) const WORKFLOWS: [&str; 12] =
    ["image", "early", "token", "stubborn", "careful", "poll", "pause", "family", "each", "again", "twice", "sized"];

pub(super) const TEXT: &str = r#"
listeners:
  - type: http-trigger
    id: in
    port: 8091
    triggers:
      - {path: /image, workflow: image}
      - {path: /early, workflow: early}
      - {path: /token, workflow: token}
      - {path: /stubborn, workflow: stubborn}
      - {path: /careful, workflow: careful}
      - {path: /poll, workflow: poll}
      - {path: /pause, workflow: pause}
      - {path: /family, workflow: family}
      - {path: /each, workflow: each}
      - {path: /again, workflow: again}
      - {path: /twice, workflow: twice}
      - {path: /sized, workflow: sized}
      - {path: /batch, workflow: early, bulk: true, item: "${body.items}"}
      - {path: /deduped, workflow: image, dedupe_by: "${body.order}"}
      - {path: /signed, workflow: image, verify: {auth_type: token, token: "${env.TRIGGER_TOKEN}"}}
  - type: http-callback
    id: back
    port: 8090
    path: /done
    identify_by: ${body.key}
    status: ${body.status}
    success_when: [done]
    fail_when: [failed]
    result: {from: "${body.from}", size: "${body.size}"}

components:
  # The key comes with the answer: the wait is opened after the call.
  maker:
    type: http-client
    endpoint: http://service.test/start
    headers: {X-Api-Key: "${env.SERVICE_KEY}"}
    body: {run: "${context.run_id}", attempt: "${context.attempt}", label: "${input.label}"}
    timeout: 9m
    completion: {type: callback, wait_for: "${response.task_id}", timeout: 1h}
  # The key is known before: the wait is opened before the call.
  early-maker:
    type: http-client
    endpoint: http://service.test/start
    body: {run: "${context.run_id}", attempt: "${context.attempt}", label: "${input.label}", key: "${context.run_id}"}
    timeout: 9m
    completion: {type: callback, wait_for: "${context.run_id}", timeout: 1h}
  # The key is the run's, and is known by the answer only: a callback may come before its job waits.
  echoing-maker:
    type: http-client
    endpoint: http://service.test/start
    body: {run: "${context.run_id}", attempt: "${context.attempt}", label: "${input.label}", key: "echo-${context.run_id}"}
    timeout: 9m
    completion: {type: callback, wait_for: "${response.key}", timeout: 1h}
  # Not every result can be made into its output.
  sized-maker:
    type: http-client
    endpoint: http://service.test/start
    body: {run: "${context.run_id}", attempt: "${context.attempt}", label: "${input.label}"}
    timeout: 9m
    completion: {type: callback, wait_for: "${response.task_id}", timeout: 1h}
    output: {pixels: "${result.size as integer}"}
  # An address for this job alone.
  token-maker:
    type: http-client
    endpoint: http://service.test/start
    body: {run: "${context.run_id}", attempt: "${context.attempt}", label: "${input.label}", callback: "${context.callback_url}"}
    timeout: 9m
    completion: {type: callback, wait_for: "${context.callback_token}", timeout: 1h}
  asked:
    type: http-client
    base_url: http://service.test
    path: /start
    method: POST
    body: {run: "${context.run_id}", attempt: "${context.attempt}", label: "${input.label}", polled: true}
    timeout: 9m
    completion:
      type: polling
      path: /ask/${response.task_id}
      interval: 10m
      timeout: 1h
      status: ${response.state}
      success_when: [done]
      fail_when: [failed]
      result: {from: "${response.from}"}
  quick:
    type: http-client
    endpoint: http://service.test/quick
    headers: {X-Api-Key: "${env.SERVICE_KEY}"}
    body: {run: "${context.run_id}", attempt: "${context.attempt}", label: "${input.label}"}
    timeout: 9m
  teller: {type: event, event: image.done, data: {run: "${context.run_id}"}}
  long-pause: {type: delay, duration: 2h}
  short-pause: {type: delay, duration: 5m}
  child: {type: workflow, workflow: image}

workflows:
  image:
    jobs:
      - {id: generate, component: maker, input: {label: generate}}
      - {id: optimise, component: quick, input: {label: optimise}}
      - {id: tell, component: teller}
  early:
    jobs:
      - {id: generate, component: early-maker, input: {label: generate}}
      - {id: optimise, component: quick, input: {label: optimise}}
  again:
    jobs:
      - {id: generate, component: early-maker, input: {label: generate}}
      - {id: repeat, component: early-maker, input: {label: repeat}, retry: {max_attempts: 2, delay: 1m}}
      - {id: optimise, component: quick, input: {label: optimise}}
  twice:
    jobs:
      - {id: generate, component: echoing-maker, input: {label: generate}, retry: {max_attempts: 2, delay: 1m}}
      - {id: repeat, component: echoing-maker, input: {label: repeat}}
      - {id: optimise, component: quick, input: {label: optimise}}
  sized:
    jobs:
      - {id: generate, component: sized-maker, input: {label: generate}, retry: {max_attempts: 3, delay: 1m}}
      - {id: optimise, component: quick, input: {label: optimise}}
  token:
    jobs:
      - {id: generate, component: token-maker, input: {label: generate}}
      - {id: optimise, component: quick, input: {label: optimise}}
  stubborn:
    jobs:
      - {id: generate, component: early-maker, input: {label: generate}, retry: {max_attempts: 3, delay: 20m}}
      - {id: optimise, component: quick, input: {label: optimise}, retry: {max_attempts: 2, delay: 30s}}
  careful:
    jobs:
      - id: generate
        component: maker
        input: {label: generate}
        retry: {max_attempts: 2, delay: 1m}
        on_error: [{id: sorry, component: quick, input: {label: sorry}}]
      - {id: optimise, component: quick, input: {label: optimise}}
  poll:
    jobs:
      - {id: generate, component: asked, input: {label: generate}}
      - {id: optimise, component: quick, input: {label: optimise}}
  pause:
    jobs:
      - {id: rest, component: long-pause}
      - {id: first, component: quick, input: {label: first}}
      - {id: nap, component: short-pause}
      - {id: optimise, component: quick, input: {label: optimise}}
  family:
    jobs:
      - {id: one, component: child, depends_on: []}
      - {id: generate, component: token-maker, input: {label: generate}, depends_on: []}
      - {id: optimise, component: quick, input: {label: optimise}, depends_on: [one, generate]}
  each:
    jobs:
      - id: all
        type: for-each
        items: [a, b]
        do: [{id: one, component: maker, input: {label: "${item}"}}]
      - {id: optimise, component: quick, input: {label: optimise}}

delivery:
  allow_private: [203.0.113.0/24]
"#;
