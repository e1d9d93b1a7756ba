//! List prices of one region, each with the page it is on.

use clap::ValueEnum;
use serde::Serialize;

/// Where these prices hold.
pub const REGION: &str = "us-east-1";
/// When the table was written. AWS last changed one of them in November 2024, when `DynamoDB`'s halved.
pub const AS_OF: &str = "2026-11";

/// The processor that the functions are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Arm, which infra/ takes unless told otherwise.
    Arm64,
    /// Intel and AMD.
    X86,
}

/// One price, before any free allowance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Price {
    /// What is sold.
    pub what: &'static str,
    /// Dollars for so much of it.
    pub dollars: f64,
    /// So much: a million requests, a GB.
    pub per: &'static str,
    /// Its page.
    pub source: &'static str,
}

const DYNAMODB: &str = "https://aws.amazon.com/dynamodb/pricing/on-demand/";
const LAMBDA: &str = "https://aws.amazon.com/lambda/pricing/";
const CLOUDWATCH: &str = "https://aws.amazon.com/cloudwatch/pricing/";

/// Write units: 1 KB of an item.
pub const WRITES: Price =
    Price { what: "DynamoDB writes", dollars: 0.625, per: "million write units", source: DYNAMODB };
/// Read units: 4 KB of an item, twice that where a read may be a second old.
pub const READS: Price = Price { what: "DynamoDB reads", dollars: 0.125, per: "million read units", source: DYNAMODB };
/// The table's bytes; the first 25 GB of an account are free.
pub const STORAGE: Price = Price { what: "DynamoDB storage", dollars: 0.25, per: "GB a month", source: DYNAMODB };
/// Backups to any second of the last 35 days.
pub const RECOVERY: Price =
    Price { what: "DynamoDB point-in-time recovery", dollars: 0.20, per: "GB a month", source: DYNAMODB };
/// A million a month are free for an account; that isn't counted.
pub const SQS: Price = Price {
    what: "SQS requests (standard queues)",
    dollars: 0.40,
    per: "million requests of up to 64 KB",
    source: "https://aws.amazon.com/sqs/pricing/",
};
/// A million a month are free for an account; that isn't counted.
pub const INVOCATIONS: Price = Price { what: "Lambda invocations", dollars: 0.20, per: "million", source: LAMBDA };
/// 400,000 a month are free for an account; that isn't counted.
pub const ARM_TIME: Price =
    Price { what: "Lambda, arm64", dollars: 13.3334, per: "million GB-seconds", source: LAMBDA };
/// As [`ARM_TIME`].
pub const X86_TIME: Price = Price { what: "Lambda, x86", dollars: 16.6667, per: "million GB-seconds", source: LAMBDA };
/// Stated beside the totals: whoever has another front pays another price.
pub const HTTP_API: Price = Price {
    what: "API Gateway, HTTP API",
    dollars: 1.00,
    per: "million requests of up to 512 KB",
    source: "https://aws.amazon.com/api-gateway/pricing/",
};
/// 14 million a month are free for an account; that isn't counted.
pub const SCHEDULE: Price = Price {
    what: "EventBridge Scheduler",
    dollars: 1.00,
    per: "million invocations",
    source: "https://aws.amazon.com/eventbridge/pricing/",
};
/// Those over [`FREE_ALARMS`].
pub const ALARMS: Price =
    Price { what: "CloudWatch alarms over ten", dollars: 0.10, per: "alarm a month", source: CLOUDWATCH };
/// What functions write.
pub const LOGS: Price = Price { what: "CloudWatch Logs", dollars: 0.50, per: "GB taken in", source: CLOUDWATCH };
/// Alarms that an account has for nothing; counted, for it is what infra/ makes.
pub const FREE_ALARMS: u32 = 10;

/// All that any of the bills is made of.
pub const ALL: [Price; 12] =
    [WRITES, READS, STORAGE, RECOVERY, SQS, INVOCATIONS, ARM_TIME, X86_TIME, HTTP_API, SCHEDULE, ALARMS, LOGS];

impl Architecture {
    /// What its GB-seconds cost.
    pub fn time(self) -> Price {
        match self {
            Self::Arm64 => ARM_TIME,
            Self::X86 => X86_TIME,
        }
    }
}
