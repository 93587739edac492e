//! gRPC by tonic's own client, so that somebody else's idea of the protocol meets ours.

use std::net::SocketAddr;

use anyhow::Result;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sotto_proto::Method;
use sotto_proto::grpc::{ByteCodec, from_status};
use sotto_proto::limits::MESSAGE_MAX;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::{RawItems, Refused, Token};

#[derive(Clone)]
pub(super) struct Grpc {
    client: tonic::client::Grpc<Channel>,
    pub(super) token: Token,
}

impl Grpc {
    pub(super) async fn connect(server: SocketAddr) -> Result<Self> {
        let channel = Endpoint::from_shared(format!("http://{server}"))?.connect().await?;
        let client = tonic::client::Grpc::new(channel).max_decoding_message_size(MESSAGE_MAX);
        Ok(Self { client, token: Token::default() })
    }

    pub(super) async fn call(&self, method: Method, request: Bytes) -> Result<Bytes, Refused> {
        let mut client = self.client.clone();
        client.ready().await.map_err(|_| Refused::broken())?;
        let reply =
            client.unary(self.request(request), path(method), ByteCodec).await.map_err(|status| refused(&status))?;
        Ok(reply.into_inner())
    }

    pub(super) async fn stream(&self, method: Method, request: Bytes) -> RawItems {
        let mut client = self.client.clone();
        if client.ready().await.is_err() {
            return stream::iter([Err(Refused::broken())]).boxed();
        }
        match client.server_streaming(self.request(request), path(method), ByteCodec).await {
            Ok(reply) => reply.into_inner().map_err(|status| refused(&status)).boxed(),
            Err(status) => stream::iter([Err(refused(&status))]).boxed(),
        }
    }

    fn request(&self, body: Bytes) -> Request<Bytes> {
        let mut request = Request::new(body);
        if let Some(value) = self.token.header().and_then(|token| token.parse().ok()) {
            request.metadata_mut().insert("authorization", value);
        }
        request
    }
}

fn path(method: Method) -> PathAndQuery {
    format!("/{}", method.path()).parse().expect("the path of a method is one of a URL")
}

fn refused(status: &Status) -> Refused {
    from_status(status).into()
}
