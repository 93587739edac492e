//! Files go up in parts, come down in ranges, and are there for whom they are meant.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use rand::RngExt as _;
use sotto_crypto::mls::governance::{Kind, Policy, Role};
use sotto_crypto::mls::group::Changes;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{ConversationId, FileId};
use sotto_server::admin_command::{self, AdminCommand};
use sotto_server::blobs::{BlobError, Blobs};
use sotto_server::clock::Clock as _;
use sotto_server::services::{Failure, Services};

use crate::chat::Chat;
use crate::community::{Community, Device, Person, code};

const PART: usize = 65_536;

/// A file that somebody has and wants to share.
struct File {
    id: FileId,
    conversation: ConversationId,
    bytes: Bytes,
}

impl File {
    fn new(community: &mut Community, chat: &Chat, len: usize) -> Self {
        let bytes: Vec<u8> = (0..len).map(|_| community.rng.random()).collect();
        Self { id: FileId::from_bytes(community.rng.random()), conversation: chat.id, bytes: bytes.into() }
    }

    fn reservation(&self) -> wire::ReserveFileRequest {
        wire::ReserveFileRequest {
            file_id: self.id.to_wire(),
            conversation_id: self.conversation.to_wire(),
            size: self.bytes.len() as u64,
            part_size: u32::try_from(PART).unwrap(),
        }
    }

    fn part(&self, index: usize) -> wire::UploadPartRequest {
        let end = self.bytes.len().min((index + 1) * PART);
        let data = self.bytes.slice(index * PART..end);
        wire::UploadPartRequest { file_id: self.id.to_wire(), index: u32::try_from(index).unwrap(), data }
    }

    fn completion(&self) -> wire::CompleteFileRequest {
        wire::CompleteFileRequest { file_id: self.id.to_wire() }
    }

    fn status(&self) -> wire::GetFileStatusRequest {
        wire::GetFileStatusRequest { file_id: self.id.to_wire() }
    }

    fn attachment(&self, to: &Chat) -> wire::AttachFileRequest {
        wire::AttachFileRequest { file_id: self.id.to_wire(), conversation_id: to.id.to_wire() }
    }

    fn detachment(&self, from: &Chat) -> wire::DetachFileRequest {
        wire::DetachFileRequest { file_id: self.id.to_wire(), conversation_id: from.id.to_wire() }
    }

    fn deletion(&self) -> wire::DeleteFileRequest {
        wire::DeleteFileRequest { file_id: self.id.to_wire() }
    }

    fn request(&self, offset: u64, length: u64) -> wire::DownloadFileRequest {
        wire::DownloadFileRequest { file_id: self.id.to_wire(), offset, length }
    }

    /// Reserves, uploads and completes it.
    async fn share(&self, by: &Device, node: &Services) {
        by.call(node, self.reservation()).await.unwrap();
        for index in 0..self.bytes.len().div_ceil(PART) {
            by.call(node, self.part(index)).await.unwrap();
        }
        by.call(node, self.completion()).await.unwrap();
    }

    async fn download(&self, by: &Device, node: &Services, offset: u64, length: u64) -> Result<Vec<u8>, Failure> {
        let pieces: Vec<_> = by.stream(node, self.request(offset, length)).await?.try_collect().await?;
        assert!(pieces.iter().all(|piece| (1..=PART).contains(&piece.piece.len())));
        Ok(pieces.iter().flat_map(|piece| piece.piece.to_vec()).collect())
    }
}

/// Ann and Ben in a chat that both are members of; Cat is a stranger.
async fn scene() -> (Community, Arc<Services>, Chat, [Person; 3]) {
    let mut community = Community::new().await;
    let node = community.node();
    let people = [community.person("ann").await, community.person("ben").await, community.person("cat").await];
    let chat = Chat::group(&mut community, &node, &people[0], &[&people[1]]).await;
    accept(&people[1], &chat).await;
    (community, node, chat, people)
}

async fn accept(person: &Person, chat: &Chat) {
    let request = wire::AcceptRequestRequest { conversation_id: chat.id.to_wire() };
    person.device.call(&chat.node, request).await.unwrap();
}

