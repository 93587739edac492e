//! A registration and a login that went well, the same in every process.

use std::sync::LazyLock;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sotto_crypto::login::server::{LoginServer, PasswordRecord};
use sotto_crypto::login::{Login, Password, Registration, StretchCost};
use sotto_proto::AccountId;

pub const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
pub const PASSWORD: &str = "correct horse";

static REPLIES: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let password = || Password::new(PASSWORD).expect("a password");
    let mut client = StdRng::seed_from_u64(3);
    let mut rng = StdRng::seed_from_u64(4);
    let server = LoginServer::generate(&mut rng);
    let (registration, request) = Registration::start(password(), &mut client).expect("a registration");
    let first = server.start_registration(ACCOUNT, &request).expect("an honest request");
    let registered = registration.finish(&first, ACCOUNT, StretchCost::MINIMUM, &mut client).expect("an honest reply");
    let record = PasswordRecord::from_upload(&registered.upload).expect("an honest record");
    let (_, request) = Login::start(password(), &mut StdRng::seed_from_u64(3)).expect("a login");
    let (_, second) = server.start_login(ACCOUNT, Some(record), &request, &mut rng).expect("an honest request");
    (first, second)
});

/// What the server replied at registration and at login, to a client that draws from seed 3 each time.
pub fn true_replies() -> &'static (Vec<u8>, Vec<u8>) {
    &REPLIES
}
