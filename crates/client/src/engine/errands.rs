//! What only somebody who proves the password may do. A login on this very device comes first: it makes the session fresh and opens the
//! vault, whose root is in memory for as long as the errand takes.

use bytes::Bytes;
use data_encoding::BASE32_NOPAD;
use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::login::{Password, Registration, StretchCost};
use sotto_crypto::proof::Call as Proof;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_crypto::vault::{RootSecret, SealedRoot, Unlock, Version};
use sotto_crypto::vault_store::Item;
use sotto_proto::{AccountId, DeviceId, wire};
use zeroize::Zeroizing;

use super::account::Wants;
use super::change::{Attempt, Change, Why};
use super::entrance::{Flow, sealed_name, take_flow};
use super::own::decoded;
use super::requests::{Failure, Lane};
use super::step::{Mishap, Step};
use super::vault::vault_certificates;

/// Something that needs the password.
pub enum Errand {
    /// A new password.
    ChangePassword {
        /// The new one.
        password: Password,
        /// What trying it shall cost.
        cost: StretchCost,
        /// Whether all other devices have to sign in again.
        end_other_sessions: bool,
    },
    /// New recovery words; the old ones are void.
    RenewRecoveryWords,
    /// A second factor: first the secret for the authenticator, then [`super::Engine::confirm_factor`].
    EnableFactor,
    /// No second factor any more.
    DisableFactor,
    /// Ten new backup codes; the old ones are void.
    RenewBackupCodes,
    /// Another device of the account is lost: it is revoked, and the vault gets new keys, since it has the present ones.
    RevokeDevice(DeviceId),
    /// New keys of the vault are begun, if they are due, or fetched, if another device has begun them.
    RenewVault,
    /// The account is deleted, and everything of it here is wiped.
    DeleteAccount,
}

impl Errand {
    pub(super) fn attempt(&self) -> Attempt {
        match self {
            Self::ChangePassword { .. } => Attempt::Password,
            Self::RenewRecoveryWords => Attempt::RecoveryWords,
            Self::EnableFactor | Self::DisableFactor | Self::RenewBackupCodes => Attempt::Factor,
            Self::RevokeDevice(_) | Self::RenewVault => Attempt::Devices,
            Self::DeleteAccount => Attempt::Deletion,
        }
    }
}

/// An errand between two replies.
pub(super) enum Running {
    Password(Box<NewPassword>),
    /// With the list of the devices comes what is needed to revoke one, or to renew the vault's keys.
    Listing {
        lost: Option<DeviceId>,
        root: RootSecret,
    },
}

pub(super) struct NewPassword {
    registration: Registration,
    root: RootSecret,
    vault: wire::Vault,
    cost: StretchCost,
    end_others: bool,
}

/// A device of the own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnDevice {
    /// Which.
    pub id: DeviceId,
    /// What the person calls it; empty if it has no name.
    pub name: String,
    /// When it was added, in milliseconds since 1970.
    pub added_at_ms: u64,
    /// When it was last there, to the hour.
    pub last_used_at_ms: u64,
    /// Whether it is this one.
    pub this: bool,
    /// Whether it came while this one was there, and the person has not said yet that it is theirs.
    pub is_new: bool,
    name_version: Version,
}

/// What a person has to take over into an authenticator, or to write down.
#[derive(Default)]
pub(super) struct FactorPapers {
    pub(super) secret: Option<Zeroizing<String>>,
    pub(super) backup_codes: Vec<Zeroizing<String>>,
}

