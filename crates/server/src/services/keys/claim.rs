//! Handing key packages out: each of single use once, and to nobody more than its share.

use std::collections::HashSet;

use prost::Message as _;
use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::labels;
use sotto_crypto::mls::Suite;
use sotto_crypto::primitives::sha256;
use sotto_proto::{AccountId, DeviceId, Invalid, Reason, RequestId, wire};

use super::supply;
use crate::services::fields::check_count;
use crate::services::rates::Rate;
use crate::services::{Context, Failure};
use crate::store::{AccountKeys, Claim, Claimed, Session};

const DEVICES_CLAIMED: Rate = Rate::per_hour("ClaimKeyPackages", 1_000);
/// One claimer does not use up what a device has for others; afterwards it gets the package of last resort.
const OF_ONE_DEVICE: Rate = Rate::per_hour("key packages of one device", 20);
const ACCOUNTS_AT_ONCE: usize = 100;
const REPLY_MAX: usize = 4 << 20;
/// What a package takes in a reply beside its own bytes, at most.
const AROUND_PACKAGE: usize = 64;

pub(super) async fn claim_key_packages(
    context: &Context,
    caller: &Session,
    request: wire::ClaimKeyPackagesRequest,
) -> Result<wire::ClaimKeyPackagesResponse, Failure> {
    let asked = Asked::parse(&request)?;
    let before = context.store.claimed_before(caller.account, asked.request, &asked.digest()).await?;
    let visible = visible(context, caller, &asked.accounts).await?;
    let claimed = match before {
        Some(claimed) => claimed,
        None => claim(context, caller, &asked, &visible).await?,
    };
    supply::ask_for_more(context, &claimed.running_low).await;
    Ok(answer(&asked, visible, &claimed))
}

/// What is asked for.
struct Asked {
    request: RequestId,
    accounts: Vec<AccountId>,
    suite: Suite,
}

impl Asked {
    fn parse(request: &wire::ClaimKeyPackagesRequest) -> Result<Self, Invalid> {
        check_count("account_ids", &request.account_ids, 1..=ACCOUNTS_AT_ONCE)?;
        let accounts = request.account_ids.iter().map(|id| AccountId::parse("account_ids", id));
        let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
        if accounts.iter().collect::<HashSet<_>>().len() < accounts.len() {
            return Err(Invalid::new("account_ids", Reason::Malformed("names an account twice")));
        }
        let suite = u16::try_from(request.cipher_suite).ok().and_then(Suite::from_number);
        let unknown = || Reason::UnknownValue(i32::try_from(request.cipher_suite).unwrap_or(i32::MAX));
        Ok(Self {
            request: RequestId::parse("request_id", &request.request_id)?,
            accounts,
            suite: suite.ok_or_else(|| Invalid::new("cipher_suite", unknown()))?,
        })
    }

    fn digest(&self) -> [u8; 32] {
        let suite = self.suite.number().to_be_bytes();
        let mut parts = vec![labels::KEY_PACKAGE_CLAIM.as_bytes(), &suite];
        parts.extend(self.accounts.iter().map(|account| &account.as_bytes()[..]));
        sha256(&parts)
    }
}

/// The keys of those accounts that exist and do not block the caller.
async fn visible(context: &Context, caller: &Session, accounts: &[AccountId]) -> Result<Vec<AccountKeys>, Failure> {
    let blocking: HashSet<_> = context.store.blocked_by(caller.account, accounts).await?.into_iter().collect();
    let known: Vec<_> = accounts.iter().map(|account| (*account, 0)).collect();
    let keys = context.store.account_keys(&known).await?;
    Ok(keys.into_iter().filter(|keys| !keys.identity_key.is_empty() && !blocking.contains(&keys.account)).collect())
}

async fn claim(
    context: &Context,
    caller: &Session,
    asked: &Asked,
    visible: &[AccountKeys],
) -> Result<Claimed, Failure> {
    let devices: Vec<_> = visible.iter().map(|keys| (keys.account, devices_of(keys))).collect();
    let accounts = within_rate(context, caller, &asked.accounts, &devices)?;
    let in_reach = devices.iter().filter(|(account, _)| accounts.contains(account));
    let too_many = |device: &DeviceId| context.rates.take(&OF_ONE_DEVICE, (caller.account, device)).is_err();
    let last_resort_only = in_reach.flat_map(|(_, devices)| devices).copied().filter(too_many).collect();
    let around: usize = visible.iter().map(around).sum();
    let claim = Claim {
        claimer: caller.account,
        device: caller.device,
        request: asked.request,
        digest: asked.digest(),
        accounts: accounts.to_vec(),
        suite: asked.suite.number(),
        last_resort_only,
        enough: supply::ENOUGH,
        max_bytes: REPLY_MAX.saturating_sub(around),
        at: context.now(),
    };
    Ok(context.store.claim_key_packages(claim).await?)
}

/// The first of the accounts, as many as the caller may still claim; refuses when that is none.
fn within_rate<'a>(
    context: &Context,
    caller: &Session,
    accounts: &'a [AccountId],
    devices: &[(AccountId, Vec<DeviceId>)],
) -> Result<&'a [AccountId], Failure> {
    for (place, account) in accounts.iter().enumerate() {
        // To ask for one that does not exist costs no less than for one with a single device.
        let count =
            devices.iter().find(|(visible, _)| visible == account).map_or(1, |(_, devices)| devices.len().max(1));
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        match context.rates.take_many(&DEVICES_CLAIMED, caller.account, count) {
            Err(wait) if place == 0 => return Err(wait),
            Err(_) => return Ok(&accounts[..place]),
            Ok(()) => {}
        }
    }
    Ok(accounts)
}

fn devices_of(keys: &AccountKeys) -> Vec<DeviceId> {
    let device =
        |stored: &Vec<u8>| DeviceCertificate::decode(stored).ok().map(|certificate| certificate.claimed_device());
    keys.certificates.iter().filter_map(device).collect()
}

/// Bytes of the reply about an account, its packages left out.
fn around(keys: &AccountKeys) -> usize {
    wire::AccountKeys::from(keys.clone()).encoded_len() + (1 + keys.certificates.len()) * AROUND_PACKAGE
}

fn answer(asked: &Asked, visible: Vec<AccountKeys>, claimed: &Claimed) -> wire::ClaimKeyPackagesResponse {
    let (reached, remaining) = asked.accounts.split_at(claimed.reached.min(asked.accounts.len()));
    let of = |account: AccountId| {
        let packages = claimed.packages.iter().filter(move |package| package.account == account);
        packages.map(|package| wire::ClaimedKeyPackage {
            device_id: package.device.to_wire(),
            key_package: package.package.clone().into(),
            last_resort: package.last_resort,
        })
    };
    let accounts = visible.into_iter().filter(|keys| reached.contains(&keys.account)).map(|keys| {
        let key_packages = of(keys.account).collect();
        wire::ClaimedAccount { keys: Some(keys.into()), key_packages }
    });
    wire::ClaimKeyPackagesResponse {
        accounts: accounts.collect(),
        remaining: remaining.iter().map(|account| account.to_wire()).collect(),
    }
}
