//! What costs a client a full Argon2id, as in life, and so takes few inputs a second: the server's replies at registration (first byte
//! 0 modulo 3) and login (1), and the key of the own store under a passphrase (2), at the least cost that there is.
//!
//! Held: nothing but the true reply logs in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sotto_crypto::login::{Login, Password, Registration, StretchCost};
use sotto_crypto::passphrase;
use sotto_fuzz::logins::{ACCOUNT, PASSWORD, true_replies};

fuzz_target!(|bytes: &[u8]| {
    let Some((how, reply)) = bytes.split_first() else { return };
    let mut rng = StdRng::seed_from_u64(3);
    let password = Password::new(PASSWORD).expect("a password");
    if how % 3 == 2 {
        let mut sealed = reply.to_vec();
        if let Some(cost) = sealed.get_mut(1..9) {
            cost[..4].copy_from_slice(&StretchCost::MINIMUM.memory_kib().to_be_bytes());
            cost[4..].copy_from_slice(&StretchCost::MINIMUM.passes().to_be_bytes());
        }
        let _ = passphrase::open(&sealed, &password);
    } else if how % 3 == 0 {
        let (registration, _) = Registration::start(password, &mut rng).expect("a registration");
        let _ = registration.finish(reply, ACCOUNT, StretchCost::MINIMUM, &mut rng);
    } else {
        let (login, _) = Login::start(password, &mut rng).expect("a login");
        let logged_in = login.finish(reply, ACCOUNT, StretchCost::MINIMUM, &mut rng);
        assert_eq!(logged_in.is_ok(), true_replies().1 == reply);
    }
});
