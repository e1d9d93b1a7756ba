//! A month in which nothing happens.

use super::price::{ALARMS, FREE_ALARMS, INVOCATIONS, READS, SCHEDULE, SQS};
use super::units::{CURSOR, SHARD};
use super::{Assumptions, SWEEP};
use serde::Serialize;
use std::time::Duration;

/// Minutes of a month of 30 days: as often the schedule calls sweep.
const MINUTES: f64 = 30.0 * 24.0 * 60.0;
/// Requests that Lambda keeps waiting at the queue of calls: five, of 20 s each
/// (<https://aws.amazon.com/blogs/aws/aws-lambda-adds-amazon-simple-queue-service-to-supported-event-sources/>).
const POLLERS: f64 = 5.0;
const POLLS_A_MINUTE: f64 = 3.0;
/// Alarms that infra/ makes unless asked for more (infra/lib/alarms.ts).
pub const DEFAULT_ALARMS: u32 = 11;

/// One line of the bill.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Line {
    /// What for.
    pub what: &'static str,
    /// How much of it.
    pub count: f64,
    /// What that costs.
    pub dollars: f64,
}

/// What a month costs in which nothing happens. The allowances that an account has for nothing are not taken off, but for
/// its ten alarms.
pub fn month(assumed: &Assumptions) -> Vec<Line> {
    let million = 1e6;
    let polls = POLLERS * POLLS_A_MINUTE * MINUTES;
    let reads = MINUTES * (CURSOR + SHARD * f64::from(assumed.shards));
    let gb_seconds = MINUTES * SWEEP.gb_seconds(Duration::ZERO);
    let alarms = f64::from(DEFAULT_ALARMS.saturating_sub(FREE_ALARMS));
    let line = |what, count: f64, dollars: f64| Line { what, count, dollars };
    vec![
        line("Lambda's polling of the queue of calls", polls, polls / million * SQS.dollars),
        line("ticks of the schedule", MINUTES, MINUTES / million * SCHEDULE.dollars),
        line("reads of sweep", reads, reads / million * READS.dollars),
        line("invocations of sweep", MINUTES, MINUTES / million * INVOCATIONS.dollars),
        line("GB-seconds of sweep", gb_seconds, gb_seconds / million * assumed.architecture.time().dollars),
        line("alarms over the account's free ten", alarms, alarms * ALARMS.dollars),
    ]
}

/// Requests in a month of one `emulator work` that waits for programs, and what they cost.
pub fn worker() -> Line {
    let polls = POLLS_A_MINUTE * MINUTES;
    Line { what: "polling of one worker", count: polls, dollars: polls / 1e6 * SQS.dollars }
}
