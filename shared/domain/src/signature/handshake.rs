//! How providers make sure that somebody wants their requests: challenges and pings, answered as each demands.
//!
//! The answer is data; nothing is sent. Each [`Handshake`] says in its type whether the request had to be genuine first.
//! Answers repeat only short plain text; the caller adds `X-Content-Type-Options: nosniff`, and asks only for a source
//! that is configured for the provider.

use super::fields::Fields;
use super::key_url::pinned_with_query;
use super::secret::{BASE64, Key, Secret, is_same};
use super::{Algorithm, Preset, Request};
use base64::Engine as _;
use serde::Deserialize;
use serde_json::json;

/// Which provider's way it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handshaker {
    /// <https://docs.slack.dev/reference/events/url_verification/>
    Slack,
    /// <https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint>
    Zoom,
    /// <https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests>
    Meta,
    /// <https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint>
    Discord,
    /// <https://dev.twitch.tv/docs/eventsub/handling-webhook-events/#responding-to-a-challenge-request>
    Twitch,
    /// <https://developers.notion.com/reference/webhooks>
    Notion,
    /// <https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html>
    Sns,
    /// <https://docs.x.com/x-api/webhooks/introduction>
    X,
    /// <https://developers.asana.com/docs/webhooks-guide#the-webhook-handshake>
    Asana,
    /// <https://www.dropbox.com/developers/reference/webhooks>
    Dropbox,
    /// <https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md#4-abuse-protection>
    CloudEvents,
    /// `WC_Webhook::deliver_ping` in
    /// <https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/class-wc-webhook.php>
    WooCommerce,
}

/// What a source knows that an answer may need.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'k> {
    /// Its secret; of several, the newest.
    pub secret: Option<&'k Secret>,
    /// The word that was agreed on with Meta (`hub.verify_token`).
    pub verify_token: Option<&'k str>,
}

/// A handshake, and what is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handshake {
    /// Comes without a signature: answer it.
    Unsigned(Reply),
    /// Comes with a signature: answer it if [`verify`](super::verify) accepts the request.
    Signed(Reply),
    /// Comes without a signature and brings the secret of all later requests. Store it, and answer, only while the source
    /// waits for one; later, anybody could send it.
    Secret {
        /// The secret.
        secret: Secret,
        /// The answer.
        reply: Reply,
    },
    /// Comes with a signature: if [`verify`](super::verify) accepts the request, get this address, which is the provider's.
    Confirm {
        /// An HTTPS address.
        url: String,
        /// The answer.
        reply: Reply,
    },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The content type; none without a body.
    pub content_type: Option<&'static str>,
    /// Other headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Handshake {
    /// Whether the request must be genuine before anything is done.
    pub fn needs_signature(&self) -> bool {
        matches!(self, Self::Signed(_) | Self::Confirm { .. })
    }

    /// The answer.
    pub fn reply(&self) -> &Reply {
        match self {
            Self::Unsigned(reply) | Self::Signed(reply) | Self::Secret { reply, .. } | Self::Confirm { reply, .. } => {
                reply
            }
        }
    }
}

