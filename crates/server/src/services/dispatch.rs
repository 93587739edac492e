//! From a method to the verb that carries it out. A method without a verb does not compile.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use sotto_proto::{Call, Method, decode};

use super::{Answer, Caller, Failure, Items, Services};

macro_rules! routes {
    (
        ($services:ident, $method:ident, $caller:ident, $body:ident)
        anyone { $($open:ident => $open_service:ident.$open_verb:ident,)* }
        session { $($closed:ident => $closed_service:ident.$closed_verb:ident,)* }
        stream { $($live:ident => $live_service:ident.$live_verb:ident,)* }
        encoded { $($ready:ident => $ready_service:ident.$ready_verb:ident,)* }
    ) => {
        match $method {
            $(Method::$open => async move {
                Ok(reply(&$services.$open_service.$open_verb(&$caller.visitor(), request($body)?).await?))
            }.boxed(),)*
            $(Method::$closed => async move {
                let session = $services.gate.admit($method, $caller).await?;
                Ok(reply(&$services.$closed_service.$closed_verb(&session, request($body)?).await?))
            }.boxed(),)*
            $(Method::$live => async move {
                let session = $services.gate.admit($method, $caller).await?;
                Ok(items($services.$live_service.$live_verb(&session, request($body)?).await?))
            }.boxed(),)*
            $(Method::$ready => async move {
                let session = $services.gate.admit($method, $caller).await?;
                Ok(Answer::Items($services.$ready_service.$ready_verb(&session, request($body)?).await?))
            }.boxed(),)*
        }
    };
}

impl Services {
    /// Carries out a call. Who may make it is checked before the request is decoded.
    pub async fn call(&self, method: Method, caller: &Caller, body: Bytes) -> Result<Answer, Failure> {
        // Each call takes memory for its own verb, not for the largest.
        let call: BoxFuture<'_, Result<Answer, Failure>> = routes! {
            (self, method, caller, body)
            anyone {
                AuthGetServerInfo => auth.get_server_info,
                AuthRegisterStart => auth.register_start,
                AuthRegisterFinish => auth.register_finish,
                AuthLoginStart => auth.login_start,
                AuthLoginFinish => auth.login_finish,
                AuthRefresh => auth.refresh,
                AuthRecoverStart => auth.recover_start,
                AuthRecoverProve => auth.recover_prove,
                AuthRecoverFinish => auth.recover_finish,
                DirectoryGetHead => directory.get_head,
                DirectoryListSteps => directory.list_steps,
            }
            session {
                AuthLogout => auth.logout,
                AuthListSessions => auth.list_sessions,
                AuthRevokeSession => auth.revoke_session,
                AuthChangePasswordStart => auth.change_password_start,
                AuthChangePasswordFinish => auth.change_password_finish,
                AuthEnableTotpStart => auth.enable_totp_start,
                AuthEnableTotpFinish => auth.enable_totp_finish,
                AuthDisableTotp => auth.disable_totp,
                AuthRenewBackupCodes => auth.renew_backup_codes,
                AuthRequestReset => auth.request_reset,
                AuthCancelReset => auth.cancel_reset,
                AuthResetStart => auth.reset_start,
                AuthResetFinish => auth.reset_finish,
                AuthDeleteAccount => auth.delete_account,
                AccountLookUpUser => accounts.look_up_user,
                AccountGetAccountKeys => accounts.get_account_keys,
                AccountGetOwnAccount => accounts.get_own_account,
                AccountAddDevice => accounts.add_device,
                AccountRevokeDevice => accounts.revoke_device,
                AccountListDevices => accounts.list_devices,
                AccountNameDevice => accounts.name_device,
                AccountChangeUserName => accounts.change_user_name,
                AccountChangeEmail => accounts.change_email,
                AccountGetVault => accounts.get_vault,
                AccountPutVault => accounts.put_vault,
                AccountPutCheckpoint => accounts.put_checkpoint,
                AccountGetCheckpoints => accounts.get_checkpoints,
                AccountPutSetting => accounts.put_setting,
                AccountListSettings => accounts.list_settings,
                AccountBlockAccount => accounts.block_account,
                AccountUnblockAccount => accounts.unblock_account,
                AccountListBlocked => accounts.list_blocked,
                DirectoryLookUp => directory.look_up,
                DirectoryListOwnEntries => directory.list_own_entries,
                KeyPublishKeyPackages => keys.publish_key_packages,
                KeyCountKeyPackages => keys.count_key_packages,
                KeyClaimKeyPackages => keys.claim_key_packages,
                ConversationCreateConversation => conversations.create_conversation,
                ConversationCommit => conversations.commit,
                ConversationAppend => conversations.append,
                ConversationReadRange => conversations.read_range,
                ConversationSync => conversations.sync,
                ConversationListWelcomes => conversations.list_welcomes,
                ConversationAckWelcomes => conversations.ack_welcomes,
                ConversationPutReadMarker => conversations.put_read_marker,
                ConversationGetReadMarkers => conversations.get_read_markers,
                ConversationLeave => conversations.leave,
                ConversationNewGeneration => conversations.new_generation,
                ConversationAcceptRequest => conversations.accept_request,
                ConversationDeclineRequest => conversations.decline_request,
                ConversationReport => conversations.report,
                StreamSendSignal => stream.send_signal,
                FileReserveFile => files.reserve_file,
                FileUploadPart => files.upload_part,
                FileGetFileStatus => files.get_file_status,
                FileCompleteFile => files.complete_file,
                FileAttachFile => files.attach_file,
                FileDetachFile => files.detach_file,
                FileDeleteFile => files.delete_file,
                FileListFiles => files.list_files,
                AdminListAccounts => admin.list_accounts,
                AdminGetAccount => admin.get_account,
                AdminSetSuspended => admin.set_suspended,
                AdminSetQuota => admin.set_quota,
                AdminGetCounts => admin.get_counts,
                AdminListReports => admin.list_reports,
                AdminCloseReport => admin.close_report,
            }
            stream {
                ConversationGetTree => conversations.get_tree,
                FileDownloadFile => files.download_file,
            }
            encoded {
                StreamSubscribe => stream.subscribe,
            }
        };
        call.await
    }
}

fn request<R: Call>(body: Bytes) -> Result<R, Failure> {
    Ok(decode(body, R::METHOD.request_max())?)
}

fn reply(message: &impl prost::Message) -> Answer {
    Answer::Reply(message.encode_to_vec().into())
}

fn items<M: prost::Message + 'static>(items: Items<M>) -> Answer {
    Answer::Items(items.map(|item| item.map(|message| message.encode_to_vec().into())).boxed())
}
