//! Passwords, words on paper, second factors and devices: every way in and out of an account.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use prost::Message as _;
use sha1::Sha1;
use sotto_client::engine::{Attempt, Change, Engine, Errand, FactorCode, Outgoing, Recovering, Returning, Why};
use sotto_client_tests::{Handset, Town, password_of};
use sotto_crypto::login::{Password, StretchCost};
use sotto_crypto::recovery::RecoveryCode;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{Method, PROTOCOL_VERSION, decode, limits, wire};

fn new_password() -> Password {
    Password::new("something else entirely").unwrap()
}

fn tries(handset: &mut Handset<'_>, password: Password) {
    let returning = Returning { login_name: "alice".to_owned(), password, device_name: String::new() };
    handset.with(|engine, moment| engine.sign_in(returning, moment)).unwrap();
    handset.settle();
}

fn runs(handset: &mut Handset<'_>, errand: Errand) {
    handset.changes.clear();
    handset.with(|engine, moment| engine.run(password_of("alice"), errand, moment)).unwrap();
    handset.settle();
}

/// Comes back to Alice's account by the words, with a new password.
fn recovers(handset: &mut Handset<'_>, words: &str) {
    let lost = Recovering {
        login_name: "alice".to_owned(),
        code: RecoveryCode::parse(words).unwrap(),
        password: new_password(),
        cost: StretchCost::MINIMUM,
        device_name: "New phone".to_owned(),
    };
    handset.with(|engine, moment| engine.recover(lost, moment)).unwrap();
    handset.settle();
}

fn failed(handset: &Handset<'_>, what: Attempt, why: Why) -> bool {
    handset.changes.contains(&Change::Failed { what, why })
}

#[test]
fn a_wrong_password_is_refused_and_nothing_is_left() {
    let town = Town::new();
    let _alice = town.register("alice", 1);
    let mut stranger = town.handset(2);
    tries(&mut stranger, new_password());
    assert!(failed(&stranger, Attempt::SignIn, Why::WrongPassword));
    tries(&mut stranger, Password::new("x").unwrap());
    assert!(stranger.engine.own_account().is_none());
}

#[test]
fn a_changed_password_opens_the_same_vault() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let saved = alice.engine.chats().unwrap()[0].id;
    alice.says(saved, "A note");
    runs(
        &mut alice,
        Errand::ChangePassword { password: new_password(), cost: StretchCost::MINIMUM, end_other_sessions: true },
    );
    assert!(alice.changes.contains(&Change::Done(Attempt::Password)), "{:?}", alice.changes);
    let mut laptop = town.handset(2);
    tries(&mut laptop, password_of("alice"));
    assert!(failed(&laptop, Attempt::SignIn, Why::WrongPassword));
    tries(&mut laptop, new_password());
    assert!(laptop.engine.is_signed_in(), "{:?}", laptop.changes);
    assert_eq!(laptop.texts(saved), ["A note"]);
}

#[test]
fn the_words_on_paper_bring_everything_back() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let words = alice.engine.expose_recovery_words().unwrap().to_owned();
    alice.with(Engine::recovery_words_are_kept).unwrap();
    assert!(alice.engine.expose_recovery_words().is_none());
    let saved = alice.engine.chats().unwrap()[0].id;
    alice.says(saved, "Do not forget");
    drop(alice);

    let mut found = town.handset(2);
    recovers(&mut found, &words);
    assert!(found.engine.is_signed_in(), "{:?}", found.changes);
    assert_eq!(found.texts(saved), ["Do not forget"]);
    let mut next = town.handset(3);
    tries(&mut next, new_password());
    assert_eq!(next.texts(saved), ["Do not forget"]);
}

