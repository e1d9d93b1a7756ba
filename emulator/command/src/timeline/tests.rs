use super::*;
use serde_json::json;

fn drawn(task: Value, now: &str) -> String {
    let task: Task = serde_json::from_value(task).unwrap();
    task.draw(Paint::plain(), now.parse().unwrap())
}

#[test]
fn a_run_that_is_done_shows_each_jobs_part_of_its_time() {
    let task = json!({
        "task_id": "run_1", "workflow": "image", "status": "completed", "error": null, "result": {"url": "u"},
        "accepted_at": "2026-01-01T00:00:00Z", "started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:00:04Z",
        "jobs": [
            {"id": "generate", "status": "completed", "attempt": 2, "started_at": "2026-01-01T00:00:00Z",
             "ended_at": "2026-01-01T00:00:03Z", "output": {"id": "img-1"}},
            {"id": "shrink", "status": "completed", "attempt": 1, "started_at": "2026-01-01T00:00:03Z",
             "ended_at": "2026-01-01T00:00:04Z", "output": null},
        ],
    });
    let expected = "\
run_1  image  completed
accepted 2026-01-01T00:00:00Z, took 4.0 s

  generate  completed  ━━━━━━━━━━━━━━━━━━━━━━━━────────    +0.00s  3.0 s
            attempt 2
            output: {\"id\":\"img-1\"}
  shrink    completed  ────────────────────────━━━━━━━━    +3.00s  1.0 s

result: {\"url\":\"u\"}";
    assert_eq!(drawn(task, "2026-01-01T01:00:00Z"), expected);
}

#[test]
fn a_run_that_waits_says_for_what_and_until_when() {
    let task = json!({
        "task_id": "run_2", "workflow": "image", "status": "waiting",
        "accepted_at": "2026-01-01T00:00:00Z", "started_at": "2026-01-01T00:00:00Z", "ended_at": null,
        "jobs": [
            {"id": "ask", "status": "waiting", "attempt": 1, "started_at": "2026-01-01T00:00:00Z", "ended_at": null,
             "waiting_for": {"route": "l:POST:/done", "key": "k", "deadline": "2026-01-02T00:00:00Z"}},
        ],
    });
    let expected = "\
run_2  image  waiting
accepted 2026-01-01T00:00:00Z, so far 1h 0m

  ask  waiting  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━    +0.00s  1h 0m
       waits for a callback by l:POST:/done with the key k
       until 2026-01-02T00:00:00Z (in 23h 0m)";
    assert_eq!(drawn(task, "2026-01-01T01:00:00Z"), expected);
}

#[test]
fn a_run_that_failed_says_why_and_the_shortest_job_is_seen() {
    let task = json!({
        "task_id": "run_3", "workflow": "w", "status": "failed", "error": {"code": "timeout", "message": "too late"},
        "accepted_at": "2026-01-01T00:00:00Z", "started_at": null, "ended_at": "2026-01-02T00:00:00Z",
        "jobs": [
            {"id": "a", "status": "failed", "attempt": 1, "started_at": "2026-01-02T00:00:00Z",
             "ended_at": "2026-01-02T00:00:00Z", "error": {"code": "timeout", "message": "too late"},
             "result": {"s": "12.5s"}},
            {"id": "b", "status": "completed", "attempt": 1, "started_at": "2026-01-02T00:00:00Z",
             "ended_at": "2026-01-02T00:00:00Z", "output": "same", "result": "same"},
            {"id": "c", "status": "completed", "attempt": 1, "started_at": "2026-01-02T00:00:00Z",
             "ended_at": "2026-01-02T00:00:00Z", "output": 1, "result_at": "/api/tasks/run_3/result?job=c"},
        ],
    });
    let drawn = drawn(task, "2026-01-03T00:00:00Z");
    assert!(drawn.contains("───━  +86400.00s  0 ms"), "{drawn}");
    assert!(drawn.ends_with("error: too late (timeout)"), "{drawn}");
    assert!(drawn.contains("result: {\"s\":\"12.5s\"}") && !drawn.contains("result: \"same\""), "{drawn}");
    assert!(drawn.contains("`emulator runs result` prints it"), "{drawn}");
}