#[tokio::test]
async fn a_file_goes_up_in_any_order_and_comes_down_in_any_range() {
    let (mut community, node, chat, [ann, ben, _]) = scene().await;
    let file = File::new(&mut community, &chat, 9 * PART + 17);
    let reserved = ann.device.call(&node, file.reservation()).await.unwrap();
    let status = reserved.status.clone().unwrap();
    assert_eq!((status.part_count, status.complete), (10, false));
    assert_eq!(status.missing, [wire::PartRange { first: 0, count: 10 }]);
    assert_eq!(ann.device.call(&node, file.reservation()).await.unwrap(), reserved, "the same again");

    for index in [9, 2, 2, 0, 5] {
        ann.device.call(&node, file.part(index)).await.unwrap();
    }
    let ranges = |ranges: &[(u32, u32)]| -> Vec<wire::PartRange> {
        ranges.iter().map(|&(first, count)| wire::PartRange { first, count }).collect()
    };
    let status = ben.device.call(&node, file.status()).await.unwrap().status.unwrap();
    assert_eq!(status.missing, ranges(&[(1, 1), (3, 2), (6, 3)]));
    assert_eq!(code(ben.device.call(&node, file.part(1)).await), ErrorCode::NotFound, "it is Ann's to upload");
    assert_eq!(code(ann.device.call(&node, file.completion()).await), ErrorCode::FileIncomplete);
    assert_eq!(code(file.download(&ben.device, &node, 0, 0).await), ErrorCode::FileIncomplete);
    let rest = [1, 3, 4, 6, 7, 8].map(|index| ann.device.call(&node, file.part(index)));
    futures_util::future::try_join_all(rest).await.unwrap();
    for _ in 0..2 {
        ann.device.call(&node, file.completion()).await.unwrap();
    }
    assert_eq!(code(ann.device.call(&node, file.part(1)).await), ErrorCode::NotApplicable);
    let status = ann.device.call(&node, file.status()).await.unwrap().status.unwrap();
    assert_eq!((status.complete, status.missing.len(), status.expires_at_ms), (true, 0, 0));

    let len = file.bytes.len() as u64;
    let part = PART as u64;
    for (offset, length) in [(0, 0), (1, 0), (part - 1, 2), (5 * part, 3 * part), (part / 2, 4 * part), (len - 1, 1)] {
        let end = if length == 0 { len } else { offset + length };
        let wanted = &file.bytes[usize::try_from(offset).unwrap()..usize::try_from(end).unwrap()];
        assert!(file.download(&ben.device, &node, offset, length).await.unwrap() == wanted, "{offset} {length}");
    }
    assert!(file.download(&ben.device, &node, len, 0).await.unwrap().is_empty());
    for (offset, length) in [(len, 1), (len + 1, 0), (1, len), (u64::MAX >> 11, 1)] {
        assert_eq!(code(file.download(&ben.device, &node, offset, length).await), ErrorCode::InvalidArgument);
    }
}

#[tokio::test]
async fn parts_of_another_size_or_place_are_refused() {
    let (mut community, node, chat, [ann, ..]) = scene().await;
    let file = File::new(&mut community, &chat, PART + 10);
    ann.device.call(&node, file.reservation()).await.unwrap();
    let whole = file.bytes.slice(..PART);
    let wrong = [(0, whole.slice(1..)), (0, Bytes::new()), (1, whole.clone()), (2, whole.clone()), (u32::MAX, whole)];
    for (index, data) in wrong {
        let part = wire::UploadPartRequest { file_id: file.id.to_wire(), index, data };
        assert_eq!(code(ann.device.call(&node, part).await), ErrorCode::InvalidArgument, "{index}");
    }
}

