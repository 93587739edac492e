use std::time::Duration;

use sotto_crypto::certificate::Purpose;
use sotto_crypto::identity::IdentityKey;
use sotto_crypto::proof::Call as Proof;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_proto::PROTOCOL_VERSION;
use sotto_proto::wire::{self, ErrorCode};
use sotto_server::clock::Clock as _;
use sotto_server::services::Settings;

use crate::on_sqlite;
use crate::people::{Handset, code, copied, hardening};
use crate::support::World;

on_sqlite!(
    a_registration_opens_a_session_of_a_certified_device,
    a_lost_reply_costs_nothing_for_an_hour,
    a_revoked_device_does_not_come_back_by_its_registration,
    names_are_taken_once_and_look_like_no_other_m21,
    forged_certificates_are_refused_s1_s3,
    forged_and_old_proofs_are_refused,
    what_breaks_its_rule_is_named,
    a_server_may_be_closed,
    a_limit_that_the_operator_lowers_is_announced,
);

async fn a_registration_opens_a_session_of_a_certified_device(world: &World) {
    let info = world.ask(wire::GetServerInfoRequest {}).await.unwrap();
    assert!(info.registration_open && info.server.starts_with("sotto-server/"));
    assert_eq!((info.protocol_min, info.protocol_max), (PROTOCOL_VERSION, PROTOCOL_VERSION));
    let quota = wire::ServerLimit { name: "STORAGE_QUOTA".to_owned(), value: 10 << 30 };
    assert_eq!(info.limits, [quota], "every other limit is the contract's");
    assert_eq!((info.external_sender_key.len(), info.opaque_public_key.len()), (32, 32));
    assert_eq!(&info.external_sender_key[..], world.services.external_sender().as_bytes());

    let alice = world.join("alice").await;
    assert!(alice.session.certified);
    assert!(alice.session.access_expires_in_ms <= 900_000 && alice.session.refresh_expires_in_ms == 2_592_000_000);
    let sessions = world.with(&alice.session, wire::ListSessionsRequest {}).await.unwrap().sessions;
    assert_eq!(sessions.len(), 1);
    assert!(sessions[0].current && sessions[0].device_id == alice.phone.id.to_wire());
    let own = world.with(&alice.session, wire::GetOwnAccountRequest {}).await.unwrap();
    assert_eq!((own.keys.unwrap().user_name.as_str(), own.email.as_str()), ("alice", "alice@example.org"));
    let devices = world.with(&alice.session, wire::ListDevicesRequest {}).await.unwrap().devices;
    let names: Vec<_> = devices.iter().map(|device| (device.device_id.clone(), device.sealed_name.clone())).collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&(alice.phone.id.to_wire(), copied(b"sealed"))));
}

async fn a_lost_reply_costs_nothing_for_an_hour(world: &World) {
    let (alice, request) = world.registration("alice").await;
    let first = world.ask(request.clone()).await.unwrap().session.unwrap();
    let again = world.ask(request.clone()).await.unwrap().session.unwrap();
    assert_ne!(first.session_id, again.session_id);
    world.with(&again, wire::ListSessionsRequest {}).await.unwrap();

    // Somebody else's key does not get in that way, and neither does another content under the id.
    let thief = Handset::new(world);
    let mut stolen = request.clone();
    let record = request.record.clone().unwrap().opaque_record;
    stolen.device = Some(thief.prove(world, alice.account, Proof::Register(&record)));
    assert_eq!(code(world.ask(stolen).await), ErrorCode::CertificateInvalid);
    let other = wire::RegisterFinishRequest { email: "other@example.org".to_owned(), ..request.clone() };
    assert_eq!(code(world.ask(other).await), ErrorCode::IdTaken);

    let proved_anew = |world: &World| wire::RegisterFinishRequest {
        device: Some(alice.phone.prove(world, alice.account, Proof::Register(&record))),
        ..request.clone()
    };
    world.clock.advance(Duration::from_mins(59));
    world.ask(proved_anew(world)).await.unwrap();
    world.clock.advance(Duration::from_mins(2));
    assert_eq!(code(world.ask(proved_anew(world)).await), ErrorCode::IdTaken);
}

