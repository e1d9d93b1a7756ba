//! `on_url`: a command of the user's that is told of each new public URL, to register it elsewhere.
//!
//! It is run as argv, without a shell, once everything serves, and whenever one of the gateway's URLs has changed; never
//! twice at once for one gateway. A URL that is already old when its turn comes is left out. Its failure is logged and
//! changes nothing here: the tunnel stands. It is run again after pauses that double, until it ends with 0 or the URLs
//! have changed.

use super::{GatewayOptions, PublicUrl};
use domain::config::Gateway;
use domain::config::program::Command;
use domain::program::Prepared;
use platform::chance::Chance;
use platform::environment::Environment;
use process::{Limits, execute};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Bytes of each of its outputs that are logged.
const LOGGED: u32 = 16 * 1024;
/// Between asking it to end and ending it.
const GRACE: Duration = Duration::from_secs(1);
/// Variables of ours that are nobody else's business.
const HIDDEN: [&str; 1] = ["RINGBACK_KEY"];

/// Tells a gateway's hook of its URLs, now and whenever they change, until everything stops.
pub async fn announce(
    gateway: Gateway,
    mut urls: watch::Receiver<Arc<Vec<PublicUrl>>>,
    options: GatewayOptions,
    stop: CancellationToken,
) {
    let (mut told, mut failures) = (Vec::new(), 0_u32);
    loop {
        let current: Vec<PublicUrl> =
            urls.borrow_and_update().iter().filter(|entry| entry.id == gateway.id).cloned().collect();
        if current != told {
            if tell(&gateway, &current, &options, &stop).await {
                (told, failures) = (current, 0);
            } else {
                failures = failures.saturating_add(1);
            }
        }
        let pause = options.backoff.pause(failures, Chance::default().fraction());
        tokio::select! {
            () = stop.cancelled() => return,
            changed = urls.changed() => match changed {
                Ok(()) => failures = 0,
                Err(_) => return,
            },
            () = tokio::time::sleep(pause), if failures > 0 => {}
        }
    }
}

/// Whether the hook has taken it.
async fn tell(gateway: &Gateway, urls: &[PublicUrl], options: &GatewayOptions, stop: &CancellationToken) -> bool {
    let command = Command {
        argv: gateway.on_url.clone(),
        cwd: None,
        env: Vec::new(),
        pass_env: Vec::new(),
        user: None,
        max_concurrent: None,
        output_limit: LOGGED,
    };
    let prepared = Prepared {
        argv: gateway.on_url.clone(),
        env: environment(&options.environment, gateway, urls),
        stdin: input(gateway, urls),
    };
    let within = options.hook_timeout;
    let limits = Limits { timeout: within, grace: GRACE };
    let id = &gateway.id;
    match execute(&command, prepared, limits, stop.cancelled()).await {
        // Everything stops.
        Ok(None) => return true,
        Ok(Some(ended)) => {
            for line in ended.stdout.as_str().unwrap_or_default().lines().chain(ended.stderr.lines()) {
                tracing::info!(target: "ringback", gateway = id, "[Gateway] on_url: {line}");
            }
            match (ended.exit_code, ended.timed_out_ms) {
                (Some(0), None) => {
                    tracing::info!(target: "ringback", gateway = id, "[Gateway] on_url has been told");
                    return true;
                }
                (_, Some(_)) => {
                    tracing::error!(gateway = id, "[Gateway] on_url was ended: it ran for more than {within:?}");
                }
                (code, None) => {
                    tracing::error!(gateway = id, ?code, signal = ended.signal, "[Gateway] on_url has failed");
                }
            }
        }
        Err(error) => tracing::error!(gateway = id, "[Gateway] on_url: {}", error.message),
    }
    false
}

/// Ours, and what there is to tell.
fn environment(ours: &Environment, gateway: &Gateway, urls: &[PublicUrl]) -> Vec<(String, String)> {
    let ours = ours.iter().filter(|(name, _)| !HIDDEN.contains(name));
    let mut env: Vec<(String, String)> = ours.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut set = |name: String, value: &str| env.push((name, value.to_owned()));
    set("RINGBACK_GATEWAY".to_owned(), &gateway.id);
    set("RINGBACK_GATEWAY_DRIVER".to_owned(), gateway.tunnel.driver());
    if let Some(first) = urls.first() {
        set("RINGBACK_PUBLIC_URL".to_owned(), &first.public_url);
    }
    for entry in urls {
        set(format!("RINGBACK_PUBLIC_URL_{}", entry.port), &entry.public_url);
    }
    env
}

fn input(gateway: &Gateway, urls: &[PublicUrl]) -> Vec<u8> {
    let urls: Vec<_> = urls
        .iter()
        .map(
            |entry| json!({"port": entry.port, "public_url": entry.public_url, "public_address": entry.public_address}),
        )
        .collect();
    json!({"gateway": gateway.id, "driver": gateway.tunnel.driver(), "urls": urls}).to_string().into_bytes()
}
