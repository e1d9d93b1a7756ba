//! Where the internet reaches this place through tunnels. In the cloud there are none: the API's own address is public.

use crate::shown::Shown;
use application::App;
use axum::extract::State;
use contract::answer::{Gateway, Gateways};
use serde_json::Value;
use std::sync::Arc;

/// `GET /api/gateways`: `{"gateways": [{id, driver, port, public_url, public_address}]}`, as they are now.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Shown<Gateways> {
    let places = &app.surroundings.gateway;
    let ports = app.config.gateways.iter().flat_map(|gateway| gateway.ports.iter().map(move |port| (gateway, port)));
    let open = ports.filter_map(|(gateway, port)| {
        let place = places.get(port.to_string())?;
        let text = |name: &str| place.get(name).and_then(Value::as_str).map(str::to_owned);
        // What is not opened here (`--tunnel none`, AWS) has no driver.
        let driver = text("driver").filter(|driver| driver != "none")?;
        let (public_url, public_address) = (text("public_url"), text("public_address"));
        Some(Gateway { id: gateway.id.clone(), driver, port: *port, public_url, public_address })
    });
    Shown::of(&Gateways { gateways: open.collect() })
}
