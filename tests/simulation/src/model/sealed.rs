//! What an account keeps on the server sealed for itself. Versions only go up, by one; what is stored already changes nothing.

use prost::Message as _;
use sotto_proto::wire::{self, AccountNoticeKind, ErrorCode};
use sotto_proto::{ConversationId, DeviceId, Epoch, Generation, GroupPosition, SlotId, Version, limits};

use super::account::Account;
use super::fields;
use super::gate::Session;
use super::{Fault, Model, Moment};

const AT_ONCE: usize = 100;
const SETTINGS_AT_ONCE: usize = 200;
const REPLY_MAX: usize = 4 << 20;

impl Account {
    /// Only the version after the stored one.
    pub(super) fn replace_vault(&mut self, vault: wire::Vault) -> Result<(), Fault> {
        follow(vault.version, self.vault.version)?;
        self.vault = vault;
        Ok(())
    }
}

impl Model {
    pub(super) fn get_vault(
        &mut self,
        caller: &Session,
        _: wire::GetVaultRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::GetVaultResponse, Fault> {
        let vault = self.account(caller.account)?.vault.clone();
        if vault.root_by_password.is_empty() {
            return Err(ErrorCode::NotFound.into());
        }
        Ok(wire::GetVaultResponse { vault: Some(vault) })
    }

    pub(super) fn put_vault(
        &mut self,
        caller: &Session,
        request: wire::PutVaultRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::PutVaultResponse, Fault> {
        let vault = fields::vault(request.vault)?;
        let account = self.account_mut(caller.account)?;
        if account.vault != vault {
            account.replace_vault(vault)?;
            self.note_own(caller.account, AccountNoticeKind::Vault);
        }
        Ok(wire::PutVaultResponse {})
    }

    pub(super) fn put_checkpoint(
        &mut self,
        caller: &Session,
        request: wire::PutCheckpointRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::PutCheckpointResponse, Fault> {
        let checkpoint = fields::required("checkpoint", request.checkpoint)?;
        let conversation = ConversationId::parse("checkpoint.conversation_id", &checkpoint.conversation_id)?;
        let position = GroupPosition {
            generation: Generation::parse("checkpoint.generation", checkpoint.generation)?,
            epoch: Epoch::parse("checkpoint.epoch", checkpoint.epoch)?,
        };
        Version::parse("checkpoint.version", checkpoint.version)?;
        fields::sized("checkpoint.sealed", &checkpoint.sealed, 1, limits::CHECKPOINT_MAX)?;
        self.visible(caller.account, conversation)?;
        let account = self.account_mut(caller.account)?;
        let stored = account.checkpoints.get(&conversation);
        if stored == Some(&checkpoint) {
            return Ok(wire::PutCheckpointResponse {});
        }
        follow(checkpoint.version, stored.map_or(0, |stored| stored.version))?;
        account.checkpoints.insert(conversation, checkpoint);
        account.drop_vault_welcomes(conversation, position);
        Ok(wire::PutCheckpointResponse {})
    }

    pub(super) fn get_checkpoints(
        &mut self,
        caller: &Session,
        request: wire::GetCheckpointsRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::GetCheckpointsResponse, Fault> {
        fields::counted("conversation_ids", request.conversation_ids.len(), 1, AT_ONCE)?;
        let account = self.account(caller.account)?;
        let (mut checkpoints, mut remaining, mut size) = (Vec::new(), Vec::new(), 0);
        for id in request.conversation_ids {
            let conversation = ConversationId::parse("conversation_ids", &id)?;
            let Some(stored) = account.checkpoints.get(&conversation) else { continue };
            size += stored.encoded_len();
            if size > REPLY_MAX && !checkpoints.is_empty() {
                remaining.push(id);
            } else {
                checkpoints.push(stored.clone());
            }
        }
        Ok(wire::GetCheckpointsResponse { checkpoints, remaining })
    }

    pub(super) fn put_setting(
        &mut self,
        caller: &Session,
        request: wire::PutSettingRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::PutSettingResponse, Fault> {
        let mut setting = fields::required("setting", request.setting)?;
        let slot = SlotId::parse("setting.slot_id", &setting.slot_id)?;
        Version::parse("setting.version", setting.version)?;
        fields::sized("setting.sealed", &setting.sealed, 0, limits::SETTING_MAX)?;
        let account = self.account_mut(caller.account)?;
        let stored = account.settings.get(&slot);
        if let Some(same) =
            stored.filter(|stored| (stored.version, &stored.sealed) == (setting.version, &setting.sealed))
        {
            return Ok(wire::PutSettingResponse { change: same.change });
        }
        follow(setting.version, stored.map_or(0, |stored| stored.version))?;
        if stored.is_none() && account.settings.len() >= limits::SETTINGS_MAX {
            return Err(Fault::limit("SETTINGS_MAX", limits::SETTINGS_MAX));
        }
        let change = account.next_change();
        setting.change = change;
        account.settings.insert(slot, setting);
        account.settings_change = change;
        Ok(wire::PutSettingResponse { change })
    }

    pub(super) fn list_settings(
        &mut self,
        caller: &Session,
        request: wire::ListSettingsRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::ListSettingsResponse, Fault> {
        let settings = self.account(caller.account)?.settings.values();
        let mut changed: Vec<_> = settings.filter(|setting| setting.change > request.after_change).collect();
        changed.sort_by_key(|setting| setting.change);
        let mut size = 0;
        let fits = changed.iter().enumerate().take(SETTINGS_AT_ONCE).take_while(|(index, setting)| {
            size += setting.sealed.len();
            *index == 0 || size <= REPLY_MAX
        });
        let fitting = fits.count();
        let settings = changed[..fitting].iter().map(|setting| (*setting).clone()).collect();
        Ok(wire::ListSettingsResponse { settings, more: fitting < changed.len() })
    }
}

impl Account {
    /// The vault devices have come this far: Welcomes up to there are of no more use.
    fn drop_vault_welcomes(&mut self, conversation: ConversationId, position: GroupPosition) {
        let vaults: Vec<_> = self.vault_devices().into_iter().map(DeviceId::to_wire).collect();
        self.welcomes.retain(|waiting| {
            let message = &waiting.message;
            let to_vault = vaults.contains(&message.device_id) && message.conversation_id == conversation.to_wire();
            let reached = (message.generation, message.epoch) <= (position.generation.get(), position.epoch.get());
            !(to_vault && reached)
        });
    }
}

/// Compare-and-set.
pub(super) fn follow(version: u64, stored: u64) -> Result<(), Fault> {
    if version == stored + 1 { Ok(()) } else { Err(Fault::version_conflict(stored)) }
}
