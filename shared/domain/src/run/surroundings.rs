use super::Capability;
use crate::config::{Config, Listener, Routes};
use crate::redact::KnownSecrets;
use serde_json::{Map, Value, json};

/// What templates see of the place where a file runs. Settled once, at start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Surroundings {
    /// Environment variables by name; only those that the file names.
    pub env: Value,
    /// By port: `public_url`, `public_address`, `port`, `driver`.
    pub gateway: Value,
    /// Of the file's callback listener: `id`, `url`.
    pub listener: Value,
    /// What of all this, and of the file, is to be shown nowhere.
    pub secrets: KnownSecrets,
    /// What callback addresses of single jobs are made of; `None` where the file has not just one callback route.
    pub capability: Option<Capability>,
}

impl Surroundings {
    /// The place where each port of the file is reached at the URL that `url_of_port` gives, if at all.
    pub fn of(config: &Config, env: Map<String, Value>, url_of_port: impl Fn(u16) -> Option<String>) -> Self {
        let mut gateway = Map::new();
        let gateways = config.gateways.iter().flat_map(|gateway| gateway.ports.iter().copied());
        let listeners = config.listeners.iter().map(|listener| listener.port);
        for port in gateways.chain(listeners).chain([config.controller.port]) {
            let url = url_of_port(port).unwrap_or_else(|| format!("http://127.0.0.1:{port}"));
            let address = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).to_owned();
            let entry = json!({"public_url": url, "public_address": address, "port": port, "driver": "none"});
            gateway.insert(port.to_string(), entry);
        }
        let callback = config.listeners.iter().find(|listener| matches!(listener.routes, Routes::Callbacks(_)));
        let listener = callback.map_or(Value::Null, |listener| listener_value(listener, &url_of_port));
        let secrets = KnownSecrets::of(config, &env);
        Self { env: Value::Object(env), gateway: Value::Object(gateway), listener, secrets, capability: None }
    }

    /// With the name of what brings the internet to each port: `none` where nothing does.
    #[must_use]
    pub fn with_drivers(mut self, driver_of_port: impl Fn(u16) -> Option<&'static str>) -> Self {
        for (port, entry) in self.gateway.as_object_mut().into_iter().flatten() {
            if let (Some(driver), Some(entry)) = (port.parse().ok().and_then(&driver_of_port), entry.as_object_mut()) {
                entry.insert("driver".to_owned(), driver.into());
            }
        }
        self
    }

    /// The same place for another file: the ports that this one knows are where they are. One that it doesn't know is
    /// where all are, if they are all at one address, as in the cloud.
    #[must_use]
    pub fn adapted_to(&self, config: &Config, env: Map<String, Value>) -> Self {
        let known = self.gateway.as_object();
        let url = |entry: &Value| entry.get("public_url").and_then(Value::as_str).map(str::to_owned);
        let mut all = known.into_iter().flat_map(Map::values).filter_map(url);
        let everywhere = all.next().filter(|first| all.all(|url| url == *first));
        let url_of_port = |port: u16| {
            let entry = known.and_then(|known| known.get(&port.to_string()));
            entry.map_or_else(|| everywhere.clone(), url)
        };
        let mut adapted = Self::of(config, env, url_of_port);
        if let (Some(entries), Some(known)) = (adapted.gateway.as_object_mut(), known) {
            for (port, entry) in entries {
                known.get(port).cloned().into_iter().for_each(|known| *entry = known);
            }
        }
        adapted
    }

    /// With addresses that only their holder can answer at, derived from a secret.
    #[must_use]
    pub fn with_capabilities(self, config: &Config, secret: [u8; 32]) -> Self {
        let mut routes = config.listeners.iter().flat_map(|listener| match &listener.routes {
            Routes::Callbacks(callbacks) => callbacks.iter().map(|callback| (listener.port, &callback.route)).collect(),
            Routes::Triggers(_) | Routes::Sources(_) => Vec::new(),
        });
        let only = routes.next().filter(|_| routes.next().is_none()).filter(|(_, route)| !route.path.contains('{'));
        let capability = only.and_then(|(port, route)| {
            let base = self.gateway.get(port.to_string())?.get("public_url")?.as_str()?;
            Some(Capability { url: format!("{base}{}", route.path), secret })
        });
        Self { capability, ..self }
    }
}

/// `url` is the address of the listener's only route, or of the listener where it has several.
fn listener_value(listener: &Listener, url_of_port: impl Fn(u16) -> Option<String>) -> Value {
    let base = url_of_port(listener.port).unwrap_or_default();
    let url = match &listener.routes {
        Routes::Callbacks(callbacks) => match callbacks.as_slice() {
            [only] => format!("{base}{}", only.route.path),
            _ => base,
        },
        Routes::Triggers(_) | Routes::Sources(_) => base,
    };
    json!({"id": listener.id, "url": url})
}

#[cfg(test)]
mod tests {
    use super::Surroundings;
    use crate::config::{Config, load};
    use serde_json::Map;

    fn config(text: &str) -> Config {
        load(text, "f").config.expect("a good file")
    }

    fn url(place: &Surroundings, port: &str) -> String {
        place.gateway[port]["public_url"].as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn another_file_finds_ports_where_they_are() {
        let both =
            config("listeners: [{port: 1, path: /a, workflow: w}, {port: 2, path: /b, identify_by: '${body.id}'}]");
        let other =
            config("listeners: [{port: 2, path: /c, identify_by: '${body.id}'}, {port: 3, path: /d, workflow: w}]");
        let local = Surroundings::of(&both, Map::new(), |port| (port < 3).then(|| format!("https://{port}.example")));
        let adapted = local.adapted_to(&other, Map::new());
        assert_eq!((&*url(&adapted, "2"), &*url(&adapted, "3")), ("https://2.example", "http://127.0.0.1:3"));
        assert_eq!(adapted.listener["url"], "https://2.example/c");
        // In the cloud all ports are one address, and so is one that nobody knew.
        let cloud = Surroundings::of(&both, Map::new(), |_| Some("https://api.example".to_owned()));
        assert_eq!(url(&cloud.adapted_to(&other, Map::new()), "3"), "https://api.example");
    }
}
