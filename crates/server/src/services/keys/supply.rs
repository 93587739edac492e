//! How many key packages devices have left, and asking for more.

use sotto_crypto::mls::Suite;
use sotto_proto::wire::{KeyPackageCount, subscribe_response::Item};
use sotto_proto::{AccountId, DeviceId};

use crate::clock::Timestamp;
use crate::services::rates::Rate;
use crate::services::{Context, Failure, items};

/// A device with fewer is asked for more.
pub(super) const ENOUGH: u32 = 20;

/// Whoever claims must not keep a device busy with notices.
const ASKED_FOR_MORE: Rate = Rate::per_minute("refill notices", 2);

/// What devices have left of their default suite.
pub(super) async fn counts(context: &Context, devices: &[DeviceId]) -> Result<Vec<KeyPackageCount>, Failure> {
    let mut counts = Vec::with_capacity(devices.len());
    for device in devices {
        counts.push(count(context, *device).await?);
    }
    Ok(counts)
}

/// Of [`counts`] those that call for more.
pub(in crate::services) async fn running_low(
    context: &Context,
    devices: &[DeviceId],
) -> Result<Vec<KeyPackageCount>, Failure> {
    Ok(counts(context, devices).await?.into_iter().filter(|count| count.single_use < ENOUGH).collect())
}

pub(super) async fn count(context: &Context, device: DeviceId) -> Result<KeyPackageCount, Failure> {
    let left = context.store.count_key_packages(device, Suite::default().number(), context.now()).await?;
    Ok(KeyPackageCount {
        device_id: device.to_wire(),
        single_use: left.single_use,
        last_resort: left.last_resort_expires_at.is_some(),
        last_resort_expires_at_ms: left.last_resort_expires_at.map_or(0, Timestamp::unix_millis),
    })
}

/// Asks devices that are connected. Whoever is not is asked when its stream begins.
pub(super) async fn ask_for_more(context: &Context, low: &[(AccountId, DeviceId)]) {
    for (account, device) in low {
        if context.rates.take(&ASKED_FOR_MORE, device).is_err() {
            continue;
        }
        // A notice that cannot be made is one that got lost.
        for count in running_low(context, &[*device]).await.unwrap_or_default() {
            context.live.to_account(*account, items::encoded(Item::Refill(count))).await;
        }
    }
}
