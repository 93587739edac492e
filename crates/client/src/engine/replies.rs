//! What a reply means, by the call that it answers.

use bytes::Bytes;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{Call, ConversationHead, ConversationId, EntryBody, LogEntry, Method, decode, limits, wire};

use super::account::Wants;
use super::change::{Attempt, Change, Why};
use super::chat::{Chat, Membership, Stand, VaultStep, Whose};
use super::requests::{Failure, Kept, OF_CONVERSATIONS, Ticket};
use super::sending::position;
use super::step::{Mishap, Step};

/// What becomes of a call.
pub(super) enum Fate {
    /// It is over.
    Over,
    /// It is made again, byte by byte, after the time given or by the usual rule.
    Again(Option<u64>),
}

impl Step<'_, '_> {
    pub(super) fn succeed(&mut self, ticket: Ticket, kept: &Kept, pieces: Vec<Bytes>) -> Result<(), Mishap> {
        let whole = || pieces.first().cloned().unwrap_or_default();
        match kept.method {
            Method::AuthGetServerInfo => self.greeted(&reply::<wire::GetServerInfoRequest>(whole())?),
            Method::AuthRegisterStart => self.registration_started(&reply::<wire::RegisterStartRequest>(whole())?),
            Method::AuthRegisterFinish => self.registered(reply::<wire::RegisterFinishRequest>(whole())?),
            Method::AuthLoginStart => self.login_started(reply::<wire::LoginStartRequest>(whole())?),
            Method::AuthLoginFinish => self.logged_in(reply::<wire::LoginFinishRequest>(whole())?),
            Method::AuthRefresh => self.refreshed(reply::<wire::RefreshRequest>(whole())?),
            Method::AuthChangePasswordStart => {
                self.password_evaluated(&reply::<wire::ChangePasswordStartRequest>(whole())?)
            }
            Method::AuthChangePasswordFinish => self.password_changed(&kept.request()?),
            Method::AuthDeleteAccount => {
                self.tell(Change::Done(Attempt::Deletion));
                self.wipe()
            }
            Method::AccountPutVault => self.vault_is_put(&kept.request()?),
            Method::AuthEnableTotpStart => {
                self.factor_drawn(&reply::<wire::EnableTotpStartRequest>(whole())?);
                Ok(())
            }
            Method::AuthEnableTotpFinish => self.factor_enabled(reply::<wire::EnableTotpFinishRequest>(whole())?),
            Method::AuthDisableTotp => self.factor_changed(),
            Method::AuthRenewBackupCodes => {
                self.backup_codes_came(reply::<wire::RenewBackupCodesRequest>(whole())?.backup_codes)
            }
            Method::AuthRecoverStart => self.recovery_challenged(reply::<wire::RecoverStartRequest>(whole())?),
            Method::AuthRecoverProve => self.recovery_proved(reply::<wire::RecoverProveRequest>(whole())?),
            Method::AuthRecoverFinish => self.recovered(reply::<wire::RecoverFinishRequest>(whole())?),
            Method::AccountPutSetting => Ok(()),
            Method::AccountListSettings => self.settings_came(&reply::<wire::ListSettingsRequest>(whole())?),
            Method::AccountListBlocked => self.blocked_came(&reply::<wire::ListBlockedRequest>(whole())?),
            Method::AccountListDevices => self.devices_came(&reply::<wire::ListDevicesRequest>(whole())?),
            Method::AccountRevokeDevice => {
                let is_of_renewal = self.renewal_revoked(&kept.request()?)?;
                if is_of_renewal { Ok(()) } else { self.revoked() }
            }
            Method::AuthListSessions => {
                self.sessions_came(&reply::<wire::ListSessionsRequest>(whole())?);
                Ok(())
            }
            Method::AuthRevokeSession => {
                self.session_ended();
                Ok(())
            }
            Method::AccountNameDevice => {
                self.memory.traffic.call(&wire::ListDevicesRequest {});
                self.tell(Change::Done(Attempt::Devices));
                Ok(())
            }
            Method::AccountAddDevice => {
                let is_of_renewal = self.renewal_filed(&kept.request()?)?;
                if is_of_renewal { Ok(()) } else { self.certified() }
            }
            Method::AccountGetOwnAccount => self.take_own_account(reply::<wire::GetOwnAccountRequest>(whole())?),
            Method::AccountLookUpUser => self.found(ticket, reply::<wire::LookUpUserRequest>(whole())?),
            Method::AccountGetAccountKeys => {
                self.keys_came(&kept.request()?, &reply::<wire::GetAccountKeysRequest>(whole())?)
            }
            Method::DirectoryGetHead => self.head_came(&kept.request()?, &reply::<wire::GetHeadRequest>(whole())?),
            Method::DirectoryLookUp => self.looked_up(&kept.request()?, &reply::<wire::LookUpRequest>(whole())?),
            Method::DirectoryListOwnEntries => self.own_entries_came(&reply::<wire::ListOwnEntriesRequest>(whole())?),
            Method::KeyPublishKeyPackages => self.published(&kept.request()?),
            Method::FileReserveFile
            | Method::FileUploadPart
            | Method::FileGetFileStatus
            | Method::FileCompleteFile
            | Method::FileDownloadFile
            | Method::FileAttachFile => self.transfer_answered(ticket, kept, &pieces),
            Method::ConversationSync => self.synced(reply::<wire::SyncRequest>(whole())?),
            _ => self.succeed_in_chat(kept, pieces),
        }
    }

