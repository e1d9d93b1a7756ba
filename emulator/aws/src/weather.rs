//! Bad weather on order, for `--faults`: the little AWS misbehaves at random, from a seed.
//!
//! What it does is what AWS allows itself, or what can happen to any process: a message comes twice (one after the other,
//! or at once), messages overtake each other, a call is throttled or fails although it took effect, and the process ends at
//! a write, before it or after. The SDK tries a failed call again, as in the cloud. The same seed rolls the same numbers;
//! which call gets which depends on how the threads take turns.

use super::fault::{Answer, Call, Fault, Faults, Moment, Service};
use super::mapping::Duplicates;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How far a message is overtaken at the most.
const LONGEST_DETOUR: Duration = Duration::from_millis(250);
/// `crash` alone: the share of writes at which the process ends.
const CRASH: f64 = 0.01;
/// The process makes at least so many writes: it would get nowhere if it ended at the first each time.
const WRITES_AT_LEAST: u32 = 5;

/// What goes wrong, and how often: `duplicate=0.2,reorder,throttle=0.1,crash`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Forecast {
    /// The share of messages that come twice, from 0 to 1.
    pub duplicate: f64,
    /// Messages overtake each other.
    pub reorder: bool,
    /// The share of calls to table and queues that fail, half of them after their effect; from 0 to 1.
    pub throttle: f64,
    /// The share of writes to the table at which the process ends, from 0 to 1; of these too half after their effect.
    pub crash: f64,
}

/// Why a text is no forecast.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForecastError {
    /// None of the four.
    #[error("there is no fault `{0}`: write duplicate=0.2, reorder, throttle=0.1 or crash")]
    Unknown(String),
    /// Twice in one list.
    #[error("`{0}` stands there twice")]
    Twice(String),
    /// It needs to say how often.
    #[error("`{0}` needs a share from 0 to 1: write {0}=0.2")]
    Missing(String),
    /// It is all or nothing.
    #[error("`reorder` takes no value")]
    Value,
    /// Not a number from 0 to 1.
    #[error("`{0}` is no share: write a number from 0 to 1")]
    Share(String),
}

impl FromStr for Forecast {
    type Err = ForecastError;

    fn from_str(text: &str) -> Result<Self, ForecastError> {
        let (mut forecast, mut seen) = (Self::default(), Vec::new());
        for part in text.split(',').map(str::trim) {
            let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name.trim(), Some(value)));
            if seen.contains(&name) {
                return Err(ForecastError::Twice(name.to_owned()));
            }
            seen.push(name);
            let needed = || value.ok_or_else(|| ForecastError::Missing(name.to_owned())).and_then(share);
            match name {
                "duplicate" => forecast.duplicate = needed()?,
                "throttle" => forecast.throttle = needed()?,
                "crash" => forecast.crash = value.map_or(Ok(CRASH), share)?,
                "reorder" if value.is_some() => return Err(ForecastError::Value),
                "reorder" => forecast.reorder = true,
                _ => return Err(ForecastError::Unknown(name.to_owned())),
            }
        }
        Ok(forecast)
    }
}

fn share(text: &str) -> Result<f64, ForecastError> {
    let number = text.trim().parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| ForecastError::Share(text.trim().to_owned()))
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = [("duplicate", self.duplicate), ("throttle", self.throttle), ("crash", self.crash)];
        let shares = shares.iter().filter(|(_, share)| *share > 0.0).map(|(name, share)| format!("{name}={share}"));
        let all: Vec<String> = shares.chain(self.reorder.then(|| "reorder".to_owned())).collect();
        f.write_str(&all.join(","))
    }
}

/// The weather itself.
#[derive(Debug)]
pub struct Weather {
    forecast: Forecast,
    dice: Mutex<Dice>,
}

#[derive(Debug)]
struct Dice {
    random: StdRng,
    writes: u32,
}

impl Weather {
    /// As forecast, from a seed.
    pub fn new(forecast: Forecast, seed: u64) -> Self {
        Self { forecast, dice: Mutex::new(Dice { random: StdRng::seed_from_u64(seed), writes: 0 }) }
    }

    fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dice {
    fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.random.random_bool(share)
    }
}

