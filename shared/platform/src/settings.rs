//! What an operator may set, with defaults that suit both a laptop and the cloud.

use std::time::Duration;

/// Settings of one deployment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The table's name.
    pub table: String,
    /// URL of the queue of calls.
    pub queue_url: String,
    /// Largest request body in bytes; 1 MiB unless set.
    pub max_body: usize,
    /// Largest answer that a called service may give, in bytes; 1 MiB unless set.
    pub max_response: usize,
    /// Partitions of the timers and of the list of runs: each takes 1,000 writes a second
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>).
    pub shards: u8,
    /// How long an ended run and a closed or unclaimed wait are kept; 30 days unless set.
    pub retention: Duration,
    /// After how long a stretch of work hands over to a new message; must end well before the queue gives the
    /// message to another. 5 min unless set, beside a Lambda time limit of 15 min
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>).
    pub stretch: Duration,
    /// SHA-256 of each bearer token that the API accepts.
    pub token_digests: Vec<[u8; 32]>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            table: "ringback".to_owned(),
            queue_url: String::new(),
            max_body: 1 << 20,
            max_response: 1 << 20,
            shards: 8,
            retention: Duration::from_secs(30 * 24 * 60 * 60),
            stretch: Duration::from_secs(5 * 60),
            token_digests: Vec::new(),
        }
    }
}
