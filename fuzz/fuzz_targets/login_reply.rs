//! The server's replies, as a client takes them at registration (first byte even) and login (odd). Few inputs a second: what is
//! well-formed costs a full Argon2id, as in life.
//!
//! Held: nothing but the true reply logs in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sotto_crypto::login::{Login, Password, Registration, StretchCost};
use sotto_fuzz::logins::{ACCOUNT, PASSWORD, true_replies};

fuzz_target!(|bytes: &[u8]| {
    let Some((how, reply)) = bytes.split_first() else { return };
    let mut rng = StdRng::seed_from_u64(3);
    let password = Password::new(PASSWORD).expect("a password");
    if how & 1 == 0 {
        let (registration, _) = Registration::start(password, &mut rng).expect("a registration");
        let _ = registration.finish(reply, ACCOUNT, StretchCost::MINIMUM, &mut rng);
    } else {
        let (login, _) = Login::start(password, &mut rng).expect("a login");
        let logged_in = login.finish(reply, ACCOUNT, StretchCost::MINIMUM, &mut rng);
        assert_eq!(logged_in.is_ok(), true_replies().1 == reply);
    }
});
