//! Registration, sessions, the second factor, and the ways back in.

use std::rc::Rc;

use bytes::Bytes;
use rand::RngExt as _;
use sotto_crypto::login::{Password, Registration};
use sotto_crypto::proof::Call as Proof;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_proto::RequestId;
use sotto_proto::wire::login_finish_request::SecondFactor;
use sotto_proto::wire::{self, ErrorCode};
use sotto_simulation::model::totp;

use crate::people::Town;
use crate::person::Person;

#[test]
fn a_registration_may_be_repeated_and_its_name_is_taken() {
    let mut town = Town::new();
    let ann = Rc::new(Person::new("ann", &mut town));
    let (_, request) = town.registration(ann);
    let first = town.call(None, &request).unwrap().session.unwrap();
    let again = town.call(None, &request).unwrap().session.unwrap();
    assert_ne!(first.session_id, again.session_id);

    let other = Person::new("ann", &mut town);
    let (_, blinded) = Registration::start(Password::new("x").unwrap(), &mut town.rng).unwrap();
    let start = |name: &str| wire::RegisterStartRequest {
        account_id: other.account.to_wire(),
        user_name: name.to_owned(),
        opaque_request: blinded.clone().into(),
    };
    let mut refusal = |name| town.call(None, &start(name)).unwrap_err().code();
    assert_eq!([refusal("ann"), refusal("admin")], [ErrorCode::NameTaken, ErrorCode::NameNotAllowed]);
}

#[test]
fn a_login_may_be_repeated_until_its_session_goes_on() {
    let mut town = Town::new();
    let ann = town.register("ann");
    assert!(town.login(&ann.person, "a mule").is_none());
    let (mut device, request) = town.login(&ann.person, "a horse").unwrap();
    let reply = town.call(None, &request).unwrap();
    let again = town.call(None, &request).unwrap();
    let ids = [&reply, &again].map(|reply| reply.session.as_ref().unwrap().session_id.clone());
    assert_eq!(ids[0], ids[1]);
    device.session = again.session.unwrap();
    assert!(!device.session.certified);
    assert_eq!(device.refusal(&mut town, &wire::ListSessionsRequest {}), ErrorCode::DeviceNotCertified);
    assert_eq!(device.call(&mut town, &wire::GetVaultRequest {}).unwrap().vault, reply.vault);

    let refresh = device.refresh_request(&mut town);
    town.call(None, &refresh).unwrap();
    assert_eq!(town.call(None, &request).unwrap_err().code(), ErrorCode::LoginFailed);
}

#[test]
fn a_refresh_may_be_repeated_and_a_reuse_ends_the_session() {
    let mut town = Town::new();
    let mut ann = town.register("ann");
    let request = ann.refresh_request(&mut town);
    let next = town.call(None, &request).unwrap().session.unwrap();
    let same = town.call(None, &request).unwrap().session.unwrap();
    assert_eq!(next.refresh_token, same.refresh_token);

    town.now += 16 * 60_000;
    assert_eq!(ann.refusal(&mut town, &wire::GetOwnAccountRequest {}), ErrorCode::TokenExpired);
    let late = ann.refresh_request(&mut town);
    assert_eq!(town.call(None, &late).unwrap_err().code(), ErrorCode::RefreshReused);
    ann.session = same;
    let after = ann.refresh_request(&mut town);
    assert_eq!(town.call(None, &after).unwrap_err().code(), ErrorCode::SessionEnded);
}

#[test]
fn a_late_copy_of_a_refresh_changes_nothing() {
    let mut town = Town::new();
    let mut ann = town.register("ann");
    let first = ann.refresh_request(&mut town);
    ann.session = town.call(None, &first).unwrap().session.unwrap();
    let second = ann.refresh_request(&mut town);
    ann.session = town.call(None, &second).unwrap().session.unwrap();
    town.now += 1_000;
    assert_eq!(town.call(None, &first).unwrap_err().code(), ErrorCode::DeviceProofInvalid);
    ann.call(&mut town, &wire::GetOwnAccountRequest {}).unwrap();
}

#[test]
fn the_second_factor_is_asked_for_and_each_code_is_good_once() {
    let mut town = Town::new();
    let ann = town.register("ann");
    let secret = ann.call(&mut town, &wire::EnableTotpStartRequest {}).unwrap().secret;
    let finish = wire::EnableTotpFinishRequest { totp_code: totp(&secret, town.now) };
    let codes = ann.call(&mut town, &finish).unwrap().backup_codes;
    assert_eq!(ann.call(&mut town, &finish).unwrap().backup_codes, codes, "a lost reply costs no codes");

    let (_, mut request) = town.login(&ann.person, "a horse").unwrap();
    assert_eq!(town.call(None, &request).unwrap_err().code(), ErrorCode::SecondFactorRequired);
    request.second_factor = Some(SecondFactor::TotpCode(totp(&secret, town.now)));
    assert_eq!(town.call(None, &request).unwrap_err().code(), ErrorCode::SecondFactorWrong, "it was used");
    town.now += 30_000;
    request.second_factor = Some(SecondFactor::TotpCode(totp(&secret, town.now)));
    town.call(None, &request).unwrap();

    let (_, mut request) = town.login(&ann.person, "a horse").unwrap();
    request.second_factor = Some(SecondFactor::BackupCode(codes[3].to_uppercase()));
    town.call(None, &request).unwrap();
    let (_, mut again) = town.login(&ann.person, "a horse").unwrap();
    again.second_factor = request.second_factor;
    assert_eq!(town.call(None, &again).unwrap_err().code(), ErrorCode::SecondFactorWrong);
}

