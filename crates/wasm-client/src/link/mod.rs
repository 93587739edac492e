//! The way to the server: frames over WebSocket, or gRPC-Web by fetch where no WebSocket can be had. What calls mean is the engine's
//! business.

#![allow(clippy::result_large_err, reason = "a call that fails is rare, and has travelled further than its error")]

mod frames;
mod socket;
mod web;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use rand::RngExt as _;
use rand::rngs::StdRng;
use sotto_client::engine::{Failure, Outgoing};
use sotto_proto::Method;
use tokio::sync::Notify;

use crate::time::sleep;
use frames::Frames;
use web::Web;

/// A way that is looked after by [`Link::keep`]. Clones share it.
#[derive(Clone)]
pub(crate) struct Link(Rc<Shared>);

struct Shared {
    server: String,
    way: RefCell<Option<Way>>,
    /// Somebody has reason to believe that the server can be reached again.
    hint: Notify,
}

#[derive(Clone)]
enum Way {
    Frames(Frames),
    Web(Web),
}

/// The messages of a stream.
pub(crate) enum Items {
    Frames(frames::Items),
    Web(web::Items),
}

impl Link {
    /// To the server at this address, such as `https://chat.example.org`. Nothing is opened yet.
    pub(crate) fn to(server: String) -> Self {
        Self(Rc::new(Shared { server, way: RefCell::new(None), hint: Notify::new() }))
    }

    pub(crate) fn is_up(&self) -> bool {
        self.0.way.borrow().is_some()
    }

    /// Tries now what would have been tried later.
    pub(crate) fn hint(&self) {
        self.0.hint.notify_one();
    }

    /// Gives the connection up, which belongs to a session that has ended. Another one is opened.
    pub(crate) fn reset(&self) {
        if let Some(Way::Frames(frames)) = &*self.0.way.borrow() {
            frames.leave();
        }
    }

    /// Makes a call and gives the reply, or all pieces of a streamed one.
    pub(crate) async fn call(&self, call: Outgoing) -> Result<Vec<Bytes>, Failure> {
        let Some(way) = self.way() else { return Err(Failure::Unreachable) };
        let made = Box::pin(async {
            let token = call.token.as_deref().map(String::as_str);
            let streams = call.method.streams();
            if let (Way::Frames(frames), false) = (&way, streams) {
                return frames.call(call.method, call.body, token).await.map(|reply| vec![reply]);
            }
            let mut items = way.stream(call.method, call.body, token).await?;
            let mut pieces = Vec::new();
            while let Some(piece) = items.next().await {
                pieces.push(piece?);
            }
            if streams || pieces.len() == 1 { Ok(pieces) } else { Err(Failure::Unreachable) }
        });
        within(CALL, made).await.unwrap_or(Err(Failure::Unreachable))
    }

    /// Opens the live stream.
    pub(crate) async fn listen(&self, body: Bytes, token: &str) -> Result<Items, Failure> {
        let Some(way) = self.way() else { return Err(Failure::Unreachable) };
        way.stream(Method::StreamSubscribe, body, Some(token)).await
    }

    /// Keeps a way open for as long as the worker lives, and says when there is one and when there is none.
    pub(crate) async fn keep(&self, mut rng: StdRng, changed: impl Fn()) {
        let mut tries = 0;
        loop {
            if let Some(way) = self.open().await {
                tries = 0;
                *self.0.way.borrow_mut() = Some(way.clone());
                changed();
                let rest_ms = self.until_broken(&way).await;
                *self.0.way.borrow_mut() = None;
                changed();
                sleep(rest_ms).await;
            }
            tries = u32::min(tries + 1, TRIES_COUNTED);
            let ceiling_ms = 500_u64 << tries;
            let wait =
                within(Duration::from_millis(rng.random_range(ceiling_ms / 2..ceiling_ms)), self.0.hint.notified());
            // Whether it was the time or the hint makes no difference.
            let _ = wait.await;
        }
    }

    /// A WebSocket; or plain requests, if the server answers one and only the WebSocket cannot be had.
    async fn open(&self) -> Option<Way> {
        if let Some(frames) = Frames::connect(&self.0.server).await {
            return Some(Way::Frames(frames));
        }
        let web = Web::to(&self.0.server);
        within(CONNECT, web.reaches_server()).await?.then_some(Way::Web(web))
    }

    /// Gives the time for which the server wants to be left alone.
    async fn until_broken(&self, way: &Way) -> u64 {
        match way {
            Way::Frames(frames) => frames.closed().await,
            Way::Web(web) => {
                // After a while a WebSocket may be had.
                let _ = within(WEB_AT_A_STRETCH, web.broken()).await;
                0
            }
        }
    }

    fn way(&self) -> Option<Way> {
        self.0.way.borrow().clone()
    }
}

impl Way {
    async fn stream(&self, method: Method, body: Bytes, token: Option<&str>) -> Result<Items, Failure> {
        match self {
            Self::Frames(frames) => frames.stream(method, body, token).await.map(Items::Frames),
            Self::Web(web) => web.stream(method, &body, token).await.map(Items::Web),
        }
    }
}

impl Items {
    /// The next message; none at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        match self {
            Self::Frames(items) => items.next().await,
            Self::Web(items) => items.next().await,
        }
    }
}

/// What a future comes to, if it does so in time.
async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    match select(Box::pin(future), sleep(ms)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

const CONNECT: Duration = Duration::from_secs(10);
/// A call may carry eight megabytes over a bad line.
const CALL: Duration = Duration::from_mins(1);
const WEB_AT_A_STRETCH: Duration = Duration::from_mins(5);
/// Half a second, doubled with each try: half a minute at most.
const TRIES_COUNTED: u32 = 6;
