use super::{Public, parse};
use std::collections::BTreeMap;

/// Each says where the address comes from; the last one that is left is the tunnel of the file.
#[test]
fn what_was_said_for_this_process_comes_before_the_file() {
    let tunnels = BTreeMap::from([(1, "tunnel".to_owned())]);
    let text = |text: &str| Some(text.to_owned());
    for (option, variable, written, port, asked_for, wanted) in [
        (text("option"), text("variable"), Some("written"), 1, true, text("option")),
        (None, text("variable"), Some("written"), 1, true, text("tunnel")),
        (None, text("variable"), Some("written"), 1, false, text("variable")),
        (None, text("variable"), Some("written"), 2, true, text("variable")),
        (None, None, Some("written"), 1, true, text("tunnel")),
        (None, None, Some("written"), 1, false, text("written")),
        (None, None, Some("written"), 2, false, text("written")),
        (None, None, None, 1, false, text("tunnel")),
        (None, None, None, 2, true, None),
    ] {
        let public = Public { option, variable };
        assert_eq!(
            public.url_of_port(port, written, &tunnels, asked_for),
            wanted,
            "{public:?} {written:?} {port} {asked_for}"
        );
    }
}

#[test]
fn a_public_address_is_a_scheme_and_a_host() {
    assert_eq!(parse("X", " https://hooks.example.com/ "), Ok("https://hooks.example.com".to_owned()));
    assert_eq!(parse("X", "http://127.0.0.1:8080"), Ok("http://127.0.0.1:8080".to_owned()));
    for text in ["", "hooks.example.com", "ftp://h", "https://h/path", "https://h?x=1", "https://u:p@h", "https://h/#f"]
    {
        let error = parse("RINGBACK_PUBLIC_URL", text).unwrap_err();
        assert_eq!(
            error,
            format!("RINGBACK_PUBLIC_URL: `{text}` is not a scheme and a host, as `https://hooks.example.com`")
        );
    }
}
