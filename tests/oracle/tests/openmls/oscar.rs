//! Oscar: a device that runs OpenMLS.

use openmls::prelude::*;
use openmls_traits::OpenMlsProvider;
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::{Ciphersuite, SignatureScheme};
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::context::GOVERNANCE_EXTENSION;
use sotto_crypto::mls::credential::{CERTIFICATE_CREDENTIAL, SERVER_CREDENTIAL};
use sotto_crypto::mls::governance::Governance;
use sotto_crypto::mls::standing::Leaf;
use sotto_crypto::primitives::SigningKey;
use tls_codec::{Deserialize as _, Serialize as _};

use crate::people::Device;

/// Half of OpenMLS's longest lifetime for a key package.
const LIFETIME: u64 = 40 * 24 * 60 * 60;

pub(crate) struct Oscar<P: OpenMlsProvider> {
    provider: P,
    signer: Key,
    credential: CredentialWithKey,
    suite: Ciphersuite,
    leaf: Leaf,
    pub(crate) group: Option<MlsGroup>,
}

struct Key(SigningKey);

impl Signer for Key {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign_unlabelled(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// A commit, and the Welcome of those it adds.
pub(crate) struct Made {
    pub(crate) commit: Vec<u8>,
    pub(crate) welcome: Option<Vec<u8>>,
}

impl<P: OpenMlsProvider + Default> Oscar<P> {
    pub(crate) fn on(device: &Device, suite: Suite) -> Self {
        let certificate = device.certificate.encode().to_vec();
        let credential = CredentialWithKey {
            credential: Credential::new(CredentialType::Other(CERTIFICATE_CREDENTIAL), certificate),
            signature_key: device.key.public().as_bytes().to_vec().into(),
        };
        Self {
            provider: P::default(),
            signer: Key(SigningKey::from_seed(&device.key.expose_seed())),
            credential,
            suite: Ciphersuite::try_from(suite.number()).unwrap(),
            leaf: device.leaf(),
            group: None,
        }
    }

    pub(crate) fn key_package(&self, now: u64) -> Vec<u8> {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(self.capabilities())
            .key_package_lifetime(Lifetime::init(now - 3_600, now + LIFETIME))
            .build(self.suite, &self.provider, &self.signer, self.credential.clone())
            .unwrap();
        MlsMessageOut::from(bundle.key_package().clone()).tls_serialize_detached().unwrap()
    }

    pub(crate) fn found(&mut self, governance: &Governance) {
        let server = Credential::new(CredentialType::Other(SERVER_CREDENTIAL), Vec::new());
        let sender = ExternalSender::new(governance.server_key.as_bytes().to_vec().into(), server);
        let extensions = Extensions::from_vec(vec![
            Extension::Unknown(GOVERNANCE_EXTENSION, UnknownExtension(governance.encode().unwrap())),
            Extension::ExternalSenders(vec![sender]),
            Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
                &[ExtensionType::Unknown(GOVERNANCE_EXTENSION)],
                &[],
                &[CredentialType::Other(CERTIFICATE_CREDENTIAL), CredentialType::Other(SERVER_CREDENTIAL)],
            )),
        ])
        .unwrap();
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(self.suite)
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .capabilities(self.capabilities())
            .with_group_context_extensions(extensions)
            .build();
        let id = GroupId::from_slice(&governance.group_id());
        let credential = self.credential.clone();
        let group = MlsGroup::new_with_group_id(&self.provider, &self.signer, &config, id, credential);
        self.group = Some(group.unwrap());
    }

    pub(crate) fn join(&mut self, welcome: &[u8], tree: &[u8]) {
        let MlsMessageBodyIn::Welcome(welcome) = read(welcome).extract() else { panic!("no Welcome") };
        let staged = StagedWelcome::build_from_welcome(&self.provider, &join_config(), welcome)
            .unwrap()
            .with_ratchet_tree(RatchetTreeIn::tls_deserialize_exact(tree).unwrap())
            .skip_lifetime_validation()
            .build()
            .unwrap();
        self.group = Some(staged.into_group(&self.provider).unwrap());
    }

