//! From a reservation to a complete file.

use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{ConversationId, Invalid, Reason};

use super::{Files, RESERVED, fields};
use crate::blobs::BlobError;
use crate::services::Failure;
use crate::services::conversations::may_post;
use crate::services::rates::Rate;
use crate::store::{FileRecord, NewFile, Session};

const RESERVATIONS: Rate = Rate::per_hour("reserve file", 1_000);

impl Files {
    pub(super) async fn reserve(
        &self,
        caller: &Session,
        request: wire::ReserveFileRequest,
    ) -> Result<wire::FileStatus, Failure> {
        let (size, part_size) = fields::sizes(&request, self.context.settings.file_max)?;
        let id = fields::file(&request.file_id)?;
        let conversation = fields::conversation(&request.conversation_id)?;
        self.context.rates.take(&RESERVATIONS, caller.account)?;
        self.may_post_in(caller, conversation).await?;
        let at = self.context.now();
        let new =
            NewFile { id, owner: caller.account, conversation, size, part_size, at, expires_at: at.plus(RESERVED) };
        let file = self.context.store.reserve_file(new).await?;
        self.status(&file).await
    }

    /// A part that is noted already is not read again: it stays as it is, whatever comes.
    pub(super) async fn upload(&self, caller: &Session, request: wire::UploadPartRequest) -> Result<(), Failure> {
        let wire::UploadPartRequest { file_id, index, data } = request;
        let id = fields::file(&file_id)?;
        let _slot = self.uploads.take(caller.account)?;
        let (file, noted) = self.context.store.own_file(caller.account, id, index).await?;
        if file.complete {
            return Err(ErrorCode::NotApplicable.into());
        }
        fields::part(&file, index, &data)?;
        if noted {
            return Ok(());
        }
        match self.context.blobs.put(id, index, data).await {
            Err(BlobError::Taken) => {
                let other = "other bytes were sent as this part before";
                return Err(Invalid::new("data", Reason::Malformed(other)).into());
            }
            done => done?,
        }
        let expires_at = self.context.now().plus(RESERVED);
        Ok(self.context.store.note_part(id, index, expires_at).await?)
    }

    pub(super) async fn status(&self, file: &FileRecord) -> Result<wire::FileStatus, Failure> {
        let missing = self.context.store.missing_parts(file, RANGES).await?;
        let range = |range: &crate::store::PartRange| wire::PartRange { first: range.first, count: range.count };
        Ok(wire::FileStatus {
            file_id: file.id.to_wire(),
            size: file.size,
            part_size: file.part_size,
            part_count: file.part_count(),
            complete: file.complete,
            missing: missing.iter().map(range).collect(),
            expires_at_ms: if file.complete { 0 } else { file.expires_at.unix_millis() },
        })
    }

    /// Whether the caller's role in a conversation allows it to post there, as things stand now.
    pub(super) async fn may_post_in(&self, caller: &Session, conversation: ConversationId) -> Result<(), Failure> {
        let head = self.context.store.head(caller.account, conversation).await?;
        may_post(&self.context, caller, conversation, head.position).await.map(drop)
    }
}

const RANGES: usize = 256;
