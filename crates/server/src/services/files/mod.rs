//! Encrypted files in parts (`docs/adr/0024`): the store knows which there are, the blobs have their bytes.
//!
//! The row comes first and goes last. It is there before a part is written, and stays until all parts are removed; a part counts once
//! it is noted in the row, after it is durable. So whatever is interrupted, nothing is acknowledged that is not there, and nothing
//! stays that nobody knows of.

mod collect;
mod download;
mod fields;
mod sharing;
mod slots;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use sotto_proto::wire;

use self::slots::Slots;
use super::{Context, Failure, Items};
use crate::store::Session;

pub(super) struct Files {
    context: Arc<Context>,
    uploads: Arc<Slots>,
    downloads: Arc<Slots>,
}

impl Files {
    pub(super) fn new(context: Arc<Context>) -> Self {
        let uploads = Arc::new(Slots::new(UPLOADS_OF_ACCOUNT, UPLOADS));
        let downloads = Arc::new(Slots::new(DOWNLOADS_OF_ACCOUNT, DOWNLOADS));
        Self { context, uploads, downloads }
    }

    pub(super) async fn reserve_file(
        &self,
        caller: &Session,
        request: wire::ReserveFileRequest,
    ) -> Result<wire::ReserveFileResponse, Failure> {
        let status = self.reserve(caller, request).await?;
        Ok(wire::ReserveFileResponse { status: Some(status) })
    }

    pub(super) async fn upload_part(
        &self,
        caller: &Session,
        request: wire::UploadPartRequest,
    ) -> Result<wire::UploadPartResponse, Failure> {
        self.upload(caller, request).await?;
        Ok(wire::UploadPartResponse {})
    }

    pub(super) async fn get_file_status(
        &self,
        caller: &Session,
        request: wire::GetFileStatusRequest,
    ) -> Result<wire::GetFileStatusResponse, Failure> {
        let file = self.context.store.file(caller.account, fields::file(&request.file_id)?).await?;
        Ok(wire::GetFileStatusResponse { status: Some(self.status(&file).await?) })
    }

    pub(super) async fn complete_file(
        &self,
        caller: &Session,
        request: wire::CompleteFileRequest,
    ) -> Result<wire::CompleteFileResponse, Failure> {
        self.context.store.complete_file(caller.account, fields::file(&request.file_id)?).await?;
        Ok(wire::CompleteFileResponse {})
    }

    pub(super) async fn download_file(
        &self,
        caller: &Session,
        request: wire::DownloadFileRequest,
    ) -> Result<Items<wire::DownloadFileResponse>, Failure> {
        self.download(caller, &request).await
    }

    pub(super) async fn attach_file(
        &self,
        caller: &Session,
        request: wire::AttachFileRequest,
    ) -> Result<wire::AttachFileResponse, Failure> {
        self.attach(caller, &request).await?;
        Ok(wire::AttachFileResponse {})
    }

    pub(super) async fn detach_file(
        &self,
        caller: &Session,
        request: wire::DetachFileRequest,
    ) -> Result<wire::DetachFileResponse, Failure> {
        self.detach(caller, &request).await?;
        Ok(wire::DetachFileResponse {})
    }

    pub(super) async fn delete_file(
        &self,
        caller: &Session,
        request: wire::DeleteFileRequest,
    ) -> Result<wire::DeleteFileResponse, Failure> {
        self.delete(caller, &request).await?;
        Ok(wire::DeleteFileResponse {})
    }

    pub(super) async fn list_files(
        &self,
        caller: &Session,
        request: wire::ListFilesRequest,
    ) -> Result<wire::ListFilesResponse, Failure> {
        self.list(caller, &request).await
    }
}

/// How long an incomplete file waits for its next part.
const RESERVED: Duration = Duration::from_hours(7 * 24);

const UPLOADS_OF_ACCOUNT: u32 = 8;
const DOWNLOADS_OF_ACCOUNT: u32 = 8;
/// Of all accounts on this node: an upload holds a part in memory, a download at most [`download::READ`].
const UPLOADS: u32 = 256;
const DOWNLOADS: u32 = 1_024;
