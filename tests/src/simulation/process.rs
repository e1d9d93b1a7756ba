//! A process of Ringback: its handlers and all that is in its memory, gone when it dies.

use super::burst;
use super::clock::VirtualClock;
use super::service::Outside;
use super::stage::Stage;
use super::state::Shared;
use axum::Router;
use platform::App;
use platform::chance::Chance;
use platform::lanes::Lanes;
use platform::queue::Queue;
use platform::store::Store;
use std::sync::Arc;
use sweep::Sweeper;

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
    pub(super) fn start(stage: &Stage, (table, queue): &Clients, shared: &Shared) -> Self {
        let settings = stage.settings.clone();
        let dice = shared.clone();
        let outside = platform::app::Outside {
            store: Store::new(table.clone(), settings.table.clone(), settings.shards, settings.retention),
            queue: Queue::new(queue.clone(), settings.queue_url.clone(), String::new()),
            functions: None,
            sender: stage.sender.clone().carried_by(Arc::new(Outside(shared.clone()))),
            keys: stage.keys.clone(),
            clock: Arc::new(VirtualClock(shared.clone())),
            chance: Chance::of(move |bytes| dice.lock().dice.fill(bytes)),
            settings,
        };
        let mut app =
            App::new(outside, stage.config.clone(), stage.surroundings.clone()).expect("no secret is missing");
        app.lanes = Lanes::fixed(burst::WIDTH, burst::LINE);
        let app = Arc::new(app);
        Self {
            triggers: trigger::router(&app, &stage.config.listeners),
            callbacks: callback::router(&app, &stage.config.listeners),
            api: api::router(&app),
            sweeper: Arc::default(),
            app,
        }
    }
}
