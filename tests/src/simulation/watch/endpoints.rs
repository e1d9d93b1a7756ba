//! Who gets nothing any more, and whether that is as the policy says.

use super::super::state::State;
use domain::delivery::State as Progress;
use domain::endpoint::{DISABLE_AFTER, Disabled, DisabledBy, Endpoint};
use jiff::{SignedDuration, Timestamp};

/// A success beside a failure may be noted before it, or not at all: by who remembers the endpoint as being well. No handler
/// takes longer.
const AT_ONCE: SignedDuration = SignedDuration::from_mins(15);

impl State {
    /// An endpoint was written. It may be disabled whatever its mood: a flaky one fails for days on end too, if rarely.
    pub(super) fn saw_endpoint(&mut self, endpoint: &Endpoint) {
        let id = endpoint.id.as_str();
        let Some(Disabled { at, why }) = endpoint.disabled else { return };
        if self.watch.disabled.insert(id.to_owned(), at).is_some() {
            return self.violation(format!("{id} was disabled twice"));
        }
        self.note(format_args!("{id} is disabled: {}", why.as_str()));
        let slack = self.weather.slack();
        let told = match why {
            DisabledBy::Request => Err("nobody asked for it"),
            DisabledBy::Gone if self.receiver_of(id, |receiver| receiver.is_gone()) => Ok("endpoints that are gone"),
            DisabledBy::Gone => Err("it never said that it was gone"),
            DisabledBy::Failing
                if !self.receiver_of(id, |receiver| receiver.had_failed_by(at - DISABLE_AFTER + slack)) =>
            {
                Err("it had not failed for so long")
            }
            DisabledBy::Failing
                if self.succeeded_between(id, at - DISABLE_AFTER + AT_ONCE + slack, at - AT_ONCE - slack) =>
            {
                Err("it had succeeded meanwhile")
            }
            DisabledBy::Failing => Ok("endpoints that failed for days"),
        };
        match told {
            Ok(how) => self.tally.count(how),
            Err(wrong) => self.violation(format!("{id} is disabled ({}), and {wrong}", why.as_str())),
        }
    }

    /// True for one whose creation nobody has acknowledged yet.
    fn receiver_of(&self, id: &str, holds: impl Fn(&super::super::receiver::Receiver) -> bool) -> bool {
        let known = self.promises.endpoints.iter().find(|(_, endpoint)| endpoint.id == id);
        known.is_none_or(|(receiver, _)| holds(&self.receivers[*receiver]))
    }

    /// Whether a delivery to it was done in that time.
    fn succeeded_between(&self, id: &str, first: Timestamp, last: Timestamp) -> bool {
        let theirs = self.watch.deliveries.values().filter(|(delivery, _)| delivery.id.endpoint.as_str() == id);
        let done = |state: &Progress| matches!(state, Progress::Delivered { at } if (first..=last).contains(at));
        theirs.map(|(delivery, _)| &delivery.state).any(done)
    }
}
