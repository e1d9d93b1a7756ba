//! `/api/tasks`.

use crate::name::Name;
use crate::query::{Query, place};
use crate::shown::Shown;
use crate::{room, task, workflows};
use application::App;
use axum::extract::State;
use contract::answer::{JobResult, Started, Task, Tasks};
use contract::{Cursor, JobQuery, List, TasksQuery};
use domain::id::RunId;
use domain::run::{Brought, Effect, Input, JobPath, Phase, Plan, Run, Stretch};
use domain::wait::{WaitKey, Waiter};
use edge::problem::{Code, Problem};
use jiff::Timestamp;
use platform::contention::Rounds;
use platform::queue::{Message, RunMessage};
use platform::store::{Saved, Store, Stored};
use std::sync::Arc;

/// `GET /api/tasks?status=&workflow=&limit=&before=`: newest first; `next` is the `before` of the following page, and a page
/// may be short before the last. A `result` or an `error.detail` of more than 16 KiB is null here and named in `truncated`;
/// `GET /api/tasks/{id}` has it.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<TasksQuery>,
) -> Result<Shown<Tasks>, Problem> {
    let before = place(query.before.as_ref(), List::Tasks, "before")?;
    let (runs, next) = app.store.list_runs(before.as_deref(), query.limit.get()).await?;
    let show = |Stored { run, request, .. }: &Stored| {
        let is_meant = query.status.is_none_or(|wanted| wanted == task::status(run.status()))
            && query.workflow.as_deref().is_none_or(|workflow| workflow == run.workflow);
        is_meant.then(|| task::listed(run, request.as_ref(), &app.surroundings.secrets))
    };
    let (tasks, next) = room::fill(&runs, next, show, |stored| Store::run_place(&stored.run));
    let next = next.map(|place| Cursor::of(List::Tasks, &place));
    Ok(Shown::page(tasks, next.as_ref()))
}

/// `GET /api/tasks/{id}`. If it is too large to be answered, its values of more than 16 KiB are null, and named in `truncated`
/// beside them: the task's own in the task, a job's in the job.
pub(crate) async fn show(State(app): State<Arc<App>>, Name(id): Name) -> Result<Shown<Task>, Problem> {
    Ok(task::whole(&find(&app, &id).await?.run, &app.surroundings.secrets))
}

/// `GET /api/tasks/{id}/result?job=`: what a callback, or the last answer, brought for a job, whatever its `output` made of it;
/// also where the task itself has no room for it.
pub(crate) async fn result(
    State(app): State<Arc<App>>,
    Name(id): Name,
    Query(JobQuery { job }): Query<JobQuery>,
) -> Result<Shown<JobResult>, Problem> {
    let run = find(&app, &id).await?.run;
    let missing = |why: &str| Problem::new(Code::NotFound, format!("the job `{job}` of the task `{id}` {why}"));
    let path = JobPath::new(job.as_str());
    let record = run.jobs().get(&path).ok_or_else(|| missing("has not begun, or is not in the workflow"))?;
    let value = match record.brought() {
        None => return Err(missing("has no result: nothing has come for it")),
        Some(Brought::Here(value)) => value.clone(),
        Some(Brought::Beside { attempt }) => {
            let kept = app.store.kept_result(&run.id, &path, *attempt).await?;
            kept.ok_or_else(|| missing("has no result any more: it has expired"))?
        }
        Some(Brought::Dropped { bytes }) => {
            return Err(missing(&format!(
                "has no result: {bytes} bytes after compression fit into no item of the table"
            )));
        }
    };
    Ok(task::result(&run, &path, &value, &app.surroundings.secrets))
}

/// `POST /api/tasks/{id}/cancel`: nothing more is begun, and nobody waits for its callbacks. Repeating it is safe.
pub(crate) async fn cancel(State(app): State<Arc<App>>, Name(id): Name) -> Result<Shown<Task>, Problem> {
    let mut rounds = Rounds::over("the task");
    loop {
        rounds.begin()?;
        let Stored { run, version, .. } = find(&app, &id).await?;
        if matches!(run.phase(), Phase::Cancelled { .. }) {
            return Ok(task::whole(&run, &app.surroundings.secrets));
        }
        if run.has_ended() {
            let detail = format!("the task has ended already: it is {}", run.status().as_str());
            return Err(Problem::new(Code::Conflict, detail));
        }
        let following = app.following(&run).await?;
        let (waits, children) = left_behind(following.plan(), &run, app.now());
        let run = run.apply(Input::Cancel, &Stretch::Start, following.plan(), app.now()).run;
        let message = |run, stretch| Message::from(RunMessage { run, stretch, due: None, again: 0 });
        let mut owes: Vec<Message> = children.into_iter().map(|child| message(child, Stretch::Stop)).collect();
        if let Some(Waiter { run: parent, job, attempt }) = run.parent.clone() {
            owes.push(message(parent, Stretch::Child { job, attempt, child: run.id.clone() }));
        }
        if let Saved::Written(_) = app.store.save_run(&run, version, &owes, app.now()).await? {
            for (wait, job) in waits {
                app.store.close_wait(&wait, &run.id, &job).await?;
            }
            return Ok(task::whole(&run, &app.surroundings.secrets));
        }
    }
}

/// `POST /api/tasks/{id}/rerun`: a new task with the same input. `Idempotency-Key` makes a repetition name the same.
pub(crate) async fn rerun(
    State(app): State<Arc<App>>,
    Name(id): Name,
    headers: axum::http::HeaderMap,
) -> Result<Shown<Started>, Problem> {
    let Stored { run, request, .. } = find(&app, &id).await?;
    let (address, key) = (format!("rerun:{}", run.id), workflows::key(&headers)?);
    workflows::store(&app, &address, key, &run.workflow, Arc::unwrap_or_clone(run.input), request.as_ref()).await
}

/// What stopping a run owes: where it waits, or may (a run begins without being written, and may have opened a wait before
/// its first call), and the runs that it waits for.
fn left_behind(plan: Plan<'_>, run: &Run, now: Timestamp) -> (Vec<(WaitKey, JobPath)>, Vec<RunId>) {
    let started = match run.phase() {
        Phase::Queued => run.clone().apply(Input::Start, &Stretch::Start, plan, now).run,
        Phase::Active { .. } | Phase::Completed { .. } | Phase::Failed { .. } | Phase::Cancelled { .. } => run.clone(),
    };
    let stopped = started.apply(Input::Cancel, &Stretch::Start, plan, now);
    let (mut waits, mut children) = (Vec::new(), Vec::new());
    for effect in stopped.effects {
        match effect {
            Effect::CloseWait(wait, job) => waits.push((wait, job)),
            Effect::StopChild(child) => children.push(child),
            Effect::Log { .. } | Effect::Wake { .. } | Effect::RunProgram { .. } => {}
        }
    }
    (waits, children)
}

pub(crate) async fn find(app: &App, id: &str) -> Result<Stored, Problem> {
    let missing = || Problem::new(Code::NotFound, format!("there is no task `{id}`"));
    let id = RunId::parse(id).ok_or_else(missing)?;
    app.store.run(&id).await?.ok_or_else(missing)
}
