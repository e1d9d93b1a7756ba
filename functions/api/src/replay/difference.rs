//! What two values differ in, place by place.

use serde_json::{Value, json};

/// Places that are told, at most.
const TOLD: usize = 50;

/// `[{at, was, now}]`, `at` a JSON pointer (RFC 6901), in the order of the first value; `was` or `now` is left out where
/// there is nothing.
pub(super) fn differences(was: &Value, now: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    compare("", Some(was), Some(now), &mut found);
    found.truncate(TOLD);
    found
}

fn compare(at: &str, was: Option<&Value>, now: Option<&Value>, found: &mut Vec<Value>) {
    if found.len() > TOLD || was == now {
        return;
    }
    match (was, now) {
        (Some(Value::Object(was)), Some(Value::Object(now))) => {
            let added = now.keys().filter(|key| !was.contains_key(*key));
            for key in was.keys().chain(added) {
                let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                compare(&at, was.get(key), now.get(key), found);
            }
        }
        (Some(Value::Array(was)), Some(Value::Array(now))) => {
            for index in 0..was.len().max(now.len()) {
                compare(&format!("{at}/{index}"), was.get(index), now.get(index), found);
            }
        }
        _ => {
            let mut one = json!({"at": at});
            if let Value::Object(one) = &mut one {
                one.extend(was.map(|was| ("was".to_owned(), was.clone())));
                one.extend(now.map(|now| ("now".to_owned(), now.clone())));
            }
            found.push(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_that_differs_is_told_once() {
        let was = json!({"a": 1, "b": [1, 2], "c/d": {"e": null}, "gone": true});
        let now = json!({"a": 1, "b": [1, 3, 4], "c/d": {"e": 0}, "new": "x"});
        let expected = [
            json!({"at": "/b/1", "was": 2, "now": 3}),
            json!({"at": "/b/2", "now": 4}),
            json!({"at": "/c~1d/e", "was": null, "now": 0}),
            json!({"at": "/gone", "was": true}),
            json!({"at": "/new", "now": "x"}),
        ];
        assert_eq!(differences(&was, &now), expected);
        assert_eq!(differences(&was, &was), Vec::<Value>::new());
        assert_eq!(differences(&json!(1), &json!([])), [json!({"at": "", "was": 1, "now": []})]);
        assert_eq!(differences(&json!([]), &json!((0..1000).collect::<Vec<_>>())).len(), TOLD);
    }
}
