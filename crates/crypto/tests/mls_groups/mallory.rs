//! Mallory: a member whose client knows no rules. The same library and keys, none of Sotto's checks.

use std::time::Duration;

use mls_rs::client_builder::{
    BaseConfig, WithCryptoProvider, WithGroupStateStorage, WithIdentityProvider, WithKeyPackageRepo, WithMlsRules,
};
use mls_rs::crypto::SignatureSecretKey;
use mls_rs::error::MlsError;
use mls_rs::group::{CommitBuilder, ExportedTree};
use mls_rs::mls_rules::{CommitOptions, DefaultMlsRules};
use mls_rs::storage_provider::in_memory::{InMemoryGroupStateStorage, InMemoryKeyPackageStorage};
use mls_rs::time::MlsTime;
use mls_rs::{Client, ExtensionList, MlsMessage};
use rand::rngs::StdRng;
use sotto_crypto::mls::context::{GOVERNANCE_EXTENSION, extensions_for};
use sotto_crypto::mls::credential::{Certificates, signing_identity};
use sotto_crypto::mls::governance::Governance;
use sotto_crypto::mls::group::Changes;
use sotto_crypto::mls::key_package::KeyPackage;
use sotto_crypto::mls::provider::Randomness;
use sotto_crypto::mls::standing::Leaf;

use crate::people::{Chat, Device, NOW, rng};
use crate::saboteur::{Plan, Saboteur};

pub(crate) type Config = WithMlsRules<
    DefaultMlsRules,
    WithIdentityProvider<
        Certificates,
        WithCryptoProvider<
            Saboteur,
            WithGroupStateStorage<InMemoryGroupStateStorage, WithKeyPackageRepo<InMemoryKeyPackageStorage, BaseConfig>>,
        >,
    >,
>;

/// A device that runs on the bare library.
pub(crate) struct Mallory {
    client: Client<Config>,
    randomness: Randomness,
    /// What is to go wrong in the next commit's path.
    pub(crate) plan: Plan,
    rng: StdRng,
    pub(crate) group: Option<mls_rs::Group<Config>>,
}

impl Mallory {
    pub(crate) fn on(device: &Device, chat: &Chat) -> Self {
        let (randomness, plan) = (Randomness::default(), Plan::default());
        let verified = device.certificate.verify_on_first_use(NOW).unwrap();
        let rules = DefaultMlsRules::new()
            .with_commit_options(CommitOptions::new().with_path_required(true).with_ratchet_tree_extension(false));
        let client = Client::builder()
            .key_package_repo(InMemoryKeyPackageStorage::default())
            .group_state_storage(InMemoryGroupStateStorage::default())
            .crypto_provider(Saboteur::new(randomness.clone(), plan.clone()))
            .identity_provider(Certificates)
            .mls_rules(rules)
            .extension_type(GOVERNANCE_EXTENSION.into())
            .key_package_lifetime(Duration::from_secs(1_000_000))
            .signing_identity(
                signing_identity(&device.certificate, &verified),
                SignatureSecretKey::new_slice(device.key.expose_seed().expose_secret()),
                chat.suite.into(),
            )
            .build();
        let seed = u64::from_be_bytes(*device.id().as_bytes().first_chunk().unwrap());
        Self { client, randomness, plan, rng: rng(seed), group: None }
    }

    /// `by` adds Mallory, who keeps up with the chat from then on.
    pub(crate) fn added(device: &Device, chat: &mut Chat, by: &Device) -> Self {
        let mut mallory = Self::on(device, chat);
        let client = &mallory.client;
        let time = Some(MlsTime::from(NOW.unix_seconds()));
        let make = || client.generate_key_package_message(ExtensionList::new(), ExtensionList::new(), time);
        let package = mallory.randomness.lend(&mut mallory.rng, make).unwrap().to_bytes().unwrap();
        let package = KeyPackage::parse(&package, NOW).unwrap();
        let pending = chat.propose_commit(by, Changes::new().add_device(package)).unwrap();
        chat.accept(by, &pending);
        mallory.join(&pending.welcome.unwrap(), &chat.observer.tree().unwrap());
        mallory
    }