    /// Calls about one conversation.
    fn succeed_in_chat(&mut self, kept: &Kept, mut pieces: Vec<Bytes>) -> Result<(), Mishap> {
        let Some(mut chat) = self.chat_of(kept)? else { return Ok(()) };
        let whole = if pieces.len() == 1 { pieces.remove(0) } else { Bytes::new() };
        match kept.method {
            Method::KeyClaimKeyPackages => {
                let came = reply::<wire::ClaimKeyPackagesRequest>(whole)?;
                match chat.membership {
                    Membership::Founding => self.found_claimed(&mut chat, came)?,
                    _ => self.add_claimed(&mut chat, &kept.request()?, came)?,
                }
            }
            Method::ConversationCreateConversation => {
                self.founded(&mut chat, reply::<wire::CreateConversationRequest>(whole)?)?;
            }
            Method::ConversationCommit => {
                self.committed(&mut chat, kept.request()?, &reply::<wire::CommitRequest>(whole)?)?;
            }
            Method::ConversationNewGeneration => {
                self.reopened(&mut chat, reply::<wire::NewGenerationRequest>(whole)?)?;
            }
            Method::ConversationAppend => {
                self.appended(&mut chat, kept.request()?, &reply::<wire::AppendRequest>(whole)?)?;
            }
            Method::ConversationReadRange => {
                self.range_came(&mut chat, &kept.request()?, reply::<wire::ReadRangeRequest>(whole)?)?;
            }
            Method::ConversationGetTree => {
                pieces.insert(0, whole);
                let tree = assembled(pieces)?;
                self.tree_came(&mut chat, &kept.request()?, &tree)?;
            }
            Method::ConversationListWelcomes => {
                self.welcomes_came(&mut chat, &kept.request()?, &reply::<wire::ListWelcomesRequest>(whole)?)?;
            }
            Method::AccountGetCheckpoints => {
                self.checkpoint_came(&mut chat, &reply::<wire::GetCheckpointsRequest>(whole)?)?;
            }
            Method::AccountPutCheckpoint => self.checkpoint_is_put(&mut chat)?,
            Method::ConversationPutReadMarker => self.marked(&mut chat, &kept.request()?)?,
            Method::ConversationGetReadMarkers => {
                for marker in reply::<wire::GetReadMarkersRequest>(whole)?.markers {
                    self.take_marker(&mut chat, &marker)?;
                }
            }
            Method::ConversationLeave => {
                chat.stand = Stand::Left;
                chat.membership = Membership::Former;
                chat.server_seq = reply::<wire::LeaveRequest>(whole)?.last_seq;
                self.finish_intent(&chat)?;
                self.tell(Change::Members(chat.id));
            }
            Method::ConversationAcceptRequest => {
                let head = reply::<wire::AcceptRequestRequest>(whole)?.head.ok_or(Mishap::Bad("head"))?;
                chat.take_head(&ConversationHead::try_from(head)?);
                self.tell(Change::Chats);
            }
            Method::ConversationDeclineRequest => {
                let asked: wire::DeclineRequestRequest = kept.request()?;
                if let Some(stranger) = chat.requested_by.filter(|_| asked.block) {
                    self.keep_blocked(stranger, true)?;
                }
                chat.stand = Stand::Left;
                chat.membership = Membership::Former;
                self.tell(Change::Chats);
            }
            _ => {}
        }
        self.put_away(&chat)
    }