    pub(crate) fn join_externally(&mut self, group_info: &[u8], tree: &[u8]) -> Made {
        let MlsMessageBodyIn::GroupInfo(info) = read(group_info).extract() else { panic!("no group info") };
        let parameters = LeafNodeParameters::builder().with_capabilities(self.capabilities()).build();
        let (group, bundle) = MlsGroup::external_commit_builder()
            .with_ratchet_tree(RatchetTreeIn::tls_deserialize_exact(tree).unwrap())
            .with_config(join_config())
            .skip_lifetime_validation()
            .build_group(&self.provider, info, self.credential.clone())
            .unwrap()
            .leaf_node_parameters(parameters)
            .load_psks(self.provider.storage())
            .unwrap()
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)
            .unwrap()
            .finalize(&self.provider)
            .unwrap();
        self.group = Some(group);
        Made { commit: write(bundle.commit()), welcome: None }
    }

    pub(crate) fn update(&mut self) -> Made {
        let group = self.group.as_mut().unwrap();
        let bundle = group.self_update(&self.provider, &self.signer, LeafNodeParameters::default()).unwrap();
        Made { commit: write(bundle.commit()), welcome: None }
    }

    pub(crate) fn add(&mut self, key_packages: &[Vec<u8>]) -> Made {
        let validated: Vec<_> = key_packages.iter().map(|bytes| self.validated(bytes)).collect();
        let group = self.group.as_mut().unwrap();
        let (commit, welcome, _) = group.add_members(&self.provider, &self.signer, &validated).unwrap();
        Made { commit: write(&commit), welcome: Some(write(&welcome)) }
    }

    pub(crate) fn remove(&mut self, leaf: &Leaf) -> Made {
        let group = self.group.as_mut().unwrap();
        let is_it = |member: &Member| member.credential.serialized_content()[2..34] == identity(leaf);
        let index = group.members().find(is_it).unwrap().index;
        let (commit, _, _) = group.remove_members(&self.provider, &self.signer, &[index]).unwrap();
        Made { commit: write(&commit), welcome: None }
    }

    /// The server accepted the commit that Oscar made.
    pub(crate) fn merge(&mut self) {
        self.group.as_mut().unwrap().merge_pending_commit(&self.provider).unwrap();
    }

    pub(crate) fn process(&mut self, handshake: &[u8]) {
        let message = read(handshake).try_into_protocol_message().unwrap();
        let group = self.group.as_mut().unwrap();
        match group.process_message(&self.provider, message).unwrap().into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                group.merge_staged_commit(&self.provider, *staged).unwrap();
            }
            ProcessedMessageContent::ProposalMessage(proposal) => {
                group.store_pending_proposal(self.provider.storage(), *proposal).unwrap();
            }
            other => panic!("unexpected {other:?}"),
        }
    }

    pub(crate) fn is_member(&self) -> bool {
        self.group.as_ref().is_some_and(MlsGroup::is_active)
    }

    pub(crate) fn export(&self, label: &str, context: &[u8]) -> Vec<u8> {
        self.group.as_ref().unwrap().export_secret(self.provider.crypto(), label, context, 32).unwrap()
    }

    pub(crate) fn group_info(&self) -> Vec<u8> {
        let group = self.group.as_ref().unwrap();
        write(&group.export_group_info(self.provider.crypto(), &self.signer, false).unwrap())
    }

    pub(crate) fn tree(&self) -> Vec<u8> {
        self.group.as_ref().unwrap().export_ratchet_tree().tls_serialize_detached().unwrap()
    }

    pub(crate) fn leaf(&self) -> Leaf {
        self.leaf
    }

    fn validated(&self, bytes: &[u8]) -> KeyPackage {
        let MlsMessageBodyIn::KeyPackage(package) = read(bytes).extract() else { panic!("no key package") };
        package.validate(self.provider.crypto(), ProtocolVersion::Mls10).unwrap()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(
            None,
            Some(&[self.suite]),
            Some(&[ExtensionType::Unknown(GOVERNANCE_EXTENSION)]),
            None,
            Some(&[CredentialType::Other(CERTIFICATE_CREDENTIAL), CredentialType::Other(SERVER_CREDENTIAL)]),
        )
    }
}

/// Account and device, as they stand in a certificate.
fn identity(leaf: &Leaf) -> Vec<u8> {
    [*leaf.account.as_bytes(), *leaf.device.as_bytes()].concat()
}

fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder().wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY).build()
}

fn read(bytes: &[u8]) -> MlsMessageIn {
    MlsMessageIn::tls_deserialize_exact(bytes).unwrap()
}

fn write(message: &MlsMessageOut) -> Vec<u8> {
    message.tls_serialize_detached().unwrap()
}
