//! The table: for each method what each role gets.
//!
//! Where a whole valid call would take more than this test is about, the request is an empty one: `InvalidArgument` then says that
//! the caller was let in.

use sotto_proto::Method;
use sotto_proto::wire::ErrorCode;

use super::Outcome::{self, Done, Refused};
use super::stage::Role;

const EMPTY: Outcome = Refused(ErrorCode::InvalidArgument);
const ABSENT: Outcome = Refused(ErrorCode::NotFound);
const FORBIDDEN: Outcome = Refused(ErrorCode::Forbidden);
const NOT_NOW: Outcome = Refused(ErrorCode::NotApplicable);
const BAD_HANDSHAKE: Outcome = Refused(ErrorCode::HandshakeInvalid);

pub(super) fn expected(method: Method, role: Role) -> Outcome {
    match row(method) {
        Row::Everybody(outcome) => outcome,
        Row::Own(outcome) => with_session(role, || outcome),
        Row::OwnWrite(outcome) => with_session(role, || unless_suspended(role, || outcome)),
        Row::InChat { reads, ex_member, member, admin, owner } => with_session(role, || {
            let outcome = || match role {
                Role::ExMember => ex_member,
                Role::Suspended | Role::Member => member,
                Role::Admin => admin,
                Role::Owner => owner,
                Role::Anonymous | Role::RemovedDevice | Role::Stranger | Role::Operator => ABSENT,
            };
            if reads { outcome() } else { unless_suspended(role, outcome) }
        }),
        Row::Operating(outcome) => with_session(role, || if role == Role::Operator { outcome } else { FORBIDDEN }),
    }
}

fn with_session(role: Role, outcome: impl FnOnce() -> Outcome) -> Outcome {
    match role {
        Role::Anonymous => Refused(ErrorCode::Unauthenticated),
        Role::RemovedDevice => Refused(ErrorCode::SessionEnded),
        _ => outcome(),
    }
}

fn unless_suspended(role: Role, outcome: impl FnOnce() -> Outcome) -> Outcome {
    if role == Role::Suspended { Refused(ErrorCode::AccountSuspended) } else { outcome() }
}

enum Row {
    /// The same for all, with and without a session.
    Everybody(Outcome),
    /// About the caller's own things.
    Own(Outcome),
    /// The same, and it writes.
    OwnWrite(Outcome),
    /// About the group or what belongs to it; whoever is not named gets `NOT_FOUND`.
    InChat { reads: bool, ex_member: Outcome, member: Outcome, admin: Outcome, owner: Outcome },
    /// For the operator.
    Operating(Outcome),
}

const fn members_read(ex_member: Outcome) -> Row {
    Row::InChat { reads: true, ex_member, member: Done, admin: Done, owner: Done }
}

const fn members_write(outcome: Outcome) -> Row {
    Row::InChat { reads: false, ex_member: ABSENT, member: outcome, admin: outcome, owner: outcome }
}

/// Only admins and owners may post in the group.
const fn posts() -> Row {
    Row::InChat { reads: false, ex_member: ABSENT, member: FORBIDDEN, admin: Done, owner: Done }
}

const fn owner_of_the_file(reads: bool, outcome: Outcome) -> Row {
    Row::InChat { reads, ex_member: ABSENT, member: ABSENT, admin: ABSENT, owner: outcome }
}