/// A node dies after a part was stored and before that was noted; the client sends it again.
#[tokio::test]
async fn an_upload_goes_on_after_a_death_between_part_and_note_o1_o6() {
    let (mut community, node, chat, [ann, ben, _]) = scene().await;
    let file = File::new(&mut community, &chat, 2 * PART);
    ann.device.call(&node, file.reservation()).await.unwrap();
    ann.device.call(&node, file.part(0)).await.unwrap();
    community.blobs.put(file.id, 1, file.part(1).data).await.unwrap();
    let node = community.node();
    let status = ann.device.call(&node, file.status()).await.unwrap().status.unwrap();
    assert_eq!(status.missing, [wire::PartRange { first: 1, count: 1 }]);
    let other = wire::UploadPartRequest { data: file.part(0).data, ..file.part(1) };
    assert_eq!(code(ann.device.call(&node, other.clone()).await), ErrorCode::InvalidArgument, "not what was stored");
    ann.device.call(&node, file.part(1)).await.unwrap();
    ann.device.call(&node, other).await.unwrap();
    ann.device.call(&node, file.completion()).await.unwrap();
    assert!(file.download(&ben.device, &node, 0, 0).await.unwrap() == file.bytes, "a part stays as it was first");
}

#[tokio::test]
async fn foreign_and_absent_files_answer_alike_a1() {
    let (mut community, node, mut chat, [ann, ben, cat]) = scene().await;
    let file = File::new(&mut community, &chat, 10);
    let absent = File::new(&mut community, &chat, 10);
    file.share(&ann.device, &node).await;
    let own = Chat::group(&mut community, &node, &cat, &[]).await;
    for file in [&file, &absent] {
        refused_everything(&cat.device, &node, file, &chat, &own).await;
        assert_eq!(code(cat.device.call(&node, file.reservation()).await), ErrorCode::NotFound, "not her conversation");
    }
    chat.change(&mut community, &ann.device, Changes::new().remove_account(ben.account)).await.unwrap();
    let bens = Chat::group(&mut community, &node, &ben, &[]).await;
    refused_everything(&ben.device, &node, &file, &chat, &bens).await;
    file.download(&ann.device, &node, 0, 0).await.unwrap();
}

/// Also where somebody manages `own`, they learn nothing there of a file that is not theirs to see.
async fn refused_everything(by: &Device, node: &Services, file: &File, chat: &Chat, own: &Chat) {
    let codes = [
        code(by.call(node, file.part(0)).await),
        code(by.call(node, file.status()).await),
        code(by.call(node, file.completion()).await),
        code(file.download(by, node, 0, 0).await),
        code(by.call(node, file.attachment(own)).await),
        code(by.call(node, file.detachment(chat)).await),
        code(by.call(node, file.deletion()).await),
    ];
    assert_eq!(codes, [ErrorCode::NotFound; 7]);
    by.call(node, file.detachment(own)).await.unwrap();
}

#[tokio::test]
async fn only_who_may_post_shares_files() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let channel = Policy { post: Role::Admin, ..Policy::default_for(Kind::Group) };
    let channel = Chat::create(&mut community, &node, Kind::Group, channel, &ann, &[&ben]).await;
    let file = File::new(&mut community, &channel, 10);
    assert_eq!(code(ben.device.call(&node, file.reservation()).await), ErrorCode::Forbidden, "he has not accepted");
    accept(&ben, &channel).await;
    assert_eq!(code(ben.device.call(&node, file.reservation()).await), ErrorCode::Forbidden, "his role may not");
    file.share(&ann.device, &node).await;
    file.download(&ben.device, &node, 0, 0).await.unwrap();
    assert_eq!(code(ben.device.call(&node, file.detachment(&channel)).await), ErrorCode::Forbidden);

    let chat = Chat::group(&mut community, &node, &ben, &[]).await;
    ben.device.call(&node, file.attachment(&chat)).await.unwrap();
    let bens = File { conversation: chat.id, ..File::new(&mut community, &chat, 10) };
    bens.share(&ben.device, &node).await;
    assert_eq!(code(ben.device.call(&node, bens.attachment(&channel)).await), ErrorCode::Forbidden);
}

#[tokio::test]
async fn whoever_loses_a_file_while_reading_gets_no_further() {
    let (mut community, node, chat, [ann, ben, _]) = scene().await;
    let file = File::new(&mut community, &chat, 20 * PART);
    file.share(&ann.device, &node).await;
    let mut pieces = ben.device.stream(&node, file.request(0, 0)).await.unwrap();
    assert_eq!(pieces.next().await.unwrap().unwrap().piece, file.bytes[..PART]);
    ann.device.call(&node, file.detachment(&chat)).await.unwrap();
    community.clock.advance(Duration::from_secs(2));
    let rest: Vec<_> = pieces.collect().await;
    assert_eq!(rest.last().unwrap().as_ref().unwrap_err().code(), ErrorCode::NotFound);
    assert!(rest.len() < 8, "{}", rest.len());
}

