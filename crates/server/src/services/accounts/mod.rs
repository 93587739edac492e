//! Accounts as their owners and contacts see them: names, certificates, vault, checkpoints, settings, blocks.

mod blocks;
pub(super) mod devices;
pub(super) mod directory;
pub(super) mod names;
pub(super) mod sealed;

use std::sync::Arc;

use sotto_proto::wire;

use super::{Context, Failure, Removals};
use crate::store::Session;

pub(super) struct Accounts {
    context: Arc<Context>,
    removals: Arc<Removals>,
}

impl Accounts {
    pub(super) fn new(context: Arc<Context>, removals: Arc<Removals>) -> Self {
        Self { context, removals }
    }

    pub(super) async fn look_up_user(
        &self,
        caller: &Session,
        request: wire::LookUpUserRequest,
    ) -> Result<wire::LookUpUserResponse, Failure> {
        directory::look_up_user(&self.context, caller, request).await
    }

    pub(super) async fn get_account_keys(
        &self,
        caller: &Session,
        request: wire::GetAccountKeysRequest,
    ) -> Result<wire::GetAccountKeysResponse, Failure> {
        directory::get_account_keys(&self.context, caller, request).await
    }

    pub(super) async fn get_own_account(
        &self,
        caller: &Session,
        _: wire::GetOwnAccountRequest,
    ) -> Result<wire::GetOwnAccountResponse, Failure> {
        directory::get_own_account(&self.context, caller).await
    }

    pub(super) async fn add_device(
        &self,
        caller: &Session,
        request: wire::AddDeviceRequest,
    ) -> Result<wire::AddDeviceResponse, Failure> {
        devices::add_device(&self.context, caller, request).await
    }

    pub(super) async fn revoke_device(
        &self,
        caller: &Session,
        request: wire::RevokeDeviceRequest,
    ) -> Result<wire::RevokeDeviceResponse, Failure> {
        devices::revoke_device(&self.context, &self.removals, caller, request).await
    }

    pub(super) async fn list_devices(
        &self,
        caller: &Session,
        _: wire::ListDevicesRequest,
    ) -> Result<wire::ListDevicesResponse, Failure> {
        devices::list_devices(&self.context, caller).await
    }

    pub(super) async fn name_device(
        &self,
        caller: &Session,
        request: wire::NameDeviceRequest,
    ) -> Result<wire::NameDeviceResponse, Failure> {
        devices::name_device(&self.context, caller, request).await
    }

    pub(super) async fn change_user_name(
        &self,
        caller: &Session,
        request: wire::ChangeUserNameRequest,
    ) -> Result<wire::ChangeUserNameResponse, Failure> {
        names::change_user_name(&self.context, caller, request).await
    }

    pub(super) async fn change_email(
        &self,
        caller: &Session,
        request: wire::ChangeEmailRequest,
    ) -> Result<wire::ChangeEmailResponse, Failure> {
        names::change_email(&self.context, caller, request).await
    }

    pub(super) async fn get_vault(
        &self,
        caller: &Session,
        _: wire::GetVaultRequest,
    ) -> Result<wire::GetVaultResponse, Failure> {
        sealed::get_vault(&self.context, caller).await
    }

    pub(super) async fn put_vault(
        &self,
        caller: &Session,
        request: wire::PutVaultRequest,
    ) -> Result<wire::PutVaultResponse, Failure> {
        sealed::put_vault(&self.context, caller, request).await
    }

    pub(super) async fn put_checkpoint(
        &self,
        caller: &Session,
        request: wire::PutCheckpointRequest,
    ) -> Result<wire::PutCheckpointResponse, Failure> {
        sealed::put_checkpoint(&self.context, caller, request).await
    }

    pub(super) async fn get_checkpoints(
        &self,
        caller: &Session,
        request: wire::GetCheckpointsRequest,
    ) -> Result<wire::GetCheckpointsResponse, Failure> {
        sealed::get_checkpoints(&self.context, caller, request).await
    }

    pub(super) async fn put_setting(
        &self,
        caller: &Session,
        request: wire::PutSettingRequest,
    ) -> Result<wire::PutSettingResponse, Failure> {
        sealed::put_setting(&self.context, caller, request).await
    }

    pub(super) async fn list_settings(
        &self,
        caller: &Session,
        request: wire::ListSettingsRequest,
    ) -> Result<wire::ListSettingsResponse, Failure> {
        sealed::list_settings(&self.context, caller, request).await
    }

    pub(super) async fn block_account(
        &self,
        caller: &Session,
        request: wire::BlockAccountRequest,
    ) -> Result<wire::BlockAccountResponse, Failure> {
        blocks::block_account(&self.context, caller, request).await
    }

    pub(super) async fn unblock_account(
        &self,
        caller: &Session,
        request: wire::UnblockAccountRequest,
    ) -> Result<wire::UnblockAccountResponse, Failure> {
        blocks::unblock_account(&self.context, caller, request).await
    }

    pub(super) async fn list_blocked(
        &self,
        caller: &Session,
        request: wire::ListBlockedRequest,
    ) -> Result<wire::ListBlockedResponse, Failure> {
        blocks::list_blocked(&self.context, caller, request).await
    }
}
