//! HTTP/2 under TLS, with the limits of HTTP/1.1.

use super::{FILE, LONG, MOMENT, address};
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Bytes, Frame};
use hyper::client::conn::http2::{Builder, Connection, SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use ringback_tests::{DEADLINE, File, Gateway};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tls");

fn file() -> File {
    let source = "sources: {open: {auth_type: none, rules: {'*': w}}}";
    File::new(format!("controller: {{tls: {{cert: {TLS}/cert.pem, key: {TLS}/key.pem}}}}\n{source}\n{FILE}"))
}

async fn tls(gateway: &Gateway) -> TlsStream<TcpStream> {
    let cert = CertificateDer::from_pem_file(Path::new(TLS).join("cert.pem")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(cert).unwrap();
    let provider = platform::tls::provider();
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address(&gateway.api)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

type Opened<B> = (SendRequest<B>, Connection<TokioIo<TlsStream<TcpStream>>, B, TokioExecutor>);

async fn open<B>(gateway: &Gateway) -> Opened<B>
where
    B: Body<Data = Bytes, Error = Infallible> + Unpin + Send + 'static,
{
    handshake(TokioExecutor::new(), TokioIo::new(tls(gateway).await)).await.unwrap()
}

fn post<B>(body: B) -> http::Request<B> {
    http::Request::post("https://localhost/hooks/open").header("content-type", "text/plain").body(body).unwrap()
}

/// The status and the text of each answer.
async fn answers<B>(sender: &SendRequest<B>, bodies: Vec<B>) -> Vec<(u16, String)>
where
    B: Body<Data = Bytes, Error = Infallible> + Unpin + Send + 'static,
{
    let sent = bodies.into_iter().map(|body| {
        let mut sender = sender.clone();
        async move {
            sender.ready().await.unwrap();
            let answer = sender.send_request(post(body)).await.unwrap();
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8(body.to_vec()).unwrap())
        }
    });
    timeout(DEADLINE, join_all(sent)).await.expect("answers in time")
}

#[tokio::test]
async fn slow_bodies_end_in_time() {
    let gateway = file().with(|options| options.limits.body = MOMENT).run().await;
    let (sender, connection) = open(&gateway).await;
    #[expect(clippy::disallowed_methods, reason = "a caller of its own")]
    tokio::spawn(connection);
    let never = || {
        let first = futures_util::stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from("a")))]);
        StreamBody::new(Box::pin(futures_util::StreamExt::chain(first, futures_util::stream::pending())))
    };
    for (status, text) in answers(&sender, (0..20).map(|_| never()).collect()).await {
        assert!(status == 408 && text.contains("request_timeout"), "{status} {text}");
    }
    let (runs, _) = gateway.app().store.list_runs(None, 10).await.unwrap();
    assert!(runs.is_empty(), "nothing has been started");
}

#[tokio::test]
async fn a_connection_without_requests_is_closed_in_the_end() {
    let gateway = file().with(|options| options.limits.idle = MOMENT).run().await;
    let (sender, connection) = open::<Full<Bytes>>(&gateway).await;
    let used = async { answers(&sender, vec![Full::from("1")]).await };
    let (ended, answers) = tokio::join!(timeout(DEADLINE, connection), used);
    assert!(ended.is_ok(), "it is closed in time");
    assert_eq!(answers[0].0, 200, "{answers:?}");
    // Nor does one that never says anything stay.
    let (_sender, silent) = open::<Full<Bytes>>(&gateway).await;
    assert!(timeout(DEADLINE, silent).await.is_ok(), "it is closed in time");
}

/// RFC 9113, section 6.9: a caller says how much of each answer it takes. That of the connection is larger, and its bytes flow.
#[tokio::test]
async fn a_caller_who_takes_no_answer_is_let_go() {
    let gateway = file().with(|options| (options.limits.body, options.limits.idle) = (MOMENT, LONG)).run().await;
    // Of none of it, hyper waits with the answer; after one byte, the rest lies in what is to be sent.
    for window in [0, 1] {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.initial_stream_window_size(window);
        let (sender, connection) = builder.handshake(TokioIo::new(tls(&gateway).await)).await.unwrap();
        let asked = (0..3).map(|_| {
            let mut sender = sender.clone();
            async move { sender.send_request(post(Full::<Bytes>::from("1"))).await.unwrap() }
        });
        // The answers have begun, and are kept.
        let (ended, answers) = tokio::join!(timeout(DEADLINE, connection), join_all(asked));
        assert!(ended.is_ok(), "it is closed in time, with a window of {window}");
        assert_eq!(answers.len(), 3);
    }
}

/// RFC 9113, sections 3.4, 4.1 and 6.5: each side begins with its settings, each of them six bytes.
#[tokio::test]
async fn a_connection_takes_so_many_requests_at_once_and_no_more() {
    let gateway = file().run().await;
    let mut stream = tls(&gateway).await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "settings");
    let mut settings = vec![0; usize::from(head[1]) * 256 + usize::from(head[2])];
    stream.read_exact(&mut settings).await.unwrap();
    let setting = |id: u8| settings.chunks(6).find(|setting| setting[..2] == [0, id]).map(|setting| &setting[2..]);
    assert_eq!(setting(3), Some(&100_u32.to_be_bytes()[..]), "SETTINGS_MAX_CONCURRENT_STREAMS");
    assert_eq!(setting(4), Some(&65_536_u32.to_be_bytes()[..]), "SETTINGS_INITIAL_WINDOW_SIZE");
}