    /// Saves a conversation that still exists, and looks at it again.
    fn put_away(&mut self, chat: &Chat) -> Result<(), Mishap> {
        if self.chat(chat.id)?.is_some() {
            chat.save(self.db)?;
            self.revisit(chat.id);
        }
        Ok(())
    }

    fn finish_intent(&mut self, chat: &Chat) -> Result<(), Mishap> {
        if let Some((number, _)) = self.first_intent(chat)? {
            self.drop_intent(number)?;
        }
        Ok(())
    }

    /// The server took a commit of this device: the one by which it comes in, or one that the log now brings back.
    fn committed(
        &mut self,
        chat: &mut Chat,
        asked: wire::CommitRequest,
        reply: &wire::CommitResponse,
    ) -> Result<(), Mishap> {
        chat.server_handshake = chat.server_handshake.max(reply.seq);
        if chat.membership == Membership::Outside {
            return self.joined(chat, reply);
        }
        chat.server_seq = chat.server_seq.max(reply.seq);
        if reply.seq == chat.high_seq() + 1 {
            let entry = LogEntry {
                seq: sotto_proto::Seq::parse("seq", reply.seq)?,
                position: position(asked.generation, asked.epoch)?,
                body: EntryBody::Commit(asked.commit),
                received_at_ms: reply.received_at_ms,
            };
            self.read_on(chat, &[entry])?;
        }
        Ok(())
    }

    pub(super) fn fail_call(&mut self, ticket: Ticket, kept: &Kept, failure: &Failure) -> Result<Fate, Mishap> {
        let Failure::Refused(detail) = failure else {
            if self.memory.leaving && self.memory.traffic.tries(ticket) >= FAREWELLS {
                self.wipe()?;
                return Ok(Fate::Over);
            }
            return Ok(Fate::Again(None));
        };
        let wait_ms = Some(u64::from(detail.retry_after_ms)).filter(|wait| *wait > 0);
        match ErrorCode::of(detail) {
            ErrorCode::TokenExpired | ErrorCode::Unauthenticated if self.memory.account.is_some() => {
                self.memory.token_is_stale = true;
                return Ok(Fate::Again(Some(0)));
            }
            // The call may have gone out in a session that a login on this device has ended meanwhile. New tokens tell.
            ErrorCode::SessionEnded if kept.method != Method::AuthRefresh && self.memory.account.is_some() => {
                self.memory.token_is_stale = true;
                return Ok(Fate::Again(Some(0)));
            }
            ErrorCode::SessionEnded | ErrorCode::RefreshReused if self.memory.account.is_some() => {
                self.signed_out()?;
                return Ok(Fate::Again(None));
            }
            ErrorCode::DeviceProofInvalid if kept.method == Method::AuthRefresh => {
                // A proof that is too old or too new: the clock is looked at again, and then it is signed again.
                self.memory.clock_is_set = false;
                self.memory.traffic.call(&wire::GetServerInfoRequest {});
                return Ok(Fate::Again(None));
            }
            ErrorCode::RateLimited
            | ErrorCode::Unavailable
            | ErrorCode::ReadOnly
            | ErrorCode::Internal
            | ErrorCode::DeadlineExceeded
            | ErrorCode::Cancelled
                if !is_answered_at_once(kept.method) && !self.is_hopeless(ticket, ErrorCode::of(detail)) =>
            {
                return Ok(Fate::Again(wait_ms));
            }
            _ => {}
        }
        self.refuse(ticket, kept, failure)?;
        Ok(Fate::Over)
    }

