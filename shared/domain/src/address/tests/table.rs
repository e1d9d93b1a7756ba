//! Hosts, one by one.

use super::{code, verdict};
use crate::address::{AddressKind, Guard, MAX_URL, Reach, Refusal, TargetHost};
use std::net::IpAddr;

#[track_caller]
fn all(expected: &str, hosts: &[&str]) {
    for host in hosts {
        let url = format!("http://{host}/hook");
        assert_eq!(code(&url), expected, "{url}");
    }
}

#[test]
fn public_addresses_pass() {
    all(
        "ok",
        &[
            "8.8.8.8",
            "1.1.1.1:443",
            "134744072",
            "0x08080808",
            "010.010.010.010",
            "8.8.2056",
            "８.8.8.8",
            "172.15.255.255",
            "172.32.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "192.0.1.1",
            "169.253.1.1",
            "223.255.255.255",
            "[2606:4700:4700::1111]",
            "[2a00:1450:4001:81b::200e]:8443",
            "[2001:4860:4860::8888]",
            "[2001:200::1]",
            "[64:ff9b::8.8.8.8]",
            "[3fff:1000::1]",
            "example.com",
            "EXAMPLE.com.",
            "hooks.example.co.uk:3000",
            "xn--bcher-kva.example",
            "bücher.example",
            "localhost.example.com",
            "local.example.com",
            "mylocalhost.com",
            "notlocal.net",
            "10.0.0.1.example.com",
            "a_b.example.com",
        ],
    );
}

#[test]
fn every_kind_of_inner_ipv4_address_is_refused_in_every_spelling() {
    all(
        "forbidden_address",
        &[
            // Loopback: plain, short, octal, hexadecimal, decimal, mixed, full-width, circled, percent-encoded.
            "127.0.0.1",
            "127.255.255.254",
            "127.1",
            "127.0.1",
            "127.0.0.1.",
            "0177.0.0.1",
            "0177.1",
            "0x7f.0.0.1",
            "0x7f.1",
            "0X7F000001",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "00000177.0.0.0x1",
            "１２７.０.０.１",
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "127．0．0．1",
            "127｡0｡0｡1",
            "%31%32%37.0.0.1",
            "127%2e0%2e0%2e1",
            "%E2%91%A0%E2%91%A1%E2%91%A6.0.0.1",
            // Metadata in every spelling.
            "169.254.169.254",
            "169.254.169.254:80",
            "2852039166",
            "0xa9fea9fe",
            "0xA9.0xFE.0xA9.0xFE",
            "0251.0376.0251.0376",
            "169.254.43518",
            "169.16689662",
            "１６９.254.169.254",
            "169.254.170.2",
            "[::ffff:169.254.169.254]",
            "[::ffff:a9fe:a9fe]",
            "[64:ff9b::169.254.169.254]",
            "[fd00:ec2::254]",
            // The other ranges.
            "0",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "4294967295",
            "168.63.129.16",
        ],
    );
}

#[test]
fn every_kind_of_inner_ipv6_address_is_refused() {
    all(
        "forbidden_address",
        &[
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[0000:0000:0000:0000:0000:0000:0000:0001]",
            "[::ffff:127.0.0.1]",
            "[::ffff:8.8.8.8]",
            "[::FFFF:7f00:1]",
            "[::127.0.0.1]",
            "[::8.8.8.8]",
            "[::ffff:0:127.0.0.1]",
            "[::ffff:0:8.8.8.8]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b:1::8.8.8.8]",
            "[64:ff9b:1:fffe::1]",
            "[100::1]",
            "[2001::1]",
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
            "[2001:2::1]",
            "[2001:20::1]",
            "[2001:1ff::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[2002:808:808::1]",
            "[2600::5efe:7f00:1]",
            "[2600::200:5efe:808:808]",
            "[fe80::5efe:10.0.0.1]",
            "[3fff::1]",
            "[3fff:fff::1]",
            "[5f00::1]",
            "[4000::1]",
            "[fc00::1]",
            "[fdff::1]",
            "[fe80::1]",
            "[febf::1]",
            "[fec0::1]",
            "[ff02::1]",
        ],
    );
}

#[test]
fn names_for_internal_use_are_refused() {
    all(
        "internal_name",
        &[
            "localhost",
            "LOCALHOST",
            "localhost.",
            "localhost:8080",
            "api.localhost",
            "ｌｏｃａｌｈｏｓｔ",
            "loc%61lhost",
            "lo\u{ad}calhost",
            "intranet",
            "db",
            "printer.local",
            "metadata.google.internal",
            "metadata.google.internal.",
            "instance-data.ec2.internal",
            "nas.lan",
            "router.home.arpa",
            "x.localdomain",
            "api.default.svc",
            "api.default.svc.cluster.local",
            "x.invalid",
            "x.onion",
            "wiki.corp",
            "127.0.0.1.nip.io",
            "localtest.me",
        ],
    );
}

#[test]
fn ports_of_other_services_are_refused() {
    for port in
        [0, 1, 21, 22, 23, 25, 53, 110, 143, 389, 445, 465, 587, 993, 1023, 2375, 3306, 5432, 6379, 9200, 11211, 27017]
    {
        assert_eq!(code(&format!("http://example.com:{port}/")), "forbidden_port", "{port}");
        assert_eq!(code(&format!("https://8.8.8.8:{port}/")), "forbidden_port", "{port}");
    }
    for port in [80, 443, 1024, 3000, 5000, 8000, 8080, 8443, 9000, 65535] {
        assert_eq!(code(&format!("http://example.com:{port}/")), "ok", "{port}");
    }
}