#[test]
fn a_second_factor_is_asked_for() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    runs(&mut alice, Errand::EnableFactor);
    let secret = alice.engine.expose_factor_secret().unwrap().to_owned();
    let code = totp(&secret, &town);
    alice.with(|engine, moment| engine.confirm_factor(&code, moment)).unwrap();
    alice.settle();
    let codes = alice.engine.take_backup_codes();
    assert_eq!(codes.len(), 10, "{:?}", alice.changes);

    let mut laptop = town.handset(2);
    tries(&mut laptop, password_of("alice"));
    assert!(laptop.changes.contains(&Change::SecondFactorNeeded), "{:?}", laptop.changes);
    assert!(!laptop.engine.is_signed_in());
    let code = FactorCode::Backup(codes[0].to_string());
    laptop.with(|engine, moment| engine.second_factor(code, moment)).unwrap();
    laptop.settle();
    assert!(laptop.engine.is_signed_in(), "{:?}", laptop.changes);
}

#[test]
fn a_second_factor_has_new_codes_and_goes_again() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    runs(&mut alice, Errand::EnableFactor);
    let code = totp(alice.engine.expose_factor_secret().unwrap(), &town);
    alice.with(|engine, moment| engine.confirm_factor(&code, moment)).unwrap();
    alice.settle();
    let old = alice.engine.take_backup_codes();
    let own = alice.engine.own().unwrap();
    assert_eq!((own.has_factor, own.backup_codes_left), (true, 10));

    proves(&mut alice, Errand::RenewBackupCodes, &old[0]);
    let new = alice.engine.take_backup_codes();
    assert_eq!(new.len(), 10, "{:?}", alice.changes);
    assert!(new.iter().all(|code| !old.contains(code)));

    proves(&mut alice, Errand::DisableFactor, &old[1]);
    assert!(failed(&alice, Attempt::SignIn, Why::Refused(ErrorCode::SecondFactorWrong)), "{:?}", alice.changes);
    proves(&mut alice, Errand::DisableFactor, &new[0]);
    assert!(alice.changes.contains(&Change::Done(Attempt::Factor)), "{:?}", alice.changes);
    assert!(!alice.engine.own().unwrap().has_factor);
}

/// Runs an errand with the password and a backup code.
fn proves(handset: &mut Handset<'_>, errand: Errand, code: &str) {
    runs(handset, errand);
    assert!(handset.changes.contains(&Change::SecondFactorNeeded), "{:?}", handset.changes);
    let code = FactorCode::Backup(code.to_owned());
    handset.with(|engine, moment| engine.second_factor(code, moment)).unwrap();
    handset.settle();
}

#[test]
fn a_new_device_of_the_account_is_news_until_the_person_has_said_that_it_is_theirs() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    assert!(!alice.engine.has_new_device().unwrap());
    let mut laptop = town.sign_in("alice", 2);
    let device = laptop.engine.device().unwrap();
    let news = |handset: &Handset<'_>| -> Vec<_> {
        handset.engine.devices().iter().filter(|device| device.is_new).map(|device| device.id).collect()
    };
    town.tell();
    alice.catch_up();
    assert!(alice.engine.has_new_device().unwrap(), "{:?}", alice.changes);
    assert_eq!(news(&alice), [device], "it is listed without being asked for");
    assert!(!laptop.engine.has_new_device().unwrap(), "what was there before it is no news to it");

    // It stays news, also after the program was ended.
    let mut alice = alice.crash();
    assert!(alice.engine.has_new_device().unwrap());
    alice.with(|engine, moment| engine.device_is_mine(device, moment)).unwrap();
    assert!(!alice.engine.has_new_device().unwrap());

    // One that goes is forgotten, and the next one is news again.
    laptop.with(Engine::log_out).unwrap();
    laptop.settle();
    let tablet = town.sign_in("alice", 3);
    town.tell();
    alice.catch_up();
    assert_eq!(news(&alice), [tablet.engine.device().unwrap()]);
    runs(&mut alice, Errand::RevokeDevice(tablet.engine.device().unwrap()));
    alice.catch_up();
    assert!(!alice.engine.has_new_device().unwrap());
}

