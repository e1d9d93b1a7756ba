//! Parcels and their exchanges.

use super::{Act, Server, answer, parcel, sender};
use crate::sender::header::headers;
use crate::sender::{Cut, ErrorClass, PARCEL_RESPONSE, Parcel};
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::test]
async fn a_parcel_arrives_as_it_is_and_its_answer_comes_back() {
    let server = Server::start(Act::Say(answer("429 Too Many", "retry-after: 7\r\n", "later"))).await;
    let mut parcel = parcel(server.url());
    parcel.headers.push(("X-Twice".to_owned(), "one".to_owned()));
    parcel.headers.push(("x-twice".to_owned(), "two".to_owned()));
    let exchange = sender().post(&parcel).await;
    let reply = exchange.answer.unwrap();
    assert_eq!((reply.status, reply.body.as_slice(), reply.retry_after()), (429, b"later".as_slice(), Some("7")));
    assert!(!reply.truncated());
    assert_eq!(exchange.remote, Some(server.address));
    assert!(exchange.took > Duration::ZERO && exchange.took < parcel.timeout);
    let heads = server.heads();
    let [head] = heads.as_slice() else { panic!("{heads:?}") };
    let host = format!("host: {}\r\n", server.address);
    for words in ["post /hook http/1.1\r\n", "accept-encoding: identity\r\n", "user-agent: ringback/", host.as_str()] {
        assert!(head.contains(words), "{words}: {head}");
    }
    for words in ["content-type: application/json\r\n", "x-twice: one\r\n", "x-twice: two\r\n", "\r\n\r\n{\"a\":1}"] {
        assert!(head.contains(words), "{words}: {head}");
    }
    assert!(!head.contains("cookie"), "{head}");
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_cookie_kept() {
    let headers = "location: /elsewhere\r\nset-cookie: a=b\r\n";
    let server = Server::start(Act::Say(answer("307 Temporary Redirect", headers, ""))).await;
    let sender = sender();
    for _ in 0..2 {
        assert_eq!(sender.post(&parcel(server.url())).await.answer.unwrap().status, 307);
    }
    let heads = server.heads();
    assert_eq!(heads.len(), 2);
    assert!(heads.iter().all(|head| head.starts_with("post /hook ") && !head.contains("cookie")), "{heads:?}");
}

#[tokio::test]
async fn a_long_answer_is_cut_and_its_connection_closed() {
    let exact = "x".repeat(PARCEL_RESPONSE);
    let server = Server::start(Act::Say(answer("200 OK", "", &exact))).await;
    let reply = sender().post(&parcel(server.url())).await.answer.unwrap();
    assert_eq!((reply.body.len(), reply.cut), (PARCEL_RESPONSE, None));
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n{exact}{exact}");
    let mut server = Server::start(Act::Say(endless.into_bytes())).await;
    let sender = sender();
    let reply = sender.post(&parcel(server.url())).await.answer.unwrap();
    assert_eq!((reply.status, reply.body.len(), reply.cut), (200, PARCEL_RESPONSE, Some(Cut::Limit)));
    assert!(reply.truncated());
    server.closed.recv().await.expect("the connection is closed while the sender lives");
}

#[tokio::test]
async fn a_slow_answer_is_cut_at_the_deadline_and_its_status_stands() {
    let slow = b"HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\nfirst".to_vec();
    let mut server = Server::start(Act::Say(slow)).await;
    let short = Parcel { timeout: Duration::from_millis(700), ..parcel(server.url()) };
    let sender = sender();
    let exchange = sender.post(&short).await;
    let reply = exchange.answer.unwrap();
    assert_eq!((reply.status, reply.body.as_slice(), reply.cut), (202, b"first".as_slice(), Some(Cut::Deadline)));
    assert!(exchange.took >= short.timeout && exchange.took < short.timeout * 4, "{:?}", exchange.took);
    server.closed.recv().await.expect("the connection is closed while the sender lives");
    let broken = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfirst".to_vec();
    let server = Server::start(Act::SayAndClose(broken)).await;
    let reply = sender.post(&parcel(server.url())).await.answer.unwrap();
    assert_eq!((reply.status, reply.body.as_slice(), reply.cut), (200, b"first".as_slice(), Some(Cut::Broken)));
}

/// The class of a failure, and whether its words are free of the library's.
async fn class(parcel: &Parcel) -> ErrorClass {
    let exchange = sender().post(parcel).await;
    assert_eq!(exchange.remote, None);
    let failure = exchange.answer.expect_err("a failure");
    assert!(!failure.message.contains("os error") && !failure.message.is_empty(), "{failure:?}");
    failure.class
}

#[tokio::test]
async fn each_failure_has_its_class() {
    let mut hung = Server::start(Act::Say(Vec::new())).await;
    let short = Parcel { timeout: Duration::from_millis(300), ..parcel(hung.url()) };
    assert_eq!(class(&short).await, ErrorClass::Timeout);
    hung.closed.recv().await.expect("the connection is closed");
    for act in [Act::SayAndClose(Vec::new()), Act::Reset, Act::SayAndClose(b"HTTP/1.1 20".to_vec())] {
        let server = Server::start(act.clone()).await;
        assert_eq!(class(&parcel(server.url())).await, ErrorClass::Reset, "{act:?}");
    }
    let server = Server::start(Act::SayAndClose(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec())).await;
    assert_eq!(class(&parcel(server.url())).await, ErrorClass::Protocol);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(class(&parcel(format!("http://{closed}/"))).await, ErrorClass::Connect);
    assert_eq!(class(&parcel("http://example.com:80/\n")).await, ErrorClass::BadUrl);
    assert_eq!(class(&parcel("http://10.0.0.1/")).await, ErrorClass::ForbiddenAddress);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a stub outlives the call that starts it")]
async fn a_receiver_without_tls_has_the_class_of_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    assert_eq!(class(&parcel(format!("https://{address}/"))).await, ErrorClass::Tls);
}

#[tokio::test]
async fn a_header_that_could_split_the_request_is_never_sent() {
    let server = Server::start(Act::Say(answer("200 OK", "", ""))).await;
    for (name, value) in [
        ("x-a", "b\r\nx-c: d"),
        ("x-a", "b\0"),
        ("x-a", "b\u{7f}"),
        ("x-a", "é"),
        ("x a", "b"),
        ("", "b"),
        ("x-a:", "b"),
        ("Host", "elsewhere"),
        ("content-length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("connection", "close"),
    ] {
        assert_eq!(
            headers(&[(name.to_owned(), value.to_owned())]).unwrap_err().class,
            ErrorClass::BadHeader,
            "{name:?}"
        );
        let mut parcel = parcel(server.url());
        parcel.headers.push((name.to_owned(), value.to_owned()));
        let failure = sender().post(&parcel).await.answer.unwrap_err();
        assert_eq!(failure.class, ErrorClass::BadHeader, "{name:?}");
        assert!(failure.class.is_permanent() && !failure.message.contains("x-c"), "{failure:?}");
    }
    assert!(server.heads().is_empty());
    let good = headers(&[("X-Good".to_owned(), "a b\tc, d=\"e\"".to_owned())]);
    assert_eq!(good.unwrap().len(), 1);
}

#[test]
fn a_parcel_s_debug_shows_no_secret() {
    let mut parcel = parcel("https://example.com/");
    parcel.headers.push(("authorization".to_owned(), "Bearer hidden".to_owned()));
    let shown = format!("{parcel:?}");
    assert!(shown.contains("authorization") && !shown.contains("hidden") && !shown.contains("\"a\""), "{shown}");
}