#[test]
fn what_is_no_plain_web_address_is_refused() {
    let table = [
        ("", "url_unreadable"),
        ("example.com/hook", "url_unreadable"),
        ("//example.com/hook", "url_unreadable"),
        ("ftp://example.com/", "url_scheme"),
        ("file:///etc/passwd", "url_scheme"),
        ("gopher://127.0.0.1:6379/_x", "url_scheme"),
        ("javascript:alert(1)", "url_scheme"),
        ("data:text/plain,x", "url_scheme"),
        ("http:", "url_without_host"),
        ("http://", "url_without_host"),
        ("https:///", "url_without_host"),
        ("http://user@example.com/", "url_user_info"),
        ("http://user:password@example.com/", "url_user_info"),
        ("http://:password@example.com/", "url_user_info"),
        ("http://example.com@127.0.0.1/", "url_user_info"),
        ("http://127.0.0.1%00.example.com/", "url_unreadable"),
        ("http://example.com:65536/", "url_unreadable"),
        ("http://example.com:-1/", "url_unreadable"),
        ("http://256.1.1.1/", "url_unreadable"),
        ("http://1.2.3.4.5/", "url_unreadable"),
        ("http://127.0.0.1.0x/", "url_unreadable"),
        ("http://[fe80::1%25eth0]/", "url_unreadable"),
        ("http://[fe80::1%eth0]/", "url_unreadable"),
        ("http://[::1/", "url_unreadable"),
        ("http://[127.0.0.1]/", "url_unreadable"),
        ("http://exa mple.com/", "url_unreadable"),
        (" http://example.com/", "url_unreadable"),
        ("http://example.com/\n", "url_unreadable"),
        ("http://127.0.0.1\t/", "url_unreadable"),
        ("http://exam\tple.com/", "url_unreadable"),
        ("http://example.com\r\nHost: x/", "url_unreadable"),
        ("http:\\\\127.0.0.1\\", "url_unreadable"),
        ("http://example.com\\@127.0.0.1/", "url_unreadable"),
        ("http://example..com/", "url_unreadable"),
        ("http://localhost../", "url_unreadable"),
        ("http://.example.com/", "url_unreadable"),
        ("http://./", "url_unreadable"),
        ("http:/127.0.0.1/", "forbidden_address"),
        ("http:127.0.0.1", "forbidden_address"),
        ("http:////127.0.0.1/", "forbidden_address"),
        ("HTTPS://LOCALHOST/", "internal_name"),
        ("http://127.0.0.1#@example.com/", "forbidden_address"),
        ("http://127.0.0.1?@example.com/", "forbidden_address"),
        ("https://example.com/?next=http://127.0.0.1/#x", "ok"),
        ("https://example.com:/", "ok"),
    ];
    for (url, expected) in table {
        assert_eq!(code(url), expected, "{url:?}");
    }
    let label = "a".repeat(64);
    assert_eq!(code(&format!("https://{label}.com/")), "url_unreadable");
    let name = "a.".repeat(126);
    assert_eq!(code(&format!("https://{name}example.com/")), "url_unreadable");
}

#[test]
fn a_url_has_a_longest_length_as_written_and_as_sent() {
    let url = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
    assert_eq!((code(&url(MAX_URL)), code(&url(MAX_URL + 1))), ("ok", "url_too_long"));
    // Each of these becomes six bytes when it is sent.
    assert_eq!(code(&format!("https://example.com/{}", "é".repeat(800))), "url_too_long");
}

#[test]
fn a_target_says_where_it_leads() {
    let target = verdict("https://Example.COM./x").expect("a target");
    assert_eq!(target.host, TargetHost::Name("example.com".to_owned()));
    assert_eq!((target.port, target.reach), (443, Reach::Anywhere));
    let target = verdict("http://0x08080808:8080/").expect("a target");
    assert_eq!(target.host, TargetHost::Address(IpAddr::from([8, 8, 8, 8])));
    assert_eq!(target.port, 8080);
}

#[test]
fn every_answer_of_a_resolver_is_judged_by_its_kind() {
    let judge = |text: &str| Guard::default().judge_ip(text.parse().expect("an address"));
    let table = [
        ("0.0.0.0", AddressKind::Unspecified),
        ("127.8.8.8", AddressKind::Loopback),
        ("10.1.1.1", AddressKind::Private),
        ("fd12::1", AddressKind::Private),
        ("169.254.169.254", AddressKind::LinkLocal),
        ("100.64.1.1", AddressKind::SharedSpace),
        ("239.1.1.1", AddressKind::Multicast),
        ("192.0.2.1", AddressKind::Documentation),
        ("::ffff:8.8.8.8", AddressKind::Embedded),
        ("64:ff9b::10.1.1.1", AddressKind::Private),
        ("255.255.255.255", AddressKind::Reserved),
    ];
    for (address, kind) in table {
        assert_eq!(judge(address), Err(Refusal::Address(kind)), "{address}");
    }
    assert_eq!(judge("9.9.9.9"), Ok(()));
    let words = judge("10.1.1.1").expect_err("a refusal").to_string();
    assert_eq!(words, "the host leads to a private address, not to one of the public internet");
}
