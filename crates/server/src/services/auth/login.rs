//! Logging in by password and, where there is one, second factor.

use sotto_crypto::login::server::PasswordRecord;
use sotto_crypto::login::{KE1_LEN, KE3_LEN, StretchCost};
use sotto_crypto::proof::Call;
use sotto_proto::AccountId;
use sotto_proto::wire::login_finish_request::SecondFactor;
use sotto_proto::wire::{self, ErrorCode};

use super::fields::{ClaimedDevice, fixed, login_name, malformed};
use super::patience::Guesser;
use super::states::{LOGIN_WAITS, LoginState, STATE_MAX, new_attempt, record_digest};
use super::{Auth, codes, issue};
use crate::clock::Timestamp;
use crate::services::fields::check_size;
use crate::services::rates::Rate;
use crate::services::{Context, Failure, Visitor, random};
use crate::store::{AttemptId, Done, FactorProof, Login, NewLogin, Refusal, StoreError};

const STARTED_FOR_NAME: Rate = Rate::per_minute("LoginStart by name", 10);
const STARTED_FROM: Rate = Rate::per_minute("LoginStart", 30);
/// Codes tried for one account, by those who have its password.
const CODES: Rate = Rate::per_hour("codes of a second factor", 20);
/// Codes tried in one login.
const CODES_MAX: u32 = 5;

/// A name that does not exist costs the same work as one that does, and gets the same answer.
pub(super) async fn start(
    auth: &Auth,
    visitor: &Visitor,
    request: wire::LoginStartRequest,
) -> Result<wire::LoginStartResponse, Failure> {
    let context = &auth.context;
    let name = login_name(&request.login_name)?;
    fixed::<KE1_LEN>("ke1", &request.ke1)?;
    let guesser = Guesser::new(&name, visitor.network());
    context.rates.take(&STARTED_FROM, visitor.network())?;
    context.rates.take(&STARTED_FOR_NAME, &name)?;
    auth.patience.take(guesser)?;

    let known = context.store.find_login(&name).await?;
    let decoy = Decoy::of(context, &name).await?;
    let (account, hardening) = known.as_ref().map_or((decoy.account, decoy.hardening), shown);
    let record = known.as_ref().map(|login| PasswordRecord::decode(&login.record.opaque)).transpose();
    let record = record.map_err(|error| Failure::internal("a login record cannot be read", Some(&error)))?;
    let exchange = context.secrets.login.start_login(account, record, &request.ke1, &mut random::source());
    let (exchange, ke2) = exchange.map_err(|_| malformed("ke1"))?;
    let state = LoginState {
        attempt: new_attempt(),
        expires_at: context.now().plus(LOGIN_WAITS),
        guesser,
        record: record_digest(known.as_ref().map_or(&[], |login| &login.record.opaque)),
        exchange,
    };
    Ok(wire::LoginStartResponse {
        login_state: state.seal(&context.secrets.seal).into(),
        ke2: ke2.into(),
        hardening: Some(hardening),
        account_id: account.to_wire(),
    })
}

pub(super) async fn finish(
    auth: &Auth,
    _: &Visitor,
    request: wire::LoginFinishRequest,
) -> Result<wire::LoginFinishResponse, Failure> {
    let context = &auth.context;
    check_size("login_state", &request.login_state, 1..=STATE_MAX)?;
    fixed::<KE3_LEN>("ke3", &request.ke3)?;
    let device = ClaimedDevice::parse(request.device)?;
    let state = LoginState::open(&context.secrets.seal, &request.login_state, context.now());
    let LoginState { attempt, expires_at, guesser, record, exchange } = state.map_err(|_| ErrorCode::LoginFailed)?;
    let (account, _) = exchange.finish(&request.ke3).map_err(|_| ErrorCode::LoginFailed)?;
    device.prove(account, Call::Login(&request.ke3), context.now())?;
    let login = login_in_force(context, account, record).await?;
    auth.patience.succeeded(guesser);

    let id = issue::session_of(context, attempt, &device);
    let factor = match context.store.session_of_attempt(attempt).await? {
        None => prove_factor(context, &login, request.second_factor, attempt, expires_at).await?,
        // A repetition; its code is used up.
        Some(opened) if opened == id => None,
        Some(_) => return Err(ErrorCode::LoginFailed.into()),
    };
    let (session, refresh) = issue::new_session(context, id, account, &device);
    let new = NewLogin { attempt, expires_at, session, proved: login.record.opaque, factor };
    open(auth, account, new).await?;
    Ok(wire::LoginFinishResponse {
        session: Some(issue::reply_opened(context, id, refresh).await?),
        account_id: account.to_wire(),
        user_name: login.user_name,
        vault: Some(context.store.vault(account).await?.into()),
    })
}

/// What is shown for a name that leads nowhere.
struct Decoy {
    account: AccountId,
    hardening: wire::PasswordHardening,
}

impl Decoy {
    /// Always the same for the same name. Its cost is that of one of the accounts, so that costs tell nothing.
    async fn of(context: &Context, name: &str) -> Result<Self, Failure> {
        let account = context.secrets.login.decoy_account(name);
        let minimum = (StretchCost::MINIMUM.memory_kib(), StretchCost::MINIMUM.passes());
        let cost = context.store.cost_near(account).await?.unwrap_or(minimum);
        Ok(Self { account, hardening: hardening(cost) })
    }
}

fn shown(login: &Login) -> (AccountId, wire::PasswordHardening) {
    (login.account, hardening((login.record.memory_kib, login.record.passes)))
}

fn hardening((memory_kib, passes): (u32, u32)) -> wire::PasswordHardening {
    wire::PasswordHardening { memory_kib, passes, lanes: 1 }
}

/// The login of an account, if its password is still the one that the key exchange was about.
async fn login_in_force(context: &Context, account: AccountId, record: [u8; 32]) -> Result<Login, Failure> {
    match context.store.login_of(account).await {
        Ok(login) if record_digest(&login.record.opaque) == record => Ok(login),
        Ok(_) | Err(StoreError::Refused(Refusal::NotFound)) => Err(ErrorCode::LoginFailed.into()),
        Err(error) => Err(error.into()),
    }
}

/// What proves the second factor, if there is one. It is used up only together with the login.
async fn prove_factor(
    context: &Context,
    login: &Login,
    given: Option<SecondFactor>,
    attempt: AttemptId,
    expires_at: Timestamp,
) -> Result<Option<FactorProof>, Failure> {
    let Some(factor) = &login.second_factor else { return Ok(None) };
    let given = given.ok_or(ErrorCode::SecondFactorRequired)?;
    let given = codes::Given::parse(given)?;
    context.rates.take(&CODES, login.account)?;
    context.store.count_try(attempt, CODES_MAX, expires_at).await?;
    Ok(Some(given.prove(context, login.account, factor)?))
}

async fn open(auth: &Auth, account: AccountId, login: NewLogin) -> Result<(), Failure> {
    let opened = match auth.context.store.log_in(login).await {
        // The factor was turned on while the login was under way.
        Err(StoreError::Refused(Refusal::NotApplicable)) => return Err(ErrorCode::SecondFactorRequired.into()),
        opened => opened?,
    };
    if opened.done == Done::Now {
        auth.ended(account, &opened.ended, opened.change).await;
    }
    Ok(())
}
