//! What a genuine request is answered where its provider demands something.

use super::*;
use serde_json::json;

fn answer(name: &str, body: &serde_json::Value, started: bool) -> Option<(u16, String)> {
    let (headers, body) = (Headers::default(), body.to_string());
    let fields = Fields::of(&post(&headers, body.as_bytes()));
    acknowledgement(preset(name), &fields, started).map(|reply| (reply.status, reply.body))
}

#[test]
fn an_interaction_of_discord_is_told_that_its_answer_follows() {
    let kinds =
        [(2, r#"{"type":5}"#), (3, r#"{"type":6}"#), (4, r#"{"type":8,"data":{"choices":[]}}"#), (5, r#"{"type":5}"#)];
    for (kind, expected) in kinds {
        let body = json!({"type": kind, "token": "t", "data": {"name": "deploy"}});
        assert_eq!(answer("discord", &body, true), Some((200, expected.to_owned())), "{kind}");
        assert_eq!(answer("discord", &body, false), None, "{kind}");
    }
    assert_eq!(answer("discord", &json!({"type": 9}), true), None);
}

#[test]
fn a_webhook_event_of_discord_is_answered_without_a_body() {
    let event = json!({"version": 1, "application_id": "1234", "type": 1, "event": {"type": "APPLICATION_AUTHORIZED"}});
    for started in [true, false] {
        assert_eq!(answer("discord", &event, started), Some((204, String::new())));
    }
}

#[test]
fn adyen_reads_its_word_and_others_demand_nothing() {
    for started in [true, false] {
        assert_eq!(answer("adyen", &json!({"live": "false"}), started), Some((200, "[accepted]".to_owned())));
        assert_eq!(answer("github", &json!({"type": 2}), started), None);
    }
}
