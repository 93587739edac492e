use sotto_crypto::login::server::{LoginAttempt, LoginServer, PasswordRecord};
use sotto_crypto::login::{
    ExportKey, LoggedIn, Login, LoginError, MAX_PASSWORD_LEN, Password, Registration, StretchCost,
};
use sotto_proto::AccountId;

use crate::people::{alice, bob, rng};

const COST: StretchCost = StretchCost::MINIMUM;

fn server() -> LoginServer {
    LoginServer::generate(&mut rng(30))
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

fn register(server: &LoginServer, account: AccountId, text: &str) -> (PasswordRecord, ExportKey) {
    let (registration, request) = Registration::start(password(text), &mut rng(31)).unwrap();
    let reply = server.start_registration(account, &request).unwrap();
    let done = registration.finish(&reply, account, COST, &mut rng(32)).unwrap();
    assert_eq!((request.len(), reply.len(), done.upload.len()), (32, 64, 192));
    (PasswordRecord::from_upload(&done.upload).unwrap(), done.export_key)
}

/// A login as far as the client's side goes, with the server's attempt that awaits its last message.
fn try_login(
    server: &LoginServer,
    record: Option<PasswordRecord>,
    account: AccountId,
    text: &str,
) -> (LoginAttempt, Result<LoggedIn, LoginError>) {
    let (login, request) = Login::start(password(text), &mut rng(33)).unwrap();
    let (attempt, reply) = server.start_login(account, record, &request, &mut rng(34)).unwrap();
    assert_eq!((request.len(), reply.len()), (96, 320));
    (attempt, login.finish(&reply, account, COST, &mut rng(35)))
}

#[test]
fn alice_registers_logs_in_and_gets_the_same_export_key() {
    let server = server();
    let (record, export_key) = register(&server, alice().account, "correct horse");
    let restored = LoginServer::decode(server.expose_secret().expose_secret()).unwrap();
    let record = PasswordRecord::decode(&record.encode()).unwrap();

    let (attempt, logged_in) = try_login(&restored, Some(record), alice().account, "correct horse");
    let logged_in = logged_in.unwrap();
    assert_eq!(logged_in.export_key, export_key);
    assert_eq!(logged_in.finalization.len(), 64);

    let attempt = LoginAttempt::decode(attempt.expose_secret().expose_secret()).unwrap();
    let (account, session_key) = attempt.finish(&logged_in.finalization).unwrap();
    assert_eq!((account, session_key), (alice().account, logged_in.session_key));
}

#[test]
fn a_wrong_password_and_an_unknown_name_look_alike_a3() {
    let server = server();
    let (record, _) = register(&server, alice().account, "correct horse");
    let (_, wrong) = try_login(&server, Some(record), alice().account, "correct hors");
    let decoy = server.decoy_account("nobody");
    let (_, unknown) = try_login(&server, None, decoy, "correct horse");
    assert_eq!(wrong.unwrap_err(), LoginError::WrongPassword);
    assert_eq!(unknown.unwrap_err(), LoginError::WrongPassword);

    assert_eq!(decoy, server.decoy_account("nobody"));
    assert_ne!(decoy, server.decoy_account("nobodi"));
    assert_ne!(decoy, LoginServer::generate(&mut rng(99)).decoy_account("nobody"));
}

#[test]
fn the_record_of_another_account_yields_nothing_s21() {
    let server = server();
    let (bobs, _) = register(&server, bob().account, "same password");
    let (_, swapped) = try_login(&server, Some(bobs), alice().account, "same password");
    assert_eq!(swapped.unwrap_err(), LoginError::WrongPassword);

    let (record, _) = register(&server, bob().account, "same password");
    let (login, request) = Login::start(password("same password"), &mut rng(33)).unwrap();
    let (_, reply) = server.start_login(bob().account, Some(record), &request, &mut rng(34)).unwrap();
    let as_alice = login.finish(&reply, alice().account, COST, &mut rng(35));
    assert_eq!(as_alice.unwrap_err(), LoginError::WrongPassword);
}

#[test]
fn another_server_cannot_pass_for_the_one_that_alice_registered_with() {
    let (record, _) = register(&server(), alice().account, "correct horse");
    let impostor = LoginServer::generate(&mut rng(98));
    let (_, refused) = try_login(&impostor, Some(record), alice().account, "correct horse");
    assert_eq!(refused.unwrap_err(), LoginError::WrongPassword);
}

#[test]
fn another_cost_than_at_registration_fails_s20() {
    let server = server();
    let (record, _) = register(&server, alice().account, "correct horse");
    let (login, request) = Login::start(password("correct horse"), &mut rng(33)).unwrap();
    let (_, reply) = server.start_login(alice().account, Some(record), &request, &mut rng(34)).unwrap();
    let other = StretchCost::new(COST.memory_kib() + 8, COST.passes()).unwrap();
    assert_eq!(login.finish(&reply, alice().account, other, &mut rng(35)).unwrap_err(), LoginError::WrongPassword);
}

/// RFC 9807 §5.1: it ends the server's reply at registration.
#[test]
fn clients_can_pin_the_servers_key() {
    let server = server();
    let (_, request) = Registration::start(password("x"), &mut rng(30)).unwrap();
    let reply = server.start_registration(alice().account, &request).unwrap();
    assert_eq!((server.public_key().len(), server.public_key().as_slice()), (32, &reply[32..]));
    assert_ne!(LoginServer::generate(&mut rng(36)).public_key(), server.public_key());
}

#[test]
fn nothing_may_follow_a_message() {
    let server = server();
    let longer = |bytes: &[u8]| [bytes, &[0]].concat();
    let (registration, request) = Registration::start(password("x"), &mut rng(31)).unwrap();
    let reply = server.start_registration(alice().account, &request).unwrap();
    assert_eq!(server.start_registration(alice().account, &longer(&request)), Err(LoginError::Malformed));
    let refused = registration.finish(&longer(&reply), alice().account, COST, &mut rng(32));
    assert_eq!(refused.unwrap_err(), LoginError::Malformed);

    let (record, _) = register(&server, alice().account, "x");
    assert_eq!(PasswordRecord::decode(&longer(&record.encode())).unwrap_err(), LoginError::Malformed);
    let (login, ke1) = Login::start(password("x"), &mut rng(33)).unwrap();
    assert!(server.start_login(alice().account, None, &longer(&ke1), &mut rng(34)).is_err());
    let (attempt, ke2) = server.start_login(alice().account, Some(record), &ke1, &mut rng(34)).unwrap();
    assert!(LoginAttempt::decode(&longer(attempt.expose_secret().expose_secret())).is_err());
    assert!(LoginServer::decode(&longer(server.expose_secret().expose_secret())).is_err());
    assert_eq!(login.finish(&longer(&ke2), alice().account, COST, &mut rng(35)).unwrap_err(), LoginError::Malformed);
}

#[test]
fn the_server_lets_in_only_who_finished() {
    let server = server();
    let (record, _) = register(&server, alice().account, "correct horse");
    let again = PasswordRecord::decode(&record.encode()).unwrap();
    let (attempt, _) = try_login(&server, Some(record), alice().account, "wrong");
    assert_eq!(attempt.finish(&[0; 64]).unwrap_err(), LoginError::WrongPassword);
    let (attempt, _) = try_login(&server, Some(again), alice().account, "wrong");
    assert_eq!(attempt.finish(&[0; 63]).unwrap_err(), LoginError::Malformed);
}

#[test]
fn the_same_characters_from_another_keyboard_are_the_same_password() {
    let server = server();
    let (_, composed) = register(&server, alice().account, "caff\u{e8}");
    let (_, decomposed) = register(&server, alice().account, "caffe\u{300}");
    let (_, other) = register(&server, alice().account, "caffe");
    assert_eq!(composed, decomposed);
    assert_ne!(composed, other);
}

#[test]
fn passwords_have_a_length() {
    assert_eq!(Password::new("").unwrap_err(), LoginError::PasswordLength);
    assert!(Password::new(&"x".repeat(MAX_PASSWORD_LEN)).is_ok());
    assert_eq!(Password::new(&"x".repeat(MAX_PASSWORD_LEN + 1)).unwrap_err(), LoginError::PasswordLength);
}

#[test]
fn malformed_messages_are_errors_m1() {
    let server = server();
    for bytes in [vec![], vec![0; 31], vec![0; 32], vec![0xff; 32], vec![0; 96], vec![0; 1_000]] {
        assert!(server.start_registration(alice().account, &bytes).is_err());
        assert!(server.start_login(alice().account, None, &bytes, &mut rng(1)).is_err());
        assert!(PasswordRecord::from_upload(&bytes).is_err());
        assert!(LoginServer::decode(&bytes).is_err());
        assert!(LoginAttempt::decode(&bytes).is_err());
        let (login, _) = Login::start(password("x"), &mut rng(1)).unwrap();
        assert!(login.finish(&bytes, alice().account, COST, &mut rng(1)).is_err());
        let (registration, _) = Registration::start(password("x"), &mut rng(1)).unwrap();
        assert!(registration.finish(&bytes, alice().account, COST, &mut rng(1)).is_err());
    }
}
