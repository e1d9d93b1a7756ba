//! Writes that depend on what was read before them, against the writes of others: read, decide, write on the condition that nothing
//! has changed, and begin again where something has.
//!
//! ```text
//! let mut rounds = Rounds::over("the task");
//! loop {
//!     rounds.begin()?;
//!     let before = read().await?;
//!     if write(changed(&before), before.version).await? == Saved::Written {
//!         return Ok(());
//!     }
//! }
//! ```

use crate::store::StoreError;

/// Rounds of one writer at the most. Each lost round means that another writer has won one, so the writers together get on.
const ROUNDS: u32 = 20;

/// The rounds of one writer.
#[derive(Debug)]
pub struct Rounds {
    what: &'static str,
    begun: u32,
}

/// Others kept changing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is changing too quickly; try again")]
pub struct Contended(&'static str);

impl Rounds {
    /// Rounds over what several writers change.
    pub fn over(what: &'static str) -> Self {
        Self { what, begun: 0 }
    }

    /// Begins the next one.
    ///
    /// # Errors
    /// If the last one has been lost.
    pub fn begin(&mut self) -> Result<(), Contended> {
        self.begun += 1;
        if self.begun > ROUNDS { Err(Contended(self.what)) } else { Ok(()) }
    }
}

impl From<Contended> for StoreError {
    fn from(contended: Contended) -> Self {
        Self::Unavailable(contended.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{ROUNDS, Rounds};

    #[test]
    fn rounds_end() {
        let mut rounds = Rounds::over("it");
        for _ in 0..ROUNDS {
            assert_eq!(rounds.begin(), Ok(()));
        }
        assert_eq!(rounds.begin().unwrap_err().to_string(), "it is changing too quickly; try again");
    }
}
