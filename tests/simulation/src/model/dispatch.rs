//! From a method to the verb that carries it out.

use bytes::Bytes;
use prost::Message as _;
use rand::rngs::StdRng;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{Call, Method, decode};

use super::{Answer, Fault, Model, Moment};

macro_rules! routes {
    (
        ($model:ident, $method:ident, $token:ident, $body:ident, $at:ident)
        anyone { $($open:ident => $open_verb:ident,)* }
        session { $($closed:ident => $closed_verb:ident,)* }
    ) => {
        match $method {
            $(Method::$open => Ok(reply(&$model.$open_verb(request($body)?, $at)?)),)*
            $(Method::$closed => {
                let caller = $model.admit($method, $token, $at.now)?;
                Ok(reply(&$model.$closed_verb(&caller, request($body)?, $at)?))
            })*
            Method::ConversationGetTree => {
                let caller = $model.admit($method, $token, $at.now)?;
                let pieces = $model.get_tree(&caller, request($body)?)?;
                Ok(Answer::Pieces(pieces.iter().map(|piece| piece.encode_to_vec().into()).collect()))
            }
            Method::StreamSubscribe => {
                let caller = $model.admit($method, $token, $at.now)?;
                $model.subscribe(&caller, request($body)?, $at)?;
                Ok(Answer::Subscribed)
            }
            // Files, administration and audits are no part of the model.
            _ => Err(ErrorCode::UnknownMethod.into()),
        }
    };
}

impl Model {
    /// Carries out a call. Who may make it is checked before the request is decoded.
    pub fn call(
        &mut self,
        now_ms: u64,
        session: Option<&str>,
        method: Method,
        body: Bytes,
        rng: &mut StdRng,
    ) -> Result<Answer, Fault> {
        let at = &mut Moment { now: now_ms, rng };
        routes! {
            (self, method, session, body, at)
            anyone {
                AuthGetServerInfo => get_server_info,
                AuthRegisterStart => register_start,
                AuthRegisterFinish => register_finish,
                AuthLoginStart => login_start,
                AuthLoginFinish => login_finish,
                AuthRefresh => refresh,
                AuthRecoverStart => recover_start,
                AuthRecoverProve => recover_prove,
                AuthRecoverFinish => recover_finish,
                DirectoryGetHead => get_head,
            }
            session {
                AuthLogout => logout,
                AuthListSessions => list_sessions,
                AuthRevokeSession => revoke_session,
                AuthChangePasswordStart => change_password_start,
                AuthChangePasswordFinish => change_password_finish,
                AuthEnableTotpStart => enable_totp_start,
                AuthEnableTotpFinish => enable_totp_finish,
                AuthDisableTotp => disable_totp,
                AuthRenewBackupCodes => renew_backup_codes,
                AuthRequestReset => request_reset,
                AuthCancelReset => cancel_reset,
                AuthResetStart => reset_start,
                AuthResetFinish => reset_finish,
                AuthDeleteAccount => delete_account,
                AccountLookUpUser => look_up_user,
                AccountGetAccountKeys => get_account_keys,
                AccountGetOwnAccount => get_own_account,
                AccountAddDevice => add_device,
                AccountRevokeDevice => revoke_device,
                AccountListDevices => list_devices,
                AccountNameDevice => name_device,
                AccountChangeUserName => change_user_name,
                AccountChangeEmail => change_email,
                AccountGetVault => get_vault,
                AccountPutVault => put_vault,
                AccountPutCheckpoint => put_checkpoint,
                AccountGetCheckpoints => get_checkpoints,
                AccountPutSetting => put_setting,
                AccountListSettings => list_settings,
                AccountBlockAccount => block_account,
                AccountUnblockAccount => unblock_account,
                AccountListBlocked => list_blocked,
                DirectoryLookUp => look_up,
                DirectoryListOwnEntries => list_own_entries,
                KeyPublishKeyPackages => publish_key_packages,
                KeyCountKeyPackages => count_key_packages,
                KeyClaimKeyPackages => claim_key_packages,
                ConversationCreateConversation => create_conversation,
                ConversationCommit => commit,
                ConversationAppend => append,
                ConversationReadRange => read_range,
                ConversationSync => sync,
                ConversationListWelcomes => list_welcomes,
                ConversationAckWelcomes => ack_welcomes,
                ConversationPutReadMarker => put_read_marker,
                ConversationGetReadMarkers => get_read_markers,
                ConversationLeave => leave,
                ConversationNewGeneration => new_generation,
                ConversationAcceptRequest => accept_request,
                ConversationDeclineRequest => decline_request,
                StreamSendSignal => send_signal,
            }
        }
    }
}

fn request<R: Call>(body: Bytes) -> Result<R, Fault> {
    Ok(decode(body, R::METHOD.request_max())?)
}

fn reply(message: &impl prost::Message) -> Answer {
    Answer::Reply(message.encode_to_vec().into())
}
