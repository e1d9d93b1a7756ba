//! No secret is said, in any test: each log line and each answer is looked through for the secrets of the test that runs.
//!
//! ```text
//!  environment, file, what is sent, what an answer calls a secret ──► this test's secrets
//!  log lines (ours, at their most talkative), answers ──► looked through ──► the test fails
//! ```
//!
//! A test declares nothing: whatever has a secret name ([`domain::redact`]) is one of its secrets from then on. An answer may
//! show what it brings itself (the secret of a new endpoint), and what [`may_show`] was told.
//!
//! Many tests run at once in one process, each on a thread of its own, with everything that it runs. So a line belongs to the
//! test of its thread. What comes from a thread that is of no test (a pool's) is held against the secrets of all.

use domain::config::{Config, Routes, Verify};
use domain::redact::{MASKED, is_secret};
use domain::source::Verification;
use reqwest::{Request, Url};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

/// All that is ours at its most talkative; others as they are by default.
const TALKATIVE: &str = "warn,ringback=trace,workflow=trace,platform=trace,domain=trace,trigger=trace,callback=trace,\
                         api=trace,deliver=trace,relay=trace,sweep=trace,emulator=trace";
/// Shorter texts are part of too many others to be told from them, in bytes.
const SHORTEST: usize = 8;

/// What is known of one test.
#[derive(Default)]
struct Watch {
    secrets: BTreeSet<String>,
    /// What is none, whatever its name says.
    shown: BTreeSet<String>,
    log: String,
    leaks: Vec<String>,
}

type Shared = Arc<Mutex<Watch>>;

static SUBSCRIBED: Once = Once::new();
static ALL: Mutex<Vec<Weak<Mutex<Watch>>>> = Mutex::new(Vec::new());

thread_local! {
    static HERE: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

/// Keeps watch from now on over what this thread's test logs and is answered.
pub fn listen() {
    // The subscriber must be that of all threads: one of a single thread misses lines whose places another passes first.
    SUBSCRIBED.call_once(|| {
        let chosen: Targets = TALKATIVE.parse().expect("targets and levels");
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Sink);
        // Where somebody else has set one, as a benchmark may, only answers are watched.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(chosen).with(lines));
    });
    HERE.with_borrow_mut(|here| {
        here.get_or_insert_with(|| {
            let shared = Shared::default();
            let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|watch| watch.strong_count() > 0);
            all.push(Arc::downgrade(&shared));
            shared
        });
    });
}

/// A secret of the test that listens on this thread.
pub fn secret(text: &str) {
    if text.len() >= SHORTEST && text != MASKED {
        here(|watch| !watch.shown.contains(text) && watch.secrets.insert(text.to_owned()));
    }
}

/// This text may be shown, although it has a secret name somewhere.
pub fn may_show(text: &str) {
    listen();
    here(|watch| {
        watch.secrets.remove(text);
        watch.shown.insert(text.to_owned());
    });
}

/// What this thread's test has logged so far.
pub fn logged() -> String {
    here(|watch| watch.log.clone())
}

/// Fails the test if it has logged a secret.
///
/// # Panics
/// If it has.
#[track_caller]
pub fn check_log() {
    let leaks = here(|watch| std::mem::take(&mut watch.leaks));
    assert!(leaks.is_empty(), "secrets were logged: {leaks:#?}");
}

/// Looks through something that a caller was told.
///
/// # Panics
/// If a secret is in it.
#[track_caller]
pub fn told(text: &str) {
    let watches = HERE.with_borrow(Clone::clone).map_or_else(all, |here| vec![here]);
    let found = watches.iter().find_map(|shared| {
        let watch = shared.lock().unwrap_or_else(PoisonError::into_inner);
        watch.secrets.iter().find(|secret| text.contains(*secret)).cloned()
    });
    assert!(found.is_none(), "the secret {found:?} was told: {text}");
}

/// Looks through an answer; what it brings under a secret name is a secret from now on.
///
/// # Panics
/// If an older secret is in it.
#[track_caller]
pub(crate) fn answered(headers: &reqwest::header::HeaderMap, text: &str) {
    told(&format!("{headers:?}\n{text}"));
    if let Ok(body) = serde_json::from_str(text) {
        fields(&body);
    }
}

/// Learns the secrets that a request brings.
pub(crate) fn asked(request: &Request) {
    for (name, value) in request.headers() {
        if is_secret(name.as_str()) {
            let text = String::from_utf8_lossy(value.as_bytes());
            // `Bearer x`, `Basic x`
            secret(text.split_once(' ').map_or(&*text, |(_, rest)| rest));
        }
    }
    parameters(request.url());
    let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
    if let Ok(body) = serde_json::from_slice(body) {
        fields(&body);
    }
}

/// Learns the secrets of a file, and of its environment.
///
/// # Panics
/// If one is too short to be recognised.
pub(crate) fn file(config: &Config, env: &serde_json::Map<String, Value>) {
    for (name, value) in env.iter().filter(|(name, _)| is_secret(name)) {
        let text = value.as_str().unwrap_or_default();
        assert!(text.len() >= SHORTEST || text.is_empty(), "{name} is too short to be recognised where it mustn't be");
        secret(text);
    }
    let env = Value::Object(env.clone());
    for source in config.sources.values() {
        verification(&source.verification, &env);
    }
    for listener in &config.listeners {
        let inline: Vec<&Option<Verify>> = match &listener.routes {
            Routes::Triggers(routes) => routes.iter().map(|route| &route.verify).collect(),
            Routes::Callbacks(routes) => routes.iter().map(|route| &route.verify).collect(),
            Routes::Sources(_) => Vec::new(),
        };
        for verify in inline.into_iter().flatten() {
            if let Verify::Inline(of_route) = verify {
                verification(of_route, &env);
            }
        }
    }
}

