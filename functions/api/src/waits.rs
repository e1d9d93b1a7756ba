//! `/api/waits`: jobs that wait for a callback, callbacks that nobody waits for, and bringing the two together.
//!
//! Open waits are read from the runs that wait, so nothing more is written for this list. What nobody waits for is in a
//! list of its own, and each is shown with the key of an open wait of the same route that is spelled most like it.

use crate::body::Fields;
use crate::query::{Query, place};
use crate::room::{self, Room};
use crate::shown::Shown;
use application::App;
use axum::extract::State;
use contract::answer::{Adopted, Nearest, OpenWait, UnclaimedCallback, Verdict as ShownVerdict, Wait, Waits};
use contract::{Cursor, List, WaitState, WaitsQuery};
use domain::config::RouteId;
use domain::id::RunId;
use domain::redact::{MASKED, hide_fields};
use domain::run::{JobPath, JobState, Status, is_of_token};
use domain::wait::{Adoption, Standing, Verdict, WaitKey, Waiter, adopt as judge, nearest};
use edge::problem::{Code, Problem};
use platform::contention::Rounds;
use platform::store::{Store, StoreError, Stored, Unclaimed};
use std::sync::Arc;

/// Runs that one request looks at, at most; its page is short then, and has a cursor all the same.
const LOOKED_AT: usize = 1000;
/// Runs read at once.
const READ: usize = 100;
/// Open waits that an unclaimed callback is compared with, at most: the newest.
const COMPARED: usize = 200;
/// A job that waits.
struct Open {
    wait: WaitKey,
    run: RunId,
    job: JobPath,
    shown: Shown<Wait>,
}

/// `GET /api/waits?state=open|unclaimed&limit=&before=`: newest first; `next` is the `before` of the following page. A
/// page may be short, and one of open waits even empty, before the last.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<WaitsQuery>,
) -> Result<Shown<Waits>, Problem> {
    let limit = query.limit.get();
    let (waits, next, list): (Vec<Shown<Wait>>, _, _) = match query.state {
        WaitState::Open => {
            let before = place(query.before.as_ref(), List::Tasks, "before")?;
            let (waits, next) = open(&app, before, limit).await?;
            (waits.into_iter().map(|wait| wait.shown).collect(), next, List::Tasks)
        }
        WaitState::Unclaimed => {
            let before = place(query.before.as_ref(), List::Unclaimed, "before")?;
            let (unclaimed, next) = app.store.list_unclaimed(before.as_deref(), limit).await?;
            let open = if unclaimed.is_empty() { Vec::new() } else { open(&app, None, COMPARED).await?.0 };
            let place = |one: &Unclaimed| one.place.clone();
            let (waits, next) = room::fill(&unclaimed, next, |one| Some(show(one, &open)), place);
            (waits, next, List::Unclaimed)
        }
    };
    Ok(Shown::page(waits, next.map(|place| Cursor::of(list, &place)).as_ref()))
}

/// The jobs that wait, of the newest runs first.
async fn open(app: &App, mut before: Option<String>, limit: usize) -> Result<(Vec<Open>, Option<String>), StoreError> {
    let (mut waits, mut looked_at, mut room) = (Vec::new(), 0, Room::default());
    loop {
        let (runs, next) = app.store.list_runs(before.as_deref(), READ.min(limit)).await?;
        looked_at += runs.len();
        for stored in &runs {
            let of_run = of_run(app, stored);
            if !room.takes(of_run.iter().map(|open| open.shown.value())) {
                return Ok((waits, before));
            }
            waits.extend(of_run);
            before = Some(Store::run_place(&stored.run));
        }
        before = next;
        if before.is_none() || waits.len() >= limit || looked_at >= LOOKED_AT {
            return Ok((waits, before));
        }
    }
}

fn of_run(app: &App, Stored { run, .. }: &Stored) -> Vec<Open> {
    let active = matches!(run.status(), Status::Running | Status::Waiting);
    let jobs = run.jobs().iter().filter(|_| active);
    let waiting = jobs.filter_map(|(job, record)| {
        let JobState::Waiting { wait, deadline, .. } = record.state() else { return None };
        let route = present(&wait.route);
        let shown = Wait::Open(OpenWait {
            route: route.to_string(),
            key: shown_key(&wait.key).to_owned(),
            task_id: run.id.to_string(),
            workflow: run.workflow.clone(),
            job: job.to_string(),
            attempt: record.attempt(),
            since: record.started_at(),
            deadline: *deadline,
            route_gone: !app.config.callbacks().any(|callback| callback.route.id == route),
        });
        let wait = WaitKey { route, key: wait.key.clone() };
        Some(Open { wait, run: run.id.clone(), job: job.clone(), shown: Shown::of(&shown) })
    });
    waiting.collect()
}

/// A route as it is named now; version 0.1 stored other names.
fn present(route: &RouteId) -> RouteId {
    route.present().unwrap_or_else(|| route.clone())
}

/// Who knows a token may answer for its job.
pub(crate) fn shown_key(key: &str) -> &str {
    if is_of_token(key) { MASKED } else { key }
}

