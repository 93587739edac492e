//! What of each call the database may have: what is public by nature, sealed, or needed to recognise a repetition. All else passes
//! through the server and leaves nothing. A method without a row does not compile.

use sotto_proto::Method;

/// Which part of a message may be kept, as paths of field numbers.
#[derive(Clone, Copy)]
pub(super) enum May {
    KeepAll,
    Keep(&'static [&'static [u32]]),
}

impl May {
    pub(super) fn keep(self, path: &[u32]) -> bool {
        match self {
            Self::KeepAll => true,
            Self::Keep(kept) => kept.iter().any(|kept| path.starts_with(kept)),
        }
    }
}

const NOTHING: May = May::Keep(&[]);
/// Of a new session: its id. Its tokens are the device's alone.
const SESSION: May = May::Keep(&[&[1, 1]]);

/// Of the request, and of the reply.
#[allow(clippy::match_same_arms, reason = "each row has its own reason")]
pub(super) const fn kept(method: Method) -> (May, May) {
    match method {
        Method::AuthGetServerInfo => (NOTHING, May::KeepAll),
        // The account and its name are kept once it is registered.
        Method::AuthRegisterStart => (NOTHING, NOTHING),
        // Of the device's proof its id and key, not the signature.
        Method::AuthRegisterFinish => {
            (May::Keep(&[&[1], &[2], &[3], &[4], &[5], &[6], &[7], &[8, 1], &[8, 2], &[9]]), SESSION)
        }
        // A login name may be mistyped, or be something else altogether.
        Method::AuthLoginStart => (NOTHING, NOTHING),
        Method::AuthLoginFinish => (May::Keep(&[&[5, 1], &[5, 2]]), May::Keep(&[&[1, 1], &[2], &[3], &[4]])),
        Method::AuthRefresh => (May::Keep(&[&[2], &[3, 1], &[3, 2]]), SESSION),
        Method::AuthLogout | Method::AuthCancelReset => (NOTHING, NOTHING),
        Method::AuthListSessions | Method::AuthRevokeSession => (May::KeepAll, May::KeepAll),
        Method::AuthChangePasswordStart | Method::AuthResetStart => (NOTHING, NOTHING),
        // The record, and the vault sealed anew.
        Method::AuthChangePasswordFinish => (May::KeepAll, NOTHING),
        Method::AuthEnableTotpStart
        | Method::AuthEnableTotpFinish
        | Method::AuthDisableTotp
        | Method::AuthRenewBackupCodes => (NOTHING, NOTHING),
        Method::AuthRecoverStart => (NOTHING, NOTHING),
        Method::AuthRecoverProve => (NOTHING, May::Keep(&[&[2], &[3]])),
        Method::AuthRecoverFinish => (May::Keep(&[&[2], &[3], &[4, 1], &[4, 2]]), SESSION),
        Method::AuthRequestReset | Method::AuthDeleteAccount => (May::Keep(&[&[1, 1], &[1, 2]]), NOTHING),
        Method::AuthResetFinish => (May::KeepAll, NOTHING),
        // Whom somebody looks for is not noted, nor which conversations.
        Method::AccountLookUpUser | Method::AccountGetAccountKeys | Method::AccountGetCheckpoints => {
            (NOTHING, May::KeepAll)
        }
        Method::AccountGetOwnAccount
        | Method::AccountListDevices
        | Method::AccountGetVault
        | Method::AccountListSettings
        | Method::AccountListBlocked => (NOTHING, May::KeepAll),
        // Certificates, sealed names and states, names to log in by.
        Method::AccountAddDevice
        | Method::AccountRevokeDevice
        | Method::AccountNameDevice
        | Method::AccountChangeUserName
        | Method::AccountChangeEmail
        | Method::AccountPutVault
        | Method::AccountPutCheckpoint
        | Method::AccountPutSetting
        | Method::AccountBlockAccount
        | Method::AccountUnblockAccount => (May::KeepAll, NOTHING),
        // Whom somebody looks up, and which heads they have seen, is not noted. What is answered is for everybody to know.
        Method::DirectoryGetHead
        | Method::DirectoryLookUp
        | Method::DirectoryListSteps
        | Method::DirectoryListOwnEntries => (NOTHING, May::KeepAll),
        Method::KeyPublishKeyPackages => (May::KeepAll, May::KeepAll),
        Method::KeyCountKeyPackages => (NOTHING, May::KeepAll),
        // The id of the claim, so that its repetition is recognised.
        Method::KeyClaimKeyPackages => (May::KeepAll, May::KeepAll),
        // Handshakes, which are public to the server, and sealed events.
        Method::ConversationCreateConversation
        | Method::ConversationCommit
        | Method::ConversationNewGeneration
        | Method::ConversationLeave
        | Method::ConversationAppend => (May::KeepAll, May::KeepAll),
        Method::ConversationReadRange
        | Method::ConversationGetTree
        | Method::ConversationListWelcomes
        | Method::ConversationGetReadMarkers
        | Method::ConversationAcceptRequest => (May::KeepAll, May::KeepAll),
        // Where a device stands is known to the device.
        Method::ConversationSync => (NOTHING, May::Keep(&[&[1], &[2], &[3]])),
        Method::ConversationAckWelcomes | Method::ConversationPutReadMarker | Method::ConversationDeclineRequest => {
            (May::KeepAll, NOTHING)
        }
        // What its sender chose to show to the operator.
        Method::ConversationReport => (May::KeepAll, NOTHING),
        Method::StreamSubscribe => (NOTHING, May::Keep(&[&[2], &[3], &[4], &[5], &[6], &[7], &[8, 1], &[9]])),
        // The conversation is kept; that somebody types in it is not.
        Method::StreamSendSignal => (May::Keep(&[&[1, 1]]), NOTHING),
        Method::FileReserveFile
        | Method::FileUploadPart
        | Method::FileGetFileStatus
        | Method::FileCompleteFile
        | Method::FileDownloadFile
        | Method::FileAttachFile
        | Method::FileDetachFile
        | Method::FileDeleteFile
        | Method::FileListFiles => (May::KeepAll, May::KeepAll),
        Method::AdminListAccounts | Method::AdminGetAccount | Method::AdminGetCounts | Method::AdminListReports => {
            (NOTHING, May::KeepAll)
        }
        Method::AdminSetSuspended | Method::AdminSetQuota | Method::AdminCloseReport => (May::KeepAll, NOTHING),
    }
}
