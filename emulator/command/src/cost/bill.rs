//! Units, in dollars.

use super::price::{HTTP_API, INVOCATIONS, READS, SQS, WRITES};
use super::units::{DEADLINE, SUBSCRIBERS, Units};
use super::{Assumptions, DELIVER, REFUSAL, RELAY, REQUEST};
use serde::Serialize;
use std::time::Duration;

/// What a million operations use and cost. Uses are in millions, or for one operation each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bill {
    /// Write units, those of the index too.
    pub writes: f64,
    /// Read units.
    pub reads: f64,
    /// Requests to the queues.
    pub sqs_requests: f64,
    /// Invocations of functions.
    pub invocations: f64,
    /// Memory by time of functions.
    pub gb_seconds: f64,
    /// Requests that came in: what API Gateway counts.
    pub http_requests: f64,
    /// What that costs.
    pub dollars: Dollars,
}

/// Dollars for a million operations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Dollars {
    /// `DynamoDB`'s write units.
    pub writes: f64,
    /// `DynamoDB`'s read units.
    pub reads: f64,
    /// SQS.
    pub sqs: f64,
    /// Lambda's invocations.
    pub invocations: f64,
    /// Lambda's time.
    pub time: f64,
    /// All of these.
    pub total: f64,
    /// API Gateway's HTTP API, which is not in the total.
    pub http_api: f64,
}

impl Units {
    /// What it costs under these assumptions.
    pub fn bill(&self, assumed: &Assumptions) -> Bill {
        let batch = f64::from(assumed.batch.max(1));
        let all = |count: u32| f64::from(count);
        let shared = |count: u32| f64::from(count) / batch;
        let relayed = shared(self.messages + self.program_messages + self.events);
        let delivered = shared(self.messages);
        let writes = all(self.writes + self.index_writes);
        let reads = all(self.reads) + DEADLINE * all(self.deadlines) + SUBSCRIBERS * shared(self.events);
        // Sent, received and deleted ten at a time; a worker deletes each by itself.
        let sqs_requests = 3.0 * delivered + 2.0 * shared(self.program_messages) + all(self.program_messages);
        let invocations = all(self.requests + self.refused) + relayed + delivered;
        let gb_seconds = all(self.requests) * REQUEST.gb_seconds(Duration::ZERO)
            + all(self.refused) * REFUSAL.gb_seconds(Duration::ZERO)
            + relayed * RELAY.gb_seconds(Duration::ZERO)
            + delivered * DELIVER.gb_seconds(Duration::ZERO)
            + shared(self.calls) * DELIVER.gb() * assumed.answer.as_secs_f64();
        let http_requests = all(self.requests + self.refused);
        let mut dollars = Dollars {
            writes: writes * WRITES.dollars,
            reads: reads * READS.dollars,
            sqs: sqs_requests * SQS.dollars,
            invocations: invocations * INVOCATIONS.dollars,
            time: gb_seconds * assumed.architecture.time().dollars,
            total: 0.0,
            http_api: http_requests * HTTP_API.dollars,
        };
        dollars.total = dollars.writes + dollars.reads + dollars.sqs + dollars.invocations + dollars.time;
        Bill { writes, reads, sqs_requests, invocations, gb_seconds, http_requests, dollars }
    }
}
