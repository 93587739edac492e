//! What an account keeps on the server sealed for itself.

use sotto_crypto::primitives::VerifyingKey;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{ConversationId, Epoch, Generation, GroupPosition, Invalid, Reason, SlotId, Version, limits};

use crate::services::fields::{check_count, check_range, check_size, required};
use crate::services::rates::Rate;
use crate::services::{Context, Failure};
use crate::store::{Checkpoint, Session, Setting, VaultRecord};

const VAULTS_READ: Rate = Rate::per_hour("GetVault", 60);
const VAULTS_PUT: Rate = Rate::per_day("PutVault", 20);
const CHECKPOINTS_PUT: Rate = Rate::per_hour("PutCheckpoint", 2_000);
const SETTINGS_PUT: Rate = Rate::per_hour("PutSetting", 600);

const ROOT_MAX: usize = 1_024;
const CHECKPOINTS_AT_ONCE: usize = 100;
const SETTINGS_AT_ONCE: u32 = 200;
const REPLY_MAX: usize = 4 << 20;

pub(super) async fn get_vault(context: &Context, caller: &Session) -> Result<wire::GetVaultResponse, Failure> {
    context.rates.take(&VAULTS_READ, caller.account)?;
    let vault = context.store.vault(caller.account).await?;
    if vault.root_by_password.is_empty() {
        return Err(ErrorCode::NotFound.into());
    }
    Ok(wire::GetVaultResponse { vault: Some(vault.into()) })
}

pub(super) async fn put_vault(
    context: &Context,
    caller: &Session,
    request: wire::PutVaultRequest,
) -> Result<wire::PutVaultResponse, Failure> {
    let vault = parse_vault(request.vault)?;
    context.rates.take(&VAULTS_PUT, caller.account)?;
    let change = context.store.put_vault(caller.account, vault).await?;
    context.hint_account(caller.account, change).await;
    Ok(wire::PutVaultResponse {})
}

pub(super) async fn put_checkpoint(
    context: &Context,
    caller: &Session,
    request: wire::PutCheckpointRequest,
) -> Result<wire::PutCheckpointResponse, Failure> {
    let checkpoint = parse_checkpoint(request.checkpoint)?;
    context.rates.take(&CHECKPOINTS_PUT, caller.account)?;
    context.store.put_checkpoint(caller.account, checkpoint).await?;
    Ok(wire::PutCheckpointResponse {})
}

pub(super) async fn get_checkpoints(
    context: &Context,
    caller: &Session,
    request: wire::GetCheckpointsRequest,
) -> Result<wire::GetCheckpointsResponse, Failure> {
    check_count("conversation_ids", &request.conversation_ids, 1..=CHECKPOINTS_AT_ONCE)?;
    let wanted = request.conversation_ids.iter().map(|id| ConversationId::parse("conversation_ids", id));
    let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
    let (checkpoints, remaining) = context.store.checkpoints(caller.account, &wanted, REPLY_MAX).await?;
    Ok(wire::GetCheckpointsResponse {
        checkpoints: checkpoints.into_iter().map(Into::into).collect(),
        remaining: remaining.into_iter().map(ConversationId::to_wire).collect(),
    })
}

pub(super) async fn put_setting(
    context: &Context,
    caller: &Session,
    request: wire::PutSettingRequest,
) -> Result<wire::PutSettingResponse, Failure> {
    let setting = parse_setting(request.setting)?;
    context.rates.take(&SETTINGS_PUT, caller.account)?;
    let change = context.store.put_setting(caller.account, setting).await?;
    context.hint_account(caller.account, change).await;
    Ok(wire::PutSettingResponse { change })
}

pub(super) async fn list_settings(
    context: &Context,
    caller: &Session,
    request: wire::ListSettingsRequest,
) -> Result<wire::ListSettingsResponse, Failure> {
    let after = check_range("after_change", request.after_change, limits::NUMBER_MAX)?;
    let (settings, more) = context.store.settings_after(caller.account, after, SETTINGS_AT_ONCE, REPLY_MAX).await?;
    Ok(wire::ListSettingsResponse { settings: settings.into_iter().map(wire_setting).collect(), more })
}

