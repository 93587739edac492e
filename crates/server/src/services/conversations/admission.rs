//! Who may come into a group, by what the server has on file. The observer cannot know that.

use std::collections::{BTreeSet, HashMap};

use sotto_crypto::certificate::Purpose;
use sotto_crypto::mls::standing::Leaf;
use sotto_proto::AccountId;
use sotto_proto::wire::ErrorCode;

use crate::services::{Context, Failure};

/// Each leaf must be a device in force of an account that exists, under the identity key that the account has now.
pub(super) async fn check_leaves(context: &Context, leaves: &[Leaf]) -> Result<(), Failure> {
    let devices: Vec<_> = leaves.iter().map(|leaf| leaf.device).collect();
    let in_force = context.store.devices_in_force(&devices).await?;
    let in_force: HashMap<_, _> = in_force.iter().map(|device| (device.device, device)).collect();
    let is_on_file = |leaf: &Leaf| {
        in_force.get(&leaf.device).is_some_and(|device| {
            let is_vault = leaf.purpose == Purpose::Vault;
            (device.account, device.identity_key, device.is_vault) == (leaf.account, leaf.identity, is_vault)
        })
    };
    if leaves.iter().all(is_on_file) { Ok(()) } else { Err(ErrorCode::HandshakeForbidden.into()) }
}

/// Which of the newcomers do not know the account that adds them: they decide first. Whoever blocks it is not added; the answer is
/// the one for a device that is not on file.
pub(super) async fn strangers(
    context: &Context,
    adder: AccountId,
    newcomers: &[AccountId],
) -> Result<BTreeSet<AccountId>, Failure> {
    let others: Vec<AccountId> = newcomers.iter().filter(|account| **account != adder).copied().collect();
    if others.is_empty() {
        return Ok(BTreeSet::new());
    }
    if !context.store.blocked_by(adder, &others).await?.is_empty() {
        return Err(ErrorCode::HandshakeForbidden.into());
    }
    let acquainted: BTreeSet<_> = context.store.acquainted(adder, &others).await?.into_iter().collect();
    Ok(others.into_iter().filter(|account| !acquainted.contains(account)).collect())
}
