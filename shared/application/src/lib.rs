//! What Ringback does: the use cases between the handlers and the [`platform`], which speak in errors of their own and know no
//! status of HTTP.
//!
//! An [`App`] is what every handler is given. **Receive**: a [`request`] is proven by [`verification`], with what is known of
//! [`sources`]. **Accept**: [`starts`] says what it starts, and [`admission`] stores that once. **Work**: [`definitions`] are
//! the files that runs follow, [`programs`] what the API put on top of them ([`overlay`]). **Attempt**: [`attempt`] makes one try
//! of a delivery, for an endpoint of the [`directory`], in its [lane](platform::lanes) and at its time ([`slots`]). **Replay** begins a
//! new round of tries ([`replay`]). [`reseal`] puts a new key in the place of an old one.

pub mod app;
pub mod request;
pub mod verification;
pub mod sources;
pub mod overlay;
pub mod bulk;
pub mod starts;
pub mod admission;
pub mod definitions;
pub mod programs;
mod former;
pub mod directory;
pub mod slots;
pub mod attempt;
pub mod replay;
pub mod reseal;

pub use app::App;
