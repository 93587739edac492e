//! Making an account.

use std::time::Duration;

use prost::Message as _;
use sotto_crypto::labels;
use sotto_crypto::primitives::sha256;
use sotto_crypto::proof::Call;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, Email, Invalid, Reason, UserName, Version};

use super::fields::{ClaimedDevice, first_devices, fixed, login_record, malformed, opaque_request};
use super::{Auth, issue};
use crate::services::accounts::names;
use crate::services::accounts::sealed::parse_vault;
use crate::services::fields::check_size;
use crate::services::rates::Rate;
use crate::services::{Context, Failure, Visitor};
use crate::store::{Done, NewAccount};

const STARTED: Rate = Rate::per_hour("RegisterStart", 10);
const FINISHED: Rate = Rate::per_hour("RegisterFinish", 10);
const SEALED_NAME_MAX: usize = 256;

/// For how long the reply of a registration may be asked for again. Later its device logs in like any other.
const REPEATED: Duration = Duration::from_hours(1);

pub(super) async fn start(
    auth: &Auth,
    visitor: &Visitor,
    request: wire::RegisterStartRequest,
) -> Result<wire::RegisterStartResponse, Failure> {
    let context = &auth.context;
    let account = AccountId::parse("account_id", &request.account_id)?;
    let name = UserName::parse("user_name", &request.user_name)?;
    let blinded = opaque_request(&request.opaque_request)?;
    check_open(context)?;
    context.rates.take(&STARTED, visitor.network())?;
    let name = names::user_name(&name)?;
    context.store.check_new_account(account, &name, context.now()).await?;
    let response = context.secrets.login.start_registration(account, blinded);
    Ok(wire::RegisterStartResponse { opaque_response: response.map_err(|_| malformed("opaque_request"))?.into() })
}

pub(super) async fn finish(
    auth: &Auth,
    visitor: &Visitor,
    request: wire::RegisterFinishRequest,
) -> Result<wire::RegisterFinishResponse, Failure> {
    let context = &auth.context;
    check_open(context)?;
    let device = ClaimedDevice::parse(request.device.clone())?;
    let account = parse(context, request, &device)?;
    context.rates.take(&FINISHED, visitor.network())?;
    device.prove(account.id, Call::Register(&account.login.opaque), context.now())?;
    let id = account.id;
    if context.store.create_account(account).await? == Done::Before {
        check_repetition(context, id, &device).await?;
    }
    let (session, refresh) = issue::new_session(context, issue::random_session(), id, &device);
    let opened = session.id;
    context.store.open_session(session).await?;
    Ok(wire::RegisterFinishResponse { session: Some(issue::reply_opened(context, opened, refresh).await?) })
}

fn check_open(context: &Context) -> Result<(), ErrorCode> {
    if context.settings.registration_open { Ok(()) } else { Err(ErrorCode::RegistrationClosed) }
}

fn parse(
    context: &Context,
    request: wire::RegisterFinishRequest,
    device: &ClaimedDevice,
) -> Result<NewAccount, Failure> {
    let now = context.now();
    let registration = digest(&request);
    let id = AccountId::parse("account_id", &request.account_id)?;
    let user_name = names::user_name(&UserName::parse("user_name", &request.user_name)?)?;
    let email = match request.email.as_str() {
        "" => None,
        text => Some(names::email(&Email::parse("email", text)?)),
    };
    check_size("sealed_device_name", &request.sealed_device_name, 0..=SEALED_NAME_MAX)?;
    let vault = parse_vault(request.vault)?;
    if vault.version != Version::FIRST {
        let reason = Reason::Range { min: 1, max: 1, actual: vault.version.get() };
        return Err(Invalid::new("vault.version", reason).into());
    }
    let identity_key = fixed("identity_key", &request.identity_key)?;
    let mut devices = first_devices(id, identity_key, &request.certificates, (device.id, device.key), now)?;
    for own in devices.iter_mut().filter(|own| !own.is_vault) {
        own.sealed_name = request.sealed_device_name.to_vec();
    }
    Ok(NewAccount {
        id,
        registration,
        user_name,
        email,
        identity_key,
        login: login_record(request.record)?,
        vault,
        devices,
        storage_quota: context.settings.storage_quota,
        at: now,
    })
}

/// Of everything that is asked for, without the proof, which is made anew when too much time has passed.
fn digest(request: &wire::RegisterFinishRequest) -> [u8; 32] {
    let mut request = request.clone();
    if let Some(device) = &mut request.device {
        device.signed_at_ms = 0;
        device.signature.clear();
    }
    sha256(&[labels::REGISTRATION.as_bytes(), &request.encode_to_vec()])
}

/// Nobody gets in for ever by repeating how the account began: not by a device that was revoked, and not past a second factor.
async fn check_repetition(context: &Context, account: AccountId, device: &ClaimedDevice) -> Result<(), Failure> {
    let summary = context.store.account_summary(account).await?;
    let devices = context.store.devices(account).await?;
    let in_force = devices.iter().any(|filed| (filed.filed.id, filed.filed.device_key) == (device.id, device.key));
    let recent = context.now() < summary.created_at.plus(REPEATED);
    if recent && in_force && !summary.second_factor { Ok(()) } else { Err(ErrorCode::IdTaken.into()) }
}
