use super::*;
use proptest::prelude::*;

/// Names of all sorts: valid, too long, empty, of other alphabets, with blanks, and such as look like a digest.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{0,130}", ".{0,40}", "[ -~]{0,20}", "(sha256:)?[0-9a-f]{64}", any::<String>()]
}

proptest! {
    #[test]
    fn every_name_has_a_valid_group_id_of_its_own(one in name(), other in name()) {
        let (first, second) = (group_id(&one), group_id(&other));
        prop_assert!(is_group_id(&first), "{one:?}: {first:?}");
        prop_assert_eq!(first == second, one == other);
        // Not even by naming a program as the digest of another.
        prop_assert_ne!(group_id(&first) == first, first.starts_with(DIGEST));
        prop_assert_eq!(group_id(&one), first);
    }
}

#[test]
fn a_name_that_sqs_takes_is_its_own_group() {
    for name in ["deploy", "a-b_c.d/e:f", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", &"x".repeat(128)] {
        assert_eq!(group_id(name), name);
    }
    // `printf 배포 | sha256sum`
    assert_eq!(group_id("배포"), "sha256:0b11864a69b91f5c36a649a0d1f6accc86904c83930da40957c2c864827e52ba");
    for name in ["", "a b", "a\n", "\u{7f}", "é", &"x".repeat(129)] {
        assert!(!is_group_id(name) && group_id(name).starts_with(DIGEST), "{name:?}");
    }
}

#[test]
fn programs_and_endpoints_have_groups() {
    let (run, job) = (RunId::keyed("test", "one"), serde_json::from_str::<JobPath>("\"job\"").unwrap());
    let program = ProgramMessage { run, job, attempt: 1, program: "배포".to_owned() };
    assert_eq!(Message::from(program).group(), Some(group_id("배포")));
    let delivery = DeliveryId::parse("default.evt_1.we_1").unwrap();
    let endpoint = delivery.endpoint.as_str().to_owned();
    let deliver = DeliverMessage { delivery, attempt: 1, event: None, due: None, again: 0 };
    assert_eq!(Message::from(deliver).group(), Some(endpoint));
}

/// Messages as version 0.1 wrote them. Their types are tagged and flattened, which not every number survives by itself.
#[test]
fn messages_are_read_with_the_numbers_that_were_written() {
    let data = "{\"a\":[7,18446744073709551615,-12,1.5,100.0,-0.0,1e+21,1e-7,1000000000000000000001,1.10,1e+400,-0]}";
    let event = format!(
        "\"id\":\"e1\",\"customer\":\"default\",\"type\":\"order.paid\",\"data\":{data},\"timestamp\":\
         \"2026-01-02T03:04:05Z\",\"source\":\"ringback\",\"version\":\"1.0\",\"accepted_at\":\"2026-01-02T03:04:05Z\",\
         \"origin\":\"api\""
    );
    let run = "run_27df15b6bb03986824f8cde139e16eb1";
    for text in [
        format!(
            "{{\"work\":\"run\",\"run\":\"{run}\",\"stretch\":\"wait\",\"route\":\"in:POST:/done\",\"key\":\"5.5\"}}"
        ),
        format!(
            "{{\"work\":\"run\",\"run\":\"{run}\",\"stretch\":\"wake\",\"job\":\"second\",\"attempt\":1,\"nth\":4294967295,\
             \"due\":\"2026-01-02T05:04:05Z\"}}"
        ),
        format!("{{\"work\":\"run\",\"run\":\"{run}\",\"stretch\":\"continue\",\"version\":18446744073709551615}}"),
        format!(
            "{{\"work\":\"deliver\",\"delivery\":\"default.e1.ep_53e19357ccc35725865996c6\",\"attempt\":1,\
             \"event\":{{{event}}}}}"
        ),
        format!("{{\"work\":\"publish\",{event}}}"),
        format!("{{\"work\":\"program\",\"run\":\"{run}\",\"job\":\"job\",\"attempt\":1,\"program\":\"p\"}}"),
    ] {
        let message: Message = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
    }
}

/// What names a run, as this version stores it in an item that owes work and sends it: one a line.
const MESSAGES: &str = include_str!("../../../../tests/fixtures/stored/messages.jsonl");
/// Timers of runs, as this version stores them: one a line.
const TIMERS: &str = include_str!("../../../../tests/fixtures/stored/timers.jsonl");

#[test]
fn every_sample_of_a_message_and_of_a_timer_is_written_as_it_was_read() {
    fn read_and_written<T: serde::de::DeserializeOwned + Serialize>(text: &str) -> String {
        let value: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        serde_json::to_string(&value).unwrap()
    }
    for line in MESSAGES.lines() {
        assert_eq!(read_and_written::<Message>(line), line);
    }
    for line in TIMERS.lines() {
        assert_eq!(read_and_written::<crate::store::Timer>(line), line);
    }
    for stretch in ["start", "wait", "wake", "child", "program", "deadline", "stop", "continue"] {
        assert!(MESSAGES.contains(&format!("\"stretch\":\"{stretch}\"")), "no sample has the stretch `{stretch}`");
    }
}
