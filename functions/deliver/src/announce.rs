//! Publishes what we have to say ourselves, if anybody subscribes to it.

use application::App;
use domain::endpoint::{EventView, Wish};
use domain::event::Event;
use platform::store::StoreError;

/// Stores the event where an endpoint wants it. Its id is derived from what it tells, so a repeated message is the same
/// event.
pub(crate) async fn handle(app: &App, event: Event) -> Result<(), StoreError> {
    let endpoints = app.directory.fresh(&app.store, &event.customer, app.now()).await?;
    let view = EventView::new(&event);
    if endpoints.iter().any(|stored| view.wish(&stored.endpoint).0 != Wish::Declines) {
        app.store.add_event(&event).await?;
    }
    Ok(())
}
