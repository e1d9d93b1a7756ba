//! SSH tunnels, through a real OpenSSH server.

use super::{exchange, file};
use ringback_tests::{Service, SshServer, skip};
use serde_json::json;

pub(super) fn gateway(connection: &str) -> String {
    format!("type: ssh-tunnel, port: [8090, 8091], remote_port: 0, remote_host: localhost, connection: {connection}")
}

/// The server is on this machine, and so its ports are.
pub(super) fn here(url: &str) -> String {
    url.to_owned()
}

/// Why it does not start.
pub(super) async fn refusal(connection: &str) -> String {
    let service = Service::answering(json!({})).await;
    let started = file(&gateway(connection), &service).start().await;
    started.err().expect("a refusal").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_callback_come_through_the_tunnel_and_again_after_it_was_cut() {
    let Some(server) = SshServer::start() else { return };
    let service = Service::answering(json!({})).await;
    let gateway = file(&gateway(&server.good_connection()), &service).run().await;
    let first = gateway.public_url(8090);
    let asked = exchange(&gateway, &service, here).await;
    let address = first.strip_prefix("http://").expect("a URL");
    let seen = json!({"address": address, "port": 8090, "driver": "ssh", "listener": format!("{first}/done")});
    for (name, value) in seen.as_object().unwrap() {
        assert_eq!(asked[name], *value, "{name}");
    }
    server.cut();
    let second = gateway.public_url_after(8090, &first).await;
    assert_ne!(second, first);
    exchange(&gateway, &service, here).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_closes_the_tunnel() {
    let Some(server) = SshServer::start() else { return };
    let service = Service::answering(json!({})).await;
    let gateway = file(&gateway(&server.good_connection()), &service).run().await;
    let address = gateway.public_url(8090).replace("http://", "");
    tokio::net::TcpStream::connect(&address).await.expect("the tunnel is open");
    gateway.stop().await;
    ringback_tests::eventually("the server no longer listens", async || {
        match tokio::net::TcpStream::connect(&address).await {
            Ok(_) => Err("it does"),
            Err(_) => Ok(()),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_known_is_refused_with_its_fingerprint_and_the_way_to_accept_it() {
    let Some(server) = SshServer::start() else { return };
    let auth = format!("type: keyfile, keyfile: {}", server.path("user").display());
    let known = server.path("known_hosts").display().to_string();
    let print = server.fingerprint("host");
    let told = refusal(&server.connection(&format!("known_hosts: {known}"), &auth)).await;
    let port = server.address.port();
    for part in [
        "the gateway `gateway-1` can't be opened",
        &format!("127.0.0.1:{port} isn't known; it shows the host key ssh-ed25519 {print}"),
        &format!("`host_key: {print}`"),
        &format!("`ssh-keyscan -p {port} 127.0.0.1 >> {known}`"),
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    // As it says.
    let service = Service::answering(json!({})).await;
    let accepted = gateway(&server.connection(&format!("known_hosts: {known}, host_key: '{print}'"), &auth));
    let gateway = file(&accepted, &service).run().await;
    exchange(&gateway, &service, here).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_key_than_the_known_one_or_the_pinned_one_is_refused() {
    let Some(server) = SshServer::start() else { return };
    let auth = format!("type: keyfile, keyfile: {}", server.path("user").display());
    server.know_host("known_hosts", "another");
    let known = server.path("known_hosts").display().to_string();
    let (real, other) = (server.fingerprint("host"), server.fingerprint("another"));
    let told = refusal(&server.connection(&format!("known_hosts: {known}"), &auth)).await;
    for part in [&real, &format!("{known}, line 1, has another one"), "somebody may stand in between"] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    // The file is not asked where a key is pinned.
    server.know_host("known_hosts", "host");
    let told = refusal(&server.connection(&format!("known_hosts: {known}, host_key: '{other}'"), &auth)).await;
    assert!(told.contains(&real) && told.contains(&format!("the file says `host_key: {other}`")), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_a_passphrase_needs_the_right_one() {
    let Some(server) = SshServer::start() else { return };
    server.make_key("locked", "ed25519", "the right one");
    server.accept_key("locked");
    let pinned = format!("host_key: '{}'", server.fingerprint("host"));
    let auth = |more: &str| format!("type: keyfile, keyfile: {}{more}", server.path("locked").display());
    let with = |more: &str| server.connection(&pinned, &auth(more));
    let told = refusal(&with("")).await;
    assert!(told.contains("locked: it is encrypted: `passphrase` must be given"), "{told}");
    let told = refusal(&with(", passphrase: the wrong one")).await;
    assert!(told.contains("locked: the passphrase is wrong"), "{told}");
    assert!(!told.contains("the wrong one"), "{told}");
    let told = refusal(&with(", passphrase: '${env.NOT_SET}'")).await;
    assert!(told.contains("`passphrase` is empty: is the variable set?"), "{told}");

    let service = Service::answering(json!({})).await;
    let file = file(&gateway(&with(", passphrase: '${env.PASSPHRASE}'")), &service);
    let gateway = file.env("PASSPHRASE", "the right one").run().await;
    exchange(&gateway, &service, here).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rsa_key_works_too() {
    let Some(server) = SshServer::start() else { return };
    server.make_key("old", "rsa", "");
    server.accept_key("old");
    let auth = format!("type: keyfile, keyfile: {}", server.path("old").display());
    let service = Service::answering(json!({})).await;
    let connection = server.connection(&format!("host_key: '{}'", server.fingerprint("host")), &auth);
    let gateway = file(&gateway(&connection), &service).run().await;
    exchange(&gateway, &service, here).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_what_the_server_takes() {
    let Some(server) = SshServer::start() else { return };
    let pinned = format!("host_key: '{}'", server.fingerprint("host"));
    let auth = format!("type: keyfile, keyfile: {}", server.path("another").display());
    let told = refusal(&server.connection(&pinned, &auth)).await;
    assert!(told.contains("does not accept the key") && told.contains("it takes: publickey"), "{told}");
    let told = refusal(&server.connection(&pinned, "type: password, password: a-password")).await;
    assert!(told.contains("does not accept the password") && told.contains("it takes: publickey"), "{told}");
    assert!(!told.contains("a-password"), "{told}");
    let told = refusal(&server.connection(&pinned, "type: keyfile, keyfile: /no/such/key")).await;
    assert!(told.contains("the key /no/such/key can't be read"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_tried_until_the_time_is_up() {
    if skip::ssh().is_none() {
        return;
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let connection = format!("{{host: 127.0.0.1, port: {}, auth: {{type: agent, username: u}}}}", nobody.port());
    let told = refusal(&format!("{connection}, start_timeout: 300ms")).await;
    assert!(told.contains(&format!("the SSH server {nobody} can't be reached: ")), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_the_server_does_not_listen_on_is_named() {
    let Some(server) = SshServer::start() else { return };
    let here = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = here.local_addr().unwrap().port();
    // The server listens on either loopback address; a machine may lack the second one.
    let _there = std::net::TcpListener::bind(("::1", port));
    let service = Service::answering(json!({})).await;
    let gateway = format!(
        "type: ssh-tunnel, port: 8090, remote_port: {port}, remote_host: localhost, start_timeout: 2s, connection: {}",
        server.good_connection()
    );
    let told = file(&gateway, &service).start().await.err().expect("a refusal").to_string();
    assert!(told.contains(&format!("the SSH server refuses to listen on port {port}: it is in use there")), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_of_the_users_configuration_is_a_host() {
    let Some(server) = SshServer::start() else { return };
    server.know_host("known_hosts", "host");
    let text = format!(
        "Host alias\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n",
        server.address.port(),
        server.path("user").display(),
        server.path("known_hosts").display(),
    );
    std::fs::write(server.path("config"), text).unwrap();
    // OpenSSH finds the configuration by the account's home, which a test can't choose; so its client is one that is given it.
    let client = server.path("client");
    let script = format!("#!/bin/sh\nexec ssh -F {} \"$@\"\n", server.path("config").display());
    std::fs::write(&client, script).unwrap();
    std::fs::set_permissions(&client, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let service = Service::answering(json!({})).await;
    let alias = server.connection("", "type: agent").replace("127.0.0.1", "alias");
    let alias = alias.replace(&format!(", port: {}, ", server.address.port()), "");
    let text = format!(
        "type: ssh-tunnel, port: 8090, remote_port: 0, remote_host: localhost, public_url: 'https://hooks.example.com', \
         connection: {alias}"
    );
    let file = file(&text, &service).with(move |options| {
        options.reach.gateways.ssh = client;
        options.reach.gateways.ssh_agent = None;
    });
    let started = file.run().await;
    assert_eq!(started.public_url(8090), "https://hooks.example.com");
}
