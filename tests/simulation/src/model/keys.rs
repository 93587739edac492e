//! Key packages: published by devices, claimed by whoever adds them to a group; each of single use once.

use std::collections::BTreeSet;

use bytes::Bytes;
use prost::Message as _;
use sotto_crypto::certificate::{DeviceCertificate, Purpose, VerifiedDevice};
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::handshake::HandshakeError;
use sotto_crypto::mls::key_package::{
    CLOCK_TOLERANCE, DEVICE_LIFETIME, KeyPackage, MAX_KEY_PACKAGE_LEN, Usage, VAULT_LIFETIME,
};
use sotto_crypto::mls::observer::check_key_package;
use sotto_crypto::time::Time;
use sotto_proto::wire::subscribe_response::Item;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, DeviceId, Invalid, Reason, RequestId, limits};

use super::account::Device;
use super::fields;
use super::gate::Session;
use super::{Fault, Model, Moment, SECOND};

const AT_ONCE: usize = 100;
const ACCOUNTS_AT_ONCE: usize = 100;
const SEALED_PRIVATE_MAX: usize = 8 << 10;
/// A device with fewer is asked for more.
const ENOUGH: u32 = 20;

/// A key package as it was published.
#[derive(Clone)]
pub(super) struct Package {
    pub(super) reference: Vec<u8>,
    pub(super) sealed_private: Bytes,
    suite: u16,
    message: Bytes,
    last_resort: bool,
    expires_at: u64,
    /// Handed out, or replaced. It is kept: its Welcome may be under way, and it must not come back.
    spent: bool,
}

/// What a claim was answered with.
#[derive(Clone)]
pub(super) struct Claim {
    asked: Bytes,
    packages: Vec<(AccountId, wire::ClaimedKeyPackage)>,
}

impl Device {
    pub(super) fn single_use_left(&self) -> u32 {
        let left = self.packages.iter().filter(|package| !package.last_resort && !package.spent).count();
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// What it has left of its default suite.
    fn count(&self, now: u64) -> wire::KeyPackageCount {
        let suite = Suite::default().number();
        let left = || self.packages.iter().filter(move |package| package.is_good(suite, now));
        let last_resort = left().find(|package| package.last_resort);
        wire::KeyPackageCount {
            device_id: self.id.to_wire(),
            single_use: u32::try_from(left().filter(|package| !package.last_resort).count()).unwrap_or(u32::MAX),
            last_resort: last_resort.is_some(),
            last_resort_expires_at_ms: last_resort.map_or(0, |package| package.expires_at),
        }
    }

    /// One of single use, else the one of last resort.
    fn hand_out(&mut self, suite: u16, now: u64) -> Option<wire::ClaimedKeyPackage> {
        let single = self.packages.iter().position(|package| package.is_good(suite, now) && !package.last_resort);
        let index = single.or_else(|| self.packages.iter().position(|package| package.is_good(suite, now)))?;
        let package = &mut self.packages[index];
        package.spent = !package.last_resort;
        Some(wire::ClaimedKeyPackage {
            device_id: self.id.to_wire(),
            key_package: package.message.clone(),
            last_resort: package.last_resort,
        })
    }

    /// A new one of last resort takes the place of the one before. One that was stored before changes nothing.
    fn store(&mut self, new: Package) {
        if self.packages.iter().any(|stored| stored.reference == new.reference) {
            return;
        }
        if new.last_resort {
            let former = self.packages.iter_mut().filter(|stored| stored.last_resort && stored.suite == new.suite);
            former.for_each(|stored| stored.spent = true);
        }
        self.packages.push(new);
    }
}

impl Package {
    /// Lets it be handed out once more, as no honest server does.
    pub(super) fn revive(&mut self) {
        self.spent = false;
    }