#[tokio::test]
async fn eight_downloads_at_once_a18() {
    let (mut community, node, chat, [ann, ben, _]) = scene().await;
    let file = File::new(&mut community, &chat, 10);
    file.share(&ann.device, &node).await;
    let mut reading = Vec::new();
    for _ in 0..8 {
        reading.push(ben.device.stream(&node, file.request(0, 0)).await.unwrap());
    }
    let Err(refused) = ben.device.stream(&node, file.request(0, 0)).await else { panic!("a ninth") };
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    assert!(refused.detail().retry_after_ms > 0);
    file.download(&ann.device, &node, 0, 0).await.unwrap();
    reading.pop();
    file.download(&ben.device, &node, 0, 0).await.unwrap();
}

#[tokio::test]
async fn the_quota_is_what_the_owner_has_stored_a8() {
    let (mut community, node, chat, [ann, ..]) = scene().await;
    community.store.set_quota(ann.account, 100).await.unwrap();
    let (small, large) = (File::new(&mut community, &chat, 60), File::new(&mut community, &chat, 41));
    small.share(&ann.device, &node).await;
    let refused = ann.device.call(&node, large.reservation()).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.detail().limit.as_ref().map(|limit| limit.value)),
        (ErrorCode::QuotaExceeded, Some(100))
    );
    let listed = ann.device.call(&node, wire::ListFilesRequest::default()).await.unwrap();
    let [own] = listed.files.as_slice() else { panic!("one file") };
    assert_eq!((&own.file_id, own.size, own.complete, own.conversation_count), (&small.id.to_wire(), 60, true, 1));
    for _ in 0..2 {
        ann.device.call(&node, small.deletion()).await.unwrap();
    }
    large.share(&ann.device, &node).await;
    let absurd = wire::ReserveFileRequest { size: u64::MAX >> 11, ..small.reservation() };
    assert_eq!(code(ann.device.call(&node, absurd).await), ErrorCode::TooLarge);
}

#[tokio::test]
async fn what_nobody_has_is_removed_and_nothing_else_a8() {
    let (mut community, node, chat, [ann, ben, _]) = scene().await;
    let [kept, deleted, abandoned] = [(); 3].map(|()| File::new(&mut community, &chat, 2 * PART));
    kept.share(&ann.device, &node).await;
    deleted.share(&ann.device, &node).await;
    ann.device.call(&node, abandoned.reservation()).await.unwrap();
    ann.device.call(&node, abandoned.part(0)).await.unwrap();
    ann.device.call(&node, deleted.deletion()).await.unwrap();
    let there = async |file: &File| community.blobs.get(file.id, 0, 0..1).await.is_ok();
    assert!(there(&deleted).await, "gone for everybody before its bytes go");
    node.keep_up_once().await.unwrap();
    assert!(!there(&deleted).await);
    assert!(there(&kept).await && there(&abandoned).await);

    // A part that was on its way when the file was deleted arrives after its bytes were removed.
    community.blobs.put(deleted.id, 1, Bytes::from_static(b"late")).await.unwrap();
    community.clock.advance(Duration::from_hours(7 * 24));
    for _ in 0..2 {
        node.keep_up_once().await.unwrap();
    }
    assert!(!there(&abandoned).await, "its reservation ended");
    assert_eq!(code(ann.device.call(&node, abandoned.status()).await), ErrorCode::NotFound);
    let first_byte = deleted.id.as_bytes()[0];
    assert!(!community.blobs.files(first_byte).await.unwrap().contains(&deleted.id));
    assert!(kept.download(&ben.device, &node, 0, 0).await.unwrap() == kept.bytes);
}