/// A vault as a request brings it, for whatever call it comes with.
pub(in crate::services) fn parse_vault(vault: Option<wire::Vault>) -> Result<VaultRecord, Failure> {
    let vault = required("vault", vault)?;
    check_size("vault.root_by_password", &vault.root_by_password, 0..=ROOT_MAX)?;
    check_size("vault.root_by_recovery_code", &vault.root_by_recovery_code, 0..=ROOT_MAX)?;
    check_recovery_key(&vault)?;
    Ok(VaultRecord {
        version: Version::parse("vault.version", vault.version)?,
        root_by_password: vault.root_by_password.into(),
        root_by_recovery: vault.root_by_recovery_code.into(),
        recovery_key: vault.recovery_key.into(),
    })
}

/// There is a key if and only if there is something that the recovery code opens.
fn check_recovery_key(vault: &wire::Vault) -> Result<(), Invalid> {
    let invalid = |reason| Invalid::new("vault.recovery_key", reason);
    if vault.recovery_key.is_empty() && vault.root_by_recovery_code.is_empty() {
        return Ok(());
    }
    if vault.recovery_key.is_empty() || vault.root_by_recovery_code.is_empty() {
        return Err(invalid(Reason::Malformed("goes with root_by_recovery_code")));
    }
    let wrong_length = |_| invalid(Reason::Length { expected: 32, actual: vault.recovery_key.len() });
    let key: [u8; 32] = vault.recovery_key[..].try_into().map_err(wrong_length)?;
    VerifyingKey::from_bytes(&key).map(drop).map_err(|_| invalid(Reason::Malformed("is no public key")))
}

fn parse_checkpoint(checkpoint: Option<wire::Checkpoint>) -> Result<Checkpoint, Failure> {
    let checkpoint = required("checkpoint", checkpoint)?;
    check_size("checkpoint.sealed", &checkpoint.sealed, 1..=limits::CHECKPOINT_MAX)?;
    Ok(Checkpoint {
        conversation: ConversationId::parse("checkpoint.conversation_id", &checkpoint.conversation_id)?,
        version: Version::parse("checkpoint.version", checkpoint.version)?,
        position: GroupPosition {
            generation: Generation::parse("checkpoint.generation", checkpoint.generation)?,
            epoch: Epoch::parse("checkpoint.epoch", checkpoint.epoch)?,
        },
        sealed: checkpoint.sealed.into(),
    })
}

fn parse_setting(setting: Option<wire::Setting>) -> Result<Setting, Failure> {
    let setting = required("setting", setting)?;
    check_size("setting.sealed", &setting.sealed, 0..=limits::SETTING_MAX)?;
    Ok(Setting {
        slot: SlotId::parse("setting.slot_id", &setting.slot_id)?,
        version: Version::parse("setting.version", setting.version)?,
        sealed: setting.sealed.into(),
    })
}

impl From<VaultRecord> for wire::Vault {
    fn from(vault: VaultRecord) -> Self {
        Self {
            version: vault.version.get(),
            root_by_password: vault.root_by_password.into(),
            root_by_recovery_code: vault.root_by_recovery.into(),
            recovery_key: vault.recovery_key.into(),
        }
    }
}

impl From<Checkpoint> for wire::Checkpoint {
    fn from(checkpoint: Checkpoint) -> Self {
        Self {
            conversation_id: checkpoint.conversation.to_wire(),
            version: checkpoint.version.get(),
            generation: checkpoint.position.generation.get(),
            epoch: checkpoint.position.epoch.get(),
            sealed: checkpoint.sealed.into(),
        }
    }
}

fn wire_setting((change, setting): (u64, Setting)) -> wire::Setting {
    wire::Setting {
        slot_id: setting.slot.to_wire(),
        version: setting.version.get(),
        sealed: setting.sealed.into(),
        change,
    }
}