impl Step<'_, '_> {
    /// The password was proven.
    pub(super) fn run(&mut self, errand: Errand, root: RootSecret, vault: wire::Vault) -> Result<(), Mishap> {
        match errand {
            Errand::ChangePassword { password, cost, end_other_sessions } => {
                let started = Registration::start(password, &mut self.moment.rng);
                let (registration, request) = started.map_err(|_| Mishap::Bad("the password"))?;
                self.memory.traffic.call(&wire::ChangePasswordStartRequest { opaque_request: request.into() });
                let running = NewPassword { registration, root, vault, cost, end_others: end_other_sessions };
                self.memory.flow = Some(Flow::Running(Running::Password(Box::new(running))));
            }
            Errand::RenewRecoveryWords => self.renew_words(&root, vault)?,
            Errand::EnableFactor => {
                self.memory.traffic.call(&wire::EnableTotpStartRequest {});
            }
            Errand::DisableFactor => {
                self.memory.traffic.call(&wire::DisableTotpRequest {});
            }
            Errand::RenewBackupCodes => {
                self.memory.traffic.call(&wire::RenewBackupCodesRequest {});
            }
            Errand::DeleteAccount => {
                let account = self.account()?;
                let proof = self.prove(account.id, account.device, &account.key, Proof::DeleteAccount);
                self.memory.traffic.call(&wire::DeleteAccountRequest { device: Some(proof) });
            }
            Errand::RevokeDevice(device) => self.list_for(Some(device), root),
            Errand::RenewVault => self.list_for(None, root),
        }
        Ok(())
    }

    fn list_for(&mut self, lost: Option<DeviceId>, root: RootSecret) {
        self.memory.traffic.call(&wire::ListDevicesRequest {});
        self.memory.flow = Some(Flow::Running(Running::Listing { lost, root }));
    }

    pub(super) fn password_evaluated(&mut self, reply: &wire::ChangePasswordStartResponse) -> Result<(), Mishap> {
        let Some(running) = take_flow!(self, Running) else { return Ok(()) };
        let Running::Password(running) = running else { return Ok(()) };
        let NewPassword { registration, root, vault, cost, end_others } = *running;
        let account = self.account()?.id;
        let done = registration.finish(&reply.opaque_response, account, cost, &mut self.moment.rng);
        let done = done.map_err(|_| Mishap::Bad("opaque_response"))?;
        let version = Version::from_number(vault.version).next();
        let vault = self.resealed(&root, Unlock::Password(&done.export_key), account, version, vault);
        self.memory.traffic.call(&wire::ChangePasswordFinishRequest {
            record: Some(login_record(done.upload, cost)),
            vault: Some(vault),
            end_other_sessions: end_others,
        });
        Ok(())
    }

    pub(super) fn password_changed(&mut self, asked: &wire::ChangePasswordFinishRequest) -> Result<(), Mishap> {
        let version = asked.vault.as_ref().map(|vault| vault.version);
        self.update(|account| account.vault_version = version.unwrap_or(account.vault_version))?;
        self.tell(Change::Done(Attempt::Password));
        Ok(())
    }

    /// The vault with its root sealed anew in one of the two ways.
    pub(super) fn resealed(
        &mut self,
        root: &RootSecret,
        unlock: Unlock<'_>,
        account: AccountId,
        version: Version,
        vault: wire::Vault,
    ) -> wire::Vault {
        let sealed = SealedRoot::seal(root, unlock, account, version, &mut self.moment.rng);
        let sealed = Bytes::copy_from_slice(sealed.as_bytes());
        let vault = wire::Vault { version: version.number(), ..vault };
        match unlock {
            Unlock::Password(_) => wire::Vault { root_by_password: sealed, ..vault },
            Unlock::RecoveryCode(code) => {
                let recovery_key = Bytes::copy_from_slice(code.verifier().as_bytes());
                wire::Vault { root_by_recovery_code: sealed, recovery_key, ..vault }
            }
        }
    }

    /// The words are kept before the server hears of them, so that no crash can make them void and unknown at once.
    fn renew_words(&mut self, root: &RootSecret, vault: wire::Vault) -> Result<(), Mishap> {
        if self.is_busy(Lane::Vault)? {
            return Ok(());
        }
        let code = RecoveryCode::generate(&mut self.moment.rng);
        let version = Version::from_number(vault.version).next();
        let account = self.account()?.id;
        let vault = self.resealed(root, Unlock::RecoveryCode(&code), account, version, vault);
        self.call(Lane::Vault, &wire::PutVaultRequest { vault: Some(vault) })?;
        self.update(|account| account.next_words = Some(words_of(&code)))
    }

    pub(super) fn vault_is_put(&mut self, asked: &wire::PutVaultRequest) -> Result<(), Mishap> {
        match &asked.vault {
            Some(vault) => self.settle_words(vault),
            None => Ok(()),
        }
    }