async fn a_revoked_device_does_not_come_back_by_its_registration(world: &World) {
    let (alice, request) = world.registration("alice").await;
    let session = world.ask(request.clone()).await.unwrap().session.unwrap();
    let certificate = sotto_crypto::certificate::DeviceCertificate::decode(&request.certificates[0]).unwrap();
    let phone = certificate.verify_on_first_use(world.now()).unwrap();
    let revocation = DeviceRevocation::by_account(&alice.identity, &phone, world.now()).unwrap();
    let revoke = wire::RevokeDeviceRequest { revocation: copied(&revocation.encode()) };
    world.with(&session, revoke).await.unwrap();
    assert_eq!(code(world.ask(request).await), ErrorCode::IdTaken);
    assert_eq!(code(world.enter(&alice, &alice.phone, None).await), ErrorCode::IdTaken);
}

async fn names_are_taken_once_and_look_like_no_other_m21(world: &World) {
    world.join("alice").await;
    let start = |name: &str| wire::RegisterStartRequest {
        account_id: copied(&world.random()),
        user_name: name.to_owned(),
        opaque_request: world.begin_password("whatever").1,
    };
    assert_eq!(code(world.ask(start("alice")).await), ErrorCode::NameTaken);
    for name in ["al1ce", "a_lice", "a.l.ice", "aljce"] {
        assert_eq!(code(world.ask(start(name)).await), ErrorCode::NameNotAllowed, "{name}");
    }
    for name in ["admin", "adm1n", "s0tto", "root"] {
        assert_eq!(code(world.ask(start(name)).await), ErrorCode::NameNotAllowed, "{name}");
    }
    // Of two who start at once, the second half decides.
    let (_, first) = world.registration("bob").await;
    let (_, second) = world.registration("bob").await;
    let (_, similar) = world.registration("b0b").await;
    world.ask(first).await.unwrap();
    assert_eq!(code(world.ask(second).await), ErrorCode::NameTaken);
    assert_eq!(code(world.ask(similar).await), ErrorCode::NameNotAllowed);
}

async fn forged_certificates_are_refused_s1_s3(world: &World) {
    let (alice, request) = world.registration("alice").await;
    let other = Handset::new(world);
    let stranger = world.with_rng(IdentityKey::generate);
    let elsewhere = sotto_proto::AccountId::from_bytes(world.random());
    let own = |purpose| alice.phone.certificate(world, alice.account, &alice.identity, purpose);
    let vault = request.certificates[1].clone();
    let mut altered = request.certificates[0].to_vec();
    altered[99] ^= 1;
    let forged = [
        vec![alice.phone.certificate(world, alice.account, &stranger, Purpose::Device)],
        vec![alice.phone.certificate(world, elsewhere, &alice.identity, Purpose::Device)],
        vec![other.certificate(world, alice.account, &alice.identity, Purpose::Device)],
        vec![own(Purpose::Vault)],
        vec![own(Purpose::Device), own(Purpose::Vault)],
        vec![own(Purpose::Device), own(Purpose::Device)],
        vec![vault.clone(), vault],
        vec![altered.into()],
        vec![copied(b"nonsense")],
    ];
    for certificates in forged {
        let request = wire::RegisterFinishRequest { certificates, ..request.clone() };
        assert_eq!(code(world.ask(request).await), ErrorCode::CertificateInvalid);
    }
    world.ask(request).await.unwrap();
}

async fn forged_and_old_proofs_are_refused(world: &World) {
    let (alice, request) = world.registration("alice").await;
    let record = request.record.clone().unwrap().opaque_record;
    let now = world.clock.now().unix_millis();
    let right = |at| alice.phone.prove_at(at, alice.account, Proof::Register(&record));
    let mut by_nobody = right(now);
    by_nobody.signature = copied(&[0; 64]);
    let mut later = right(now);
    later.signed_at_ms += 1;
    let proofs = [
        alice.phone.prove(world, alice.account, Proof::Register(b"another record")),
        alice.phone.prove(world, alice.account, Proof::Login(&record)),
        right(now - 300_001),
        right(now + 300_001),
        right(u64::MAX),
        by_nobody,
        later,
    ];
    for proof in proofs {
        let request = wire::RegisterFinishRequest { device: Some(proof), ..request.clone() };
        assert_eq!(code(world.ask(request).await), ErrorCode::DeviceProofInvalid);
    }
    world.ask(wire::RegisterFinishRequest { device: Some(right(now - 300_000)), ..request }).await.unwrap();
}