#[tokio::test]
async fn parts_that_no_record_knows_are_removed_when_asked() {
    let (mut community, node, chat, [ann, ben, _]) = scene().await;
    let file = File::new(&mut community, &chat, 10);
    file.share(&ann.device, &node).await;
    let stray = FileId::from_bytes(community.rng.random());
    community.blobs.put(stray, 0, Bytes::from_static(b"of a newer database")).await.unwrap();
    node.keep_up_once().await.unwrap();
    community.blobs.get(stray, 0, 0..2).await.unwrap();

    let told = strays(&community, false).await;
    assert_eq!(told, "Stored and not on record: 1. With --remove they are removed for good.\n");
    community.blobs.get(stray, 0, 0..2).await.unwrap();
    assert_eq!(strays(&community, true).await, "Removed 1: what is stored is on record now.\n");
    assert!(matches!(community.blobs.get(stray, 0, 0..2).await, Err(BlobError::Missing)));
    assert_eq!(strays(&community, true).await, "All files that are stored are on record.\n");
    file.download(&ben.device, &node, 0, 0).await.unwrap();
}

async fn strays(community: &Community, remove: bool) -> String {
    let (command, files) = (AdminCommand::Strays { remove }, || Ok(community.blobs.clone()));
    let mut out = Vec::new();
    admin_command::run(&command, &*community.store, files, community.clock.now(), &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn text_goes_on_while_the_store_of_files_is_away_or_full_o3_o6() {
    let (mut community, _, chat, [ann, ben, _]) = scene().await;
    let faulty = Arc::new(Faulty { blobs: community.blobs.clone(), fault: AtomicU8::new(NONE) });
    community.blobs = faulty.clone();
    let node = community.node();
    let file = File::new(&mut community, &chat, PART + 1);
    ann.device.call(&node, file.reservation()).await.unwrap();
    for (fault, expected) in [(AWAY, ErrorCode::Unavailable), (FULL, ErrorCode::ReadOnly)] {
        faulty.fault.store(fault, Ordering::SeqCst);
        assert_eq!(code(ann.device.call(&node, file.part(0)).await), expected);
        let status = ann.device.call(&node, file.status()).await.unwrap().status.unwrap();
        assert_eq!(status.missing, [wire::PartRange { first: 0, count: 2 }], "nothing is acknowledged");
        let event = chat.event(&mut community, &ann.device);
        ann.device.call(&node, event).await.unwrap();
    }
    faulty.fault.store(NONE, Ordering::SeqCst);
    file.share(&ann.device, &node).await;
    faulty.fault.store(AWAY, Ordering::SeqCst);
    assert_eq!(code(file.download(&ben.device, &node, 0, 0).await), ErrorCode::Unavailable);
    ann.device.call(&node, file.deletion()).await.unwrap();
    assert_eq!(code(node.keep_up_once().await), ErrorCode::Unavailable);
    faulty.fault.store(NONE, Ordering::SeqCst);
    node.keep_up_once().await.unwrap();
    assert!(matches!(community.blobs.get(file.id, 0, 0..1).await, Err(BlobError::Missing)));
}

const NONE: u8 = 0;
const AWAY: u8 = 1;
const FULL: u8 = 2;

/// A place for files that fails when told.
struct Faulty {
    blobs: Arc<dyn Blobs>,
    fault: AtomicU8,
}

impl Faulty {
    fn check(&self) -> Result<(), BlobError> {
        let cause = || Arc::new(std::io::Error::other("told to fail"));
        match self.fault.load(Ordering::SeqCst) {
            AWAY => Err(BlobError::Away(cause())),
            FULL => Err(BlobError::Full(cause())),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Blobs for Faulty {
    async fn put(&self, file: FileId, part: u32, bytes: Bytes) -> Result<(), BlobError> {
        self.check()?;
        self.blobs.put(file, part, bytes).await
    }

    async fn get(&self, file: FileId, part: u32, range: std::ops::Range<u32>) -> Result<Bytes, BlobError> {
        self.check()?;
        self.blobs.get(file, part, range).await
    }

    async fn remove(&self, file: FileId) -> Result<(), BlobError> {
        self.check()?;
        self.blobs.remove(file).await
    }

    async fn files(&self, first_byte: u8) -> Result<Vec<FileId>, BlobError> {
        self.check()?;
        self.blobs.files(first_byte).await
    }

    async fn check(&self) -> Result<(), BlobError> {
        Faulty::check(self)
    }
}