    fn is_good(&self, suite: u16, now: u64) -> bool {
        self.suite == suite && !self.spent && now < self.expires_at
    }
}

impl Model {
    pub(super) fn publish_key_packages(
        &mut self,
        caller: &Session,
        request: wire::PublishKeyPackagesRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::PublishKeyPackagesResponse, Fault> {
        let id = DeviceId::parse("device_id", &request.device_id)?;
        fields::counted("key_packages", request.key_packages.len(), 1, AT_ONCE)?;
        let owner = self.owner_of_packages(caller, id, at)?;
        let checked = request.key_packages.into_iter().map(|upload| check(upload, &owner, at.time()));
        let checked = checked.collect::<Result<Vec<_>, Fault>>()?;
        let device = self.account_mut(caller.account)?.device_mut(id).ok_or(ErrorCode::NotFound)?;
        let mut next = device.clone();
        for package in checked {
            next.store(package);
        }
        if next.single_use_left() as usize > limits::KEY_PACKAGES_MAX {
            return Err(Fault::limit("KEY_PACKAGES_MAX", limits::KEY_PACKAGES_MAX));
        }
        *device = next;
        Ok(wire::PublishKeyPackagesResponse { count: Some(device.count(at.now)) })
    }

    pub(super) fn count_key_packages(
        &mut self,
        caller: &Session,
        _: wire::CountKeyPackagesRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::CountKeyPackagesResponse, Fault> {
        Ok(wire::CountKeyPackagesResponse { counts: self.counts(caller.account, caller.device, at.now) })
    }

    pub(super) fn claim_key_packages(
        &mut self,
        caller: &Session,
        request: wire::ClaimKeyPackagesRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::ClaimKeyPackagesResponse, Fault> {
        let (id, accounts, suite) = parse_claim(&request)?;
        let asked = Bytes::from(request.encode_to_vec());
        let blocking = self.blocked_by(&accounts, caller.account);
        let visible: Vec<_> = accounts
            .into_iter()
            .filter(|account| self.account(*account).is_ok() && !blocking.contains(account))
            .collect();
        let packages = match self.claims.get(&(caller.account, id)) {
            Some(before) if before.asked == asked => before.packages.clone(),
            Some(_) => return Err(ErrorCode::IdTaken.into()),
            None => {
                let packages = self.hand_out(caller, &visible, suite, at.now);
                self.claims.insert((caller.account, id), Claim { asked, packages: packages.clone() });
                packages
            }
        };
        let of = |account: AccountId| packages.iter().filter(move |(of, _)| *of == account);
        let accounts = visible.into_iter().map(|account| wire::ClaimedAccount {
            keys: self.keys_of(account),
            key_packages: of(account).map(|(_, package)| package.clone()).collect(),
        });
        Ok(wire::ClaimKeyPackagesResponse { accounts: accounts.collect(), remaining: Vec::new() })
    }

    /// Of the devices that a caller serves, those that run low.
    pub(super) fn running_low(&self, account: AccountId, device: DeviceId, now: u64) -> Vec<wire::KeyPackageCount> {
        let counts = self.counts(account, device, now).into_iter();
        counts.filter(|count| count.single_use < ENOUGH).collect()
    }

    fn counts(&self, account: AccountId, device: DeviceId, now: u64) -> Vec<wire::KeyPackageCount> {
        let Ok(account) = self.account(account) else { return Vec::new() };
        let served = account.devices_served(device);
        let devices = account.devices_in_force().filter(|device| served.contains(&device.id));
        devices.map(|device| device.count(now)).collect()
    }

    fn hand_out(
        &mut self,
        caller: &Session,
        accounts: &[AccountId],
        suite: Suite,
        now: u64,
    ) -> Vec<(AccountId, wire::ClaimedKeyPackage)> {
        let (mut packages, mut low) = (Vec::new(), Vec::new());
        for account in accounts {
            let Some(state) = self.accounts.get_mut(account) else { continue };
            for device in state.devices.iter_mut().filter(|device| device.id != caller.device) {
                let package = device.hand_out(suite.number(), now);
                packages.extend(package.map(|package| (*account, package)));
                low.push((*account, device.count(now)));
            }
        }
        for (account, count) in low.into_iter().filter(|(_, count)| count.single_use < ENOUGH) {
            self.push_to(&[&account], &Item::Refill(count));
        }
        packages
    }

    /// The device whose packages these are: the calling one or the one that sleeps.
    fn owner_of_packages(&self, caller: &Session, id: DeviceId, at: &Moment<'_>) -> Result<VerifiedDevice, Fault> {
        let account = self.account(caller.account)?;
        let filed = account.devices_in_force().find(|filed| filed.id == id);
        let filed = filed.filter(|filed| filed.is_vault || id == caller.device).ok_or(ErrorCode::NotFound)?;
        let identity = self.identity_of(caller.account)?;
        let certificate = DeviceCertificate::decode(&filed.certificate).map_err(|_| ErrorCode::CertificateInvalid)?;
        let verified = certificate.verify(caller.account, &identity, at.time());
        Ok(verified.map_err(|_| ErrorCode::CertificateInvalid)?)
    }
}

fn parse_claim(request: &wire::ClaimKeyPackagesRequest) -> Result<(RequestId, Vec<AccountId>, Suite), Invalid> {
    fields::counted("account_ids", request.account_ids.len(), 1, ACCOUNTS_AT_ONCE)?;
    let accounts = request.account_ids.iter().map(|id| AccountId::parse("account_ids", id));
    let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
    if accounts.iter().collect::<BTreeSet<_>>().len() < accounts.len() {
        return Err(Invalid::new("account_ids", Reason::Malformed("names an account twice")));
    }
    let suite = u16::try_from(request.cipher_suite).ok().and_then(Suite::from_number);
    let unknown = Reason::UnknownValue(i32::try_from(request.cipher_suite).unwrap_or(i32::MAX));
    let suite = suite.ok_or(Invalid::new("cipher_suite", unknown))?;
    Ok((RequestId::parse("request_id", &request.request_id)?, accounts, suite))
}

fn check(upload: wire::KeyPackageUpload, owner: &VerifiedDevice, now: Time) -> Result<Package, Fault> {
    fields::sized("key_packages.key_package", &upload.key_package, 1, MAX_KEY_PACKAGE_LEN)?;
    let (least, most) = match owner.claims().purpose {
        Purpose::Device => (0, 0),
        Purpose::Vault => (1, SEALED_PRIVATE_MAX),
    };
    fields::sized("key_packages.sealed_private", &upload.sealed_private, least, most)?;
    let package = check_key_package(&upload.key_package, now).map_err(|error| refusal(&error))?;
    let announced = if upload.last_resort { Usage::LastResort } else { Usage::Once };
    if package.device() != owner || package.usage() != announced || lasts_too_long(&package, now) {
        return Err(ErrorCode::KeyPackageInvalid.into());
    }
    Ok(Package {
        reference: package.reference().map_err(|error| refusal(&error))?.to_vec(),
        sealed_private: upload.sealed_private,
        suite: package.suite().number(),
        message: upload.key_package,
        last_resort: upload.last_resort,
        expires_at: package.not_after().unix_seconds().saturating_mul(SECOND),
        spent: false,
    })
}

/// By a clock that is as far ahead as it may be.
fn lasts_too_long(package: &KeyPackage, now: Time) -> bool {
    let lifetime = match package.leaf().purpose {
        Purpose::Device => DEVICE_LIFETIME,
        Purpose::Vault => VAULT_LIFETIME,
    };
    package.not_after() > now.saturating_add(lifetime).saturating_add(CLOCK_TOLERANCE)
}

fn refusal(error: &HandshakeError) -> Fault {
    match error {
        HandshakeError::UnknownSuite => ErrorCode::SuiteNotAllowed.into(),
        _ => ErrorCode::KeyPackageInvalid.into(),
    }
}
