//! Who one is: coming in, going, and what only the password opens.

use prost::Message as _;
use sotto_crypto::identity::IdentityPublicKey;
use sotto_crypto::login::Password;
use sotto_proto::wire::event::Content;
use sotto_proto::{AccountId, DeviceId, SessionId, wire};
use zeroize::Zeroizing;

use crate::engine::account::State;
use crate::engine::entrance::Visitor;
use crate::engine::settings::{Name, setting};
use crate::engine::{
    Change, Engine, EngineError, Errand, FactorCode, Moment, NewAccount, OwnDevice, OwnSession, Recovering, Returning,
    errands,
};

impl Engine {
    /// Makes a new account with this device as its first.
    pub fn register(&mut self, chosen: NewAccount, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        if self.memory.account.is_some() {
            return Err(EngineError::SignedIn);
        }
        self.enter(Visitor::New(chosen), moment)
    }

    /// Signs in to an account: with a new device, or again with this one.
    pub fn sign_in(&mut self, returning: Returning, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.enter(Visitor::Back(returning, None), moment)
    }

    /// Comes back without the password, by the recovery words.
    pub fn recover(&mut self, lost: Recovering, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.enter(Visitor::Lost(lost), moment)
    }

    /// Does something that needs the password. [`Change::Done`] or [`Change::Failed`] tells what became of it.
    pub fn run(&mut self, password: Password, errand: Errand, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        let account = self.memory.account.as_ref().ok_or(EngineError::SignedOut)?;
        let returning = Returning { login_name: account.user_name.clone(), password, device_name: String::new() };
        self.enter(Visitor::Back(returning, Some(errand)), moment)
    }

    /// Proves that the authenticator has the secret of [`Errand::EnableFactor`].
    pub fn confirm_factor(&mut self, code: &str, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        let request = wire::EnableTotpFinishRequest { totp_code: code.to_owned() };
        self.signed_in_step(moment, |step| {
            step.memory.traffic.call(&request);
            Ok(())
        })
    }

    /// The secret for an authenticator, in the letters that people type into one, after [`Change::FactorDrawn`].
    pub fn expose_factor_secret(&self) -> Option<&str> {
        self.memory.papers.secret.as_ref().map(|secret| secret.as_str())
    }

    /// The ten codes to be written down after the second factor was turned on. They are given once.
    pub fn take_backup_codes(&mut self) -> Vec<Zeroizing<String>> {
        std::mem::take(&mut self.memory.papers.backup_codes)
    }

    /// Asks for the list of the own devices. [`Change::Devices`] tells when it came.
    pub fn ask_for_devices(&mut self, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| {
            step.memory.traffic.call(&wire::ListDevicesRequest {});
            Ok(())
        })
    }

    /// The own devices, as they were last asked for.
    pub fn devices(&self) -> &[OwnDevice] {
        &self.memory.devices
    }

    /// Asks for the list of the account's sessions. [`Change::Sessions`] tells when it came.
    pub fn ask_for_sessions(&mut self, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| {
            step.memory.traffic.call(&wire::ListSessionsRequest {});
            Ok(())
        })
    }

    /// The sessions, as they were last asked for.
    pub fn sessions(&self) -> &[OwnSession] {
        &self.memory.sessions
    }

    /// Ends a session: its device has to sign in again, and keeps what it has. [`Change::Done`] tells when it is ended.
    pub fn end_session(&mut self, session: SessionId, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| {
            step.memory.traffic.call(&wire::RevokeSessionRequest { session_id: session.to_wire() });
            Ok(())
        })
    }

    /// Gives a device a name that only the account's own devices can read.
    pub fn name_device(&mut self, device: DeviceId, name: &str, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| step.name_device(device, name))
    }

    /// How the person wants to be called, and a line about them; for all devices of the account. Conversations learn of it when something
    /// is said there next.
    pub fn set_profile(&mut self, name: &str, about: &str, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        let profile = wire::Profile { display_name: name.to_owned(), picture: None, about: about.to_owned() };
        self.checked_event(Content::Profile(profile.clone()), "", moment)?;
        self.signed_in_step(moment, |step| step.set(&Name::Profile, &profile.encode_to_vec()))
    }

    /// How the person wants to be called, and the line about them; empty as long as they have not said.
    pub fn profile(&self) -> Result<(String, String), EngineError> {
        let Some(account) = self.memory.account.as_ref() else { return Ok(Default::default()) };
        let profile: wire::Profile = setting(self.store.connection(), account, &Name::Profile)?;
        Ok((profile.display_name, profile.about))
    }

    /// Takes this device out of the account and wipes everything here. A server that stays away does not keep it from going: then the
    /// account lists the device until another one revokes it.
    pub fn log_out(&mut self, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, errands::log_out)
    }

    /// Whether this device is on its way out. It goes in the end also if no server can be reached, so calls are tried meanwhile.
    pub fn is_leaving(&self) -> bool {
        self.memory.leaving
    }

    fn enter(&mut self, visitor: Visitor, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.step(moment, |step| {
            step.enter(visitor);
            Ok(())
        })
    }

    /// Goes on with signing in, after [`Change::SecondFactorNeeded`].
    pub fn second_factor(&mut self, code: FactorCode, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        let waits = self.step(moment, |step| Ok(step.add_factor(code)))?;
        if waits { Ok(()) } else { Err(EngineError::Unusable("a code that nobody asked for")) }
    }

    /// The account that is signed in, or was.
    pub fn own_account(&self) -> Option<AccountId> {
        self.memory.account.as_ref().map(|account| account.id)
    }

    /// Its user name.
    pub fn user_name(&self) -> Option<&str> {
        self.memory.account.as_ref().map(|account| account.user_name.as_str())
    }

    /// This device.
    pub fn device(&self) -> Option<DeviceId> {
        self.memory.account.as_ref().map(|account| account.device)
    }

    /// The account's identity key, which contacts verify.
    pub fn identity(&self) -> Option<IdentityPublicKey> {
        self.memory.account.as_ref().map(|account| account.identity)
    }

    /// Whether this device is signed in and may do everything.
    pub fn is_signed_in(&self) -> bool {
        self.memory.account.as_ref().is_some_and(|account| account.state == State::InUse)
    }

    /// The recovery code of a new account, until the person has written it down.
    pub fn expose_recovery_words(&self) -> Option<&str> {
        self.memory.account.as_ref()?.recovery_words.as_ref().map(|words| words.as_str())
    }

    /// The person has written the recovery code down: it is forgotten here.
    pub fn recovery_words_are_kept(&mut self, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| {
            step.tell(Change::Account);
            step.update(|account| account.recovery_words = None)
        })
    }
}
