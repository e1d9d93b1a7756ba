//! What `delivery.allow_private` lifts, and what it doesn't.

use crate::address::{AddressKind, Guard, Reach, Refusal};
use std::net::IpAddr;

fn guard(ranges: &[&str]) -> Guard {
    Guard::allowing(ranges.iter().map(|range| range.parse().expect("a range")))
}

fn code(guard: &Guard, url: &str) -> &'static str {
    guard.judge(url).map_or_else(|refusal| refusal.code(), |_| "ok")
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn a_named_range_lifts_address_and_port_and_nothing_else() {
    let guard = guard(&["127.0.0.0/8", "fd00::/8"]);
    let table = [
        ("http://127.0.0.1/", "ok"),
        ("http://2130706433:6379/", "ok"),
        ("http://127.0.0.1:22/", "ok"),
        ("http://[fd00::1]:1/", "ok"),
        ("http://[64:ff9b::127.0.0.1]/", "ok"),
        ("http://10.0.0.1/", "forbidden_address"),
        ("http://[::1]/", "forbidden_address"),
        ("http://[::ffff:127.0.0.1]/", "forbidden_address"),
        ("http://8.8.8.8:22/", "forbidden_port"),
        ("http://8.8.8.8/", "ok"),
        ("http://u:p@127.0.0.1/", "url_user_info"),
        ("ftp://127.0.0.1/", "url_scheme"),
    ];
    for (url, expected) in table {
        assert_eq!(code(&guard, url), expected, "{url}");
    }
}

#[test]
fn a_name_or_port_that_is_refused_otherwise_may_lead_to_named_ranges_alone() {
    let guard = guard(&["127.0.0.0/8"]);
    let reach = |url: &str| guard.judge(url).expect("a target").1.reach;
    for (url, refusal) in [
        ("http://localhost:3000/", Refusal::InternalName),
        ("http://receiver/", Refusal::InternalName),
        ("http://example.com:22/", Refusal::Port(22)),
    ] {
        let reach = reach(url);
        assert_eq!(reach, Reach::AllowedOnly(refusal.clone()), "{url}");
        let home = ip("127.0.0.1");
        for elsewhere in ["8.8.8.8", "10.0.0.1", "::1", "2606:4700::1111"] {
            assert_eq!(reach.judge_answers(&guard, [ip(elsewhere)]), Err(refusal.clone()), "{url} {elsewhere}");
            assert_eq!(reach.judge_answers(&guard, [ip(elsewhere), home]), Ok(vec![home]), "{url} {elsewhere}");
        }
    }
    let public = reach("https://example.com/");
    assert_eq!(public, Reach::Anywhere);
    let good = [ip("8.8.8.8"), ip("127.0.0.1")];
    assert_eq!(public.judge_answers(&guard, good), Ok(good.to_vec()));
    let private = Err(Refusal::Address(AddressKind::Private));
    assert_eq!(public.judge_answers(&guard, [good[0], ip("192.168.0.1")]), private, "one bad answer spoils all");
    assert_eq!(code(&guard, "http://a..b/"), "url_unreadable");
}

#[test]
fn the_machine_itself_can_be_kept_out_of_named_ranges() {
    let guard = guard(&["0.0.0.0/0", "::/0"]).guarding_machine();
    for address in ["127.0.0.1", "169.254.170.2", "0.0.0.0", "::1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"]
    {
        assert!(guard.judge_ip(ip(address)).is_err(), "{address}");
    }
    for address in ["10.0.0.1", "fd00::1", "8.8.8.8"] {
        assert_eq!(guard.judge_ip(ip(address)), Ok(()), "{address}");
    }
}
