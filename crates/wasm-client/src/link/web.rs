//! gRPC-Web by fetch: a request for each call.

use std::rc::Rc;

use bytes::Bytes;
use js_sys::{Reflect, Uint8Array};
use prost::Message as _;
use sotto_client::engine::Failure;
use sotto_proto::grpc_web::{BodyReader, MEDIA_TYPE, Piece, outcome, request_body};
use sotto_proto::wire::{ErrorCode, GetServerInfoRequest};
use sotto_proto::{Call as _, Method};
use tokio::sync::Notify;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Headers, ReadableStreamDefaultReader, RequestCache, RequestInit, Response};

use crate::browser_key::scope;

/// Where requests go. Clones share it.
#[derive(Clone)]
pub(super) struct Web {
    server: String,
    broken: Rc<Notify>,
}

/// The messages of a response.
pub(crate) struct Items {
    body: ReadableStreamDefaultReader,
    arrived: BodyReader,
    over: bool,
    broken: Rc<Notify>,
}

impl Web {
    pub(super) fn to(server: &str) -> Self {
        Self { server: server.to_owned(), broken: Rc::new(Notify::new()) }
    }

    /// Whether a server of ours answers.
    pub(super) async fn reaches_server(&self) -> bool {
        let body = GetServerInfoRequest {}.encode_to_vec();
        match self.stream(GetServerInfoRequest::METHOD, &body, None).await {
            Ok(mut items) => matches!(items.next().await, Some(Ok(_))),
            Err(_) => false,
        }
    }

    /// Waits until a call did not reach the server.
    pub(super) async fn broken(&self) {
        self.broken.notified().await;
    }

    pub(super) async fn stream(&self, method: Method, body: &[u8], token: Option<&str>) -> Result<Items, Failure> {
        let response = self.fetch(method, body, token).await.map_err(|_| self.unreachable())?;
        let headers = response.headers();
        // A call that failed at once may say so in the headers.
        if let Some(Err(detail)) = outcome(|name| headers.get(name).ok().flatten()) {
            return Err(refusal(detail));
        }
        let body = response.body().filter(|_| response.ok()).ok_or_else(|| self.unreachable())?;
        let body = body.get_reader().unchecked_into();
        Ok(Items { body, arrived: BodyReader::default(), over: false, broken: self.broken.clone() })
    }

    async fn fetch(&self, method: Method, message: &[u8], token: Option<&str>) -> Result<Response, JsValue> {
        let headers = Headers::new()?;
        headers.set("content-type", MEDIA_TYPE)?;
        headers.set("x-grpc-web", "1")?;
        if let Some(token) = token {
            headers.set("authorization", &format!("Bearer {token}"))?;
        }
        let request = RequestInit::new();
        request.set_method("POST");
        request.set_cache(RequestCache::NoStore);
        request.set_headers(&headers);
        request.set_body(&Uint8Array::from(&request_body(message)[..]));
        let address = format!("{}/{}", self.server, method.path());
        let response = JsFuture::from(scope().fetch_with_str_and_init(&address, &request)).await?;
        Ok(response.unchecked_into())
    }

    fn unreachable(&self) -> Failure {
        self.broken.notify_one();
        Failure::Unreachable
    }
}

impl Items {
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        while !self.over {
            match self.arrived.next_piece() {
                Some(Piece::Message(message)) => return Some(Ok(message)),
                Some(Piece::End(end)) => {
                    self.over = true;
                    return end.err().map(|detail| Err(refusal(detail)));
                }
                None => {
                    let Some(bytes) = self.read().await else { return Some(Err(self.broke_off())) };
                    self.arrived.push(&bytes);
                }
            }
        }
        None
    }

    fn broke_off(&mut self) -> Failure {
        self.over = true;
        self.broken.notify_one();
        Failure::Unreachable
    }

    async fn read(&self) -> Option<Vec<u8>> {
        let chunk = JsFuture::from(self.body.read()).await.ok()?;
        let bytes = Reflect::get(&chunk, &"value".into()).ok()?;
        bytes.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec())
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        let cancelled = JsFuture::from(self.body.cancel());
        spawn_local(async move {
            // The answer is of no interest, but a refusal that nobody takes counts as a fault of the worker.
            let _ = cancelled.await;
        });
    }
}

/// What a proxy says when the server is away counts as not reached: the call may have had its effect.
fn refusal(detail: sotto_proto::wire::ErrorDetail) -> Failure {
    match ErrorCode::of(&detail) {
        ErrorCode::Unavailable | ErrorCode::Cancelled => Failure::Unreachable,
        _ => Failure::Refused(detail),
    }
}
