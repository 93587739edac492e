//! Mallory: a member whose client knows no rules. The same library and keys, none of Sotto's checks.

use std::time::Duration;

use mls_rs::client_builder::{
    BaseConfig, WithCryptoProvider, WithGroupStateStorage, WithIdentityProvider, WithKeyPackageRepo, WithMlsRules,
};
use mls_rs::crypto::SignatureSecretKey;
use mls_rs::error::MlsError;
use mls_rs::group::{CommitBuilder, ExportedTree};
use mls_rs::mls_rs_codec::MlsEncode;
use mls_rs::mls_rules::{CommitOptions, DefaultMlsRules};
use mls_rs::storage_provider::in_memory::{InMemoryGroupStateStorage, InMemoryKeyPackageStorage};
use mls_rs::time::MlsTime;
use mls_rs::{Client, ExtensionList, MlsMessage};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sotto_crypto::mls::context::GOVERNANCE_EXTENSION;
use sotto_crypto::mls::credential::{Certificates, signing_identity};
use sotto_crypto::mls::provider::{MlsCrypto, Randomness};

use crate::village::{Device, NOW, SUITE};

pub type Config = WithMlsRules<
    DefaultMlsRules,
    WithIdentityProvider<
        Certificates,
        WithCryptoProvider<
            MlsCrypto,
            WithGroupStateStorage<InMemoryGroupStateStorage, WithKeyPackageRepo<InMemoryKeyPackageStorage, BaseConfig>>,
        >,
    >,
>;

/// A device that runs on the bare library.
pub struct Mallory {
    client: Client<Config>,
    randomness: Randomness,
    group: Option<mls_rs::Group<Config>>,
}

impl Mallory {
    pub fn on(device: &Device) -> Self {
        let randomness = Randomness::default();
        let verified = device.certificate.verify_on_first_use(NOW).expect("a certificate of ours");
        let options = CommitOptions::new().with_path_required(true).with_ratchet_tree_extension(false);
        let client = Client::builder()
            .key_package_repo(InMemoryKeyPackageStorage::default())
            .group_state_storage(InMemoryGroupStateStorage::default())
            .crypto_provider(MlsCrypto::new(randomness.clone()))
            .identity_provider(Certificates)
            .mls_rules(DefaultMlsRules::new().with_commit_options(options))
            .extension_type(GOVERNANCE_EXTENSION.into())
            .key_package_lifetime(Duration::from_secs(1_000_000))
            .signing_identity(
                signing_identity(&device.certificate, &verified),
                SignatureSecretKey::new_slice(device.key.expose_seed().expose_secret()),
                SUITE.into(),
            )
            .build();
        Self { client, randomness, group: None }
    }

    pub fn key_package(&self) -> Vec<u8> {
        let make = || self.client.generate_key_package_message(ExtensionList::new(), ExtensionList::new(), Some(now()));
        let package = self.lend(make).expect("a key package");
        package.to_bytes().expect("it can be encoded")
    }

    pub fn join(&mut self, welcome: &[u8], tree: &[u8]) {
        let welcome = MlsMessage::from_bytes(welcome).expect("a Welcome");
        let tree = ExportedTree::from_bytes(tree).expect("a tree");
        self.group = Some(self.client.join_group(Some(tree), &welcome, None).expect("an invitation").0);
    }

    pub fn follow(&mut self, handshake: &[u8]) {
        let message = MlsMessage::from_bytes(handshake).expect("a handshake");
        self.group_mut().process_incoming_message_with_time(message, now()).expect("an honest handshake");
    }

    /// A commit that the bare library makes, or its refusal. The group stays where it is.
    pub fn commit(
        &mut self,
        shape: impl FnOnce(CommitBuilder<'_, Config>) -> CommitBuilder<'_, Config>,
    ) -> Result<Vec<u8>, MlsError> {
        let mut copy = self.group_mut().clone();
        let builder = shape(copy.commit_builder()).commit_time(now());
        self.lend(|| builder.build())?.commit_message.to_bytes()
    }

    pub fn propose_removal(&mut self, leaf: u32) -> Vec<u8> {
        let proposal = self.group_mut().clone().propose_remove(leaf, Vec::new()).expect("a proposal");
        proposal.to_bytes().expect("it can be encoded")
    }

    /// A commit by which this device joins from outside.
    pub fn join_from_outside(&self, group_info: &[u8], tree: &[u8]) -> Vec<u8> {
        let tree = ExportedTree::from_bytes(tree).expect("a tree");
        let builder = self.client.external_commit_builder().expect("an identity").with_tree_data(tree);
        let info = MlsMessage::from_bytes(group_info).expect("a group info");
        let (_, commit) = self.lend(|| builder.build(info)).expect("the library lets anybody join");
        commit.to_bytes().expect("it can be encoded")
    }

    pub fn leaf(&mut self) -> u32 {
        self.group_mut().current_member_index()
    }

    pub fn context(&mut self) -> Vec<u8> {
        self.group_mut().context().mls_encode_to_vec().expect("it can be encoded")
    }

    fn group_mut(&mut self) -> &mut mls_rs::Group<Config> {
        self.group.as_mut().expect("Mallory has joined")
    }

    /// The same randomness each time, so that an input does the same each time.
    fn lend<T>(&self, work: impl FnOnce() -> T) -> T {
        self.randomness.lend(&mut StdRng::seed_from_u64(66), work)
    }
}

fn now() -> MlsTime {
    MlsTime::from(NOW.unix_seconds())
}
