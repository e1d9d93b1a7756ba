//! What is said about a gateway that can't be meant so.

use super::check;

const LISTENER: &str = "listener: {port: 1, path: /a}\n";

/// A gateway to that listener's port.
fn gateway(keys: &str) -> String {
    format!("{LISTENER}gateway: {{port: 1, {keys}}}")
}

fn told(table: &[(&str, &str)]) {
    for (keys, message) in table {
        check(&[(&gateway(keys), message)]);
    }
}

#[test]
fn a_port_that_is_no_listeners_is_warned_of_and_the_apis_in_particular() {
    let of_port = |port: &str| format!("{LISTENER}gateway: {{type: http-tunnel, driver: ngrok, {port}}}");
    check(&[
        (&of_port("port: 1"), ""),
        (
            &of_port("port: [1, 8080]"),
            "f:2:55: warning[exposed_api]: this would expose the API, whose port 8080 is: `expose_api: true` allows it",
        ),
        (&of_port("port: 8080, expose_api: true"), ""),
        (&of_port("port: 8081"), "f:2:51: warning[nothing_to_expose]: no listener of this file has the port 8081"),
        // Leave to expose the API is no leave to expose whatever else runs there.
        (
            &of_port("port: 8081, expose_api: true"),
            "f:2:51: warning[nothing_to_expose]: no listener of this file has the port 8081",
        ),
        (
            "controller: {port: 9}\ngateway: {type: http-tunnel, driver: ngrok, port: 9}",
            "f:2:51: warning[exposed_api]: this would expose the API, whose port 9 is: `expose_api: true` allows it",
        ),
    ]);
}

#[test]
fn a_setting_that_the_driver_does_not_know_is_refused() {
    told(&[
        (
            "type: http-tunnel, driver: ngrok, token: t, credentials_file: c",
            "f:2:54: error[conflicting_keys]: `token` means nothing to the driver `ngrok`
f:2:64: error[conflicting_keys]: `credentials_file` means nothing to the driver `ngrok`
f:2:64: error[conflicting_keys]: `token` and `credentials_file` contradict each other: one of them says which tunnel it is",
        ),
        (
            "type: http-tunnel, driver: cloudflare, authtoken: t",
            "f:2:59: error[conflicting_keys]: `authtoken` means nothing to the driver `cloudflare`",
        ),
        (
            "type: http-tunnel, driver: ngrok, authtoken: '${body.x}'",
            "f:2:68: error[misplaced_source]: `body` has no value in a gateway's connection, which can read: env",
        ),
    ]);
}

#[test]
fn a_named_tunnel_has_a_name_for_each_port() {
    told(&[
        (
            "type: http-tunnel, driver: cloudflare, token: t",
            "f:2:1: error[missing_key]: a named Cloudflare tunnel needs the key `hostname`: its public name",
        ),
        (
            "type: http-tunnel, driver: cloudflare, hostname: a.example.com",
            "f:2:1: error[missing_key]: a Cloudflare tunnel with a `hostname` needs `token` or `credentials_file`",
        ),
        (
            "type: http-tunnel, driver: ngrok, hostname: [a.example.com, b.example.com]",
            "f:2:64: error[bad_value]: there must be one `hostname` for each port: 2 for 1",
        ),
        (
            "type: http-tunnel, driver: ngrok, hostname: https://a.example.com",
            "f:2:64: error[bad_value]: `https://a.example.com` is not a host name, as `hooks.example.com`",
        ),
    ]);
}

#[test]
fn what_an_ssh_tunnel_says_of_one_port_it_says_of_only_one() {
    let ssh = |keys: &str| {
        let connection = "connection: {host: h, auth: {type: agent, username: u}}";
        format!(
            "listeners: [{{port: 1, path: /a}}, {{port: 2, path: /b}}]\ngateway: {{{keys}, type: ssh-tunnel, \
             {connection}}}"
        )
    };
    check(&[
        (&ssh("port: [1, 2], remote_port: 0"), ""),
        (
            &ssh("port: [1, 2], remote_port: 80"),
            "f:2:25: error[conflicting_keys]: `remote_port` is for one port, and this gateway has 2: make it several",
        ),
        (
            &ssh("port: [1, 2], public_url: 'https://h.example.com'"),
            "f:2:25: error[conflicting_keys]: `public_url` is for one port, and this gateway has 2: make it several",
        ),
        (
            &ssh("port: 1, remote_port: 70000"),
            "f:2:33: error[bad_port]: `remote_port` is a TCP port (1 to 65535), or 0",
        ),
        (
            &ssh("port: 1, public_url: 'https://h.example.com/x'"),
            "f:2:32: error[bad_url]: `https://h.example.com/x` is not a scheme and a host, as \
             `https://hooks.example.com`",
        ),
    ]);
}

#[test]
fn a_fingerprint_and_a_command_are_judged_at_once() {
    told(&[
        (
            "type: ssh-tunnel, connection: {host: h, host_key: 'MD5:aa', auth: {type: agent, username: u}}",
            "f:2:70: error[bad_value]: `MD5:aa` is not a fingerprint as `ssh-keygen -l` prints it: `SHA256:` and 43 \
             characters",
        ),
        (
            "type: http-tunnel, driver: ngrok, on_url: python register.py",
            "f:2:62: warning[command_is_text]: `on_url` is a list: this text is split at blanks, into [\"python\", \
             \"register.py\"], and no shell reads it",
        ),
        ("type: http-tunnel, driver: ngrok, on_url: []", "f:2:62: error[bad_value]: `on_url` names no program"),
        (
            "type: http-tunnel, driver: ngrok, start_timeout: 0s",
            "f:2:69: error[bad_duration]: `start_timeout` can't be zero",
        ),
    ]);
}
