//! Programs as processes of this machine: one is run from its start to its end by [`execute`], with all that it starts in a
//! [`Group`] that ends with it; [`guard()`] ends a program whose parent is gone, however that came about.

mod execute;
mod group;
mod guard;
mod output;
mod user;

pub use execute::{Limits, execute};
pub use group::Group;
pub use guard::guard;
pub use user::User;
pub use user::find as find_user;