    /// A vault that the server has: new words are good if it knows them, and void if not.
    pub(super) fn settle_words(&mut self, vault: &wire::Vault) -> Result<(), Mishap> {
        self.update(|account| account.vault_version = vault.version)?;
        if self.is_busy(Lane::Vault)? {
            return Ok(());
        }
        let Some(words) = self.account()?.next_words.clone() else { return Ok(()) };
        let code = RecoveryCode::parse(&words);
        let good = code.is_ok_and(|code| code.verifier().as_bytes()[..] == vault.recovery_key[..]);
        self.update(|account| {
            account.next_words = None;
            if good {
                account.recovery_words = Some(words);
            }
        })?;
        if good {
            self.tell(Change::Done(Attempt::RecoveryWords));
        }
        Ok(())
    }

    pub(super) fn factor_drawn(&mut self, reply: &wire::EnableTotpStartResponse) {
        self.memory.papers.secret = Some(Zeroizing::new(BASE32_NOPAD.encode(&reply.secret)));
        self.tell(Change::FactorDrawn);
    }

    pub(super) fn factor_enabled(&mut self, reply: wire::EnableTotpFinishResponse) -> Result<(), Mishap> {
        self.memory.papers.secret = None;
        self.backup_codes_came(reply.backup_codes)
    }

    pub(super) fn backup_codes_came(&mut self, codes: Vec<String>) -> Result<(), Mishap> {
        self.memory.papers.backup_codes = codes.into_iter().map(Zeroizing::new).collect();
        self.factor_changed()
    }

    pub(super) fn factor_changed(&mut self) -> Result<(), Mishap> {
        self.tell(Change::Done(Attempt::Factor));
        self.update(|account| account.wants.add(Wants::OWN_ACCOUNT))
    }

    /// The devices of the account, for a person to look at or for one of them to be revoked.
    pub(super) fn devices_came(&mut self, reply: &wire::ListDevicesResponse) -> Result<(), Mishap> {
        if self.arrived(reply)? {
            return Ok(());
        }
        match take_flow!(self, Running) {
            Some(Running::Listing { lost, root }) => return self.listed(lost, &root, reply),
            Some(other) => self.memory.flow = Some(Flow::Running(other)),
            None => {}
        }
        let known = self.known_own_devices()?;
        let account = self.account()?;
        let vault = account.vault.as_ref();
        let now = self.now();
        let certificates: Vec<_> = decoded(reply.devices.iter().map(|device| &device.certificate)).collect();
        let vaults: Vec<_> = vault_certificates(&certificates, account.id, &account.identity, now)
            .map(|certificate| certificate.claimed_device().to_wire())
            .collect();
        let named = |device: &wire::Device| -> Option<OwnDevice> {
            let id = DeviceId::parse("device_id", &device.device_id).ok()?;
            let opened = vault.and_then(|vault| {
                vault.open(account.id, &Item::DeviceName(id), Version::NONE, &device.sealed_name).ok()
            });
            let (name, name_version) = opened.map_or((String::new(), Version::NONE), |(name, version)| {
                (String::from_utf8_lossy(name.expose_secret()).into_owned(), version)
            });
            Some(OwnDevice {
                id,
                name,
                name_version,
                added_at_ms: device.added_at_ms,
                last_used_at_ms: device.last_used_at_ms,
                this: id == account.device,
                is_new: known.get(&id) == Some(&true),
            })
        };
        let devices =
            reply.devices.iter().filter(|device| !vaults.contains(&device.device_id)).filter_map(named).collect();
        self.memory.devices = devices;
        self.tell(Change::Devices);
        Ok(())
    }

    /// The next version of the name, whichever that is: the newest that was seen is in the list.
    pub(super) fn name_device(&mut self, device: DeviceId, name: &str) -> Result<(), Mishap> {
        let listed = self.memory.devices.iter().find(|listed| listed.id == device);
        let version = listed.map_or(Version::NONE, |listed| listed.name_version).next();
        let account = self.memory.account.as_ref().ok_or(Mishap::Bad("nobody is signed in"))?;
        let Some(vault) = account.vault.as_ref() else { return Ok(()) };
        let sealed_name = sealed_name(vault, account.id, device, version, name, &mut self.moment.rng);
        self.memory.traffic.call(&wire::NameDeviceRequest { device_id: device.to_wire(), sealed_name });
        Ok(())
    }

