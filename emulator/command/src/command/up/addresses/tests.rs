use super::{addresses, local_lines, public_lines};
use domain::config::{Config, load};
use instance::ListenerAddress;
use tunnels::PublicUrl;

fn config() -> Config {
    let text = "
listeners: [{id: in, port: 8091, path: /go, workflow: w}, {id: back, port: 8090, path: '/done/{id}', method: PUT}]
sources: {github: {auth_type: token, token: x, rules: {push: w}}, stripe: {auth_type: token, token: x}}
workflow: {id: w, jobs: [{component: logger}]}
";
    load(text, "f").config.expect("a good file")
}

fn listener(id: &str, kind: &'static str, port: u16) -> ListenerAddress {
    ListenerAddress { id: id.to_owned(), kind, url: format!("http://127.0.0.1:{port}") }
}

#[test]
fn every_route_and_source_is_shown_with_its_address() {
    let listeners = [
        listener("in", "http-trigger", 1),
        listener("back", "http-callback", 2),
        listener("sources", "http-source", 3),
    ];
    let public = |port: u16| (port != 8090).then(|| format!("https://{port}.example.com"));
    let all = addresses(&config(), &listeners, "http://127.0.0.1:9", public);
    assert_eq!(
        local_lines(&all, 7),
        "  in       POST http://127.0.0.1:1/go  (starts w)\n\
         \x20 back     PUT http://127.0.0.1:2/done/{id}  (completes a wait)\n\
         \x20 sources  POST http://127.0.0.1:3/hooks/github  (the source github)\n\
         \x20 sources  POST http://127.0.0.1:3/hooks/stripe  (the source stripe)\n"
    );
    let gateway = PublicUrl {
        id: "cloudflare".to_owned(),
        driver: "cloudflare",
        port: 8091,
        public_url: "https://8091.example.com".to_owned(),
        public_address: "8091.example.com".to_owned(),
    };
    assert_eq!(
        public_lines(&[gateway], &all, 3),
        "  cloudflare  https://8091.example.com  (port 8091, through cloudflare)\n\n\
         \x20 POST https://8091.example.com/go  (starts w)\n\
         \x20 POST https://8092.example.com/hooks/github  (the source github)\n\
         \x20 POST https://8092.example.com/hooks/stripe  (the source stripe)\n"
    );
}

/// Its port is another program's: the API's port serves the sources all the same.
#[test]
fn sources_without_a_socket_of_their_own_are_at_the_apis_port() {
    let all = addresses(&config(), &[], "http://127.0.0.1:9", |_| None);
    assert_eq!(
        local_lines(&all, 3),
        "  API  POST http://127.0.0.1:9/hooks/github  (the source github)\n\
         \x20 API  POST http://127.0.0.1:9/hooks/stripe  (the source stripe)\n"
    );
    assert_eq!(public_lines(&[], &all, 3), "");
}

#[test]
fn an_address_that_only_this_machine_reaches_is_not_shown_as_public() {
    let listeners = [listener("in", "http-trigger", 8091)];
    let all = addresses(&config(), &listeners, "http://127.0.0.1:9", |port| Some(format!("http://127.0.0.1:{port}")));
    assert_eq!(public_lines(&[], &all[..1], 3), "");
}
