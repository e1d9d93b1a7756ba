//! Where the internet reaches this place through tunnels. In the cloud there are none: the API's own address is public.

use axum::Json;
use axum::extract::State;
use platform::App;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /api/gateways`: `{"gateways": [{id, driver, port, public_url, public_address}]}`, as they are now.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let places = &app.surroundings.gateway;
    let ports = app.config.gateways.iter().flat_map(|gateway| gateway.ports.iter().map(move |port| (gateway, port)));
    let open = ports.filter_map(|(gateway, port)| {
        let place = places.get(port.to_string())?;
        // What is not opened here (`--tunnel none`, AWS) has no driver.
        (place.get("driver")?.as_str()? != "none").then(|| {
            json!({
                "id": gateway.id,
                "driver": place.get("driver"),
                "port": port,
                "public_url": place.get("public_url"),
                "public_address": place.get("public_address"),
            })
        })
    });
    Json(json!({"gateways": open.collect::<Vec<_>>()}))
}