/// Every method is named, so that a new one has to decide.
#[allow(clippy::match_same_arms, reason = "in the order of the contract it can be checked against it")]
const fn row(method: Method) -> Row {
    match method {
        Method::AuthGetServerInfo => Row::Everybody(Done),
        Method::AuthRegisterStart
        | Method::AuthRegisterFinish
        | Method::AuthLoginStart
        | Method::AuthLoginFinish
        | Method::AuthRefresh
        | Method::AuthRecoverStart
        | Method::AuthRecoverProve
        | Method::AuthRecoverFinish => Row::Everybody(EMPTY),
        Method::AuthLogout | Method::AuthListSessions | Method::AuthEnableTotpStart => Row::Own(Done),
        Method::AuthRevokeSession => {
            Row::InChat { reads: true, ex_member: ABSENT, member: ABSENT, admin: ABSENT, owner: ABSENT }
        }
        Method::AuthChangePasswordStart
        | Method::AuthChangePasswordFinish
        | Method::AuthEnableTotpFinish
        | Method::AuthRequestReset
        | Method::AuthResetStart
        | Method::AuthResetFinish
        | Method::AuthDeleteAccount => Row::Own(EMPTY),
        Method::AuthDisableTotp | Method::AuthRenewBackupCodes => Row::Own(NOT_NOW),
        Method::AuthCancelReset => Row::Own(ABSENT),
        Method::AccountLookUpUser
        | Method::AccountGetAccountKeys
        | Method::AccountGetOwnAccount
        | Method::AccountListDevices
        | Method::AccountGetVault
        | Method::AccountGetCheckpoints
        | Method::AccountListSettings
        | Method::AccountListBlocked => Row::Own(Done),
        Method::AccountAddDevice | Method::AccountRevokeDevice => Row::Own(Refused(ErrorCode::CertificateInvalid)),
        Method::AccountPutVault => Row::Own(EMPTY),
        Method::AccountNameDevice => {
            Row::InChat { reads: false, ex_member: ABSENT, member: ABSENT, admin: ABSENT, owner: Done }
        }
        Method::AccountChangeUserName => Row::OwnWrite(EMPTY),
        Method::AccountChangeEmail
        | Method::AccountPutSetting
        | Method::AccountBlockAccount
        | Method::AccountUnblockAccount => Row::OwnWrite(Done),
        // Who was a member goes on reading what it could, and the vault device with it.
        Method::AccountPutCheckpoint => members_read(Done),
        Method::DirectoryGetHead | Method::DirectoryListSteps => Row::Everybody(Done),
        Method::DirectoryLookUp | Method::DirectoryListOwnEntries => Row::Own(Done),
        Method::KeyPublishKeyPackages => Row::OwnWrite(EMPTY),
        Method::KeyCountKeyPackages => Row::Own(Done),
        Method::KeyClaimKeyPackages => Row::OwnWrite(Done),
        Method::ConversationCreateConversation => Row::OwnWrite(EMPTY),
        Method::ConversationCommit => members_write(BAD_HANDSHAKE),
        Method::ConversationAppend | Method::StreamSendSignal => posts(),
        Method::ConversationReadRange => members_read(Done),
        Method::ConversationSync | Method::ConversationListWelcomes | Method::ConversationAckWelcomes => Row::Own(Done),
        Method::ConversationGetTree | Method::ConversationGetReadMarkers => members_read(ABSENT),
        Method::ConversationPutReadMarker => members_write(Done),
        Method::ConversationLeave => Row::InChat {
            reads: true,
            ex_member: ABSENT,
            member: BAD_HANDSHAKE,
            admin: BAD_HANDSHAKE,
            owner: BAD_HANDSHAKE,
        },
        Method::ConversationNewGeneration => members_write(BAD_HANDSHAKE),
        Method::ConversationAcceptRequest => members_write(Done),
        Method::ConversationDeclineRequest => members_write(ABSENT),
        Method::ConversationReport => {
            Row::InChat { reads: false, ex_member: Done, member: Done, admin: Done, owner: Done }
        }
        Method::StreamSubscribe => Row::Own(Done),
        Method::FileReserveFile => posts(),
        Method::FileUploadPart => owner_of_the_file(false, NOT_NOW),
        Method::FileCompleteFile => owner_of_the_file(false, Done),
        Method::FileGetFileStatus | Method::FileDownloadFile => members_read(ABSENT),
        Method::FileAttachFile => posts(),
        Method::FileDetachFile => {
            Row::InChat { reads: true, ex_member: ABSENT, member: FORBIDDEN, admin: Done, owner: Done }
        }
        Method::FileDeleteFile => owner_of_the_file(true, Done),
        Method::FileListFiles => Row::Own(Done),
        Method::AdminListAccounts
        | Method::AdminGetAccount
        | Method::AdminSetSuspended
        | Method::AdminSetQuota
        | Method::AdminGetCounts
        | Method::AdminListReports => Row::Operating(Done),
        Method::AdminCloseReport => Row::Operating(ABSENT),
    }
}

/// Whether its request names something that may be somebody else's.
pub(super) const fn names_an_object(method: Method) -> bool {
    match row(method) {
        Row::InChat { .. } => true,
        Row::Everybody(_) | Row::Own(_) | Row::OwnWrite(_) | Row::Operating(_) => {
            matches!(
                method,
                Method::ConversationAckWelcomes
                    | Method::ConversationListWelcomes
                    | Method::AccountGetCheckpoints
                    | Method::AccountBlockAccount
                    | Method::AccountUnblockAccount
                    | Method::AdminGetAccount
                    | Method::AdminSetSuspended
                    | Method::AdminSetQuota
                    | Method::AdminCloseReport
            )
        }
    }
}