fn show(unclaimed: &Unclaimed, open: &[Open]) -> Shown<Wait> {
    let Unclaimed { wait, at, arrival, .. } = unclaimed;
    let route = present(&wait.route);
    let same_route = || open.iter().filter(|open| open.wait.route == route);
    let keys = same_route().map(|open| open.wait.key.as_str()).filter(|key| !is_of_token(key));
    let nearest = nearest(&wait.key, keys).and_then(|(key, distance)| {
        let Open { run, job, .. } = same_route().find(|open| open.wait.key == key)?;
        Some(Nearest { key: key.to_owned(), distance, task_id: run.to_string(), job: job.to_string() })
    });
    let shown = Wait::Unclaimed(UnclaimedCallback {
        route: route.to_string(),
        key: shown_key(&wait.key).to_owned(),
        arrived_at: *at,
        verdict: match arrival.verdict {
            Verdict::Success => ShownVerdict::Success,
            Verdict::Failure => ShownVerdict::Failure,
            Verdict::NoStatus => ShownVerdict::NoStatus,
            Verdict::Unmapped => ShownVerdict::Unmapped,
        },
        result: arrival.result.clone(),
        nearest,
        truncated: Vec::new(),
    });
    Shown::of(&shown).but(|shown| {
        shown.get_mut("result").into_iter().for_each(hide_fields);
        // Nothing else shows the result, so it is cut only where there would be no answer.
        if room::fills_a_page(shown) {
            room::shorten(shown, &["result"]);
        }
    })
}

/// `POST /api/waits/adopt` with `{"route", "key", "for"}`: the callback that came under `key`, and that nobody waits for,
/// goes to the job that waits under the key `for`, as if it had come with that. Repeating it is safe. `route` is the
/// route's id, or its path where only one callback route has it.
pub(crate) async fn adopt(State(app): State<Arc<App>>, mut fields: Fields) -> Result<Shown<Adopted>, Problem> {
    let missing = |name: &str| Problem::new(Code::UnusableRequest, format!("`{name}` is missing"));
    let route = fields.text("route")?.ok_or_else(|| missing("route"))?;
    let key = fields.text("key")?.ok_or_else(|| missing("key"))?;
    let wanted = fields.text("for")?.ok_or_else(|| missing("for"))?;
    fields.nothing_else()?;
    let route = find_route(&app, &route)?;
    if key == wanted {
        return Err(Problem::new(Code::UnusableRequest, "`key` and `for` are the same: nothing has to be given away"));
    }
    let (from, to) = (WaitKey { route: route.clone(), key }, WaitKey { route, key: wanted });
    let mut rounds = Rounds::over("the wait");
    loop {
        rounds.begin()?;
        let ((from, early), (to, wanting)) = (standing(&app, &from).await?, standing(&app, &to).await?);
        match judge(early.as_ref(), wanting.as_ref(), &to) {
            Adoption::Give(waiter, at, arrival) => {
                let id = early.as_ref().and_then(|early| early.id.as_ref());
                if app.store.give_callback((&from, at, arrival, id), (&to, waiter), app.now()).await? {
                    return Ok(given(waiter, "resumed"));
                }
            }
            Adoption::Given(waiter) => return Ok(given(waiter, "duplicate")),
            Adoption::NoCallback => {
                let detail = "this route has no unclaimed callback with that key";
                return Err(Problem::new(Code::NotFound, detail));
            }
            Adoption::Claimed(waiter) => {
                let detail = format!("the callback is that of the job `{}` of {}", waiter.job, waiter.run);
                return Err(Problem::new(Code::Conflict, detail));
            }
            Adoption::NobodyWaits => {
                return Err(Problem::new(Code::NotFound, "no job has waited at that route under the key `for`"));
            }
            Adoption::Over => {
                return Err(Problem::new(Code::Conflict, "the wait under the key `for` is over already"));
            }
        }
    }
}

/// A wait as it stands under its route's present id, or else under a former one.
async fn standing(app: &App, wait: &WaitKey) -> Result<(WaitKey, Option<Standing>), StoreError> {
    if let Some(found) = app.store.wait_standing(wait).await? {
        return Ok((wait.clone(), Some(found)));
    }
    for former in app.former_waits(wait).await? {
        if let Some(found) = app.store.wait_standing(&former).await? {
            return Ok((former, Some(found)));
        }
    }
    Ok((wait.clone(), None))
}

fn given(waiter: &Waiter, status: &str) -> Shown<Adopted> {
    let (task_id, job) = (waiter.run.to_string(), waiter.job.to_string());
    Shown::of(&Adopted { status: status.to_owned(), task_id, job })
}

fn find_route(app: &App, text: &str) -> Result<RouteId, Problem> {
    let routes: Vec<_> = app.config.callbacks().map(|callback| &callback.route).collect();
    let named = RouteId(text.to_owned());
    let present = RouteId::named(text);
    if let Some(route) = routes.iter().find(|route| route.id == present) {
        return Ok(route.id.clone());
    }
    let mut of_path = routes.iter().filter(|route| route.path == text);
    match (of_path.next(), of_path.next()) {
        (Some(route), None) => Ok(route.id.clone()),
        (Some(_), Some(_)) => {
            let detail = "several callback routes have that path: name one by its id, as /api/waits shows it";
            Err(Problem::new(Code::UnusableRequest, detail))
        }
        // A wait may be older than the file.
        (None, _) if named.present().is_some() => Ok(named),
        (None, _) if !text.starts_with('/') && text.contains(" /") => Ok(present),
        (None, _) => {
            let known = routes.iter().map(|route| route.id.0.as_str()).collect::<Vec<_>>().join(", ");
            let detail = format!("there is no callback route `{}`; there is: {known}", text.escape_debug());
            Err(Problem::new(Code::NotFound, detail))
        }
    }
}
