//! Under which conditions `up` runs: how fast time passes, and how the little AWS behaves.

use super::Failure;
use crate::clock::{FASTEST, FastClock};
use clap::Args;
use instance::Options;
use local_aws::weather::{Forecast, Weather};
use platform::clock::SystemClock;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often the timers are looked at, at the most and at the least, by the wall's clock.
const SWEEP_EVERY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// How often that is in AWS.
const MINUTE: Duration = Duration::from_secs(60);

/// For trying out what takes days, and what should never happen.
#[derive(Debug, Args)]
#[command(next_help_heading = "Trying out")]
pub(super) struct Conditions {
    /// So many seconds pass in one: at 3600 an hour, up to 86400. For retries, deadlines, delays and retention; outbound
    /// calls and programs take as long as ever. Receivers that look at timestamps will refuse what is signed tomorrow.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(FASTEST)))]
    time_scale: Option<u32>,
    /// Make the AWS inside misbehave: duplicate=SHARE (messages come twice), reorder (they overtake each other),
    /// throttle=SHARE (calls fail, before or after their effect), crash or crash=SHARE (the process ends at a write).
    #[arg(long, value_name = "LIST")]
    faults: Option<Forecast>,
    /// What the faults are rolled from; printed at the start where it is random.
    #[arg(long, requires = "faults")]
    seed: Option<u64>,
}

/// Conditions that are settled.
pub(super) struct Prepared {
    clock: Option<(Arc<FastClock>, u32)>,
    weather: Option<(Forecast, u64)>,
}

impl Conditions {
    /// Settles what is left open: the seed, and what time it is. Nothing has been started before.
    pub(super) fn prepare(&self, data: &Path) -> Result<Prepared, Failure> {
        let unusable = |error| format!("the time of {} can't be kept: {error}", data.display());
        local_aws::format::check(data)?;
        let clock = match self.time_scale {
            // As fast as ever is nothing to be told of, unless the state was ahead before.
            Some(1) if !FastClock::was_used(data) => None,
            Some(scale) => Some((Arc::new(FastClock::start(data, scale).map_err(unusable)?), scale)),
            None if FastClock::was_used(data) => {
                let place = data.display();
                tracing::warn!(
                    "{place} was used with --time-scale: what is due there is due by a clock that was ahead"
                );
                None
            }
            None => None,
        };
        let seed = || self.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
        Ok(Prepared { clock, weather: self.faults.map(|forecast| (forecast, seed())) })
    }
}

impl Prepared {
    pub(super) fn apply(&self, options: &mut Options) {
        if let Some((clock, scale)) = &self.clock {
            options.clock = clock.clone();
            options.programs.clock = Some(Arc::new(SystemClock));
            options.pace.time_scale = *scale;
            options.pace.sweep_every = (MINUTE / *scale).clamp(SWEEP_EVERY.0, SWEEP_EVERY.1);
        }
        if let Some((forecast, seed)) = self.weather {
            options.faults = Some(Arc::new(Weather::new(forecast, seed)));
        }
    }

    /// For the line of JSON.
    pub(super) fn shown(&self) -> Map<String, Value> {
        let mut shown = Map::new();
        if let Some((_, scale)) = &self.clock {
            shown.insert("time_scale".to_owned(), json!(scale));
        }
        if let Some((forecast, seed)) = &self.weather {
            shown.insert("faults".to_owned(), forecast.to_string().into());
            shown.insert("seed".to_owned(), json!(seed));
        }
        shown
    }

    pub(super) fn banner(&self) -> String {
        let clock = self.clock.as_ref().filter(|(_, scale)| *scale > 1).map(|(_, scale)| {
            format!("\n  Time runs {scale} times as fast, but not for outbound calls and programs.\n")
        });
        let weather = self.weather.as_ref();
        let weather = weather.map(|(forecast, seed)| format!("\n  Bad weather: --faults {forecast} --seed {seed}\n"));
        clock.into_iter().chain(weather).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_runs_as_ever_is_nothing_to_tell_of() {
        let data = tempfile::tempdir().unwrap();
        let at = |scale| Conditions { time_scale: Some(scale), faults: None, seed: None }.prepare(data.path()).unwrap();
        assert_eq!(at(1).banner(), "");
        assert!(!FastClock::was_used(data.path()), "nor is it the next start's to warn of");
        assert!(at(60).banner().contains("60 times as fast"));
        // The clock that was ahead goes on.
        assert_eq!((at(1).banner().as_str(), at(1).shown()["time_scale"].as_u64()), ("", Some(1)));
    }
}
