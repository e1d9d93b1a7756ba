//! When to try again.

use crate::endpoint::Settings;
use jiff::SignedDuration;

/// Pauses between attempts where the endpoint sets none, in seconds.
///
/// 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h (Standard Webhooks 1.0.0, "Deliverability and reliability": several
/// days, exponentially, with jitter).
pub const SCHEDULE: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// No pause is longer: 24 h.
pub const LONGEST_DELAY: SignedDuration = SignedDuration::from_hours(24);
/// Seconds that an attempt may take where the endpoint says nothing.
pub const DEFAULT_TIMEOUT: u32 = 15;
/// A pause is multiplied by something from here…
const LEAST_JITTER: f64 = 0.9;
/// …up to that much more.
const JITTER: f64 = 0.3;

/// The pause after `tries` failed attempts of a round, from 1; `None` if that was the last. At least what the answer asked
/// for, at most [`LONGEST_DELAY`]. `jitter` is random, from 0 up to 1.
pub fn delay(tries: u32, settings: &Settings, retry_after: Option<u64>, jitter: f64) -> Option<SignedDuration> {
    let retries = settings.max_retries.unwrap_or_else(|| u32::try_from(SCHEDULE.len()).unwrap_or(u32::MAX));
    if tries > retries {
        return None;
    }
    let nth = tries.saturating_sub(1);
    let seconds = match settings.retry_delay {
        Some(first) => f64::from(first) * 2_f64.powi(i32::try_from(nth).unwrap_or(i32::MAX)),
        None => {
            let last = SCHEDULE.len() - 1;
            SCHEDULE.get((nth as usize).min(last)).map_or(0.0, |seconds| *seconds as f64)
        }
    };
    let longest = LONGEST_DELAY.as_secs_f64();
    let jittered = (seconds * (LEAST_JITTER + JITTER * jitter.clamp(0.0, 1.0))).min(longest);
    let asked = retry_after.map_or(0.0, |seconds| seconds as f64).min(longest);
    SignedDuration::try_from_secs_f64(jittered.max(asked)).ok()
}