    /// A server that fails over one file again and again has lost or broken it: the person is told, and decides.
    fn is_hopeless(&self, ticket: Ticket, code: ErrorCode) -> bool {
        let is_about_a_file = code == ErrorCode::Internal && self.memory.transfers.has_asked(ticket);
        is_about_a_file && self.memory.traffic.tries(ticket) >= FILE_FAILURES_MAX
    }

    fn refuse(&mut self, ticket: Ticket, kept: &Kept, failure: &Failure) -> Result<(), Mishap> {
        let code = failure.code().unwrap_or_default();
        match kept.method {
            Method::AuthGetServerInfo => self.greeting_refused(code),
            Method::AuthRegisterStart | Method::AuthRegisterFinish => {
                self.entrance_refused(Attempt::Register, failure)?;
            }
            Method::AuthLoginStart | Method::AuthLoginFinish => self.entrance_refused(Attempt::SignIn, failure)?,
            Method::AuthRecoverStart | Method::AuthRecoverProve | Method::AuthRecoverFinish => {
                self.entrance_refused(Attempt::Recover, failure)?;
            }
            Method::AuthChangePasswordStart | Method::AuthChangePasswordFinish => {
                self.errand_refused(Attempt::Password, failure);
            }
            Method::AuthDeleteAccount => self.errand_refused(Attempt::Deletion, failure),
            Method::AccountPutVault => self.errand_refused(Attempt::RecoveryWords, failure),
            Method::AuthEnableTotpStart
            | Method::AuthEnableTotpFinish
            | Method::AuthDisableTotp
            | Method::AuthRenewBackupCodes => {
                self.errand_refused(Attempt::Factor, failure);
            }
            Method::AccountRevokeDevice if self.renewal_not_revoked(&kept.request()?, Why::Refused(code))? => {}
            Method::AccountRevokeDevice if self.memory.leaving => self.wipe()?,
            Method::AccountListDevices if self.is_arriving() => self.entrance_refused(Attempt::SignIn, failure)?,
            Method::AccountRevokeDevice | Method::AccountListDevices | Method::AccountNameDevice => {
                self.errand_refused(Attempt::Devices, failure);
            }
            Method::AuthListSessions | Method::AuthRevokeSession => self.errand_refused(Attempt::Sessions, failure),
            Method::AccountAddDevice if self.renewal_not_filed(&kept.request()?)? => {}
            Method::AccountAddDevice => self.fail(Attempt::Devices, Why::Refused(code)),
            Method::AccountLookUpUser => self.not_found(ticket, failure),
            Method::AccountPutSetting => self.setting_refused(&kept.request()?, failure)?,
            Method::DirectoryGetHead | Method::DirectoryLookUp => self.directory_refused(code)?,
            Method::KeyPublishKeyPackages => {
                self.update(|account| account.wants.remove(Wants::PACKAGES | Wants::VAULT_PACKAGE))?;
            }
            Method::FileReserveFile
            | Method::FileUploadPart
            | Method::FileGetFileStatus
            | Method::FileCompleteFile
            | Method::FileDownloadFile
            | Method::FileAttachFile => self.transfer_refused(ticket, kept, failure)?,
            Method::ConversationSync if code == ErrorCode::CursorExpired => {
                self.update(|account| account.cursor.clear())?;
            }
            _ => self.refuse_in_chat(kept, failure, code)?,
        }
        Ok(())
    }

