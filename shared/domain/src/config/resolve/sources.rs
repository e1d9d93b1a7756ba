//! The listener of the sources, in a file that has sources and says nothing of one.

use crate::config::cx::Cx;
use crate::config::section::controller::LOCAL;
use crate::config::section::listener::SOURCES_PORT;
use crate::config::{Controller, Listener, Routes, Runtime, SourceRoutes};

/// The name of a listener that is not written in the file.
const NAME: &str = "sources";

/// Adds it, on the first port from [`SOURCES_PORT`] on that nothing else of the file has.
pub(super) fn imply(cx: &mut Cx) {
    let draft = &mut cx.draft;
    let is_written = draft.listeners.iter().any(|listener| matches!(listener.routes, Routes::Sources(_)));
    if draft.sources.is_empty() || is_written {
        return;
    }
    let controller = draft.controller.as_ref().map_or_else(|| Controller::default().port, |controller| controller.port);
    let is_free = |port: &u16| *port != controller && !draft.binds.iter().any(|(_, bound, _)| bound == port);
    let Some(port) = (SOURCES_PORT..=u16::MAX).find(is_free) else { return };
    let (mut id, mut count) = (NAME.to_owned(), 1);
    while !draft.ids.insert(format!("listener {id}")) {
        count += 1;
        id = format!("{NAME}-{count}");
    }
    draft.listeners.push(Listener {
        id,
        host: LOCAL.to_owned(),
        port,
        max_concurrent_count: None,
        runtime: Runtime::Native,
        routes: Routes::Sources(SourceRoutes { base_path: String::new(), implied: true }),
    });
}
