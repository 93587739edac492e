//! Who may make a call: the levels of access that the contract gives each method (`docs/PROTOCOL.md` 11.3).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sotto_proto::wire::ErrorCode;
use sotto_proto::{Access, Method, SessionId};

use super::{AccessToken, Caller, Context, Failure};
use crate::clock::Timestamp;
use crate::store::Session;

/// How long a login counts as fresh.
const FRESH: Duration = Duration::from_mins(10);

/// For how long a session that was alive is taken to be: with it, what has ended is ended everywhere within 5 s.
const BELIEVED: Duration = Duration::from_secs(2);

const BELIEVED_MAX: usize = 100_000;

pub(super) struct Gate {
    context: Arc<Context>,
    believed: Mutex<HashMap<SessionId, (Timestamp, Arc<Session>)>>,
}

impl Gate {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self { context, believed: Mutex::default() }
    }

    /// The caller's live session, if it may call the method.
    pub(super) async fn admit(&self, method: Method, caller: &Caller) -> Result<Arc<Session>, Failure> {
        let token = caller.token.ok_or(ErrorCode::Unauthenticated)?;
        let session = self.session(token).await?;
        check_level(method, &session, self.context.now())?;
        if session.suspended && writes(method) {
            return Err(ErrorCode::AccountSuspended.into());
        }
        Ok(session)
    }

    /// The session of a token. What it says of certificate, suspension and so on may be as old as [`BELIEVED`].
    pub(super) async fn session(&self, token: AccessToken) -> Result<Arc<Session>, Failure> {
        let now = self.context.now();
        if token.expires_at <= now {
            return Err(ErrorCode::TokenExpired.into());
        }
        if let Some(session) = self.recall(token.session, now) {
            return Ok(session);
        }
        let session = Arc::new(self.context.store.session(token.session, now).await?);
        // One that waits for its certificate is asked for again: it is to count as soon as it is filed, on every node.
        if session.certified {
            self.remember(session.clone(), now);
        }
        Ok(session)
    }

    /// Asks the store at the next call: something about the session has changed.
    pub(super) fn forget(&self, session: SessionId) {
        self.believed().remove(&session);
    }

    fn recall(&self, session: SessionId, now: Timestamp) -> Option<Arc<Session>> {
        let believed = self.believed();
        let (since, session) = believed.get(&session)?;
        // A clock that was set back must not keep anything alive.
        (*since <= now && now < since.plus(BELIEVED)).then(|| session.clone())
    }

    fn remember(&self, session: Arc<Session>, now: Timestamp) {
        let mut believed = self.believed();
        if believed.len() >= BELIEVED_MAX {
            believed.retain(|_, (since, _)| now < since.plus(BELIEVED));
        }
        if believed.len() < BELIEVED_MAX {
            believed.insert(session.id, (now, session));
        }
    }

    fn believed(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, (Timestamp, Arc<Session>)>> {
        self.believed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_level(method: Method, session: &Session, now: Timestamp) -> Result<(), ErrorCode> {
    let access = method.access();
    // The vault is what a device needs before it can be certified.
    if access >= Access::Device && method != Method::AccountGetVault && !session.certified {
        return Err(ErrorCode::DeviceNotCertified);
    }
    if access == Access::Fresh && now >= session.opened_at.plus(FRESH) {
        return Err(ErrorCode::FreshLoginRequired);
    }
    if access == Access::Admin && !session.admin {
        return Err(ErrorCode::Forbidden);
    }
    Ok(())
}

/// Whether a suspended account may not call it. Every method is named, so that a new one has to decide.
const fn writes(method: Method) -> bool {
    match method {
        Method::AuthGetServerInfo
        | Method::AuthRegisterStart
        | Method::AuthRegisterFinish
        | Method::AuthLoginStart
        | Method::AuthLoginFinish
        | Method::AuthRefresh
        | Method::AuthLogout
        | Method::AuthListSessions
        | Method::AuthRevokeSession
        | Method::AuthChangePasswordStart
        | Method::AuthChangePasswordFinish
        | Method::AuthEnableTotpStart
        | Method::AuthEnableTotpFinish
        | Method::AuthDisableTotp
        | Method::AuthRenewBackupCodes
        | Method::AuthRecoverStart
        | Method::AuthRecoverProve
        | Method::AuthRecoverFinish
        | Method::AuthRequestReset
        | Method::AuthCancelReset
        | Method::AuthResetStart
        | Method::AuthResetFinish
        | Method::AuthDeleteAccount
        | Method::AccountLookUpUser
        | Method::AccountGetAccountKeys
        | Method::AccountGetOwnAccount
        | Method::AccountAddDevice
        | Method::AccountRevokeDevice
        | Method::AccountListDevices
        | Method::AccountGetVault
        | Method::AccountPutVault
        | Method::AccountPutCheckpoint
        | Method::AccountGetCheckpoints
        | Method::AccountListSettings
        | Method::AccountListBlocked
        | Method::DirectoryGetHead
        | Method::DirectoryListSteps
        | Method::DirectoryLookUp
        | Method::DirectoryListOwnEntries
        | Method::KeyCountKeyPackages
        | Method::ConversationReadRange
        | Method::ConversationSync
        | Method::ConversationGetTree
        | Method::ConversationListWelcomes
        | Method::ConversationAckWelcomes
        | Method::ConversationGetReadMarkers
        | Method::ConversationLeave
        | Method::StreamSubscribe
        | Method::FileGetFileStatus
        | Method::FileDownloadFile
        | Method::FileDetachFile
        | Method::FileDeleteFile
        | Method::FileListFiles => false,
        Method::AccountNameDevice
        | Method::AccountChangeUserName
        | Method::AccountChangeEmail
        | Method::AccountPutSetting
        | Method::AccountBlockAccount
        | Method::AccountUnblockAccount
        | Method::KeyPublishKeyPackages
        | Method::KeyClaimKeyPackages
        | Method::ConversationCreateConversation
        | Method::ConversationCommit
        | Method::ConversationAppend
        | Method::ConversationPutReadMarker
        | Method::ConversationNewGeneration
        | Method::ConversationAcceptRequest
        | Method::ConversationDeclineRequest
        | Method::ConversationReport
        | Method::StreamSendSignal
        | Method::FileReserveFile
        | Method::FileUploadPart
        | Method::FileCompleteFile
        | Method::FileAttachFile
        | Method::AdminListAccounts
        | Method::AdminGetAccount
        | Method::AdminSetSuspended
        | Method::AdminSetQuota
        | Method::AdminGetCounts
        | Method::AdminListReports
        | Method::AdminCloseReport => true,
    }
}
