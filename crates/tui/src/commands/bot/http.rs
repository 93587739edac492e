//! Chats over plain HTTP, for programs on this machine that have the token.
//!
//! `GET /chats`, `GET /chats/CHAT/messages?limit=N&before=SEQ` and `GET /events` give objects, one a line; `POST /actions` takes actions, one
//! a line, and gives what came of each.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, RawQuery, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use data_encoding::HEXLOWER;
use futures_util::stream;
use rand::TryRng as _;
use rand::rngs::SysRng;
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::action::Action;
use crate::arguments::{Command, History, Listen};
use crate::commands::run_in;
use crate::console::{Console, failure_line};
use crate::failure::{Class, Failure};
use crate::profile::{HTTP_ADDRESS, HTTP_TOKEN, write_private};
use crate::session::Session;
use crate::words::{Language, Message};

/// Takes the port and writes the token down. Only this machine can reach it: what goes over it is not encrypted.
pub(super) async fn bind(
    session: &Session,
    address: SocketAddr,
    console: &mut Console,
) -> Result<(TcpListener, Token), Failure> {
    if !address.ip().is_loopback() {
        return Err(Message::NotLoopback { address: address.to_string() }.not_safe());
    }
    let cannot =
        |error: io::Error| Message::CannotListen { address: address.to_string(), why: error.to_string() }.failed();
    let listener = TcpListener::bind(address).await.map_err(cannot)?;
    let bound = listener.local_addr().map_err(cannot)?;
    let mut token = [0; 32];
    let drawn = SysRng.try_fill_bytes(&mut token);
    drawn.map_err(|error| Message::SystemFailed { why: error.to_string() }.failed())?;
    let token = HEXLOWER.encode(&token);
    let file = session.folder.join(HTTP_TOKEN);
    write_private(&file, token.as_bytes())?;
    write_private(&session.folder.join(HTTP_ADDRESS), bound.to_string().as_bytes())?;
    console.note(&Message::Listening { address: bound.to_string(), file: file.display().to_string() });
    Ok((listener, Token::of(&token)))
}

/// Answers until it is ended.
pub(super) async fn serve(listener: TcpListener, session: Session, token: Token) {
    let routes = Router::new()
        .route("/chats", get(chats))
        .route("/chats/{chat}/messages", get(messages))
        .route("/events", get(events))
        .route("/actions", post(actions))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(token, authorised))
        .with_state(session);
    // It ends with the program.
    let _ = axum::serve(listener, routes).await;
}

/// By which a program shows that its owner may read the profile's folder.
#[derive(Clone)]
pub(super) struct Token(Arc<str>);

impl Token {
    pub(super) fn of(text: &str) -> Self {
        Self(text.into())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

async fn authorised(State(token): State<Token>, request: Request, next: Next) -> Response {
    let given =
        request.headers().get(header::AUTHORIZATION).and_then(|given| given.as_bytes().strip_prefix(b"Bearer "));
    let fits = given.is_some_and(|given| given.ct_eq(token.as_bytes()).into());
    if fits { next.run(request).await } else { StatusCode::UNAUTHORIZED.into_response() }
}

async fn chats(State(session): State<Session>) -> Response {
    one(&session, Command::Chats).await
}

async fn messages(State(session): State<Session>, Path(chat): Path<String>, RawQuery(query): RawQuery) -> Response {
    let (mut limit, mut before) = (50, None);
    for (name, value) in query.iter().flat_map(|query| query.split('&')).filter_map(|pair| pair.split_once('=')) {
        match (name, value.parse::<u32>().ok(), value.parse::<u64>().ok()) {
            ("limit", Some(value @ 1..=100_000), _) => limit = value,
            ("before", _, Some(value)) => before = Some(value),
            _ => return StatusCode::BAD_REQUEST.into_response(),
        }
    }
    one(&session, Command::History(History { chat, limit, before })).await
}

/// Messages as they arrive, for as long as the connection stands.
async fn events(State(session): State<Session>) -> Response {
    let (said, heard) = unbounded_channel();
    let telling = tokio::spawn(async move {
        let mut console = Console::new(Language::English, true, Told(said), io::sink());
        let all = Command::Listen(Listen { chat: None, own: true, count: None });
        // It ends when nobody hears it any more.
        let _ = run_in(&session, all, &mut console).await;
    });
    let lines = stream::unfold((heard, Ended(telling)), |(mut heard, telling)| async {
        let line = heard.recv().await?;
        Some((Ok::<Bytes, Infallible>(line), (heard, telling)))
    });
    ([(header::CONTENT_TYPE, LINES)], Body::from_stream(lines)).into_response()
}

/// A task that ends with whoever holds it.
struct Ended(JoinHandle<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Does what the lines ask for, in their order, until one fails.
async fn actions(State(session): State<Session>, body: String) -> Response {
    let mut said = String::new();
    for line in body.lines().filter(|line| !line.trim().is_empty()) {
        let action = serde_json::from_str::<Action>(line).ok().and_then(|action| action.into_command(None));
        let Some(command) = action else {
            let failure = Message::NoAction { line: crate::safe::line(line) }.misused();
            return answer(said, Err(failure));
        };
        let (out, outcome) = done(&session, command).await;
        said += &out;
        if outcome.is_err() {
            return answer(said, outcome);
        }
    }
    answer(said, Ok(()))
}

async fn one(session: &Session, command: Command) -> Response {
    let (said, outcome) = done(session, command).await;
    answer(said, outcome)
}

async fn done(session: &Session, command: Command) -> (String, Result<(), Failure>) {
    let (said, mut heard) = unbounded_channel();
    let mut console = Console::new(Language::English, true, Told(said), io::sink());
    let outcome = run_in(session, command, &mut console).await;
    drop(console);
    let mut all = Vec::new();
    while let Some(bytes) = heard.recv().await {
        all.extend_from_slice(&bytes);
    }
    (String::from_utf8_lossy(&all).into_owned(), outcome)
}

/// What was said, and after it, if it went wrong, why.
fn answer(said: String, outcome: Result<(), Failure>) -> Response {
    let Err(failure) = outcome else { return ([(header::CONTENT_TYPE, LINES)], said).into_response() };
    let status = match failure.class {
        Class::Failed => StatusCode::UNPROCESSABLE_ENTITY,
        Class::Usage => StatusCode::BAD_REQUEST,
        Class::SignedOut => StatusCode::CONFLICT,
        Class::Unsafe => StatusCode::FORBIDDEN,
    };
    let why = failure_line(&failure, Language::English);
    (status, [(header::CONTENT_TYPE, LINES)], format!("{said}{why}\n")).into_response()
}

/// An output that goes over the connection.
struct Told(UnboundedSender<Bytes>);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(Bytes::copy_from_slice(bytes)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Objects of JSON, one a line.
pub(super) const LINES: &str = "application/jsonl";
const BODY_MAX: usize = 1 << 20;