    fn refuse_in_chat(&mut self, kept: &Kept, failure: &Failure, code: ErrorCode) -> Result<(), Mishap> {
        let Some(mut chat) = self.chat_of(kept)? else { return Ok(()) };
        match kept.method {
            Method::ConversationCreateConversation => self.founding_refused(&mut chat, failure)?,
            Method::KeyClaimKeyPackages => {
                self.finish_intent(&chat)?;
                self.fail(Attempt::Change(chat.id), Why::Refused(code));
            }
            Method::ConversationCommit if chat.membership == Membership::Outside => {
                self.join_refused(&mut chat, failure)?;
            }
            Method::ConversationNewGeneration => {
                self.forget_opening(&chat)?;
                self.commit_refused(&mut chat, failure)?;
            }
            Method::ConversationCommit => self.commit_refused(&mut chat, failure)?,
            Method::ConversationAppend => self.append_refused(&mut chat, &kept.request()?, failure)?,
            Method::ConversationLeave if code != ErrorCode::EpochConflict => {
                self.finish_intent(&chat)?;
                self.fail(Attempt::Leave(chat.id), Why::Refused(code));
            }
            Method::ConversationGetTree => {
                self.tree_is_gone(&mut chat, &kept.request()?)?;
            }
            Method::ConversationReadRange => {
                chat.server_seq = chat.high_seq();
                chat.wants_history = false;
                if chat.membership == Membership::Outside {
                    chat.vault_step = VaultStep::Absent;
                }
            }
            Method::ConversationPutReadMarker => {
                if code == ErrorCode::VersionConflict {
                    let Failure::Refused(detail) = failure else { return Ok(()) };
                    chat.marker_version = detail.version;
                } else {
                    (chat.marked_read, chat.marked_delivered) = (chat.read_seq, chat.high_seq());
                }
            }
            Method::AccountPutCheckpoint => self.checkpoint_refused(&mut chat, failure)?,
            Method::ConversationAcceptRequest | Method::ConversationDeclineRequest => {
                self.fail(Attempt::Answer(chat.id), Why::Refused(code));
            }
            _ => {}
        }
        self.put_away(&chat)
    }

    /// Somebody's commit came before the one by which this device wanted to come in.
    fn join_refused(&mut self, chat: &mut Chat, failure: &Failure) -> Result<(), Mishap> {
        self.memory.groups.remove(&chat.id);
        self.forget_group(chat, Whose::Own)?;
        match failure {
            Failure::Refused(detail) if ErrorCode::of(detail) == ErrorCode::EpochConflict => {
                let last = detail.position.as_ref().map_or(0, |position| position.last_seq);
                chat.server_handshake = chat.server_handshake.max(last);
                chat.server_seq = chat.server_seq.max(last);
            }
            _ => chat.vault_step = VaultStep::Absent,
        }
        Ok(())
    }

    /// The conversation that a call is about.
    fn chat_of(&self, kept: &Kept) -> Result<Option<Chat>, Mishap> {
        match kept.chat {
            Some(id) => Ok(self.chat(id)?),
            None => Ok(None),
        }
    }
}

/// Somebody waits for the answer and decides for themselves whether to try again.
fn is_answered_at_once(method: Method) -> bool {
    matches!(
        method,
        Method::AuthRegisterStart
            | Method::AuthRegisterFinish
            | Method::AuthLoginStart
            | Method::AuthLoginFinish
            | Method::AuthRecoverStart
            | Method::AuthRecoverProve
            | Method::AuthRecoverFinish
            | Method::AuthChangePasswordStart
            | Method::AuthChangePasswordFinish
            | Method::AuthEnableTotpStart
            | Method::AuthEnableTotpFinish
            | Method::AuthDisableTotp
            | Method::AuthRenewBackupCodes
            | Method::AccountListDevices
            | Method::AuthListSessions
            | Method::AuthRevokeSession
            | Method::AccountLookUpUser
    )
}

pub(super) fn reply<C: Call>(bytes: Bytes) -> Result<C::Response, Mishap> {
    decode(bytes, limits::MESSAGE_MAX).map_err(|_| Mishap::Bad("a reply that cannot be decoded"))
}

/// A tree as it came in pieces.
fn assembled(pieces: Vec<Bytes>) -> Result<Vec<u8>, Mishap> {
    let mut tree = Vec::new();
    for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
        let piece = reply::<wire::GetTreeRequest>(piece)?;
        if tree.len() + piece.piece.len() > TREE_MAX {
            return Err(Mishap::Bad("a tree that is too large"));
        }
        tree.extend_from_slice(&piece.piece);
    }
    Ok(tree)
}

/// The conversation that a stored lane names.
pub(super) fn conversation_of(lane: &[u8]) -> Option<ConversationId> {
    let (tag, id) = lane.split_first()?;
    id.try_into().ok().filter(|_| *tag >= OF_CONVERSATIONS).map(ConversationId::from_bytes)
}

/// How often the server may fail over one part of a file.
const FILE_FAILURES_MAX: u32 = 6;
/// How often a device that goes tries to tell the server before it goes without.
const FAREWELLS: u32 = 3;
const TREE_MAX: usize = 32 << 20;