    fn listed(
        &mut self,
        lost: Option<DeviceId>,
        root: &RootSecret,
        reply: &wire::ListDevicesResponse,
    ) -> Result<(), Mishap> {
        let certificates: Vec<_> = decoded(reply.devices.iter().map(|device| &device.certificate)).collect();
        self.take_over_from(root, &certificates)?;
        if let Some(lost) = lost {
            return self.revoke(lost, root, &certificates);
        }
        self.renew_if_due(root)?;
        self.tell(Change::Done(Attempt::Devices));
        Ok(())
    }

    fn revoke(&mut self, lost: DeviceId, root: &RootSecret, certificates: &[DeviceCertificate]) -> Result<(), Mishap> {
        let (now, account) = (self.now(), self.account()?);
        let identity = root.derive_identity_key();
        let revocation = certificates
            .iter()
            .filter(|certificate| certificate.claimed_device() == lost)
            .find_map(|certificate| certificate.verify(account.id, &identity.public(), now).ok())
            .and_then(|verified| DeviceRevocation::by_account(&identity, &verified, now));
        let Some(revocation) = revocation else {
            self.fail(Attempt::Devices, Why::NobodyThere);
            return Ok(());
        };
        self.revoke_lost(lost, &revocation, root)
    }

    /// A device was revoked: another one, or this one on its way out. The server has ended the session with it.
    pub(super) fn revoked(&mut self) -> Result<(), Mishap> {
        if self.memory.leaving {
            return self.wipe();
        }
        self.memory.traffic.call(&wire::ListDevicesRequest {});
        self.update(|account| account.wants.add(Wants::OWN_ACCOUNT))?;
        self.tell(Change::Done(Attempt::Devices));
        Ok(())
    }

    /// Leaves nothing behind.
    pub(super) fn wipe(&mut self) -> Result<(), Mishap> {
        self.discard_downloads()?;
        let tables = self
            .db
            .prepare(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'word*' AND name <> 'openings'",
            )?
            .query_map([], |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        self.db.pragma_update(None, "defer_foreign_keys", true)?;
        for table in tables {
            self.db.execute(&format!("DELETE FROM {table}"), [])?;
        }
        self.db.execute("INSERT INTO words (words) VALUES ('delete-all')", [])?;
        let jobs = self.memory.transfers.take_jobs();
        *self.memory = super::step::Memory::default();
        self.memory.transfers.put_back(jobs);
        self.tell(Change::Wiped);
        Ok(())
    }

    /// An errand failed for good.
    pub(super) fn errand_refused(&mut self, what: Attempt, failure: &Failure) {
        let _ended = take_flow!(self, Running);
        self.fail(what, Why::Refused(failure.code().unwrap_or_default()));
    }
}

/// This device goes: first its certificate, so that it leaves all groups, then its session, then everything here.
pub(super) fn log_out(step: &mut Step<'_, '_>) -> Result<(), Mishap> {
    let now = step.now();
    let account = step.account()?;
    let verified = account.certificate.verify(account.id, &account.identity, now).ok();
    let revocation = verified.and_then(|device| DeviceRevocation::by_device(&account.key, &device, now));
    step.memory.leaving = true;
    match revocation.filter(|_| step.is_in_use()) {
        Some(revocation) => {
            let revocation = Bytes::copy_from_slice(&revocation.encode());
            step.memory.traffic.call(&wire::RevokeDeviceRequest { revocation });
            Ok(())
        }
        None => step.wipe(),
    }
}

/// The words as people write them down.
pub(super) fn words_of(code: &RecoveryCode) -> Zeroizing<String> {
    Zeroizing::new(code.expose_words().join(" "))
}

pub(super) fn login_record(upload: Vec<u8>, cost: StretchCost) -> wire::LoginRecord {
    let hardening = wire::PasswordHardening { memory_kib: cost.memory_kib(), passes: cost.passes(), lanes: 1 };
    wire::LoginRecord { opaque_record: upload.into(), hardening: Some(hardening) }
}