#[test]
fn a_lost_device_is_revoked_and_hears_nothing_more() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let mut bob = town.register("bob", 2);
    let chat = alice.start_direct("bob", "Ciao");
    bob.accepts(chat);
    let mut lost = town.sign_in("alice", 3);
    assert_eq!(lost.texts(chat), ["Ciao"]);
    alice.catch_up();
    alice.with(Engine::ask_for_devices).unwrap();
    alice.settle();
    let names: Vec<_> = alice.engine.devices().iter().map(|device| device.name.clone()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&"alice's laptop".to_owned()));

    let device = lost.engine.device().unwrap();
    runs(&mut alice, Errand::RevokeDevice(device));
    assert!(alice.changes.contains(&Change::Done(Attempt::Devices)), "{:?}", alice.changes);
    // Whether a session lives is looked up at most every two seconds.
    town.pass(Duration::from_secs(3));
    bob.catch_up();
    bob.says(chat, "Is it gone?");
    alice.catch_up();
    assert_eq!(alice.texts(chat), ["Ciao", "Is it gone?"]);
    lost.catch_up();
    assert!(lost.changes.contains(&Change::SignedOut), "{:?}", lost.changes);
    assert_eq!(lost.texts(chat), ["Ciao"]);
}

#[test]
fn who_was_signed_out_signs_in_again_and_goes_on_where_it_was() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let mut laptop = town.sign_in("alice", 3);
    alice.with(Engine::ask_for_sessions).unwrap();
    alice.settle();
    let session = alice.engine.sessions().iter().find(|session| !session.this).unwrap().id;
    alice.with(|engine, moment| engine.end_session(session, moment)).unwrap();
    alice.settle();
    town.pass(Duration::from_secs(3));
    laptop.says(chat, "written while nobody listens");
    assert!(laptop.changes.contains(&Change::SignedOut), "{:?}", laptop.changes);
    bob.says(chat, "heard by nobody");
    laptop.sign_in("alice");
    assert!(laptop.engine.is_signed_in(), "{:?}", laptop.changes);
    assert_eq!(laptop.hears(chat), ["Ciao Bob", "heard by nobody", "written while nobody listens"]);
    assert_eq!(bob.hears(chat), laptop.texts(chat));
}

#[test]
fn c12_logging_out_leaves_nothing_behind() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let saved = alice.engine.chats().unwrap()[0].id;
    alice.says(saved, "A note");
    let mut laptop = town.sign_in("alice", 2);
    laptop.with(Engine::log_out).unwrap();
    laptop.settle();
    assert!(laptop.changes.contains(&Change::Wiped), "{:?}", laptop.changes);
    assert!(laptop.engine.own_account().is_none());
    assert!(laptop.engine.chats().unwrap().is_empty());
    let mut laptop = laptop.crash();
    laptop.sign_in("alice");
    assert_eq!(laptop.texts(saved), ["A note"]);
}

/// Makes the calls that are due, but loses the answer to the one for `method`, and ends the program there.
fn dies_before_the_answer(mut handset: Handset<'_>, method: Method) -> Handset<'_> {
    for _ in 0..100 {
        let due = handset.with(Engine::outgoing).unwrap();
        for call in due {
            let answer = handset.call(&call);
            if call.method == method {
                return handset.crash();
            }
            handset.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
        }
    }
    panic!("{method:?} was never called");
}

#[test]
fn new_words_are_known_even_if_the_program_dies_before_the_answer() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let old = alice.engine.expose_recovery_words().unwrap().to_owned();
    alice.with(|engine, moment| engine.run(password_of("alice"), Errand::RenewRecoveryWords, moment)).unwrap();
    let mut alice = dies_before_the_answer(alice, Method::AccountPutVault);
    alice.catch_up();
    let words = alice.engine.expose_recovery_words().unwrap().to_owned();
    assert_ne!(words, old);
    for (words, seed, good) in [(old, 2, false), (words, 3, true)] {
        let mut found = town.handset(seed);
        recovers(&mut found, &words);
        assert_eq!(found.engine.is_signed_in(), good, "{:?}", found.changes);
    }
}

