//! One task for each gateway: it opens the tunnel again whenever it dies, and publishes what its URLs are then.

use super::{Backoff, Driver, GatewayOptions, Open, Planned, PublicUrl, Reason};
use futures_util::future::BoxFuture;
use futures_util::future::try_join_all;
use platform::chance::Chance;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// A tunnel that has held this long is not one that fails again and again.
const STEADY: Duration = Duration::from_secs(60);
/// How long closing in good order may take.
const CLOSING: Duration = Duration::from_secs(3);

/// All gateways, open. Dropping it closes them.
pub struct Gateways {
    current: watch::Receiver<Arc<Vec<PublicUrl>>>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// One gateway and how to open it.
pub(super) struct Supervisor {
    id: String,
    name: &'static str,
    ports: Vec<u16>,
    driver: Box<dyn Driver>,
    wait: Duration,
    backoff: Backoff,
}

impl Gateways {
    /// Opens all of them at once; returns when the last one is open.
    ///
    /// # Errors
    /// In words, if one can't be opened in its time; the others are closed then.
    pub fn open(planned: Vec<Planned>, options: &GatewayOptions) -> BoxFuture<'_, Result<Self, String>> {
        Box::pin(Self::all(planned, options))
    }

    async fn all(planned: Vec<Planned>, options: &GatewayOptions) -> Result<Self, String> {
        let supervisors: Vec<Supervisor> = planned
            .into_iter()
            .map(|Planned { gateway, driver }| Supervisor {
                id: gateway.id,
                name: gateway.tunnel.driver(),
                ports: gateway.ports,
                driver,
                wait: gateway.start_timeout,
                backoff: options.backoff,
            })
            .collect();
        let opened = try_join_all(supervisors.iter().map(Supervisor::first)).await?;
        let urls = supervisors.iter().zip(&opened).flat_map(|(supervisor, open)| supervisor.urls(open)).collect();
        let (publish, current) = watch::channel(Arc::new(urls));
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for (supervisor, open) in supervisors.into_iter().zip(opened) {
            supervisor.say(&open);
            tasks.spawn(supervisor.keep(open, publish.clone(), stop.clone()));
        }
        Ok(Self { current, stop, tasks })
    }

    /// The public URLs, now and whenever they change.
    pub fn watch(&self) -> watch::Receiver<Arc<Vec<PublicUrl>>> {
        self.current.clone()
    }

    /// The public URLs.
    pub fn current(&self) -> Arc<Vec<PublicUrl>> {
        self.current.borrow().clone()
    }

    /// Closes all of them in good order.
    pub async fn close(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Supervisor {
    #[cfg(test)]
    pub(super) fn new(driver: Box<dyn Driver>, ports: Vec<u16>, wait: Duration, backoff: Backoff) -> Self {
        Self { id: "g".to_owned(), name: "fake", ports, driver, wait, backoff }
    }

    /// Opens it for the first time: what may be otherwise the next time is tried again until the time is up.
    pub(super) async fn first(&self) -> Result<Open, String> {
        let deadline = Instant::now() + self.wait;
        let mut last = None;
        let mut attempt = 0;
        let words = |reason: &str| format!("the gateway `{}` can't be opened: {reason}", self.id);
        loop {
            match timeout_at(deadline, self.driver.open()).await {
                Ok(Ok(open)) => return Ok(open),
                Ok(Err(reason)) if reason.lasting => return Err(words(&reason.text)),
                Ok(Err(reason)) => {
                    tracing::warn!(gateway = self.id, %reason, "[Gateway] not open yet; it is tried again");
                    last = Some(reason.text);
                }
                Err(_) => {
                    let said = self.driver.last_words().or(last).map(|said| format!(": {said}")).unwrap_or_default();
                    return Err(words(&format!("it was not there within {:?}{said}", self.wait)));
                }
            }
            attempt += 1;
            let pause = self.backoff.pause(attempt, Chance::default().fraction());
            // The last attempt's reason is a better one than that the time was up.
            if timeout_at(deadline, sleep(pause)).await.is_err() {
                return Err(words(&last.unwrap_or_default()));
            }
        }
    }

    /// Keeps it open until it is told to stop.
    pub(super) async fn keep(
        self,
        mut open: Open,
        publish: watch::Sender<Arc<Vec<PublicUrl>>>,
        stop: CancellationToken,
    ) {
        let mut attempt = 0;
        loop {
            let since = Instant::now();
            let reason = tokio::select! {
                () = stop.cancelled() => {
                    open.close.cancel();
                    // What does not close in time is dropped.
                    let _ = timeout(CLOSING, open.ended).await;
                    return;
                }
                reason = &mut open.ended => reason,
            };
            if since.elapsed() >= STEADY {
                attempt = 0;
            }
            tracing::warn!(gateway = self.id, %reason, "[Gateway] the tunnel has ended; it is opened again");
            open = tokio::select! {
                () = stop.cancelled() => return,
                open = self.again(&mut attempt) => open,
            };
            self.say(&open);
            let urls = self.urls(&open);
            publish.send_modify(|current| {
                // Each in its place: of several gateways to one port, the first counts.
                let mine = |entry: &PublicUrl| urls.iter().find(|new| (&new.id, new.port) == (&entry.id, entry.port));
                *current = Arc::new(current.iter().map(|entry| mine(entry).unwrap_or(entry).clone()).collect());
            });
        }
    }

    /// Opens it however long that takes.
    async fn again(&self, attempt: &mut u32) -> Open {
        loop {
            *attempt = attempt.saturating_add(1);
            sleep(self.backoff.pause(*attempt, Chance::default().fraction())).await;
            let reason = match timeout(self.wait, self.driver.open()).await {
                Ok(Ok(open)) => return open,
                Ok(Err(reason)) => reason,
                Err(_) => Reason::passing(self.driver.last_words().unwrap_or_else(|| "no answer".to_owned())),
            };
            tracing::warn!(gateway = self.id, attempt = *attempt, %reason, "[Gateway] still not open; it is tried \
                again");
        }
    }

    fn urls(&self, open: &Open) -> Vec<PublicUrl> {
        let entry = |(port, url): (&u16, &String)| PublicUrl::new(&self.id, self.name, *port, url);
        self.ports.iter().zip(&open.urls).map(entry).collect()
    }

    fn say(&self, open: &Open) {
        for entry in self.urls(open) {
            tracing::info!(target: "ringback", gateway = self.id, port = entry.port, "[Gateway] Public URL: {}", entry.public_url);
        }
    }
}
