//! The edge to HTTP: requests become what the use cases take ([`request`]), and what they refuse becomes a problem with a status
//! and a code ([`problem`]). [`route`] says which methods a route takes, [`head`] answers HEAD requests, [`handshake`] what a provider asks before it sends.

pub mod handshake;
pub mod head;
pub mod problem;
pub mod request;
pub mod route;
