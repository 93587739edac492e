//! Who has a file, and whose it is.

use sotto_proto::wire;

use super::{Files, fields};
use crate::services::Failure;
use crate::services::rates::Rate;
use crate::store::{FileRecord, Session};

const ATTACHMENTS: Rate = Rate::per_hour("attach file", 1_000);
const DETACHMENTS: Rate = Rate::per_hour("detach file", 1_000);
const DELETIONS: Rate = Rate::per_hour("delete file", 1_000);

impl Files {
    pub(super) async fn attach(&self, caller: &Session, request: &wire::AttachFileRequest) -> Result<(), Failure> {
        let file = fields::file(&request.file_id)?;
        let conversation = fields::conversation(&request.conversation_id)?;
        self.context.rates.take(&ATTACHMENTS, caller.account)?;
        self.context.store.file(caller.account, file).await?;
        self.may_post_in(caller, conversation).await?;
        Ok(self.context.store.attach_file(caller.account, file, conversation).await?)
    }

    pub(super) async fn detach(&self, caller: &Session, request: &wire::DetachFileRequest) -> Result<(), Failure> {
        let file = fields::file(&request.file_id)?;
        let conversation = fields::conversation(&request.conversation_id)?;
        self.context.rates.take(&DETACHMENTS, caller.account)?;
        Ok(self.context.store.detach_file(caller.account, file, conversation, self.context.now()).await?)
    }

    pub(super) async fn delete(&self, caller: &Session, request: &wire::DeleteFileRequest) -> Result<(), Failure> {
        let file = fields::file(&request.file_id)?;
        self.context.rates.take(&DELETIONS, caller.account)?;
        Ok(self.context.store.delete_file(caller.account, file, self.context.now()).await?)
    }

    pub(super) async fn list(
        &self,
        caller: &Session,
        request: &wire::ListFilesRequest,
    ) -> Result<wire::ListFilesResponse, Failure> {
        let after = fields::after(&request.after_file_id)?;
        let (files, more) = self.context.store.own_files(caller.account, after, PAGE).await?;
        Ok(wire::ListFilesResponse { files: files.iter().map(own_file).collect(), more })
    }
}

fn own_file((file, conversation_count): &(FileRecord, u32)) -> wire::OwnFile {
    wire::OwnFile {
        file_id: file.id.to_wire(),
        size: file.size,
        created_at_ms: file.created_at.unix_millis(),
        complete: file.complete,
        conversation_count: *conversation_count,
    }
}

const PAGE: u32 = 500;
