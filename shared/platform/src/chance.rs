//! Randomness, as an argument: handlers ask the [`App`](crate::App) for it, and a simulation repeats it from a seed.

use rand::RngCore;
use std::fmt;
use std::sync::Arc;

/// Fills bytes with random ones.
type Source = dyn Fn(&mut [u8]) + Send + Sync;

/// Where random numbers come from. Cheap to clone; clones share their source.
#[derive(Clone)]
pub struct Chance(Arc<Source>);

impl Chance {
    /// Another source, which fills the bytes it is given. Whoever can foresee it can foresee ids and secrets: for
    /// simulations only.
    pub fn of(source: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// Bytes that nobody can guess.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// A number from 0 up to 1.
    pub fn fraction(&self) -> f64 {
        // As many bits as a fraction holds.
        (u64::from_le_bytes(self.bytes()) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Default for Chance {
    /// The machine's own.
    fn default() -> Self {
        Self::of(|bytes| rand::rng().fill_bytes(bytes))
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance")
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn a_fraction_is_from_zero_up_to_one_and_never_one() {
        assert!(Chance::of(|bytes| bytes.fill(0)).fraction().abs() < f64::EPSILON);
        let most = Chance::of(|bytes| bytes.fill(0xff)).fraction();
        assert!(most > 0.999 && most < 1.0, "{most}");
    }

    #[test]
    fn the_machines_own_does_not_repeat() {
        assert_ne!(Chance::default().bytes::<16>(), Chance::default().bytes::<16>());
    }
}
