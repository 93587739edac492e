//! The whole of our OPAQUE configuration, Argon2id and identities included, frozen as this implementation first made it.

use serde::Deserialize;
use sotto_crypto::login::server::{LoginServer, PasswordRecord};
use sotto_crypto::login::{Login, Password, Registration, StretchCost};
use sotto_proto::AccountId;

use crate::fixture::{Checked, Hex, Replay, ensure, vectors};

#[derive(Deserialize)]
struct Frozen {
    server: Hex,
    account: Hex,
    password: String,
    memory_kib: u32,
    passes: u32,
    registration_randomness: Hex,
    envelope_nonce: Hex,
    upload: Hex,
    export_key: Hex,
    login_randomness: Hex,
    reply_randomness: Hex,
    session_key: Hex,
    decoy_name: String,
    decoy_account: Hex,
}

pub(crate) fn check() -> Checked {
    let frozen: Frozen = vectors(include_str!("../../sotto-login.json"))?;
    let server = LoginServer::decode(&frozen.server.0)?;
    ensure!(server.decoy_account(&frozen.decoy_name).as_bytes() == &frozen.decoy_account.array()?, "decoy account");
    Ok(check_registration(&frozen, &server)? + check_login(&frozen, &server)?)
}

fn check_registration(frozen: &Frozen, server: &LoginServer) -> Checked {
    let (account, cost) = common(frozen)?;
    let mut randomness = Replay::of(&[&frozen.registration_randomness]);
    let (registration, request) = Registration::start(Password::new(&frozen.password)?, &mut randomness)?;
    let reply = server.start_registration(account, &request)?;
    let registered = registration.finish(&reply, account, cost, &mut Replay::of(&[&frozen.envelope_nonce]))?;
    ensure!(registered.upload == frozen.upload.0, "record");
    ensure!(registered.export_key.expose_secret() == &frozen.export_key.array()?, "export key");
    Ok(1)
}

fn check_login(frozen: &Frozen, server: &LoginServer) -> Checked {
    let (account, cost) = common(frozen)?;
    let mut randomness = Replay::of(&[&frozen.login_randomness]);
    let (login, ke1) = Login::start(Password::new(&frozen.password)?, &mut randomness)?;
    let record = PasswordRecord::decode(&frozen.upload.0)?;
    let mut randomness = Replay::of(&[&frozen.reply_randomness]);
    let (attempt, ke2) = server.start_login(account, Some(record), &ke1, &mut randomness)?;
    let done = login.finish(&ke2, account, cost, &mut Replay::of(&[]))?;
    ensure!(done.export_key.expose_secret() == &frozen.export_key.array()?, "export key at login");
    ensure!(done.session_key.expose_secret() == &frozen.session_key.array()?, "session key");
    ensure!(attempt.finish(&done.finalization)? == (account, done.session_key), "the server's side");
    Ok(1)
}

fn common(frozen: &Frozen) -> Result<(AccountId, StretchCost), Box<dyn std::error::Error>> {
    let account = AccountId::from_bytes(frozen.account.array()?);
    Ok((account, StretchCost::new(frozen.memory_kib, frozen.passes)?))
}
