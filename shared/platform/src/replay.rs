//! A new round of tries for a delivery: one conditional write, with the promise of the attempt.

use crate::queue::DeliverMessage;
use crate::store::{Saved, Store, StoreError, StoredDelivery};
use domain::delivery::Delivery;
use domain::operation::OperationId;
use jiff::Timestamp;

/// Rounds against others' writes.
const ROUNDS: usize = 5;

/// What became of the wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// A new round has begun.
    Begun(Delivery),
    /// One is under way already: asking twice is asking once.
    UnderWay(Delivery),
    /// The delivery has expired, or others kept changing it; nothing has happened.
    Lost,
}

/// Begins a new round of a delivery that has ended; `by` an operation, or by itself.
///
/// # Errors
/// If the table is unavailable.
pub async fn begin(
    store: &Store,
    stored: StoredDelivery,
    by: Option<&OperationId>,
    now: Timestamp,
) -> Result<Replay, StoreError> {
    let id = stored.delivery.id.clone();
    let mut stored = Some(stored);
    for _ in 0..ROUNDS {
        let Some(StoredDelivery { delivery, version }) = stored else { break };
        let Some(begun) = delivery.clone().replay(now) else { return Ok(Replay::UnderWay(delivery)) };
        let begun = Delivery { begun_by: by.cloned(), ..begun };
        let attempt = begun.owed().unwrap_or(1);
        let message = DeliverMessage { delivery: id.clone(), attempt, event: None, due: Some(now) };
        if let Saved::Written(_) = store.save_delivery(&begun, version, &[message.into()], now).await? {
            return Ok(Replay::Begun(begun));
        }
        stored = store.delivery(&id).await?;
    }
    Ok(Replay::Lost)
}
