//! RFC 9807, appendix C, on our suite but for the key stretching, which those vectors leave out.

use opaque_ke::key_exchange::tripledh::TripleDh;
use opaque_ke::ksf::Identity;
use opaque_ke::rand::{CryptoRng, Error, RngCore};
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialFinalization, CredentialRequest, Identifiers, RegistrationRequest, RegistrationUpload, Ristretto255,
    ServerLogin, ServerLoginParameters, ServerRegistration, ServerSetup,
};
use serde::Deserialize;

use crate::fixture::{Checked, Hex, Replay, ensure, vectors};

struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_for_opaque::Sha512>;
    type Ksf = Identity;
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
struct Common {
    title: String,
    #[serde(rename = "Context")]
    context: Hex,
    client_identity: Option<Hex>,
    server_identity: Option<Hex>,
    oprf_seed: Hex,
    credential_identifier: Hex,
    masking_nonce: Hex,
    server_private_key: Hex,
    server_nonce: Hex,
    server_keyshare_seed: Hex,
    #[serde(rename = "KE1")]
    ke1: Hex,
    #[serde(rename = "KE2")]
    ke2: Hex,
    #[serde(flatten)]
    client: Option<ClientSide>,
    #[serde(flatten)]
    fake: Option<FakeSide>,
}

/// What a real login has besides.
#[derive(Deserialize)]
struct ClientSide {
    password: Hex,
    envelope_nonce: Hex,
    client_nonce: Hex,
    client_keyshare_seed: Hex,
    blind_registration: Hex,
    blind_login: Hex,
    registration_request: Hex,
    registration_response: Hex,
    registration_upload: Hex,
    #[serde(rename = "KE3")]
    ke3: Hex,
    export_key: Hex,
    session_key: Hex,
}

/// What the server pretends for a client that does not exist.
#[derive(Deserialize)]
struct FakeSide {
    client_public_key: Hex,
    masking_key: Hex,
}

pub(crate) fn rfc9807() -> Checked {
    let vectors: Vec<Common> = vectors(include_str!("../../rfc9807.json"))?;
    for vector in &vectors {
        match (&vector.client, &vector.fake) {
            (Some(client), _) => check_registration(vector, client).and_then(|_| check_login(vector, client)),
            (None, Some(fake)) => check_fake(vector, fake),
            (None, None) => Err("neither real nor fake".into()),
        }
        .map_err(|error| format!("{}: {error}", vector.title))?;
    }
    Ok(vectors.len())
}

fn check_registration(vector: &Common, client: &ClientSide) -> Checked {
    let started =
        ClientRegistration::<Suite>::start(&mut Old(Replay::of(&[&client.blind_registration])), &client.password.0)?;
    ensure!(started.message.serialize().as_slice() == client.registration_request.0, "registration request");
    let request = RegistrationRequest::deserialize(&client.registration_request.0)?;
    let reply = ServerRegistration::start(&setup(vector)?, request, &vector.credential_identifier.0)?;
    ensure!(reply.message.serialize().as_slice() == client.registration_response.0, "registration response");
    let finished = started.state.finish(
        &mut Old(Replay::of(&[&client.envelope_nonce])),
        &client.password.0,
        reply.message,
        ClientRegistrationFinishParameters::new(identifiers(vector), None),
    )?;
    ensure!(finished.message.serialize().as_slice() == client.registration_upload.0, "registration upload");
    ensure!(finished.export_key.as_slice() == client.export_key.0, "export key at registration");
    Ok(1)
}

fn check_login(vector: &Common, client: &ClientSide) -> Checked {
    // A random scalar is reduced from 64 bytes, of which the blind is the lower half.
    let randomness = [&client.blind_login, &Hex(vec![0; 32]), &client.client_keyshare_seed, &client.client_nonce];
    let started = ClientLogin::<Suite>::start(&mut Old(Replay::of(&randomness)), &client.password.0)?;
    ensure!(started.message.serialize().as_slice() == vector.ke1.0, "KE1");
    let record = ServerRegistration::finish(RegistrationUpload::deserialize(&client.registration_upload.0)?);
    let (server, reply) = reply(vector, &setup(vector)?, Some(record))?;
    let finished = started.state.finish(
        &mut Old(Replay::of(&[])),
        &client.password.0,
        reply,
        ClientLoginFinishParameters::new(Some(&vector.context.0), identifiers(vector), None),
    )?;
    ensure!(finished.message.serialize().as_slice() == client.ke3.0, "KE3");
    ensure!(finished.export_key.as_slice() == client.export_key.0, "export key at login");
    ensure!(finished.session_key.as_slice() == client.session_key.0, "session key of the client");
    let done = server.finish(CredentialFinalization::deserialize(&client.ke3.0)?, parameters(vector))?;
    ensure!(done.session_key.as_slice() == client.session_key.0, "session key of the server");
    Ok(1)
}

/// A made-up record: the client's public key, the masking key, and an envelope of zeros (RFC 9807 §6.3.2.2).
fn check_fake(vector: &Common, fake: &FakeSide) -> Checked {
    let record = [fake.client_public_key.0.as_slice(), &fake.masking_key.0, &[0; 96]].concat();
    reply(vector, &setup(vector)?, Some(ServerRegistration::deserialize(&record)?))?;
    Ok(1)
}

type Reply = (ServerLogin<Suite>, opaque_ke::CredentialResponse<Suite>);

fn reply(
    vector: &Common,
    setup: &ServerSetup<Suite>,
    record: Option<ServerRegistration<Suite>>,
) -> Result<Reply, Box<dyn std::error::Error>> {
    let request = CredentialRequest::deserialize(&vector.ke1.0)?;
    // The library draws the masking key of a made-up record each time, so that both cases take as long.
    let unused = Hex(vec![0; 64]);
    let randomness = [&unused, &vector.masking_nonce, &vector.server_keyshare_seed, &vector.server_nonce];
    let started = ServerLogin::start(
        &mut Old(Replay::of(&randomness)),
        setup,
        record,
        request,
        &vector.credential_identifier.0,
        parameters(vector),
    )?;
    ensure!(started.message.serialize().as_slice() == vector.ke2.0, "KE2");
    Ok((started.state, started.message))
}

/// OPRF seed, private key, and a public key for fakes, which the vectors do without.
fn setup(vector: &Common) -> Result<ServerSetup<Suite>, Box<dyn std::error::Error>> {
    let any_public_key = ServerSetup::<Suite>::new(&mut Old(Replay(vec![7; 1_000]))).keypair().public().serialize();
    let bytes = [&vector.oprf_seed.0, &vector.server_private_key.0, any_public_key.as_slice()].concat();
    Ok(ServerSetup::deserialize(&bytes)?)
}

fn identifiers(vector: &Common) -> Identifiers<'_> {
    Identifiers {
        client: vector.client_identity.as_ref().map(|identity| identity.0.as_slice()),
        server: vector.server_identity.as_ref().map(|identity| identity.0.as_slice()),
    }
}

fn parameters(vector: &Common) -> ServerLoginParameters<'_, '_> {
    ServerLoginParameters { context: Some(&vector.context.0), identifiers: identifiers(vector) }
}

/// [`Replay`] for the generation of traits that the library is on.
struct Old(Replay);

impl RngCore for Old {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for Old {}
