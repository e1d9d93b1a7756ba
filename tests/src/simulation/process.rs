//! A process of Ringback: its handlers and all that is in its memory, gone when it dies.

use super::burst;
use super::clock::VirtualClock;
use super::service::Outside;
use super::stage::Stage;
use super::state::Shared;
use application::App;
use axum::Router;
use domain::config::Config;
use domain::run::Surroundings;
use platform::chance::Chance;
use platform::lanes::Lanes;
use platform::memory::Pool;
use std::sync::Arc;
use sweep::Sweeper;

/// The file that a process follows.
pub(super) struct File {
    pub(super) config: Arc<Config>,
    pub(super) surroundings: Surroundings,
}

pub(super) struct Process {
    pub(super) app: Arc<App>,
    pub(super) sweeper: Arc<Sweeper>,
    pub(super) triggers: Router,
    pub(super) callbacks: Router,
    pub(super) api: Router,
}

/// The clients of table and queue, behind the scenario's wire.
pub(super) type Clients = (aws_sdk_dynamodb::Client, aws_sdk_sqs::Client);

impl Process {
    /// Starts one that follows this file.
    pub(super) fn start(stage: &Stage, file: &File, (table, queue): &Clients, shared: &Shared, process: usize) -> Self {
        let settings = stage.settings.clone();
        let dice = shared.clone();
        let outside = application::app::Outside {
            clock: Arc::new(VirtualClock { shared: shared.clone(), process }),
            chance: Chance::of(move |bytes| dice.lock().dice.fill(bytes)),
            ..application::app::Outside::through(
                table.clone(),
                queue.clone(),
                settings,
                stage.sender.clone().carried_by(Arc::new(Outside(shared.clone()))),
                Some(stage.keys.clone()),
            )
        };
        let mut app = App::new(outside, file.config.clone(), file.surroundings.clone()).expect("no secret is missing");
        if shared.lock().runs_are_large {
            app.memory.runs = Pool::without_small();
        }
        app.lanes = Lanes::fixed(burst::WIDTH, burst::LINE);
        Self::of(Arc::new(app), Arc::default())
    }

    /// The same process once it follows another file; what is under way goes on by the one before.
    pub(super) fn with_file(&self, file: &File) -> Self {
        let sender = self.app.sender.clone();
        let app =
            self.app.with_file(file.config.clone(), file.surroundings.clone(), sender).expect("no secret is missing");
        Self::of(Arc::new(app), self.sweeper.clone())
    }

    fn of(app: Arc<App>, sweeper: Arc<Sweeper>) -> Self {
        Self {
            triggers: trigger::router(&app, &app.config.listeners),
            callbacks: callback::router(&app, &app.config.listeners),
            api: api::router(&app),
            sweeper,
            app,
        }
    }
}