/// The login of the errand ends the session whose tokens are being renewed, and for which other calls are on their way.
#[test]
fn an_errand_that_begins_while_tokens_are_renewed_ends_well() {
    let town = Town::new();
    let mut alice = town.register("alice", 1).crash();
    alice.with(Engine::connected).unwrap();
    alice.with(|engine, moment| engine.run(password_of("alice"), Errand::RenewRecoveryWords, moment)).unwrap();
    let mut late = Vec::new();
    while !late.iter().any(|call: &Outgoing| call.method == Method::AuthLoginFinish) {
        let due = alice.with(Engine::outgoing).unwrap();
        assert!(!due.is_empty(), "{:?}", alice.changes);
        for call in due {
            if matches!(call.method, Method::AuthRefresh | Method::AuthLoginFinish) {
                late.push(call);
                continue;
            }
            let answer = alice.call(&call);
            alice.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
        }
    }
    late.sort_by_key(|call| call.method == Method::AuthRefresh);
    assert_eq!(late.len(), 2, "the login, then the new tokens for the session that it ended");
    for call in late {
        let answer = alice.call(&call);
        alice.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
    }
    alice.settle();
    assert!(alice.changes.contains(&Change::Done(Attempt::RecoveryWords)), "{:?}", alice.changes);
    assert!(!alice.changes.contains(&Change::SignedOut) && alice.engine.is_signed_in());
}

#[test]
fn a_refused_change_of_the_password_does_no_harm() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let weak =
        || Errand::ChangePassword { password: new_password(), cost: StretchCost::MINIMUM, end_other_sessions: false };
    let mut elsewhere = town.sign_in("alice", 2);
    alice.with(|engine, moment| engine.run(password_of("alice"), weak(), moment)).unwrap();
    let finish = loop {
        let due = alice.with(Engine::outgoing).unwrap();
        let finish = due.iter().find(|call| call.method == Method::AuthChangePasswordFinish).cloned();
        if let Some(finish) = finish {
            break finish;
        }
        for call in due {
            let answer = alice.call(&call);
            alice.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
        }
    };
    // Another device renews the words meanwhile, and so takes the next version of the vault.
    runs(&mut elsewhere, Errand::RenewRecoveryWords);
    assert!(elsewhere.changes.contains(&Change::Done(Attempt::RecoveryWords)), "{:?}", elsewhere.changes);
    let answer = alice.call(&finish);
    alice.with(|engine, moment| engine.reply(finish.ticket, answer, moment)).unwrap();
    assert!(failed(&alice, Attempt::Password, Why::Refused(ErrorCode::VersionConflict)), "{:?}", alice.changes);
    runs(&mut alice, weak());
    assert!(alice.changes.contains(&Change::Done(Attempt::Password)), "{:?}", alice.changes);
}

#[test]
fn s13_c13_a_server_of_another_protocol_is_not_talked_to() {
    let town = Town::new();
    for (protocol_min, protocol_max) in [(0, 0), (PROTOCOL_VERSION + 1, PROTOCOL_VERSION + 2)] {
        let mut alice = town.handset(2);
        let returning =
            Returning { login_name: "alice".to_owned(), password: new_password(), device_name: String::new() };
        alice.with(|engine, moment| engine.sign_in(returning, moment)).unwrap();
        let call = alice.with(Engine::outgoing).unwrap().remove(0);
        let mut info: wire::GetServerInfoResponse =
            decode(alice.call(&call).unwrap().remove(0), limits::MESSAGE_MAX).unwrap();
        (info.protocol_min, info.protocol_max) = (protocol_min, protocol_max);
        let answer = Ok(vec![info.encode_to_vec().into()]);
        alice.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
        assert!(failed(&alice, Attempt::SignIn, Why::OtherProtocol), "{:?}", alice.changes);
        assert!(alice.with(Engine::outgoing).unwrap().is_empty());
    }
}

#[test]
fn logging_out_does_not_wait_for_a_server_that_is_away() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    alice.with(Engine::log_out).unwrap();
    assert!(alice.engine.is_leaving());
    while alice.one_call(0, true) || !alice.changes.contains(&Change::Wiped) {
        town.pass(Duration::from_mins(1));
    }
    assert!(alice.engine.own_account().is_none());
}

/// What an authenticator shows (RFC 6238).
fn totp(secret: &str, town: &Town) -> String {
    use sotto_server::clock::Clock as _;
    let key = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let counter = town.clock.now().unix_millis() / 30_000;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(&counter.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
