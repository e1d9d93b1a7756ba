//! What callers are answered, judged at once: promises are noted, repetitions compared, refusals counted.

use super::ask::{Refused, What};
use super::client::{EndpointPromise, EventPromise};
use super::file::{API_TOKEN, SERVICE_KEY, TRIGGER_TOKEN};
use super::state::State;
use domain::endpoint::Settings;
use jiff::SignedDuration;
use serde_json::Value;

impl State {
    /// Nobody knows whether the request was taken: it is sent again.
    pub(super) fn unanswered(&mut self, ask: usize) {
        let seconds = self.dice.between(1, 120);
        self.asks[ask].at = Some(self.now + SignedDuration::from_secs(seconds));
    }

    /// An answer, and how many writes it took.
    pub(super) fn answered(&mut self, ask: usize, status: u16, body: &[u8], writes: u32) {
        let text = String::from_utf8_lossy(body).into_owned();
        let what = self.asks[ask].what.clone();
        self.note(format_args!("ask {ask} {what:?} is answered {status} {text}"));
        self.look_for_secrets(&what, &text);
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        if let What::Refused(refused) = what {
            return self.refused(refused, status, &text, writes);
        }
        if status == 503 {
            self.tally.count("answers 503");
            return self.unanswered(ask);
        }
        if !(200..300).contains(&status) {
            let ended = matches!(what, What::Cancel { .. }) && status == 409;
            let gone = matches!(what, What::Unsubscribe { .. }) && status == 404;
            if !ended && !gone {
                self.violation(format!("{what:?} was answered {status} {text}"));
            }
            return;
        }
        match &what {
            What::Trigger { .. } | What::Start { .. } | What::Rerun { .. } => self.triggered(&what, &body),
            What::Publish { kind, customer, .. } => {
                let id = body["event_id"].as_str().unwrap_or_default().to_owned();
                self.alike(&format!("{what:?}"), &id);
                let began = self.asks[ask].began.unwrap_or(self.now);
                let (kind, customer) = ((*kind).to_owned(), (*customer).to_owned());
                self.promises.events.push(EventPromise { id, kind, customer, began });
                self.tally.count("events acknowledged");
            }
            What::Subscribe { receiver, fields } => self.subscribed(*receiver, fields, &body),
            What::Cancel { run: Some(run) } => {
                self.promises.cancels.insert(run.clone(), true);
                self.tally.count("cancellations");
            }
            What::CallBack { callback } => {
                let status = body["status"].as_str().unwrap_or_default().to_owned();
                let progress = if body["progress"] == true { " progress" } else { "" };
                self.tally.count(match &*status {
                    "resumed" => "callbacks answered resumed",
                    "stored" => "callbacks answered stored",
                    "duplicate" => "callbacks answered duplicate",
                    _ => "callbacks answered ignored",
                });
                let now = self.now;
                self.service.callbacks[*callback].answers.push((now, format!("{status}{progress}")));
            }
            What::Unsubscribe { .. } | What::Cancel { .. } | What::Stray { .. } | What::Refused(_) => {}
        }
        let ask = &mut self.asks[ask];
        if ask.repeats > 0 {
            ask.repeats -= 1;
            let seconds = self.dice.between(0, 3_600);
            ask.at = Some(self.now + SignedDuration::from_secs(seconds));
            self.tally.count("requests repeated after their answer");
        }
    }

    fn triggered(&mut self, what: &What, body: &Value) {
        let one = body["task_id"].as_str().map(str::to_owned);
        let many = body["task_ids"].as_array().into_iter().flatten();
        let ids: Vec<String> = one.into_iter().chain(many.filter_map(|id| id.as_str().map(str::to_owned))).collect();
        if ids.is_empty() || body["failed"].as_array().is_some_and(|failed| !failed.is_empty()) {
            self.violation(format!("{what:?} was answered {body}"));
        }
        let keyed = !matches!(what, What::Trigger { key: None, path, .. } if *path != "/deduped");
        if keyed {
            self.alike(&format!("{what:?}"), &ids.join(" "));
        }
        for id in ids {
            let now = self.now;
            self.promises.runs.entry(id).or_insert(now);
            self.tally.count("runs acknowledged");
        }
    }

    fn subscribed(&mut self, receiver: usize, fields: &Value, body: &Value) {
        let text = |of: &Value| of.as_str().unwrap_or_default().to_owned();
        let id = text(&body["webhook_id"]);
        self.alike(&format!("receiver {receiver}"), &id);
        self.promises.secrets.extend(body["secret"].as_str().map(str::to_owned));
        let events = fields["events"].as_array().into_iter().flatten().map(text).collect();
        let mut said = fields.as_object().cloned().unwrap_or_default();
        said.remove("customer_id");
        let promise = EndpointPromise {
            id,
            acked_at: self.now,
            customer: text(&fields["customer_id"]),
            events,
            settings: Settings::read(said, None).expect("it was taken"),
            ended: false,
        };
        self.promises.endpoints.entry(receiver).or_insert(promise);
    }

    /// The same request is answered the same.
    fn alike(&mut self, request: &str, answer: &str) {
        let before = self.promises.alike.entry(request.to_owned()).or_insert_with(|| answer.to_owned()).clone();
        if before != answer {
            self.violation(format!("{request} was answered {before}, and {answer} when it was repeated"));
        }
    }

    fn refused(&mut self, refused: Refused, status: u16, text: &str, writes: u32) {
        let expected = match refused {
            Refused::NotJson | Refused::NoKey | Refused::BadEvent | Refused::PrivateUrl => 400,
            Refused::NoToken | Refused::WrongToken | Refused::ApiWithoutToken => 401,
            Refused::WrongMethod => 405,
            Refused::UnknownPath | Refused::UnknownTask => 404,
        };
        // Whoever has to read before it can refuse may be refused that.
        if status != expected && status != 503 {
            self.violation(format!("{refused:?} was answered {status} {text}"));
        }
        if writes > 0 {
            self.violation(format!("{refused:?} was refused, and made {writes} writes"));
        }
        if status == 401 {
            self.alike(&format!("401 of {}", refused == Refused::ApiWithoutToken), text);
        }
        self.tally.count("requests refused");
    }

    fn look_for_secrets(&mut self, what: &What, text: &str) {
        let made = if matches!(what, What::Subscribe { .. }) { Vec::new() } else { self.promises.secrets.clone() };
        let all = [API_TOKEN, SERVICE_KEY, TRIGGER_TOKEN].into_iter().map(str::to_owned).chain(made);
        for secret in all.filter(|secret| text.contains(secret)).collect::<Vec<_>>() {
            self.violation(format!("the answer to {what:?} shows the secret {secret}"));
        }
    }
}
