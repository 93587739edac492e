//! Files: reserved, brought in parts, fetched from anywhere.

use anyhow::{Result, ensure};
use bytes::Bytes;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{ConversationId, FileId};
use sotto_server_tests::files::{complete, download, new_file, put, random_bytes, reserve};
use sotto_server_tests::link::{Link, Refused};
use sotto_server_tests::people::Town;

use super::{LIGHT, refusal};
use crate::community::{Scenario, scenarios};

pub(super) const SCENARIOS: &[Scenario] = scenarios![a_file_is_shared, an_upload_is_resumed, a_long_download_flows];

const PART: usize = 65_536;

async fn a_file_is_shared(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let mallory = town.register("mallory").await?;
    let chat = alice.start_group(&[&bob]).await?;
    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    let content = random_bytes(2 * PART + 1_000);
    let file = upload(&alice.link, chat, &content).await?;

    assert_eq!(download(&bob.link, file, 0, 0).await?, content);
    assert_eq!(download(&bob.link, file, 70_000, 5).await?, content[70_000..70_005]);
    assert_eq!(refusal(download(&mallory.link, file, 0, 0).await.map_err(Into::into)), ErrorCode::NotFound);
    let beyond = download(&bob.link, file, content.len() as u64 + 1, 1).await;
    assert_eq!(refusal(beyond.map_err(Into::into)), ErrorCode::InvalidArgument);

    let used = |account: wire::GetOwnAccountResponse| account.storage_used;
    let before = used(alice.link.call(wire::GetOwnAccountRequest {}).await?);
    alice.link.call(wire::DeleteFileRequest { file_id: file.to_wire() }).await?;
    let after = used(alice.link.call(wire::GetOwnAccountRequest {}).await?);
    ensure!(before >= after + content.len() as u64, "{before} bytes before, {after} after");
    assert_eq!(refusal(download(&bob.link, file, 0, 0).await.map_err(Into::into)), ErrorCode::NotFound);
    Ok(())
}

async fn an_upload_is_resumed(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_group(&[&bob]).await?;
    let content = random_bytes(3 * PART + 7);
    let file = new_file();
    reserve_twice(&alice.link, file, chat, content.len()).await?;
    put(&alice.link, file, 2, PART, &content).await?;
    put(&alice.link, file, 2, PART, &content).await?;
    let early = complete(&alice.link, file).await;
    assert_eq!(refusal(early.map_err(Into::into)), ErrorCode::FileIncomplete);
    let status = alice.link.call(wire::GetFileStatusRequest { file_id: file.to_wire() }).await?.status.unwrap();
    let missing: Vec<_> = status.missing.iter().map(|range| (range.first, range.count)).collect();
    assert_eq!(missing, [(0, 2), (3, 1)]);
    for index in [3, 0, 1] {
        put(&alice.link, file, index, PART, &content).await?;
    }
    complete(&alice.link, file).await?;
    complete(&alice.link, file).await?;
    assert_eq!(download(&alice.link, file, 0, 0).await?, content);
    let late = put(&alice.link, file, 0, PART, &content).await;
    assert_eq!(refusal(late.map_err(Into::into)), ErrorCode::NotApplicable);
    Ok(())
}

/// More than a stream's first credit.
async fn a_long_download_flows(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_group(&[&bob]).await?;
    let content = random_bytes(3 << 20);
    let file = upload(&alice.link, chat, &content).await?;
    assert_eq!(download(&alice.link, file, 0, 0).await?, content);
    Ok(())
}

async fn upload(link: &Link, chat: ConversationId, content: &Bytes) -> Result<FileId, Refused> {
    let file = new_file();
    reserve_twice(link, file, chat, content.len()).await?;
    for index in 0..content.len().div_ceil(PART) {
        put(link, file, index, PART, content).await?;
    }
    complete(link, file).await?;
    Ok(file)
}

/// A repeated call is no second file.
async fn reserve_twice(link: &Link, file: FileId, chat: ConversationId, size: usize) -> Result<(), Refused> {
    let first = reserve(link, file, chat, size, PART).await?;
    let again = reserve(link, file, chat, size, PART).await?;
    assert_eq!(first, again);
    Ok(())
}