    pub(crate) fn join(&mut self, welcome: &[u8], tree: &[u8]) {
        let (welcome, tree) = (MlsMessage::from_bytes(welcome).unwrap(), ExportedTree::from_bytes(tree).unwrap());
        self.group = Some(self.client.join_group(Some(tree), &welcome, None).unwrap().0);
    }

    /// Processes a commit, an own one that came back among them.
    pub(crate) fn follows(&mut self, commit: &[u8]) {
        let group = self.group.as_mut().expect("Mallory is a member");
        let (message, time) = (MlsMessage::from_bytes(commit).unwrap(), MlsTime::from(NOW.unix_seconds()));
        group.process_incoming_message_with_time(message, time).unwrap();
    }

    /// Any commit that the bare library makes.
    pub(crate) fn commits<'a>(
        &'a mut self,
        shape: impl FnOnce(CommitBuilder<'a, Config>) -> CommitBuilder<'a, Config>,
    ) -> Vec<u8> {
        let group = self.group.as_mut().expect("Mallory is a member");
        group.clear_pending_commit();
        let builder = shape(group.commit_builder()).commit_time(MlsTime::from(NOW.unix_seconds()));
        let output = self.randomness.lend(&mut self.rng, || builder.build()).unwrap();
        output.commit_message.to_bytes().unwrap()
    }

    pub(crate) fn adds(&mut self, package: KeyPackageMessage) -> Vec<u8> {
        self.commits(|commit| commit.add_member(package.0).unwrap())
    }

    pub(crate) fn removes(&mut self, numbers: &[u32]) -> Vec<u8> {
        self.commits(|commit| numbers.iter().fold(commit, |commit, number| commit.remove_member(*number).unwrap()))
    }

    pub(crate) fn governs(&mut self, change: impl FnOnce(&mut Governance), chat: &Chat) -> Vec<u8> {
        let mut governance = chat.observer.standing().unwrap().governance;
        change(&mut governance);
        let extensions = extensions_for(&governance).unwrap();
        self.commits(|commit| commit.set_group_context_ext(extensions).unwrap())
    }

    pub(crate) fn proposes_removal(&mut self, number: u32, authenticated_data: &[u8]) -> Vec<u8> {
        let mut copy = self.group.as_ref().expect("Mallory is a member").clone();
        copy.propose_remove(number, authenticated_data.to_vec()).unwrap().to_bytes().unwrap()
    }

    /// Joins from outside without asking any rule.
    pub(crate) fn joins_externally(&mut self, group_info: &[u8], tree: &[u8], removing: Option<u32>) -> Vec<u8> {
        self.try_join_externally(group_info, tree, removing).unwrap()
    }

    pub(crate) fn try_join_externally(
        &mut self,
        group_info: &[u8],
        tree: &[u8],
        removing: Option<u32>,
    ) -> Result<Vec<u8>, MlsError> {
        let builder = self.client.external_commit_builder().unwrap();
        let builder = builder.with_tree_data(ExportedTree::from_bytes(tree).unwrap());
        let builder =
            removing.into_iter().fold(builder, mls_rs::group::external_commit::ExternalCommitBuilder::with_removal);
        let info = MlsMessage::from_bytes(group_info).unwrap();
        let (_, commit) = self.randomness.lend(&mut self.rng, || builder.build(info))?;
        commit.to_bytes()
    }

    /// The number of a device's leaf.
    pub(crate) fn number_of(&self, leaf: &Leaf) -> u32 {
        let group = self.group.as_ref().expect("Mallory is a member");
        let identity = [*leaf.account.as_bytes(), *leaf.device.as_bytes()].concat();
        group.member_with_identity(&identity).unwrap().index
    }
}

/// A key package as the bare library takes it.
pub(crate) struct KeyPackageMessage(pub(crate) MlsMessage);

impl KeyPackageMessage {
    pub(crate) fn of(device: &Device, chat: &mut Chat) -> Self {
        use sotto_crypto::mls::key_package::{DEVICE_LIFETIME, Usage, generate};
        let (suite, rng) = (chat.suite, &mut chat.rng);
        let (public, _) = generate(&device.participant, suite, Usage::Once, NOW, DEVICE_LIFETIME, rng).unwrap();
        Self(MlsMessage::from_bytes(&public).unwrap())
    }
}
