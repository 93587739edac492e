//! One request for each method: a true one where that is easy, else an empty one.

use bytes::Bytes;
use rand::RngExt as _;
use sotto_proto::wire;
use sotto_proto::wire::{Direction, MarkerAudience, ReportReason};
use sotto_proto::{Method, ReportId, SlotId};
use sotto_server_tests::people::randomness;

use super::stage::{Role, Stage, encoded};

/// What the request is about decides who may make it; the table says who that is.
pub(super) fn request(method: Method, role: Role, stage: &Stage) -> Bytes {
    let area = method.path().split('/').next().unwrap_or_default();
    match area {
        "sotto.v1.AccountService" | "sotto.v1.DirectoryService" | "sotto.v1.KeyService" | "sotto.v1.AuthService" => {
            about_accounts(method, role, stage)
        }
        "sotto.v1.ConversationService" | "sotto.v1.StreamService" => about_conversations(method, role, stage),
        "sotto.v1.FileService" => about_files(method, stage),
        _ => for_the_operator(method, stage),
    }
}

fn about_accounts(method: Method, role: Role, stage: &Stage) -> Bytes {
    let objects = &stage.objects;
    let owner = objects.owner.to_wire();
    match method {
        Method::AuthRevokeSession => encoded(&wire::RevokeSessionRequest {
            // Its own would end the session that is still needed.
            session_id: if role == Role::Owner { random() } else { objects.owner_session.to_wire() },
        }),
        Method::AccountLookUpUser => encoded(&wire::LookUpUserRequest { user_name: objects.owner_name.clone() }),
        Method::AccountGetAccountKeys => encoded(&wire::GetAccountKeysRequest {
            accounts: vec![wire::KnownAccount { account_id: owner, known_version: 0 }],
        }),
        Method::AccountNameDevice => encoded(&wire::NameDeviceRequest {
            device_id: objects.owner_device.to_wire(),
            sealed_name: Bytes::from_static(&[3; 128]),
        }),
        Method::AccountPutCheckpoint => encoded(&wire::PutCheckpointRequest {
            checkpoint: Some(wire::Checkpoint {
                conversation_id: objects.chat.to_wire(),
                version: 1,
                generation: 1,
                epoch: objects.epoch,
                sealed: Bytes::from_static(&[4; 300]),
            }),
        }),
        Method::AccountGetCheckpoints => {
            encoded(&wire::GetCheckpointsRequest { conversation_ids: vec![objects.chat.to_wire()] })
        }
        Method::AccountPutSetting => encoded(&wire::PutSettingRequest {
            setting: Some(wire::Setting {
                slot_id: SlotId::from_bytes(randomness().random()).to_wire(),
                version: 1,
                sealed: Bytes::from_static(&[5; 300]),
                change: 0,
            }),
        }),
        Method::AccountBlockAccount => encoded(&wire::BlockAccountRequest { account_id: random() }),
        Method::AccountUnblockAccount => encoded(&wire::UnblockAccountRequest { account_id: owner }),
        Method::DirectoryLookUp => {
            let account = wire::LookUpAccount { account_id: owner, known_revision: 0 };
            encoded(&wire::LookUpRequest { accounts: vec![account], epochs: Vec::new() })
        }
        Method::KeyClaimKeyPackages => {
            encoded(&wire::ClaimKeyPackagesRequest { request_id: random(), account_ids: vec![owner], cipher_suite: 77 })
        }
        _ => Bytes::new(),
    }
}