impl Reply {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, content_type: None, headers: Vec::new(), body: String::new() }
    }

    pub(super) fn text(body: String) -> Self {
        Self { content_type: Some("text/plain; charset=utf-8"), body, ..Self::empty(200) }
    }

    pub(super) fn json(body: &serde_json::Value) -> Self {
        Self { content_type: Some("application/json"), body: body.to_string(), ..Self::empty(200) }
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// The longest text that is repeated.
const LONGEST: usize = 1_024;

/// Text that may be repeated: not long, and visible ASCII.
fn visible(text: String) -> Option<String> {
    (!text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
}

/// Text that may be signed for a stranger: letters, digits, `-` and `_`, as in base64 for URLs. It is no JSON object and no
/// form with a field, and a scheme whose provider has its challenges signed takes no body of that form either
/// (`body_prefix`), so that a signature that was given for a challenge is the signature of no request.
fn word(text: String) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (!text.is_empty() && text.len() <= 256 && text.bytes().all(plain)).then_some(text)
}

/// What to do with a request that is a handshake; nothing for all others.
pub fn handshake(preset: &Preset, known: Known<'_>, request: &Request<'_>) -> Option<Handshake> {
    let get = request.method.eq_ignore_ascii_case("GET");
    let body = || Fields::of(request);
    Some(match preset.handshaker()? {
        Handshaker::Slack => {
            let body = body();
            let challenge = body.text("challenge").filter(|_| body.text("type").as_deref() == Some("url_verification"));
            Handshake::Signed(Reply::text(visible(challenge?)?))
        }
        Handshaker::Zoom => {
            let body = body();
            let ours = body.text("event").as_deref() == Some("endpoint.url_validation");
            let token = word(body.text("payload.plainToken").filter(|_| ours)?)?;
            let encrypted = hex::encode(mac(known.secret?, &token)?);
            Handshake::Signed(Reply::json(&json!({"plainToken": token, "encryptedToken": encrypted})))
        }
        Handshaker::Meta => {
            let ours = get && request.query("hub.mode").as_deref() == Some("subscribe");
            let given = request.query("hub.verify_token").filter(|_| ours)?;
            let expected = known.verify_token.filter(|token| !token.is_empty())?;
            let challenge = is_same(expected.as_bytes(), given.as_bytes()).then(|| request.query("hub.challenge"))?;
            Handshake::Unsigned(Reply::text(visible(challenge?)?))
        }
        // 1 is the ping of interactions and, with an event, the type of webhook events; 0 is the ping of those
        // (<https://docs.discord.com/developers/events/webhook-events>).
        Handshaker::Discord => {
            let body = body();
            match body.text("type")?.as_str() {
                "1" if body.at("event").is_none() => Handshake::Signed(Reply::json(&json!({"type": 1}))),
                "0" => Handshake::Signed(Reply::empty(204)),
                _ => return None,
            }
        }
        Handshaker::Twitch => {
            let kind = request.headers.plain("Twitch-Eventsub-Message-Type")?;
            let challenge = (kind == "webhook_callback_verification").then(|| body().text("challenge"))?;
            Handshake::Signed(Reply::text(visible(challenge?)?))
        }
        Handshaker::Notion => {
            if request.headers.get_all("X-Notion-Signature").next().is_some() {
                return None;
            }
            let secret = Secret::new(visible(body().text("verification_token")?)?);
            Handshake::Secret { secret, reply: Reply::empty(200) }
        }
        Handshaker::Sns => {
            let body = body();
            let ours = body.text("Type").as_deref() == Some("SubscriptionConfirmation");
            let url = body.text("SubscribeURL").filter(|_| ours)?;
            pinned_with_query(&url, &["sns.*.amazonaws.com", "sns.*.amazonaws.com.cn"]).ok()?;
            Handshake::Confirm { url, reply: Reply::empty(200) }
        }
        Handshaker::X => {
            let token = word(request.query("crc_token").filter(|_| get)?)?;
            let answer = format!("sha256={}", BASE64.encode(mac(known.secret?, &token)?));
            Handshake::Unsigned(Reply::json(&json!({"response_token": answer})))
        }
        Handshaker::Asana => {
            let secret = visible(request.headers.plain("X-Hook-Secret")?.to_owned())?;
            let reply = Reply::empty(200).with("X-Hook-Secret", secret.clone());
            Handshake::Secret { secret: Secret::new(secret), reply }
        }
        Handshaker::Dropbox => Handshake::Unsigned(Reply::text(word(request.query("challenge").filter(|_| get)?)?)),
        Handshaker::CloudEvents => {
            let options = request.method.eq_ignore_ascii_case("OPTIONS");
            let origin = request.headers.plain("WebHook-Request-Origin").filter(|_| options)?;
            let reply = Reply::empty(200).with("WebHook-Allowed-Origin", visible(origin.to_owned())?);
            Handshake::Unsigned(reply.with("WebHook-Allowed-Rate", "*".to_owned()))
        }
        // The ping before the first event is not signed, and is complained about unless it is answered with 200.
        Handshaker::WooCommerce => {
            let signed = request.headers.get_all("X-WC-Webhook-Signature").next().is_some();
            let id = request.body.strip_prefix(b"webhook_id=").filter(|_| !signed)?;
            let number = !id.is_empty() && id.len() <= 20 && id.iter().all(u8::is_ascii_digit);
            number.then(|| Handshake::Unsigned(Reply::empty(200)))?
        }
    })
}

/// HMAC-SHA256 of a challenge.
fn mac(secret: &Secret, text: &str) -> Option<Vec<u8>> {
    Key::read(secret, None, Algorithm::HmacSha256).ok()?.sign(Algorithm::HmacSha256, text.as_bytes())
}
