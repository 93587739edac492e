//! The opening of a WebSocket (RFC 6455 §4.1), by hand: it is one request, and shows that the server does not need more.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use data_encoding::BASE64;
use rand::RngExt as _;
use sotto_proto::frame::SUBPROTOCOL;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::people::randomness;

pub(super) async fn upgrade(server: SocketAddr) -> Result<WebSocketStream<TcpStream>> {
    let mut stream = TcpStream::connect(server).await.context("cannot connect")?;
    stream.set_nodelay(true)?;
    let key = BASE64.encode(&randomness().random::<[u8; 16]>());
    let request = format!(
        "GET /ws HTTP/1.1\r\nhost: {server}\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: {key}\r\nsec-websocket-protocol: {SUBPROTOCOL}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let head = read_head(&mut stream).await?.to_ascii_lowercase();
    ensure!(head.starts_with("http/1.1 101 "), "no WebSocket: {head}");
    ensure!(head.contains(&format!("sec-websocket-protocol: {SUBPROTOCOL}")), "another subprotocol: {head}");
    Ok(WebSocketStream::from_raw_socket(stream, Role::Client, Some(WebSocketConfig::default())).await)
}

/// Byte by byte, so that nothing of the first frame is taken with it.
async fn read_head(stream: &mut TcpStream) -> Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(head.len() < HEAD_MAX, "the head of the reply does not end");
        head.push(stream.read_u8().await.context("the server closed the connection")?);
    }
    Ok(String::from_utf8(head)?)
}

const HEAD_MAX: usize = 8_192;
