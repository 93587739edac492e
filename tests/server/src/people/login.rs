//! How a device gets its session: registration, login, refresh.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use rand::RngExt as _;
use rand::rngs::StdRng;
use sotto_crypto::identity::DeviceKey;
use sotto_crypto::login::{ExportKey, Login, Registration, StretchCost};
use sotto_crypto::proof::{Call, ProofStatement};
use sotto_crypto::vault::{SealedRoot, Unlock, Version};
use sotto_proto::{AccountId, DeviceId, RequestId, wire};

use super::{Device, Person, Town, now_ms, randomness};
use crate::link::Link;

impl Town {
    /// Somebody new arrives, with their first device.
    pub async fn register(&self, name: &str) -> Result<Device> {
        let mut rng = randomness();
        let person = Person::new(name, &mut rng)?;
        let (device, key) = (DeviceId::from_bytes(rng.random()), DeviceKey::generate(&mut rng));
        let link = self.link().await?;
        let (upload, export_key) = choose_password(&link, &person, &mut rng).await?;
        let certificate = person.certify(device, key.public())?;
        let proof = prove(person.account, device, &key, Call::Register(&upload));
        let request = wire::RegisterFinishRequest {
            account_id: person.account.to_wire(),
            user_name: person.name.clone(),
            email: String::new(),
            record: Some(record(upload)),
            identity_key: Bytes::copy_from_slice(person.root.derive_identity_key().public().as_bytes()),
            certificates: vec![encoded(&certificate), encoded(&person.vault_certificate)],
            vault: Some(person.sealed_vault(&export_key, 1, &mut rng)),
            device: Some(proof),
            sealed_device_name: Bytes::new(),
        };
        let session = link.call(request).await?.session.context("a registration opens a session")?;
        let mut device = Device::new(self, Arc::new(person), device, key, &certificate, link, rng)?;
        device.begin_session(session).await?;
        device.publish_key_packages().await?;
        device.publish_for_the_vault().await?;
        Ok(device)
    }

    /// Somebody comes with another device, and the password.
    pub async fn log_in(&self, person: &Arc<Person>) -> Result<Device> {
        let mut device = self.log_in_uncertified(person).await?;
        device.file_certificate().await?;
        device.publish_key_packages().await?;
        Ok(device)
    }

    /// A device that has logged in, and that nobody vouches for yet.
    pub async fn log_in_uncertified(&self, person: &Arc<Person>) -> Result<Device> {
        let mut rng = randomness();
        let (device, key) = (DeviceId::from_bytes(rng.random()), DeviceKey::generate(&mut rng));
        let link = self.link().await?;
        let reply = open_session(&link, person, device, &key, &mut rng).await?;
        let certificate = person.certify(device, key.public())?;
        let mut device = Device::new(self, person.clone(), device, key, &certificate, link, rng)?;
        device.begin_session(reply).await?;
        Ok(device)
    }
}

impl Device {
    /// Logs in once more on this device, which makes it fresh.
    pub async fn log_in_again(&mut self) -> Result<()> {
        let link = self.town.link().await?;
        let session = open_session(&link, &self.person, self.id, &self.key, &mut self.rng).await?;
        self.link = link;
        self.begin_session(session).await
    }

    /// Trades the refresh token for new tokens.
    pub async fn refresh(&mut self) -> Result<()> {
        let request = self.refresh_request();
        let session = self.link.call(request).await?.session.context("a refresh gives a session")?;
        self.begin_session(session).await
    }

    /// A call for new tokens, to be sent once or twice.
    pub fn refresh_request(&mut self) -> wire::RefreshRequest {
        let request = RequestId::from_bytes(self.rng.random());
        let token = self.session.refresh_token.clone();
        let call = Call::Refresh { request, token: token.as_bytes() };
        let proof = prove(self.person.account, self.id, &self.key, call);
        wire::RefreshRequest { refresh_token: token, request_id: request.to_wire(), device: Some(proof) }
    }

    /// Another connection with the same session, after the old one broke or the server came back elsewhere.
    pub async fn reconnect(&mut self, town: &Town) -> Result<()> {
        let link = town.link().await?;
        link.authenticate(&self.session.access_token).await?;
        (self.town, self.link) = (town.clone(), link);
        Ok(())
    }

    /// The device's signature under a call.
    pub fn prove(&self, call: Call<'_>) -> wire::DeviceProof {
        prove(self.person.account, self.id, &self.key, call)
    }

    pub(super) async fn begin_session(&mut self, session: wire::Session) -> Result<()> {
        self.link.authenticate(&session.access_token).await?;
        self.session = session;
        Ok(())
    }
}

/// The first half of a registration, and what the second half uploads.
async fn choose_password(link: &Link, person: &Person, rng: &mut StdRng) -> Result<(Vec<u8>, ExportKey)> {
    let (registration, request) = Registration::start(person.typed_password()?, rng)?;
    let request = wire::RegisterStartRequest {
        account_id: person.account.to_wire(),
        user_name: person.name.clone(),
        opaque_request: request.into(),
    };
    let reply = link.call(request).await?;
    let done = registration.finish(&reply.opaque_response, person.account, StretchCost::MINIMUM, rng)?;
    Ok((done.upload, done.export_key))
}

async fn open_session(
    link: &Link,
    person: &Person,
    device: DeviceId,
    key: &DeviceKey,
    rng: &mut StdRng,
) -> Result<wire::Session> {
    let (login, ke1) = Login::start(person.typed_password()?, rng)?;
    let request = wire::LoginStartRequest { login_name: person.name.clone(), ke1: ke1.into() };
    let reply = link.call(request).await?;
    let hardening = reply.hardening.context("the server names the cost")?;
    let cost = StretchCost::new(hardening.memory_kib, hardening.passes)?;
    let account = AccountId::try_from(&reply.account_id[..])?;
    ensure!(account == person.account, "another account than the person's");
    let logged_in = login.finish(&reply.ke2, account, cost, rng)?;
    let proof = prove(account, device, key, Call::Login(&logged_in.finalization));
    let request = wire::LoginFinishRequest {
        login_state: reply.login_state,
        ke3: logged_in.finalization.into(),
        second_factor: None,
        device: Some(proof),
    };
    let reply = link.call(request).await?;
    let vault = reply.vault.context("a login brings the vault")?;
    let sealed = SealedRoot::decode(&vault.root_by_password)?;
    let (root, _) = sealed.open(Unlock::Password(&logged_in.export_key), account, Version::NONE)?;
    ensure!(root == person.root, "another root than the person's");
    reply.session.context("a login opens a session")
}

fn prove(account: AccountId, device: DeviceId, key: &DeviceKey, call: Call<'_>) -> wire::DeviceProof {
    let signed_at_ms = now_ms();
    let signature = ProofStatement { account, device, signed_at_ms, call }.sign(key);
    wire::DeviceProof {
        device_id: device.to_wire(),
        device_key: Bytes::copy_from_slice(key.public().as_bytes()),
        signed_at_ms,
        signature: Bytes::copy_from_slice(&signature.to_bytes()),
    }
}

fn record(upload: Vec<u8>) -> wire::LoginRecord {
    let cost = StretchCost::MINIMUM;
    let hardening = wire::PasswordHardening { memory_kib: cost.memory_kib(), passes: cost.passes(), lanes: 1 };
    wire::LoginRecord { opaque_record: upload.into(), hardening: Some(hardening) }
}

fn encoded(certificate: &sotto_crypto::certificate::DeviceCertificate) -> Bytes {
    Bytes::copy_from_slice(&certificate.encode())
}
