//! How much time and room callers may take. In AWS, API Gateway sees to it.

use domain::source::MAX_BODY;
use std::time::Duration;

/// How long a caller may take for a header that has begun, and again for a body: what slow lines need for a megabyte.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection lives on which nothing is under way. It is longer than common clients and proxies keep theirs, so
/// that they close first, and none sends a request into a connection that is being closed: AWS's load balancers and nginx
/// keep connections for 60 s, Go's and reqwest's clients for 90 s
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html>,
/// <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive_timeout>,
/// <https://pkg.go.dev/net/http#DefaultTransport>,
/// <https://docs.rs/reqwest/latest/reqwest/struct.ClientBuilder.html#method.pool_idle_timeout>).
const IDLE: Duration = Duration::from_secs(120);
/// How long the handshake of TLS may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long idle connections stay open when a server stops: a request that is on its way by then is answered, with
/// `Connection: close`.
const LINGER: Duration = Duration::from_millis(500);
/// Connections at once, where descriptors allow as many. One takes some 10 KiB while it is idle.
const CONNECTIONS: usize = 4096;
/// Bytes of bodies in memory at once.
const BODIES: usize = 32 << 20;
// Large bodies get three quarters of it: the largest that a source may allow fits.
const _: () = assert!(BODIES / 4 * 3 >= MAX_BODY as usize);

/// What the callers of one instance may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first byte of a header to its last.
    pub header: Duration,
    /// From the end of a header to the end of its body; and as long as a caller may take none of an answer.
    pub body: Duration,
    /// How long a connection lives without a request.
    pub idle: Duration,
    /// From a connection to the end of its TLS handshake.
    pub handshake: Duration,
    /// How long idle connections stay open while a server stops.
    pub linger: Duration,
    /// Connections at once; there are fewer where the process has fewer than twice as many descriptors.
    pub connections: usize,
    /// Bytes of bodies that are in memory at once, of all connections together.
    pub bodies: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header: PATIENCE,
            body: PATIENCE,
            idle: IDLE,
            handshake: HANDSHAKE,
            linger: LINGER,
            connections: CONNECTIONS,
            bodies: BODIES,
        }
    }
}
