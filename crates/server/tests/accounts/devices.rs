//! Devices are certified, named and revoked by their owner, and by nobody else.

use std::time::Duration;

use sotto_crypto::certificate::{DeviceCertificate, Purpose};
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::key_package::Usage;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_proto::wire::{self, ErrorCode};

use crate::key_packages::publish;
use crate::support::{Device, Person, World, on_both};

on_both!(
    a_new_device_files_its_certificate_once,
    certificates_of_others_are_refused_s1_s3,
    an_account_has_one_vault_device_and_its_successor,
    a_revoked_device_is_out_at_once,
    a_device_revokes_itself_and_no_other,
    revoking_again_is_no_error_and_foreign_devices_are_absent_a1,
    names_of_devices_are_the_owners_business_a1,
);

fn add(certificate: &DeviceCertificate) -> wire::AddDeviceRequest {
    wire::AddDeviceRequest { certificate: certificate.encode().to_vec().into(), sealed_name: b"sealed".to_vec().into() }
}

fn revoke(revocation: &DeviceRevocation) -> wire::RevokeDeviceRequest {
    wire::RevokeDeviceRequest { revocation: revocation.encode().to_vec().into() }
}

fn by_account(world: &World, person: &Person, device: &Device) -> DeviceRevocation {
    DeviceRevocation::by_account(&person.identity, &device.verified(world.now()), world.now()).unwrap()
}

/// A second device of a person, with a session and a certificate that is not on file yet.
async fn laptop(world: &World, person: &Person) -> Device {
    let laptop = world.new_device(person.account, &person.identity, Purpose::Device);
    world.log_in(person.account, &laptop).await;
    laptop
}

async fn a_new_device_files_its_certificate_once(world: &World) {
    let alice = world.register("alice").await;
    let laptop = laptop(world, &alice).await;
    let list = wire::ListSettingsRequest { after_change: 0 };
    assert_eq!(world.refused(&laptop, list).await, ErrorCode::DeviceNotCertified);

    let filed = world.call(&laptop, add(&laptop.certificate)).await.unwrap();
    assert_eq!(world.call(&laptop, add(&laptop.certificate)).await.unwrap(), filed, "the same again is no error");
    world.call(&laptop, list).await.unwrap();
    let devices = world.call(&laptop, wire::ListDevicesRequest {}).await.unwrap().devices;
    assert_eq!(devices.len(), 3);
    let listed = devices.iter().find(|device| device.device_id == laptop.id.to_wire()).unwrap();
    assert_eq!(&listed.certificate[..], laptop.certificate.encode());
    assert_eq!(&listed.sealed_name[..], b"sealed");
}

async fn certificates_of_others_are_refused_s1_s3(world: &World) {
    let (alice, mallory) = (world.register("alice").await, world.register("mallory").await);
    let laptop = laptop(world, &alice).await;
    let other = world.new_device(alice.account, &alice.identity, Purpose::Device);
    let ghost = world.new_device(alice.account, &mallory.identity, Purpose::Device);
    let moved = world.new_device(mallory.account, &alice.identity, Purpose::Device);
    let mut forged = laptop.certificate.encode();
    forged[177] ^= 1;
    for certificate in [&other.certificate, &ghost.certificate, &moved.certificate, &mallory.device.certificate] {
        assert_eq!(world.refused(&laptop, add(certificate)).await, ErrorCode::CertificateInvalid);
    }
    for bytes in [forged.to_vec(), Vec::new(), vec![0; 178], forged[..177].to_vec()] {
        let request = wire::AddDeviceRequest { certificate: bytes.into(), ..Default::default() };
        assert_eq!(world.refused(&laptop, request).await, ErrorCode::CertificateInvalid);
    }
    let long = wire::AddDeviceRequest { certificate: vec![0; 513].into(), ..Default::default() };
    assert_eq!(world.invalid(&laptop, long).await, "certificate");
    let chatty = wire::AddDeviceRequest { sealed_name: vec![0; 257].into(), ..add(&laptop.certificate) };
    assert_eq!(world.invalid(&laptop, chatty).await, "sealed_name");
    assert_eq!(world.call(&laptop, wire::ListDevicesRequest {}).await.unwrap().devices.len(), 2);
}

async fn an_account_has_one_vault_device_and_its_successor(world: &World) {
    let alice = world.register("alice").await;
    let successor = world.new_device(alice.account, &alice.identity, Purpose::Vault);
    world.call(&alice.device, add(&successor.certificate)).await.unwrap();
    let next = world.new_device(alice.account, &alice.identity, Purpose::Vault);
    let refused = world.call(&alice.device, add(&next.certificate)).await.unwrap_err();
    assert_eq!(ErrorCode::of(&refused), ErrorCode::LimitReached);
    assert_eq!(refused.limit.unwrap().name, "VAULT_DEVICES_MAX");

    world.call(&alice.device, revoke(&by_account(world, &alice, &alice.vault))).await.unwrap();
    world.call(&alice.device, add(&next.certificate)).await.unwrap();
    let again = world.refused(&alice.device, add(&alice.vault.certificate)).await;
    assert_eq!(again, ErrorCode::IdTaken, "what was revoked is never certified again");
}

