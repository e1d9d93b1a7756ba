//! Who we are to the server: a key file, a password, or whatever an agent holds.

use super::{Doorman, Reason};
use russh::MethodKind;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{Algorithm, Error, HashAlg, PrivateKey, PrivateKeyWithHashAlg, decode_secret_key};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A login name and what proves it.
pub(in crate::gateway) struct Login {
    pub(in crate::gateway) username: String,
    pub(in crate::gateway) proof: Proof,
}

/// What proves who we are.
pub(in crate::gateway) enum Proof {
    /// A private key file, perhaps encrypted.
    Keyfile { path: PathBuf, passphrase: Option<Zeroizing<String>> },
    /// A password.
    Password(Zeroizing<String>),
    /// An agent's socket, as `SSH_AUTH_SOCK` names it.
    Agent(Option<PathBuf>),
}

impl Login {
    /// Logs in.
    ///
    /// # Errors
    /// In words.
    pub(super) async fn login(&self, session: &mut Handle<Doorman>) -> Result<(), Reason> {
        match &self.proof {
            Proof::Keyfile { path, passphrase } => self.by_key(session, path, passphrase.as_ref()).await,
            Proof::Password(password) => self.by_password(session, password).await,
            Proof::Agent(socket) => self.by_agent(session, socket.as_ref()).await,
        }
    }

    async fn by_key(
        &self,
        session: &mut Handle<Doorman>,
        path: &PathBuf,
        passphrase: Option<&Zeroizing<String>>,
    ) -> Result<(), Reason> {
        let text = tokio::fs::read_to_string(path).await.map(Zeroizing::new);
        let text =
            text.map_err(|error| Reason::lasting(format!("the key {} can't be read: {error}", path.display())))?;
        let key = decode(&text, passphrase.map(|text| text.as_str()))
            .map_err(|why| Reason::lasting(format!("the key {}: {why}", path.display())))?;
        let hash = rsa_hash(session, &key.algorithm()).await?;
        let signer = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        let answer =
            session.authenticate_publickey(self.username.as_str(), signer).await.map_err(|error| lost(&error))?;
        self.judge(&answer, &format!("the key {}", path.display()))
    }

    async fn by_password(&self, session: &mut Handle<Doorman>, password: &str) -> Result<(), Reason> {
        let answer =
            session.authenticate_password(self.username.as_str(), password).await.map_err(|error| lost(&error))?;
        let AuthResult::Failure { remaining_methods, .. } = &answer else { return Ok(()) };
        // Servers that leave passwords to PAM ask for them as one question among others.
        if !remaining_methods.contains(&MethodKind::KeyboardInteractive) {
            return self.judge(&answer, "the password");
        }
        let username = self.username.as_str();
        let mut asked =
            session.authenticate_keyboard_interactive_start(username, None).await.map_err(|error| lost(&error))?;
        // A second question after a wrong answer would be the same one.
        for _ in 0..2 {
            match asked {
                KeyboardInteractiveAuthResponse::Success => return Ok(()),
                KeyboardInteractiveAuthResponse::Failure { .. } => break,
                KeyboardInteractiveAuthResponse::InfoRequest { ref prompts, .. } => {
                    let answers = vec![password.to_owned(); prompts.len()];
                    asked = session
                        .authenticate_keyboard_interactive_respond(answers)
                        .await
                        .map_err(|error| lost(&error))?;
                }
            }
        }
        match asked {
            KeyboardInteractiveAuthResponse::Success => Ok(()),
            _ => self.judge(&answer, "the password"),
        }
    }

    async fn by_agent(&self, session: &mut Handle<Doorman>, socket: Option<&PathBuf>) -> Result<(), Reason> {
        let Some(socket) = socket else {
            return Err(Reason::lasting("no SSH agent is there: the variable SSH_AUTH_SOCK is not set"));
        };
        let silent = |error: Error| Reason::lasting(format!("the SSH agent at {} fails: {error}", socket.display()));
        let mut agent = AgentClient::connect_uds(socket).await.map_err(silent)?;
        let held = agent.request_identities().await.map_err(silent)?;
        let mut last = None;
        for identity in held {
            let AgentIdentity::PublicKey { key, .. } = identity else { continue };
            let hash = rsa_hash(session, &key.algorithm()).await?;
            let username = self.username.as_str();
            let answer = session.authenticate_publickey_with(username, key, hash, &mut agent).await;
            let answer = answer.map_err(|error| Reason::passing(format!("the SSH agent does not sign: {error}")))?;
            if answer.success() {
                return Ok(());
            }
            last = Some(answer);
        }
        match last {
            Some(answer) => self.judge(&answer, "any key of the SSH agent"),
            None => Err(Reason::lasting("the SSH agent holds no key: `ssh-add` gives it one")),
        }
    }

    fn judge(&self, answer: &AuthResult, what: &str) -> Result<(), Reason> {
        let AuthResult::Failure { remaining_methods, partial_success } = answer else { return Ok(()) };
        let methods: Vec<&str> = remaining_methods.iter().map(<&str>::from).collect();
        let takes = if methods.is_empty() { "nothing else".to_owned() } else { methods.join(", ") };
        Err(Reason::lasting(if *partial_success {
            format!("the SSH server asks `{}` for more than {what}: {takes}", self.username)
        } else {
            format!("the SSH server does not accept {what} of `{}`; it takes: {takes}", self.username)
        }))
    }
}

/// Secrets are not for the log.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("username", &self.username).finish_non_exhaustive()
    }
}

fn decode(text: &str, passphrase: Option<&str>) -> Result<PrivateKey, String> {
    match decode_secret_key(text, passphrase) {
        Ok(key) if key.is_encrypted() => Err("it is encrypted: `passphrase` must be given".to_owned()),
        Ok(key) => Ok(key),
        Err(Error::KeyIsEncrypted) if passphrase.is_none() => {
            Err("it is encrypted: `passphrase` must be given".to_owned())
        }
        // What a wrong passphrase makes of the text is no key; formats differ in how they notice.
        Err(error) if passphrase.is_some() => Err(format!("the passphrase is wrong, or it is no key ({error})")),
        Err(error) => Err(format!("it is no private key that can be read ({error})")),
    }
}

/// The strongest hash of those that the server takes for RSA (RFC 8332), SHA-256 where it doesn't say; other keys have none
/// to choose.
async fn rsa_hash(session: &Handle<Doorman>, algorithm: &Algorithm) -> Result<Option<HashAlg>, Reason> {
    if !matches!(algorithm, Algorithm::Rsa { .. }) {
        return Ok(None);
    }
    Ok(session.best_supported_rsa_hash().await.map_err(|error| lost(&error))?.unwrap_or(Some(HashAlg::Sha256)))
}

fn lost(error: &russh::Error) -> Reason {
    Reason::passing(format!("the SSH session has ended: {error}"))
}