impl Faults for Weather {
    fn strike(&self, call: Call<'_>) -> Option<Fault> {
        let mut dice = self.dice();
        let reads = matches!(call.operation, "GetItem" | "Query" | "BatchGetItem" | "Scan" | "TransactGetItems");
        if call.service == Service::DynamoDb && !reads {
            dice.writes += 1;
            if dice.writes > WRITES_AT_LEAST && dice.happens(self.forecast.crash) {
                tracing::error!(write = dice.writes, "the process ends here, as --faults asks");
                return Some(Fault::Death(if dice.happens(0.5) { Moment::After } else { Moment::Before }));
            }
        }
        if !dice.happens(self.forecast.throttle) {
            return None;
        }
        Some(if dice.happens(0.5) { Fault::After(Answer::Internal) } else { Fault::Before(Answer::Throttled) })
    }

    fn duplicates(&self) -> Duplicates {
        let mut dice = self.dice();
        match dice.happens(self.forecast.duplicate) {
            false => Duplicates::None,
            true if dice.happens(0.5) => Duplicates::AtOnce,
            true => Duplicates::InTurn,
        }
    }

    fn detour(&self) -> Duration {
        if self.forecast.reorder { LONGEST_DETOUR.mul_f64(self.dice().random.random()) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUT: Call<'_> = Call { service: Service::DynamoDb, operation: "PutItem" };

    #[test]
    fn a_forecast_is_read_and_a_wrong_one_refused_in_words() {
        let all = "duplicate=0.2, reorder,throttle=0.1,crash".parse::<Forecast>().unwrap();
        assert_eq!(all, Forecast { duplicate: 0.2, reorder: true, throttle: 0.1, crash: CRASH });
        assert_eq!(all.to_string().parse(), Ok(all));
        assert_eq!("crash=0.5".parse(), Ok(Forecast { crash: 0.5, ..Forecast::default() }));
        for (text, expected) in [
            ("", "there is no fault ``"),
            ("duplicates=0.2", "there is no fault `duplicates`"),
            ("duplicate", "`duplicate` needs a share"),
            ("throttle=", "`` is no share"),
            ("throttle=2", "`2` is no share"),
            ("throttle=-0.1", "`-0.1` is no share"),
            ("throttle=NaN", "`NaN` is no share"),
            ("crash=often", "`often` is no share"),
            ("reorder=0.3", "`reorder` takes no value"),
            ("reorder,crash,reorder", "`reorder` stands there twice"),
        ] {
            let error = text.parse::<Forecast>().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn the_same_seed_is_the_same_weather_and_a_fair_sky_none() {
        let forecast = "duplicate=0.3,reorder,throttle=0.4,crash=0.1".parse::<Forecast>().unwrap();
        let course = |seed| {
            let weather = Weather::new(forecast, seed);
            let days = (0..200).map(|_| (weather.strike(PUT), weather.duplicates(), weather.detour()));
            days.collect::<Vec<_>>()
        };
        assert_eq!(course(1), course(1));
        assert_ne!(course(1), course(2));
        let all = course(1);
        let struck = |wanted: fn(&Fault) -> bool| all.iter().any(|(fault, ..)| fault.as_ref().is_some_and(wanted));
        assert!(struck(|fault| matches!(fault, Fault::Before(_))) && struck(|fault| matches!(fault, Fault::After(_))));
        assert!(struck(|fault| matches!(fault, Fault::Death(Moment::Before))));
        assert!(struck(|fault| matches!(fault, Fault::Death(Moment::After))));
        for kind in [Duplicates::None, Duplicates::InTurn, Duplicates::AtOnce] {
            assert!(all.iter().any(|(_, duplicates, _)| *duplicates == kind), "{kind:?}");
        }
        assert!(all.iter().all(|(.., detour)| *detour < LONGEST_DETOUR));
        let fair = Weather::new(Forecast::default(), 1);
        assert!((0..200).all(|_| fair.strike(PUT).is_none() && fair.duplicates() == Duplicates::None));
        assert_eq!(fair.detour(), Duration::ZERO);
    }

    #[test]
    fn the_process_dies_at_writes_alone_and_not_at_the_first() {
        let weather = Weather::new(Forecast { crash: 1.0, ..Forecast::default() }, 1);
        let read = Call { service: Service::DynamoDb, operation: "GetItem" };
        let sent = Call { service: Service::Sqs, operation: "SendMessageBatch" };
        assert!((0..100).all(|_| weather.strike(read).is_none() && weather.strike(sent).is_none()));
        assert!((0..WRITES_AT_LEAST).all(|_| weather.strike(PUT).is_none()));
        assert!(matches!(weather.strike(PUT), Some(Fault::Death(_))));
    }
}