fn about_conversations(method: Method, role: Role, stage: &Stage) -> Bytes {
    let (objects, actor) = (&stage.objects, stage.actor(role));
    let (conversation_id, generation, epoch) = (objects.chat.to_wire(), 1, objects.epoch);
    let junk = || Bytes::from_static(&[6; 400]);
    match method {
        Method::ConversationCommit => {
            encoded(&wire::CommitRequest { conversation_id, generation, epoch, commit: junk(), welcomes: Vec::new() })
        }
        Method::ConversationAppend => {
            encoded(&wire::AppendRequest { conversation_id, event_id: random(), generation, epoch, sealed: junk() })
        }
        Method::ConversationReadRange => encoded(&wire::ReadRangeRequest {
            conversation_id,
            from_seq: 1,
            direction: Direction::Forward.into(),
            limit: 10,
            handshakes_only: false,
        }),
        Method::ConversationSync => {
            encoded(&wire::SyncRequest { cursor: actor.cursor.clone(), limit: 10, entries_per_conversation: 1 })
        }
        Method::ConversationGetTree => encoded(&wire::GetTreeRequest { conversation_id, generation, epoch }),
        Method::ConversationListWelcomes => {
            encoded(&wire::ListWelcomesRequest { device_id: actor.device.to_wire(), ..Default::default() })
        }
        Method::ConversationAckWelcomes => {
            encoded(&wire::AckWelcomesRequest { welcome_ids: vec![objects.welcome.to_wire()] })
        }
        Method::ConversationPutReadMarker => encoded(&wire::PutReadMarkerRequest {
            marker: Some(wire::ReadMarker {
                conversation_id,
                account_id: Bytes::new(),
                audience: MarkerAudience::Members.into(),
                version: 1,
                generation,
                epoch,
                sealed: junk(),
            }),
        }),
        Method::ConversationGetReadMarkers => encoded(&wire::GetReadMarkersRequest { conversation_id }),
        Method::ConversationLeave => {
            encoded(&wire::LeaveRequest { conversation_id, generation, epoch, proposals: vec![junk()] })
        }
        Method::ConversationNewGeneration => encoded(&wire::NewGenerationRequest {
            conversation_id,
            generation,
            epoch,
            refused_seq: 2,
            group_info: junk(),
            ratchet_tree: junk(),
            commit: junk(),
            welcomes: Vec::new(),
        }),
        Method::ConversationAcceptRequest => encoded(&wire::AcceptRequestRequest { conversation_id }),
        Method::ConversationDeclineRequest => encoded(&wire::DeclineRequestRequest { conversation_id, block: false }),
        Method::ConversationReport => encoded(&wire::ReportRequest {
            report_id: ReportId::from_bytes(randomness().random()).to_wire(),
            account_id: objects.owner.to_wire(),
            conversation_id,
            reason: ReportReason::Spam.into(),
            comment: String::new(),
            shown: String::new(),
        }),
        Method::StreamSubscribe => encoded(&wire::SubscribeRequest { cursor: actor.cursor.clone() }),
        Method::StreamSendSignal => encoded(&wire::SendSignalRequest {
            signal: Some(wire::StreamSignal { conversation_id, generation, epoch, sealed: junk() }),
        }),
        _ => Bytes::new(),
    }
}

fn about_files(method: Method, stage: &Stage) -> Bytes {
    let objects = &stage.objects;
    let (file_id, conversation_id) = (objects.file.to_wire(), objects.chat.to_wire());
    match method {
        Method::FileReserveFile => {
            encoded(&wire::ReserveFileRequest { file_id: random(), conversation_id, size: 10, part_size: 65_536 })
        }
        Method::FileUploadPart => {
            encoded(&wire::UploadPartRequest { file_id, index: 0, data: Bytes::from_static(&[5; 100]) })
        }
        Method::FileGetFileStatus => encoded(&wire::GetFileStatusRequest { file_id }),
        Method::FileCompleteFile => encoded(&wire::CompleteFileRequest { file_id }),
        Method::FileDownloadFile => encoded(&wire::DownloadFileRequest { file_id, offset: 0, length: 0 }),
        Method::FileAttachFile => encoded(&wire::AttachFileRequest { file_id, conversation_id }),
        Method::FileDetachFile => encoded(&wire::DetachFileRequest { file_id, conversation_id }),
        Method::FileDeleteFile => encoded(&wire::DeleteFileRequest { file_id: objects.spare_file.to_wire() }),
        _ => Bytes::new(),
    }
}

fn for_the_operator(method: Method, stage: &Stage) -> Bytes {
    let account_id = stage.objects.owner.to_wire();
    match method {
        Method::AdminGetAccount => encoded(&wire::GetAccountRequest { account_id }),
        Method::AdminSetSuspended => encoded(&wire::SetSuspendedRequest { account_id, suspended: false }),
        Method::AdminSetQuota => encoded(&wire::SetQuotaRequest { account_id, storage_quota: 1 << 30 }),
        Method::AdminCloseReport => encoded(&wire::CloseReportRequest { report_id: random() }),
        _ => Bytes::new(),
    }
}

fn random() -> Bytes {
    Bytes::copy_from_slice(&randomness().random::<[u8; 16]>())
}
