//! Files as the server sees them: parts that go up, and bytes that come down.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use rand::RngExt as _;
use sotto_proto::{ConversationId, FileId, wire};

use crate::link::{Link, Refused};
use crate::people::randomness;

/// Room for a file in a conversation, to be filled in parts of a size.
pub async fn reserve(
    link: &Link,
    file: FileId,
    chat: ConversationId,
    size: usize,
    part: usize,
) -> Result<wire::ReserveFileResponse, Refused> {
    let part_size = u32::try_from(part).expect("parts are small");
    let (file_id, conversation_id) = (file.to_wire(), chat.to_wire());
    link.call(wire::ReserveFileRequest { file_id, conversation_id, size: size as u64, part_size }).await
}

/// One part of a content.
pub async fn put(link: &Link, file: FileId, index: usize, part: usize, content: &Bytes) -> Result<(), Refused> {
    let data = content.slice(index * part..content.len().min((index + 1) * part));
    let index = u32::try_from(index).expect("there are few parts");
    link.call(wire::UploadPartRequest { file_id: file.to_wire(), index, data }).await.map(drop)
}

/// The file is whole.
pub async fn complete(link: &Link, file: FileId) -> Result<(), Refused> {
    link.call(wire::CompleteFileRequest { file_id: file.to_wire() }).await.map(drop)
}

/// A stretch of a file; a length of 0 means to its end.
pub async fn download(link: &Link, file: FileId, offset: u64, length: u64) -> Result<Bytes, Refused> {
    let mut pieces = link.stream(wire::DownloadFileRequest { file_id: file.to_wire(), offset, length }).await;
    let mut content = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        content.extend_from_slice(&piece?.piece);
    }
    Ok(content.freeze())
}

/// A content that nothing can make smaller.
pub fn random_bytes(size: usize) -> Bytes {
    let mut bytes = vec![0; size];
    randomness().fill(&mut bytes[..]);
    bytes.into()
}

/// A new file's id.
pub fn new_file() -> FileId {
    FileId::from_bytes(randomness().random())
}
