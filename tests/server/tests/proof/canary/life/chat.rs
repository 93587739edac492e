//! Conversations and files.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::StreamExt as _;
use rand::RngExt as _;
use sotto_crypto::mls::governance::{Kind, Policy};
use sotto_crypto::mls::group::Changes;
use sotto_proto::wire::{self, MarkerAudience, ReportReason};
use sotto_proto::{ConversationId, EventId, FileId};
use sotto_server_tests::people::{Device, Town, randomness};

use super::{Secrets, canary, random};

/// What is said, shown, reported, and by whom no more.
pub(super) async fn talk(town: &Town, told: &mut Secrets) -> Result<()> {
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_group(&[&bob]).await?;
    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    let mut live = bob.listen().await?;
    live.ready().await?;
    let text = canary("said");
    told.add("what was said", text.as_bytes());
    let event = alice.seal(chat, EventId::from_bytes(randomness().random()), &text)?;
    alice.link.call(event).await?;
    let heard = live.entry(chat).await?;
    bob.take(chat, heard).await?;
    anyhow::ensure!(bob.chat(chat)?.texts() == [text.as_str()]);

    mark_and_signal(&alice, chat).await?;
    report(&alice, &bob, chat).await?;
    give_up_a_bad_commit(&mut alice, &mut bob, chat).await?;
    decline(town, &alice).await?;
    let other = alice.start_group(&[&bob]).await?;
    bob.hears(other).await?;
    bob.accepts(other).await?;
    bob.leave(other).await?;
    Ok(())
}

async fn mark_and_signal(alice: &Device, chat: ConversationId) -> Result<()> {
    let marker = wire::ReadMarker {
        conversation_id: chat.to_wire(),
        account_id: Bytes::new(),
        audience: MarkerAudience::Members.into(),
        version: 1,
        generation: 1,
        epoch: 1,
        sealed: random(400),
    };
    alice.link.call(wire::PutReadMarkerRequest { marker: Some(marker) }).await?;
    alice.link.call(wire::GetReadMarkersRequest { conversation_id: chat.to_wire() }).await?;
    let signal = wire::StreamSignal { conversation_id: chat.to_wire(), generation: 1, epoch: 1, sealed: random(400) };
    alice.link.call(wire::SendSignalRequest { signal: Some(signal) }).await?;
    Ok(())
}

async fn report(alice: &Device, bob: &Device, chat: ConversationId) -> Result<()> {
    let report = wire::ReportRequest {
        report_id: random(16),
        account_id: bob.account().to_wire(),
        conversation_id: chat.to_wire(),
        reason: ReportReason::Other.into(),
        comment: canary("comment"),
        shown: canary("shown"),
    };
    alice.link.call(report).await?;
    Ok(())
}

/// Bob's commit is taken for bad: a new generation goes on without him.
async fn give_up_a_bad_commit(alice: &mut Device, bob: &mut Device, chat: ConversationId) -> Result<()> {
    alice.catch_up(chat).await?;
    let before = alice.chat(chat)?.group.standing()?;
    let bad = bob.commit(chat, Changes::new())?;
    let refused = bob.link.call(bad).await?.seq;
    alice.open_generation(chat, &before, refused, &[]).await
}

async fn decline(town: &Town, alice: &Device) -> Result<()> {
    let mut stranger = town.register("sue").await?;
    let chat = stranger.start_direct(alice).await?;
    alice.link.call(wire::DeclineRequestRequest { conversation_id: chat.to_wire(), block: true }).await?;
    Ok(())
}

/// One file, from its first byte to its end.
pub(super) async fn send_files(town: &Town) -> Result<()> {
    let mut alice = town.register("alice").await?;
    let chat = alice.start_group(&[]).await?;
    let saved = alice.start(Kind::Saved, &[], Policy::default_for(Kind::Saved)).await?;
    let (file_id, conversation_id) = (FileId::from_bytes(randomness().random()).to_wire(), chat.to_wire());
    let reserve = wire::ReserveFileRequest { file_id: file_id.clone(), conversation_id, size: 500, part_size: 65_536 };
    alice.link.call(reserve).await?;
    alice.link.call(wire::UploadPartRequest { file_id: file_id.clone(), index: 0, data: random(500) }).await?;
    alice.link.call(wire::GetFileStatusRequest { file_id: file_id.clone() }).await?;
    alice.link.call(wire::CompleteFileRequest { file_id: file_id.clone() }).await?;
    let download = wire::DownloadFileRequest { file_id: file_id.clone(), offset: 0, length: 0 };
    alice.link.stream(download).await.next().await.context("the file has bytes")??;
    let conversation_id = saved.to_wire();
    let attach = wire::AttachFileRequest { file_id: file_id.clone(), conversation_id: conversation_id.clone() };
    alice.link.call(attach).await?;
    alice.link.call(wire::DetachFileRequest { file_id: file_id.clone(), conversation_id }).await?;
    alice.link.call(wire::ListFilesRequest { after_file_id: Bytes::new() }).await?;
    alice.link.call(wire::DeleteFileRequest { file_id }).await?;
    Ok(())
}
