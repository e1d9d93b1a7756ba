//! A burst: more events for one endpoint than its lane and its rate limit let through at once.

use super::ask::{Ask, What};
use super::dice::Dice;
use super::receiver::{self, Mood, Receiver};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The customer whose endpoint gets the burst, and nothing else.
const CUSTOMER: &str = "burst";
/// Attempts that a process has under way to one endpoint, in every scenario: so few that a burst fills them.
pub(super) const WIDTH: usize = 2;
/// Attempts that stand in line for them: so few that those of a burst don't fit, and that none of them waits for longer than
/// its message is hidden.
pub(super) const LINE: usize = 2;

/// Adds a burst to some scenarios, with an endpoint of its own that answers well.
pub(super) fn roll(dice: &mut Dice, start: Timestamp, receivers: &mut Vec<Receiver>, asks: &mut Vec<Ask>) {
    if !dice.happens(0.12) {
        return;
    }
    let receiver = receivers.len();
    receivers.push(Receiver::new(Mood::Well));
    let rates = [Value::Null, json!({"limit": 1, "period": 60}), json!({"limit": 4, "period": 10})];
    let mut fields = json!({"url": receiver::url(receiver), "events": ["order.paid"], "customer_id": CUSTOMER});
    let rate = dice.pick(&rates);
    if !rate.is_null() {
        fields["rate_limit"] = rate;
    }
    asks.push(Ask::new(What::Subscribe { receiver, fields }, start));
    let longest = dice.pick(&[0, 5_000, 120_000]);
    for n in 0..dice.between(10, 30) {
        let at = start + SignedDuration::from_millis(1_000 + dice.between(0, longest));
        asks.push(Ask::new(What::Publish { id: format!("burst-{n}"), kind: "order.paid", customer: CUSTOMER }, at));
    }
}
