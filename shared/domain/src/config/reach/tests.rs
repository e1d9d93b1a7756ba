use super::{Reach, reach};
use crate::config::load;

const FILE: &str = "
listeners: [{port: 1, path: /a}, {port: 2, path: /b}, {port: 3, path: /c}, {port: 4, path: /d}, {port: 5, path: /e}]
gateways:
  - {type: http-tunnel, driver: ngrok, port: [1, 2], hostname: [one.example.com, two.example.com]}
  - {type: http-tunnel, driver: cloudflare, port: 3, hostname: three.example.com, token: '${env.T}'}
  - {type: ssh-tunnel, port: 4, connection: {host: ssh.example.com, auth: {type: agent, username: u}}}
  - {type: ssh-tunnel, port: 5, public_url: 'https://Five.example.com',
     connection: {host: ssh.example.com, auth: {type: agent, username: u}}}
";

#[test]
fn a_host_that_the_file_names_leads_to_the_ports_it_is_named_for() {
    let config = load(FILE, "f").config.expect("a good file");
    let found = |url: &str| reach(url, Some("https://hooks.example.com:8443"), &config.gateways);
    let ports = |ports: &[u16]| Some(Reach::Ports(ports.to_vec()));
    for (url, wanted) in [
        ("https://hooks.example.com:8443/done?x=1", Some(Reach::EveryPort)),
        ("https://HOOKS.example.com:8443", Some(Reach::EveryPort)),
        ("https://hooks.example.com/done", None),
        ("https://one.example.com/a", ports(&[1])),
        ("http://one.example.com/a", ports(&[1])),
        ("https://one.example.com:443/a", ports(&[1])),
        ("https://two.example.com", ports(&[2])),
        ("https://three.example.com/c", ports(&[3])),
        ("http://ssh.example.com:4/d", ports(&[4])),
        ("http://ssh.example.com:5/e", None),
        ("https://five.example.com/e", ports(&[5])),
        ("https://one.example.com.evil.test/a", None),
        ("https://evil.test/one.example.com", None),
        ("https://one.example.com@evil.test/a", None),
        ("/a", None),
        ("one.example.com/a", None),
        ("", None),
    ] {
        assert_eq!(found(url), wanted, "{url}");
    }
    assert_eq!(reach("https://hooks.example.com:8443", None, &[]), None);
}
