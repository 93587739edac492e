//! Files on their way up and down, beside a plain copy of the same bytes over a connection of this machine.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use rand::RngExt as _;
use sotto_proto::{ConversationId, FileId, wire};
use sotto_server_tests::people::{Device, Town, randomness};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::figures::Report;
use crate::process::Process;

pub(crate) async fn measure(report: &Report, server: &Process, town: &Town) -> Result<()> {
    let mut alice = town.register("alice").await?;
    let chat = alice.start_group(&[]).await?;
    let before = server.resident_kib()?;
    let plain = plain_copy().await?;
    report.row("a plain copy over a connection", plain, "MB/s", "");
    let file = FileId::from_bytes(randomness().random());
    for (what, rate) in [("up", upload(&alice, chat, file).await?), ("down", download(&alice, file).await?)] {
        report.row(&format!("a file of 256 MiB, {what}"), rate, "MB/s", "");
        report.row("  against the plain copy", rate / plain, "×", "");
    }
    report.row("  memory that it took", (server.resident_kib()? - before) / 1024.0, "MiB", "< 64");
    Ok(())
}

/// A few parts are under way at a time, as with the clients.
async fn upload(alice: &Device, chat: ConversationId, file: FileId) -> Result<f64> {
    let part: Bytes = vec![0x5a; usize::try_from(PART)?].into();
    let begin = Instant::now();
    let reserve = wire::ReserveFileRequest {
        file_id: file.to_wire(),
        conversation_id: chat.to_wire(),
        size: SIZE,
        part_size: PART,
    };
    alice.link.call(reserve).await?;
    let parts = iter(0..u32::try_from(SIZE / u64::from(PART))?).map(|index| {
        let request = wire::UploadPartRequest { file_id: file.to_wire(), index, data: part.clone() };
        async move { alice.link.call(request).await }
    });
    parts.buffer_unordered(PARTS_AT_ONCE).try_for_each(|_| async { Ok(()) }).await?;
    alice.link.call(wire::CompleteFileRequest { file_id: file.to_wire() }).await?;
    Ok(rate(begin))
}

async fn download(alice: &Device, file: FileId) -> Result<f64> {
    let begin = Instant::now();
    let request = wire::DownloadFileRequest { file_id: file.to_wire(), offset: 0, length: 0 };
    let mut pieces = alice.link.stream(request).await;
    let mut arrived = 0;
    while let Some(piece) = pieces.next().await {
        arrived += piece?.piece.len() as u64;
    }
    ensure!(arrived == SIZE, "only {arrived} bytes came");
    Ok(rate(begin))
}

/// What the loopback and two tasks do with the same bytes.
async fn plain_copy() -> Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let begin = Instant::now();
    let sending = tokio::spawn(async move {
        let mut socket = TcpStream::connect(address).await?;
        let part = vec![0x5a; usize::try_from(PART)?];
        for _ in 0..SIZE / u64::from(PART) {
            socket.write_all(&part).await?;
        }
        anyhow::Ok(())
    });
    let (mut socket, _) = listener.accept().await?;
    let (mut buffer, mut arrived) = (vec![0; 64 * 1024], 0);
    while arrived < SIZE {
        let count = socket.read(&mut buffer).await?;
        ensure!(count > 0, "the copy broke off");
        arrived += count as u64;
    }
    sending.await.context("sending does not panic")??;
    Ok(rate(begin))
}

#[allow(clippy::cast_precision_loss, reason = "a few hundred million")]
fn rate(begin: Instant) -> f64 {
    SIZE as f64 / 1e6 / begin.elapsed().as_secs_f64()
}

const SIZE: u64 = 256 << 20;
const PART: u32 = 1 << 20;
const PARTS_AT_ONCE: usize = 4;