async fn what_breaks_its_rule_is_named(world: &World) {
    let (alice, request) = world.registration("alice").await;
    let record = request.record.clone().unwrap();
    let with_cost = |memory_kib, passes, lanes| {
        let hardening = Some(wire::PasswordHardening { memory_kib, passes, lanes });
        wire::RegisterFinishRequest {
            record: Some(wire::LoginRecord { hardening, ..record.clone() }),
            ..request.clone()
        }
    };
    let least = hardening();
    let cases = [
        (with_cost(least.memory_kib - 1, 2, 1), "record.hardening.memory_kib"),
        (with_cost(262_145, 2, 1), "record.hardening.memory_kib"),
        (with_cost(least.memory_kib, 1, 1), "record.hardening.passes"),
        (with_cost(least.memory_kib, 2, 2), "record.hardening.lanes"),
        (wire::RegisterFinishRequest { vault: Some(alice.vault(2)), ..request.clone() }, "vault.version"),
        (wire::RegisterFinishRequest { vault: None, ..request.clone() }, "vault"),
        (wire::RegisterFinishRequest { device: None, ..request.clone() }, "device"),
        (wire::RegisterFinishRequest { certificates: Vec::new(), ..request.clone() }, "certificates"),
        (wire::RegisterFinishRequest { identity_key: copied(&[1; 31]), ..request.clone() }, "identity_key"),
        (wire::RegisterFinishRequest { user_name: "Alice".to_owned(), ..request.clone() }, "user_name"),
        (wire::RegisterFinishRequest { email: "alice".to_owned(), ..request.clone() }, "email"),
        (wire::RegisterFinishRequest { sealed_device_name: copied(&[1; 257]), ..request }, "sealed_device_name"),
    ];
    for (request, field) in cases {
        let refused = world.ask(request).await.unwrap_err();
        assert_eq!((ErrorCode::of(&refused), refused.field.as_str()), (ErrorCode::InvalidArgument, field));
    }
    let start = wire::RegisterStartRequest {
        account_id: copied(&world.random()),
        user_name: "bob".to_owned(),
        opaque_request: copied(&[0xff; 32]),
    };
    assert_eq!(world.ask(start).await.unwrap_err().field, "opaque_request");
}

async fn a_server_may_be_closed(open: &World) {
    let (_, request) = open.registration("alice").await;
    let settings = Settings { registration_open: false, rate_percent: 0, ..Settings::default() };
    let closed = World::over(open.store.clone(), settings);
    assert!(!closed.ask(wire::GetServerInfoRequest {}).await.unwrap().registration_open);
    assert_eq!(code(closed.ask(request.clone()).await), ErrorCode::RegistrationClosed);
    let start = wire::RegisterStartRequest {
        account_id: request.account_id.clone(),
        user_name: request.user_name.clone(),
        opaque_request: open.begin_password("whatever").1,
    };
    assert_eq!(code(closed.ask(start).await), ErrorCode::RegistrationClosed);
}

async fn a_limit_that_the_operator_lowers_is_announced(open: &World) {
    let settings = Settings { file_max: 1 << 20, storage_quota: 1 << 30, rate_percent: 0, ..Settings::default() };
    let small = World::over(open.store.clone(), settings);
    let announced = small.ask(wire::GetServerInfoRequest {}).await.unwrap().limits;
    let announced: Vec<_> = announced.iter().map(|limit| (limit.name.as_str(), limit.value)).collect();
    assert_eq!(announced, [("FILE_MAX", 1 << 20), ("STORAGE_QUOTA", 1 << 30)]);
}
