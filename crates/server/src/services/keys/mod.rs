//! Key packages: published by devices, claimed by whoever adds them to a group.

mod claim;
mod publish;
mod supply;

use std::sync::Arc;

use sotto_proto::wire;

use super::{Context, Failure};
use crate::store::Session;

pub(super) use supply::running_low;

pub(super) struct Keys {
    context: Arc<Context>,
}

impl Keys {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    pub(super) async fn publish_key_packages(
        &self,
        caller: &Session,
        request: wire::PublishKeyPackagesRequest,
    ) -> Result<wire::PublishKeyPackagesResponse, Failure> {
        publish::publish_key_packages(&self.context, caller, request).await
    }

    pub(super) async fn count_key_packages(
        &self,
        caller: &Session,
        _: wire::CountKeyPackagesRequest,
    ) -> Result<wire::CountKeyPackagesResponse, Failure> {
        let devices = self.context.devices_served(caller).await?;
        Ok(wire::CountKeyPackagesResponse { counts: supply::counts(&self.context, &devices).await? })
    }

    pub(super) async fn claim_key_packages(
        &self,
        caller: &Session,
        request: wire::ClaimKeyPackagesRequest,
    ) -> Result<wire::ClaimKeyPackagesResponse, Failure> {
        claim::claim_key_packages(&self.context, caller, request).await
    }
}