async fn a_revoked_device_is_out_at_once(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let laptop = laptop(world, &alice).await;
    world.call(&laptop, add(&laptop.certificate)).await.unwrap();
    publish(world, &laptop, &laptop, Suite::Classical, Usage::Once, 3).await.unwrap();

    let version = world.call(&alice.device, revoke(&by_account(world, &alice, &laptop))).await.unwrap().keys_version;
    world.clock.advance(Duration::from_secs(2));
    let ask = wire::ListDevicesRequest {};
    assert_eq!(world.refused(&laptop, ask).await, ErrorCode::SessionEnded, "within five seconds");
    let claim = crate::key_packages::claim(world, &[alice.account], Suite::Classical);
    let claimed = world.call(&bob.device, claim).await.unwrap().accounts;
    assert_eq!(claimed[0].key_packages, [], "its key packages are gone");
    let keys = claimed[0].keys.as_ref().unwrap();
    assert_eq!((keys.version, keys.certificates.len(), keys.revocations.len()), (version, 2, 1));
}

async fn a_device_revokes_itself_and_no_other(world: &World) {
    let alice = world.register("alice").await;
    let laptop = laptop(world, &alice).await;
    world.call(&laptop, add(&laptop.certificate)).await.unwrap();
    let now = world.now();

    // The bytes of the revocation say that the phone did it; the laptop signed them.
    let own = DeviceRevocation::by_device(&laptop.key, &laptop.verified(now), now).unwrap().encode();
    let phones = DeviceRevocation::by_device(&alice.device.key, &alice.device.verified(now), now).unwrap().encode();
    let forged: Vec<u8> = phones[..74].iter().chain(&own[74..]).copied().collect();
    let forged = wire::RevokeDeviceRequest { revocation: forged.into() };
    assert_eq!(world.refused(&laptop, forged).await, ErrorCode::CertificateInvalid);

    world.call(&laptop, wire::RevokeDeviceRequest { revocation: own.to_vec().into() }).await.unwrap();
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.refused(&laptop, wire::ListDevicesRequest {}).await, ErrorCode::SessionEnded);
    assert_eq!(world.call(&alice.device, wire::ListDevicesRequest {}).await.unwrap().devices.len(), 2);
}

async fn revoking_again_is_no_error_and_foreign_devices_are_absent_a1(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let revocation = by_account(world, &alice, &alice.vault);
    let first = world.call(&alice.device, revoke(&revocation)).await.unwrap();
    assert_eq!(world.call(&alice.device, revoke(&revocation)).await.unwrap(), first);

    let absent = world.new_device(bob.account, &bob.identity, Purpose::Device);
    assert_eq!(world.refused(&bob.device, revoke(&by_account(world, &bob, &absent))).await, ErrorCode::NotFound);
    let foreign = revoke(&by_account(world, &alice, &alice.device));
    assert_eq!(world.refused(&bob.device, foreign).await, ErrorCode::CertificateInvalid);
    // A device of Alice's, claimed to be Bob's.
    let mut claims = *alice.device.verified(world.now()).claims();
    claims.account = bob.account;
    let stolen = DeviceCertificate::issue(&bob.identity, claims).unwrap().verify_on_first_use(world.now()).unwrap();
    let stolen = DeviceRevocation::by_account(&bob.identity, &stolen, world.now()).unwrap();
    assert_eq!(world.refused(&bob.device, revoke(&stolen)).await, ErrorCode::NotFound);
    world.call(&alice.device, wire::ListDevicesRequest {}).await.unwrap();
    for bytes in [Vec::new(), vec![0; 138], revocation.encode()[..137].to_vec()] {
        let request = wire::RevokeDeviceRequest { revocation: bytes.into() };
        assert_eq!(world.refused(&bob.device, request).await, ErrorCode::CertificateInvalid);
    }
    let long = wire::RevokeDeviceRequest { revocation: vec![0; 257].into() };
    assert_eq!(world.invalid(&bob.device, long).await, "revocation");
}

async fn names_of_devices_are_the_owners_business_a1(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let name = |device: &Device, size| wire::NameDeviceRequest {
        device_id: device.id.to_wire(),
        sealed_name: vec![3; size].into(),
    };
    world.call(&alice.device, name(&alice.vault, 256)).await.unwrap();
    world.call(&alice.device, name(&alice.vault, 256)).await.unwrap();
    let devices = world.call(&alice.device, wire::ListDevicesRequest {}).await.unwrap().devices;
    let vault = devices.iter().find(|device| device.device_id == alice.vault.id.to_wire()).unwrap();
    assert_eq!((vault.sealed_name.len(), vault.last_used_at_ms), (256, 0));

    let absent = world.new_device(bob.account, &bob.identity, Purpose::Device);
    assert_eq!(world.refused(&bob.device, name(&alice.device, 1)).await, ErrorCode::NotFound);
    assert_eq!(world.refused(&bob.device, name(&absent, 1)).await, ErrorCode::NotFound);
    assert_eq!(world.invalid(&bob.device, name(&bob.device, 257)).await, "sealed_name");
}
