//! Notices messages that multiply: each time that a message comes again must remind its item once.

use super::State;
use serde_json::Value;
use std::collections::BTreeMap;

/// By item, then by message: which time it was reminded of last.
pub(super) type Reminders = BTreeMap<String, BTreeMap<String, u64>>;

impl State {
    /// A write of an item that may be a reminder of a message that came before its time.
    pub(super) fn saw_reminder(&mut self, item: &str, request: &Value) {
        let message = request["ExpressionAttributeNames"]["#again"].as_str();
        let nth = request["ExpressionAttributeValues"][":again"]["N"].as_str().and_then(|nth| nth.parse::<u64>().ok());
        let (Some(message), Some(nth)) = (message, nth) else {
            // With an item that is written as a whole begins what it can be reminded of.
            if !request["Item"].is_null() {
                self.watch.reminders.remove(item);
            }
            return;
        };
        let of_item = self.watch.reminders.entry(item.to_owned()).or_default();
        let before = of_item.insert(message.to_owned(), nth).unwrap_or_default();
        self.tally.count("reminders of early messages");
        if nth <= before {
            self.violation(format!("{item} was reminded of {message} for time {nth} after time {before}"));
        }
    }
}
