//! Files on their way up and down, beside a plain copy of the same bytes over a connection of this machine.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use sotto_proto::{ConversationId, FileId, wire};
use sotto_server_tests::files;
use sotto_server_tests::people::{Device, Town};
use sotto_server_tests::process::Process;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::figures::Report;

pub(crate) async fn measure(report: &Report, server: &Process, town: &Town) -> Result<()> {
    let mut alice = town.register("alice").await?;
    let chat = alice.start_group(&[]).await?;
    let before = server.resident_kib()?;
    let plain = plain_copy().await?;
    report.row("a plain copy over a connection", plain, "MB/s", "");
    let file = files::new_file();
    for (what, rate) in [("up", upload(&alice, chat, file).await?), ("down", download(&alice, file).await?)] {
        report.row(&format!("a file of 256 MiB, {what}"), rate, "MB/s", "");
        report.row("  against the plain copy", rate / plain, "×", "");
    }
    report.row("  memory that it took", (server.resident_kib()? - before) / 1024.0, "MiB", "< 64");
    Ok(())
}

/// A few parts are under way at a time, as with the clients.
async fn upload(alice: &Device, chat: ConversationId, file: FileId) -> Result<f64> {
    let content = Bytes::from(vec![0x5a; SIZE]);
    let begin = Instant::now();
    files::reserve(&alice.link, file, chat, SIZE, PART).await?;
    let parts = iter(0..SIZE / PART).map(|index| files::put(&alice.link, file, index, PART, &content));
    parts.buffer_unordered(PARTS_AT_ONCE).try_for_each(|()| async { Ok(()) }).await?;
    files::complete(&alice.link, file).await?;
    Ok(rate(begin))
}

/// Nothing is kept of it.
async fn download(alice: &Device, file: FileId) -> Result<f64> {
    let begin = Instant::now();
    let request = wire::DownloadFileRequest { file_id: file.to_wire(), offset: 0, length: 0 };
    let mut pieces = alice.link.stream(request).await;
    let mut arrived = 0;
    while let Some(piece) = pieces.next().await {
        arrived += piece?.piece.len();
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
        let part = vec![0x5a; PART];
        for _ in 0..SIZE / PART {
            socket.write_all(&part).await?;
        }
        anyhow::Ok(())
    });
    let (mut socket, _) = listener.accept().await?;
    let (mut buffer, mut arrived) = (vec![0; 64 * 1024], 0);
    while arrived < SIZE {
        let count = socket.read(&mut buffer).await?;
        ensure!(count > 0, "the copy broke off");
        arrived += count;
    }
    sending.await.context("sending does not panic")??;
    Ok(rate(begin))
}

#[allow(clippy::cast_precision_loss, reason = "a few hundred million")]
fn rate(begin: Instant) -> f64 {
    SIZE as f64 / 1e6 / begin.elapsed().as_secs_f64()
}

const SIZE: usize = 256 << 20;
const PART: usize = 1 << 20;
const PARTS_AT_ONCE: usize = 4;