#[test]
fn totp_codes_are_those_of_rfc_6238() {
    // Appendix B, of whose eight digits we use the last six.
    for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
        assert_eq!(totp(b"12345678901234567890", seconds * 1_000), code);
    }
}

#[test]
fn the_recovery_code_opens_a_session_and_ends_the_others() {
    let mut town = Town::new();
    let ann = town.register("ann");
    let person = ann.person.clone();
    let start = wire::RecoverStartRequest { login_name: person.name.clone() };
    let begun = town.call(None, &start).unwrap();
    let challenge = begun.challenge[..].try_into().unwrap();
    let (registration, blinded) = Registration::start(Password::new("a pony").unwrap(), &mut town.rng).unwrap();
    let prove = wire::RecoverProveRequest {
        recovery_state: begun.recovery_state,
        signature: Bytes::copy_from_slice(&person.recovery.prove(person.account, &challenge).to_bytes()),
        opaque_request: blinded.into(),
    };
    let proved = town.call(None, &prove).unwrap();
    let (record, export_key) = town.finish_password(registration, &proved.opaque_response, person.account);
    let finish = wire::RecoverFinishRequest {
        device: Some(ann.prove(Proof::Recover(&proved.recovery_state), town.now)),
        recovery_state: proved.recovery_state,
        record: Some(record),
        vault: Some(person.sealed_vault(&export_key, 2, &mut town.rng)),
    };
    assert!(town.call(None, &finish).unwrap().session.unwrap().certified);
    assert!(town.call(None, &finish).is_ok(), "the reply may be lost");
    assert_eq!(ann.refusal(&mut town, &wire::GetOwnAccountRequest {}), ErrorCode::SessionEnded);
    assert!(town.login(&person, "a horse").is_none());
    assert!(town.login(&person, "a pony").is_some());
}

#[test]
fn versions_go_up_by_one_and_repetition_changes_nothing() {
    let mut town = Town::new();
    let ann = town.register("ann");
    let put = |version, sealed: &'static [u8]| wire::PutSettingRequest {
        setting: Some(wire::Setting { slot_id: vec![7; 16].into(), version, sealed: sealed.into(), change: 0 }),
    };
    let first = ann.call(&mut town, &put(1, b"dark")).unwrap().change;
    assert_eq!(ann.call(&mut town, &put(1, b"dark")).unwrap().change, first);
    let refused = ann.call(&mut town, &put(1, b"light")).unwrap_err();
    assert_eq!((refused.code(), refused.detail().version), (ErrorCode::VersionConflict, 1));
    ann.call(&mut town, &put(2, b"light")).unwrap();
    let listed = ann.call(&mut town, &wire::ListSettingsRequest { after_change: first }).unwrap();
    assert_eq!(listed.settings.iter().map(|setting| setting.version).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_key_package_is_handed_out_once_and_the_same_to_the_same_request() {
    let mut town = Town::new();
    let (ann, ben) = (town.register("ann"), town.register("ben"));
    let claim = |id: [u8; 16]| wire::ClaimKeyPackagesRequest {
        request_id: RequestId::from_bytes(id).to_wire(),
        account_ids: vec![ben.account().to_wire()],
        cipher_suite: 77,
    };
    let mut packages = |id| {
        let reply = ann.call(&mut town, &claim(id)).unwrap();
        let of_ben = reply.accounts[0].key_packages.iter();
        of_ben.filter(|package| package.device_id == ben.id.to_wire()).cloned().collect::<Vec<_>>()
    };
    let (first, again, second, third) = (packages([1; 16]), packages([1; 16]), packages([2; 16]), packages([3; 16]));
    assert_eq!(first, again);
    assert_ne!(first[0].key_package, second[0].key_package);
    assert_eq!([&first, &second, &third].map(|claimed| claimed[0].last_resort), [false, false, true]);
}

#[test]
fn a_revoked_device_is_out_at_once_and_for_good() {
    let mut town = Town::new();
    let ann = town.register("ann");
    let tablet = town.log_in(&ann.person);
    let verified = tablet.certificate.verify_on_first_use(town.time()).unwrap();
    let identity = ann.person.root.derive_identity_key();
    let revocation = DeviceRevocation::by_account(&identity, &verified, town.time()).unwrap();
    let request = wire::RevokeDeviceRequest { revocation: Bytes::copy_from_slice(&revocation.encode()) };
    let version = ann.call(&mut town, &request).unwrap().keys_version;
    assert_eq!(ann.call(&mut town, &request).unwrap().keys_version, version);
    assert_eq!(tablet.refusal(&mut town, &wire::GetOwnAccountRequest {}), ErrorCode::SessionEnded);
    let login = tablet.login_request("a horse", &mut town).unwrap();
    assert_eq!(town.call(None, &login).unwrap_err().code(), ErrorCode::IdTaken);
    let devices = ann.call(&mut town, &wire::ListDevicesRequest {}).unwrap().devices;
    assert_eq!(devices.len(), 2, "the first and the vault's");
}

#[test]
fn nobody_is_let_in_without_a_token_or_with_another_ones() {
    let mut town = Town::new();
    let ann = town.register("ann");
    let own = wire::GetOwnAccountRequest {};
    let forged: String = town.rng.random::<u64>().to_string();
    for token in [None, Some(forged.as_str())] {
        assert_eq!(town.call(token, &own).unwrap_err().code(), ErrorCode::Unauthenticated);
    }
    town.now += 11 * 60_000;
    assert_eq!(ann.refusal(&mut town, &wire::EnableTotpStartRequest {}), ErrorCode::FreshLoginRequired);
}
