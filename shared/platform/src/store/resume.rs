//! A callback for a job that is known to wait.

use super::item::{b, millis, s, yes};
use super::wait::{OPEN, Written, conditional, wait_pk, word};
use super::{Store, StoreError};
use domain::wait::{Arrival, ArrivalId, WaitKey};
use jiff::Timestamp;

impl Store {
    /// The callback's half where a job waits under that key; nothing is stored where none does. Says whether one did.
    ///
    /// # Errors
    /// If its result is too large, or the table is unavailable.
    pub async fn resume_wait(
        &self,
        wait: &WaitKey,
        arrival: &Arrival,
        id: &ArrivalId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = self
            .wait_item(wait)
            .update_expression(
                "SET arrived = :now, verdict = :verdict, #result = :result, arrival = :id, owed = :yes REMOVE progress",
            )
            .condition_expression(format!("waiting = :yes AND {OPEN}"))
            .expression_attribute_names("#result", "result")
            .expression_attribute_values(":id", s(id.as_str()))
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":verdict", s(word(arrival.verdict)))
            .expression_attribute_values(":result", b(self.vault.pack(&arrival.result, &wait_pk(wait))?))
            .expression_attribute_values(":yes", yes());
        Ok(matches!(conditional(update).await?, Written::Done(_)))
    }
}
