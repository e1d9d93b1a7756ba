//! A new round of tries for a delivery: one conditional write, with the promise of the attempt.

use domain::delivery::Delivery;
use domain::operation::OperationId;
use jiff::Timestamp;
use platform::contention::{Contended, Rounds};
use platform::queue::DeliverMessage;
use platform::store::{Saved, Store, StoreError, StoredDelivery};

/// What became of the wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// A new round has begun.
    Begun(Delivery),
    /// One is under way already: asking twice is asking once.
    UnderWay(Delivery),
    /// The delivery has expired.
    Gone,
}

/// Who wants the new round.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// Somebody, who wants this one tried now: also where its next try is some time off, and through an open breaker.
    Person,
    /// An operation, of what has ended.
    Operation(&'a OperationId),
}

/// Begins a new round of a delivery.
///
/// # Errors
/// If the table is unavailable, or others keep changing the delivery.
pub async fn begin<E>(store: &Store, stored: StoredDelivery, by: By<'_>, now: Timestamp) -> Result<Replay, E>
where
    E: From<StoreError> + From<Contended>,
{
    let id = stored.delivery.id.clone();
    let mut stored = Some(stored);
    let mut rounds = Rounds::over("the delivery");
    loop {
        rounds.begin()?;
        let Some(StoredDelivery { delivery, version }) = stored else { return Ok(Replay::Gone) };
        let begun = match by {
            By::Person => delivery.clone().ask(now),
            By::Operation(id) => {
                delivery.clone().replay(now).map(|begun| Delivery { begun_by: Some(id.clone()), ..begun })
            }
        };
        let Some(begun) = begun else { return Ok(Replay::UnderWay(delivery)) };
        let attempt = begun.owed().unwrap_or(1);
        let message = DeliverMessage { delivery: id.clone(), attempt, event: None, due: Some(now), again: 0 };
        if let Saved::Written(_) = store.save_delivery(&begun, version, &[message.into()], now).await? {
            return Ok(Replay::Begun(begun));
        }
        stored = store.delivery(&id).await?;
    }
}
