//! Every message and stored form of the login at the server, and what it sealed for itself and gets back. The client's last
//! steps have a target of their own: they cost a full Argon2id.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rand::{SeedableRng, rngs::StdRng};
use sotto_crypto::login::StretchCost;
use sotto_crypto::login::server::{LoginAttempt, LoginServer, PasswordRecord};
use sotto_crypto::secret::Secret;
use sotto_crypto::server_seal::{NOBODY, ServerSeal, Usage};
use sotto_fuzz as _;
use sotto_proto::AccountId;

static SERVER: LazyLock<LoginServer> = LazyLock::new(|| LoginServer::generate(&mut StdRng::seed_from_u64(1)));

static SEAL: LazyLock<ServerSeal> = LazyLock::new(|| ServerSeal::derive(&Secret::fill(|secret| *secret = [7; 32])));

fuzz_target!(|bytes: &[u8]| {
    let account = AccountId::from_bytes([1; 16]);
    let _ = SERVER.start_registration(account, bytes);
    let _ = SERVER.start_login(account, None, bytes, &mut StdRng::seed_from_u64(2));
    let _ = LoginServer::decode(bytes);
    assert!(SEAL.open(Usage::Login, &NOBODY, bytes).is_err());
    if let Ok(record) = PasswordRecord::from_upload(bytes) {
        assert!(PasswordRecord::decode(&record.encode()).is_ok());
    }
    if let Ok(record) = PasswordRecord::decode(bytes) {
        assert_eq!(record.encode(), bytes);
    }
    if let Some((attempt, message)) = bytes.split_at_checked(144)
        && let Ok(attempt) = LoginAttempt::decode(attempt)
    {
        let _ = attempt.finish(message);
    }
    if let Some((memory, passes)) = bytes.split_first_chunk().zip(bytes.last_chunk()).map(|((m, _), p)| (m, p))
        && let Ok(cost) = StretchCost::new(u32::from_be_bytes(*memory), u32::from_be_bytes(*passes))
    {
        assert!(cost.memory_kib() >= 19 * 1024 && cost.passes() >= 2);
    }
});
