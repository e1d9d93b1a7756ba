//! What was found, for people and for machines.

use super::Operation;
use crate::cost::{Assumptions, DELIVER, REFUSAL, RELAY, REQUEST, SWEEP, idle, price};
use serde_json::{Value, json};
use std::fmt::Write;

/// Where the counts come from: said in both forms.
const HOW: &str =
    "each count is of pieces measured over the real handlers (tests/it/cost.rs); the file itself was not run";

/// For machines. Units are of one operation, dollars of a million.
pub(super) fn json(file: &str, operations: &[Operation], assumed: &Assumptions) -> Value {
    let operations: Vec<Value> = operations
        .iter()
        .map(|operation| {
            let bill = operation.units.bill(assumed);
            json!({
                "operation": operation.operation,
                "of_the_file": operation.of_the_file,
                "units": operation.units,
                "bill": bill,
                "notes": operation.notes,
            })
        })
        .collect();
    let month = idle::month(assumed);
    let total: f64 = month.iter().map(|line| line.dollars).sum();
    json!({
        "file": file,
        "region": price::REGION,
        "prices_as_of": price::AS_OF,
        "how": HOW,
        "assumptions": {
            "batch": assumed.batch,
            "answer_ms": u64::try_from(assumed.answer.as_millis()).unwrap_or(u64::MAX),
            "architecture": assumed.architecture,
            "shards": assumed.shards,
            "item_kb": 1,
            "request": REQUEST,
            "refusal": REFUSAL,
            "relay_batch": RELAY,
            "deliver_batch": DELIVER,
            "sweep": SWEEP,
        },
        "operations": operations,
        "idle_month": {"lines": month, "dollars": total, "each_worker": idle::worker()},
        "prices": price::ALL,
    })
}

/// For people.
pub(super) fn words(file: &str, operations: &[Operation], assumed: &Assumptions) -> String {
    let mut text = String::new();
    // Writing to text can't fail.
    let _ = write(&mut text, file, operations, assumed);
    text
}

fn write(text: &mut String, file: &str, operations: &[Operation], assumed: &Assumptions) -> std::fmt::Result {
    writeln!(text, "What {file} costs in AWS: {}, list prices of {}.\n", price::REGION, price::AS_OF)?;
    let widest = operations.iter().map(|operation| operation.operation.chars().count()).max().unwrap_or(0);
    writeln!(
        text,
        "{:<widest$}  {:>6} {:>6} {:>6} {:>7} {:>8}  {:>12}",
        "each", "writes", "reads", "SQS", "Lambda", "GB-s", "$ a million"
    )?;
    let mut was_of_the_file = None;
    for operation in operations {
        if was_of_the_file == Some(true) && !operation.of_the_file {
            writeln!(text)?;
        }
        was_of_the_file = Some(operation.of_the_file);
        let bill = operation.units.bill(assumed);
        writeln!(
            text,
            "{:<widest$}  {:>6.1} {:>6.1} {:>6.2} {:>7.2} {:>8.5}  {:>12.2}",
            operation.operation,
            bill.writes,
            bill.reads,
            bill.sqs_requests,
            bill.invocations,
            bill.gb_seconds,
            bill.dollars.total
        )?;
        for note in &operation.notes {
            writeln!(text, "  ({note})")?;
        }
    }
    let month = idle::month(assumed);
    let total: f64 = month.iter().map(|line| line.dollars).sum();
    writeln!(text, "\nA month in which nothing happens: ${total:.2}")?;
    for line in month.iter().filter(|line| line.dollars >= 0.0005) {
        let places = if line.count < 10.0 { 3 } else { 0 };
        writeln!(text, "  {:>9.places$}  {:<40} ${:.3}", line.count, line.what, line.dollars)?;
    }
    let worker = idle::worker();
    writeln!(text, "  and for each `emulator work` that waits for programs ${:.3}", worker.dollars)?;
    let (answer, processor) = (assumed.answer.as_millis(), assumed.architecture.time().what);
    writeln!(
        text,
        "\nHow: {HOW}.
Writes and reads are units of DynamoDB, of items up to 1 KB; a run is one item, and one of n KB costs n units a write.
Assumed: batches of {} (--batch), services that answer in {answer} ms (--answer-in), {processor}; {} ms of
{} MB for a request, {} ms of {} MB beside the answers for a batch of messages. No retries.
Not in it: API Gateway (HTTP API ${:.2} for a million requests), storage (${:.2} a GB and month, {:.2} more for recovery),
traffic to the internet, the log (${:.2} a GB; what succeeds writes none), and the allowances that an account has
for nothing. --json has all prices and their pages.",
        assumed.batch,
        REQUEST.ms,
        REQUEST.memory,
        DELIVER.ms,
        DELIVER.memory,
        price::HTTP_API.dollars,
        price::STORAGE.dollars,
        price::RECOVERY.dollars,
        price::LOGS.dollars,
    )
}
