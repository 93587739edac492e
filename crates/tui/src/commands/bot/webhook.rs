//! A program on this machine that is told of each message by a POST: in their order, and again until it has taken it.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, Uri, header};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sha2::Sha256;
use tokio::time::{sleep, timeout};

use super::action::act_on;
use super::exec::SAID_MAX;
use super::http::{LINES, Token};
use crate::console::{Console, harmless_json};
use crate::failure::Failure;
use crate::objects::MessageObject;
use crate::session::Session;
use crate::words::Message;

/// Where messages are sent, and by what the program there knows that they are ours.
pub(super) struct Webhook {
    target: Uri,
    token: Token,
    client: Client<HttpConnector, Body>,
}

/// What came of one try.
enum Outcome {
    /// It was taken, and this was answered.
    Taken(String),
    /// It will not be taken, ever.
    Refused(StatusCode),
    /// It may be taken another time.
    Later(String),
}

impl Webhook {
    pub(super) fn new(target: Uri, token: Token) -> Self {
        Self { target, token, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Tells the program of a message, for as long as it takes, and does what it answers.
    pub(super) async fn tell(&self, session: &Session, message: &MessageObject, console: &mut Console) {
        let Ok(mut event) = harmless_json(message) else { return };
        event.push('\n');
        let mut pause = PAUSE_MIN;
        loop {
            match timeout(PATIENCE, self.post(&event)).await.unwrap_or_else(|_| Outcome::Later(too_slow())) {
                Outcome::Taken(said) => return act_on(session, &said, message, console).await,
                Outcome::Refused(status) => {
                    return console.note(&Message::WebhookRefused { status: status.as_u16().to_string() });
                }
                Outcome::Later(why) => {
                    // Said once: it may be long until somebody starts the program.
                    if pause == PAUSE_MIN {
                        console.note(&Message::WebhookAway { url: self.target.to_string(), why });
                    }
                }
            }
            sleep(pause).await;
            pause = (2 * pause).min(PAUSE_MAX);
        }
    }

    async fn post(&self, event: &str) -> Outcome {
        let request = Request::post(self.target.clone())
            .header(header::CONTENT_TYPE, LINES)
            .header(SIGNATURE, signature(&self.token, event))
            .body(Body::from(event.to_owned()));
        let Ok(request) = request else { return Outcome::Refused(StatusCode::BAD_REQUEST) };
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => return Outcome::Later(error.to_string()),
        };
        let status = response.status();
        if !status.is_success() {
            let is_final = status.is_client_error() && !TRANSIENT.contains(&status);
            return if is_final { Outcome::Refused(status) } else { Outcome::Later(status.to_string()) };
        }
        match to_bytes(Body::new(response.into_body()), SAID_MAX).await {
            Ok(said) => Outcome::Taken(String::from_utf8_lossy(&said).into_owned()),
            Err(error) => Outcome::Later(error.to_string()),
        }
    }
}

/// A plain address of this machine: what goes there is not encrypted. A name could be anybody's, so only numbers count.
pub(super) fn target(address: &str) -> Result<Uri, Failure> {
    let shown = || crate::safe::line(address);
    let uri: Uri = address.parse().map_err(|_| Message::BadWebhook { url: shown() }.misused())?;
    let (Some("http"), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(Message::BadWebhook { url: shown() }.misused());
    };
    let host: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    if host.is_some_and(|host| host.is_loopback()) {
        Ok(uri)
    } else {
        Err(Message::NotLoopback { address: shown() }.not_safe())
    }
}

/// HMAC-SHA256 (RFC 2104) over the body, under the token of this run.
fn signature(token: &Token, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body.as_bytes());
    format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

fn too_slow() -> String {
    format!("{} s", PATIENCE.as_secs())
}

const SIGNATURE: &str = "sotto-signature";
/// How long the program may take for one message.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Refusals that pass.
const TRANSIENT: [StatusCode; 3] = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Class;

    #[test]
    fn messages_leave_the_machine_by_no_webhook() {
        for address in ["http://127.0.0.1:9000/hook", "http://[::1]:9000", "http://127.8.8.8/"] {
            assert!(target(address).is_ok(), "{address}");
        }
        for address in ["http://192.0.2.1/", "http://example.org/", "http://localhost:9000/", "http://0.0.0.0:1/"] {
            assert_eq!(target(address).unwrap_err().class, Class::Unsafe, "{address}");
        }
        for address in ["", "127.0.0.1:9000", "https://127.0.0.1/", "file:///tmp", "http://", "a b"] {
            assert_eq!(target(address).unwrap_err().class, Class::Usage, "{address}");
        }
    }

    /// RFC 4231 §4.3.
    #[test]
    fn a_signature_is_the_published_one() {
        let signed = signature(&Token::of("Jefe"), "what do ya want for nothing?");
        assert_eq!(signed, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