fn verification(of: &Verification, env: &Value) {
    let signature = of.signature.iter().flat_map(|signature| &signature.secrets);
    let tokens = of.token.iter().flat_map(|token| &token.tokens);
    for text in signature.chain(tokens).chain(&of.verify_token).filter_map(|text| text.text(env)) {
        secret(&text);
    }
}

fn parameters(url: &Url) {
    for (_, value) in url.query_pairs().filter(|(name, _)| is_secret(name)) {
        secret(&value);
    }
}

/// Texts under secret names, wherever they are. Signatures are no secrets here: the log of a delivery shows the one that it
/// was sent with.
fn fields(value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(fields),
        Value::Object(object) => {
            for (name, value) in object {
                // The short names of headers (`key`, `code`) mean other things in bodies.
                let signature = name.to_ascii_lowercase().contains("signature");
                if name.len() > 4 && is_secret(name) && !signature { texts(value) } else { fields(value) }
            }
        }
        _ => {}
    }
}

fn texts(value: &Value) {
    match value {
        Value::String(text) => secret(text),
        Value::Array(items) => items.iter().for_each(texts),
        Value::Object(object) => object.values().for_each(texts),
        _ => {}
    }
}

/// What is known of this thread's test; nothing where nobody listens.
fn here<T: Default>(what: impl FnOnce(&mut Watch) -> T) -> T {
    let shared = HERE.with_borrow(Clone::clone);
    shared.map_or_else(T::default, |shared| what(&mut shared.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// What is known of all tests that run.
fn all() -> Vec<Shared> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
}

impl Watch {
    fn look(&mut self, line: &str) {
        if let Some(secret) = self.secrets.iter().find(|secret| line.contains(*secret)) {
            self.leaks.push(format!("{secret}: {line}"));
        }
    }
}

/// Where log lines go: each is written at once.
struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        let is_of_test = HERE.with_borrow(|here| {
            here.as_ref().map(|shared| {
                let mut watch = shared.lock().unwrap_or_else(PoisonError::into_inner);
                watch.log.push_str(&line);
                watch.look(&line);
            })
        });
        if is_of_test.is_none() {
            for shared in all() {
                shared.lock().unwrap_or_else(PoisonError::into_inner).look(&line);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks through the log when the Ringback of a test is gone.
#[derive(Debug)]
pub(crate) struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            check_log();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{check_log, fields, file, listen, logged, may_show, secret, told};
    use domain::config::load;
    use serde_json::json;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn fails(what: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(what)).is_err()
    }

    #[test]
    fn a_log_line_with_a_secret_fails_the_test_that_logged_it() {
        listen();
        secret("a-secret-of-this-test");
        tracing::info!(target: "ringback", "nothing of it");
        check_log();
        assert!(logged().contains("nothing of it"));
        tracing::debug!(target: "workflow", data = "xa-secret-of-this-testx", "said");
        assert!(fails(check_log));
        check_log();
    }

    #[test]
    fn a_line_of_another_thread_is_held_against_all() {
        listen();
        secret("a-secret-that-is-said-elsewhere");
        let elsewhere = || tracing::info!(target: "ringback", "a-secret-that-is-said-elsewhere");
        std::thread::spawn(elsewhere).join().unwrap();
        assert!(fails(check_log));
        // So is an answer, and looking at one makes the thread nobody's own.
        let answered = || {
            assert!(fails(|| told("a-secret-that-is-said-elsewhere")));
            tracing::info!(target: "ringback", "a-secret-that-is-said-elsewhere, again");
        };
        std::thread::spawn(answered).join().unwrap();
        assert!(fails(check_log));
    }

    #[test]
    fn an_answer_with_a_secret_fails_and_its_own_is_one_from_then_on() {
        listen();
        fields(
            &json!({"webhook_id": "id-of-a-webhook", "deep": [{"api_key": ["the-secret-of-it"]}], "key": "some-key-1"}),
        );
        assert!(fails(|| told(r#"{"a":"the-secret-of-it"}"#)));
        told("id-of-a-webhook some-key-1");
        may_show("the-secret-of-it");
        told("the-secret-of-it");
        secret("the-secret-of-it");
        told("the-secret-of-it");
    }

    #[test]
    fn secrets_of_a_file_and_its_environment_are_known() {
        listen();
        let text = "sources:\n  a: {token: '${env.A}', rules: {'*': w}}\nlisteners:\n  - {path: /x, workflow: w, \
                    verify: {token: the-token-in-the-file, header: X-A}}\nworkflow: {id: w, jobs: [{component: c}]}\n\
                    component: {id: c, type: delay, duration: 1s}\n";
        let loaded = load(text, "f");
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let env = json!({"A": "value-of-the-token", "PASSWORD": "value-of-password", "URL": "value-of-the-url"});
        file(&config, env.as_object().unwrap());
        for text in ["value-of-the-token", "value-of-password", "the-token-in-the-file"] {
            assert!(fails(|| told(text)), "{text}");
        }
        told("value-of-the-url");
        assert!(fails(|| file(&config, json!({"PASSWORD": "short"}).as_object().unwrap())));
    }
}
